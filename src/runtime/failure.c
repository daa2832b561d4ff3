/* Failures: how a request fails, who is told of it, and what the process cannot survive.
 *
 * A failed request has a status other than 0, and perhaps a message and Scheme's call chain. Its
 * own thread takes them over when the request has come back to it, and reports them.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "close.h"
#include "failure.h"
#include "fork.h"
#include "messages.h"
#include "scheme.h"
#include "system/system.h"
#include "thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- A request fails ---- */

void callseq_failure_set(struct callseq_abi_request *q, int status, char *message, char *trace) {
  if (q->status) {
    free(message);
    free(trace);
    return;
  }
  q->status = status;
  q->message = message;
  q->trace = trace;
}

void callseq_failure_closed(struct callseq_runtime *r, struct callseq_abi_request *q) {
  const char *why = "its define-sequenced-callback has not been executed";
  if (callseq_close_has_begun(r)) {
    callseq_failure_set(q, CALLSEQ_CLOSED,
                        callseq_format("%s: callseq_close has closed Scheme", q->callback->name),
                        NULL);
    return;
  }
  switch (atomic_load_explicit(&r->setup.state, memory_order_relaxed)) {
  case CALLSEQ_NEW:
    why = __atomic_load_n(&C_temporary_stack_bottom, __ATOMIC_RELAXED)
              ? "called in a copy of callseq that is not set up, while CHICKEN is, by the program "
                "itself or by another copy; give csc -link callseq also where it only compiles the "
                "program (csc -c), and link what is loaded at run time without callseq, its "
                "program with callseq and -L -rdynamic"
              : "called before callseq_init";
    break;
  case CALLSEQ_LOADING:
    why = "called while callseq_init loads the Scheme code";
    break;
  case CALLSEQ_FAILED:
    why = "callseq_init has failed, Scheme is closed";
    break;
  case CALLSEQ_ENDED:
    why = "the Scheme program has ended";
    break;
  }
  callseq_failure_set(q, CALLSEQ_CLOSED, callseq_format("%s: %s", q->callback->name, why), NULL);
}

/* ---- Somebody is told ---- */

void callseq_failure_report(struct callseq_runtime *r) {
  const callseq_config *config = callseq_runtime_config(r);
  if (config->on_error) {
    config->on_error(config->on_error_data, callseq_last_status(), callseq_last_error());
    return;
  }
  if (callseq_last_status() == CALLSEQ_CLOSED &&
      atomic_exchange_explicit(&r->closed_reported, true, memory_order_relaxed))
    return;
  if (callseq_last_status() == CALLSEQ_BUSY || callseq_last_status() == CALLSEQ_TIMEDOUT)
    return; /* the thread has asked for that */
  const char *trace = callseq_last_trace();
  fflush(stdout);
  callseq_print("\nError: %s\n%s", callseq_last_error(), trace ? trace : "");
}

/* Takes over what a failed request says. `quiet`: its caller will see the status. */
CALLSEQ_NOINLINE void callseq_abi_failed(struct callseq_abi_request *q, int quiet) {
  int saved = errno;
  callseq_thread_remember(q->status, q->message, q->trace);
  q->message = q->trace = NULL;
  if (!quiet)
    callseq_failure_report(&callseq_runtime);
  errno = saved;
}

/* ---- What is said of the call that is being executed ---- */

static const char *running(struct callseq_runtime *r) {
  struct callseq_abi_callback *callback =
      atomic_load_explicit(&r->fast.callback, memory_order_relaxed);
  return callback ? callback->name : "(none)";
}

static struct callseq_abi_callback *current(void) {
  return callseq_runtime_here()->fast.current.request->callback;
}

char *callseq_scheme_name(void) { return (char *)current()->name; }
char *callseq_scheme_type(void) { return (char *)current()->type; }
char *callseq_scheme_accepts(void) { return (char *)current()->accepts; }

void callseq_failure_stalled(void *request) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_abi_request *q = request;
  uint32_t holder = callseq_sequencer_holder(&r->fast.sequencer);
  char who[80] = "no thread holds the Scheme runtime just now, the last callback was";
  const char *remedy = "";
  if (holder && holder != CALLSEQ_FORK_HOLDER) {
    snprintf(who, sizeof who, "thread %u holds the Scheme runtime, in callback", (unsigned)holder);
    /* Only the holder may look whether there is such a C function. */
    remedy = "; if that is in a C function that waits, call it by foreign-blocking-lambda";
  }
  callseq_print("callseq: thread %u has waited %u ms to call %s; %s %s%s\n",
                (unsigned)callseq_abi_self, callseq_runtime_config(r)->stall_ms, q->callback->name,
                who, running(r), remedy);
}

/* ---- What the process cannot survive ---- */

/* Frames are lost, and no other thread can go on with them. If they were on the Scheme stack the
 * tools have been told: they look at the stack before a function is called that does not return. */
static void die(const char *how, const char *callback, const char *remedy) {
  callseq_print("callseq: thread %u %s callback %s%s\n", (unsigned)callseq_system_thread(), how,
                callback, remedy);
  abort();
}

void callseq_failure_left(const char *callback) {
  die("left a blocking C function of", callback,
      "; that must return, not leave by pthread_exit, an exception, or longjmp");
}

void callseq_failure_thread_ends(void) {
  struct callseq_runtime *r = &callseq_runtime;
  if (!callseq_runtime_inside(r))
    return;
  callseq_tools_unwound(&r->inside_tools, &r->outside_tools);
  die("ended inside", running(r),
      "; C code that Scheme calls must return, not end its thread by pthread_exit, nor by "
      "cancellation by a library that was loaded after the thread's first call");
}

void callseq_failure_check_stack(struct callseq_runtime *r) {
  if (callseq_stack_has(&r->setup.stack, __builtin_frame_address(0)))
    return;
  callseq_tools_unwound(&r->inside_tools, &r->outside_tools);
  die("is inside", running(r),
      " but not on the Scheme stack; C code that Scheme calls must return, not leave by longjmp, "
      "and call from the stack that it was called on");
}
