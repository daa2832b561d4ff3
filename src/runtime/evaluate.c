/* callseq_eval, callseq_load, callseq_repl: callbacks of the library's own, whose bodies are the
 * module callseq-eval's. Where a program has not imported that, they are not defined: so it has no
 * evaluator in it, and says what to do. A C string goes in; what callseq_eval prints comes out.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "messages.h"
#include "scheme.h"
#include "thread.h"

#include <stdlib.h>

struct evaluation {
  struct callseq_abi_request request;
  const char *text; /* code, or the name of a file; NULL for a name that is not given */
  bool printed;     /* is the value wanted? */
  char *value;      /* malloc'd; with success */
};

static C_word reply(C_word serial, C_word value) {
  if (CALLSEQ_UNLIKELY(!callseq_abi_is_current(serial)))
    return callseq_abi_misdelivered(serial, value);
  if (!callseq_abi_string(value, 1, 0, &((struct evaluation *)callseq_abi_current())->value))
    return callseq_abi_bad_result(serial, value);
  return callseq_abi_next();
}

static void withdraw(struct callseq_abi_request *q) {
  struct evaluation *call = (struct evaluation *)q;
  free(call->value);
  call->value = NULL;
}

#define EVALUATION(function)                                                                       \
  {                                                                                                \
    .name = function, .type = "c-string*", .accepts = "a string without NUL, or #f",               \
    .reply = reply, .bytes = sizeof(struct evaluation), .withdraw = withdraw                       \
  }

/* In the order of provide-evaluation, in src/scheme/evaluation.scm. */
enum { EVAL, LOAD, REPL };
static struct callseq_abi_callback callbacks[] = {
    [EVAL] = EVALUATION("callseq_eval"),
    [LOAD] = EVALUATION("callseq_load"),
    [REPL] = EVALUATION("callseq_repl"),
};

/* Nobody serves a prompt where callbacks are called without the lock. */
#define UNSERVED                                                                                   \
  "the program is compiled with CALLSEQ_NO_LOCK, so it has no service, which prompts need: leave " \
  "that out"

/* ---- For Scheme ---- */

/* Why there can be no prompt; #f: there can. */
char *callseq_scheme_unserved(void) { return callseq_runtime.suspend.never ? UNSERVED : NULL; }

void callseq_scheme_define_evaluation(int which, C_word procedure) {
  callseq_abi_define(&callbacks[which], procedure);
}

char *callseq_scheme_evaluation_text(C_word request) {
  return (char *)CALLSEQ_ABI_REQUEST(struct evaluation, request)->text;
}

C_word callseq_scheme_is_printed(C_word request) {
  return C_mk_bool(CALLSEQ_ABI_REQUEST(struct evaluation, request)->printed);
}

/* ---- For C ---- */

static int refuse(const char *name, const char *why) {
  return callseq_thread_fail(CALLSEQ_INVALID, callseq_format("%s: %s", name, why));
}

/* Is the runtime open, for this thread at least? */
static bool open_for_calls(struct callseq_runtime *r) {
  /* acquire: pairs with the releases of the state in setup.c and program.c */
  return atomic_load_explicit(&r->setup.state, memory_order_acquire) == CALLSEQ_READY ||
         callseq_runtime_inside(r);
}

static int evaluate(struct evaluation *call, int which) {
  struct callseq_abi_callback *callback = &callbacks[which];
  if (!callseq_abi_root(callback) && open_for_calls(&callseq_runtime))
    return refuse(callback->name,
                  "there is no evaluator in this program: add (import callseq-eval) to its Scheme "
                  "code, and link it with -link callseq,callseq-eval");
  if (callseq_abi_call(&call->request, callback) && callseq_abi_settle(&call->request))
    callseq_abi_failed(&call->request, 1);
  return call->request.status;
}

int callseq_eval(const char *code, char **printed) {
  struct evaluation call = {.text = code, .printed = printed};
  if (printed)
    *printed = NULL;
  if (!code)
    return refuse("callseq_eval", "the code is NULL");
  int status = evaluate(&call, EVAL);
  if (printed && status == CALLSEQ_OK)
    *printed = call.value;
  return status;
}

int callseq_load(const char *file) {
  struct evaluation call = {.text = file};
  if (!file)
    return refuse("callseq_load", "the file's name is NULL");
  return evaluate(&call, LOAD);
}

int callseq_repl(const char *path) {
  struct evaluation call = {.text = path};
  if (callseq_runtime.suspend.never)
    return refuse("callseq_repl", UNSERVED);
  return evaluate(&call, REPL);
}
