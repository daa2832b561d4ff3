/* call.c: see call.h. */
#define _GNU_SOURCE
#include "call.h"
#include "callbacks.h"
#include <errno.h>
#include <fenv.h>

enum { NOT_TOLD = -1 };

/* The call that this thread is in, innermost. */
static _Thread_local struct call *current;

const struct call *call_in_progress(void) { return current; }

const char *tag(char *text, int id) {
  snprintf(text, TAG_SIZE, "call-%d-", id);
  return text;
}

static void look(struct manners *manners) {
  manners->error = errno;
  manners->rounding = fegetround();
  manners->exceptions = fegetexcept();
  pthread_sigmask(SIG_SETMASK, NULL, &manners->mask);
}

static void behave(const struct manners *manners) {
  pthread_sigmask(SIG_SETMASK, &manners->mask, NULL);
  feclearexcept(FE_ALL_EXCEPT);
  fedisableexcept(FE_ALL_EXCEPT);
  feenableexcept(manners->exceptions);
  fesetround(manners->rounding);
  errno = manners->error;
}

/* Odd manners in one call of four. */
static void choose(struct actor *actor, struct manners *manners) {
  static const int roundings[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
  static const int exceptions[] = {0, FE_DIVBYZERO, FE_INVALID, FE_DIVBYZERO | FE_INVALID};
  static const int signals[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGPROF};
  manners->error = (int)pick(actor, 100);
  if (pick(actor, 4))
    return;
  manners->rounding = roundings[pick(actor, 4)];
  manners->exceptions = exceptions[pick(actor, 4)];
  sigaddset(&manners->mask, signals[pick(actor, 4)]);
}

static const char *difference(const struct manners *a, const struct manners *b) {
  if (a->error != b->error)
    return "errno";
  if (a->rounding != b->rounding)
    return "the rounding mode";
  if (a->exceptions != b->exceptions)
    return "the unmasked floating-point exceptions";
  for (int i = 1; i < 32; i++)
    if (sigismember(&a->mask, i) != sigismember(&b->mask, i))
      return "the signal mask";
  return NULL;
}

void begin(struct call *call, struct actor *actor) {
  *call = (struct call){.actor = actor, .id = new_call(actor), .status = NOT_TOLD};
  call->inside = callseq_inside();
  call->outer = current;
  look(&call->usual);
  call->odd = call->usual;
  choose(actor, &call->odd);
  current = call;
  behave(&call->odd);
}

void be_usual(const struct call *call) {
  struct manners now;
  look(&now);
  now.error = call->odd.error;
  behave(&call->usual);
  const char *changed = difference(&now, &call->odd);
  must(call, !changed, "%d runs C code with %s changed", call->id, changed);
}

void be_odd(const struct call *call) { behave(&call->odd); }

static void end(struct call *call) {
  struct manners now;
  look(&now);
  behave(&call->usual);
  current = call->outer;
  const char *changed = difference(&now, &call->odd);
  must(call, !changed, "%d changed %s of its caller", call->id, changed);
}

/* All tags in the message must be the call's own. */
static void check_message(struct call *call, const char *message, const char *text) {
  char own[TAG_SIZE];
  tag(own, call->id);
  must(call, message && strstr(message, text), "%d: \"%s\" is missing in the message: %s", call->id,
       text, message);
  for (const char *at = message; (at = strstr(at, "call-")); at++)
    must(call, !strncmp(at, own, strlen(own)), "%d has another's message: %s", call->id, message);
}

void mind_exit(void) {
  while (atomic_load_explicit(&ledger->exit_code, memory_order_relaxed) != NO_EXIT) {
    if (getpid() != ledger->process)
      _exit(CHILD_DONE);
    pause();
  }
}

/* True if the call has the status; false if it was refused. */
static bool has_status(struct call *call, int want) {
  bool plain = call->status == NOT_TOLD;
  int status = plain ? callseq_last_status() : call->status;
  const char *message = callseq_last_error();
  if (status == CALLSEQ_CLOSED && want != CALLSEQ_CLOSED)
    mind_exit();
  must(call, call->reports == (plain && status != CALLSEQ_OK), "%d: on_error ran %d times",
       call->id, call->reports);
  bool refused = call->inside && status == CALLSEQ_ERROR && strstr(message, "nursery_bytes");
  must(call, status == want || refused, "%d has status %d, not %d: %s", call->id, status, want,
       message);
  if (refused) {
    settle(call->id, 0);
    callseq_clear_error();
  }
  return !refused;
}

bool came_right(struct call *call) {
  end(call);
  bool right = has_status(call, CALLSEQ_OK);
  if (right)
    settle(call->id, 1);
  return right;
}

bool came_wrong(struct call *call, int status, int executed, const char *text) {
  end(call);
  bool wrong = has_status(call, status);
  if (wrong) {
    check_message(call, callseq_last_error(), text);
    callseq_clear_error();
    settle(call->id, executed);
  }
  return wrong;
}

/* Calls in, from outside: what it says must not replace the failure that is being reported. */
static void call_in(struct actor *actor) {
  struct call call;
  int got = 0;
  begin(&call, actor);
  call.status = torture_try(call.id, 0, &got);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d in on_error gave %d", call.id, got);
}

void note_error(void *data, int status, const char *message) {
  struct call *call = current;
  (void)data;
  if (status == CALLSEQ_CLOSED)
    mind_exit();
  if (!call) { /* of a call that was posted */
    const char *id = strstr(message, "call-");
    if (!id || callseq_inside())
      fail(&ledger->actors[0], "a call outside the ledger failed: %s", message);
    count_report(atoi(id + strlen("call-")));
    return;
  }
  must(call, status == callseq_last_status() && message == callseq_last_error(),
       "%d: on_error was told something else: %s", call->id, message);
  call->reports++;
  if (!callseq_inside() && pick(call->actor, 4) == 0)
    call_in(call->actor);
}
