/* The slow path of a call, on the caller's side: for a thread that is not set up, or is inside
 * already, or finds the runtime taken or closed. Here it is decided whether the call nests, waits,
 * or is refused. batch.c executes it, and settle.c goes on with it if it has been suspended.
 *
 * Also how a callback gets its procedure.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "batch.h"
#include "close.h"
#include "failure.h"
#include "fork.h"
#include "levels.h"
#include "messages.h"
#include "service.h"
#include "suspend.h"
#include "thread.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Calling ---- */

/* For a thread that found the lock taken: is it because the Scheme code is being loaded? */
static bool loading(struct callseq_runtime *r) {
  atomic_thread_fence(memory_order_acquire); /* pairs with the release in callseq_sequencer_open */
  /* acquire: pairs with the releases of the state in setup.c, program.c and close.c */
  return atomic_load_explicit(&r->setup.state, memory_order_acquire) == CALLSEQ_LOADING;
}

/* For a handler of the host's, in a fork for which this thread holds the runtime. */
static void run_at_fork(struct callseq_runtime *r, struct callseq_abi_request *q) {
  callseq_fork_enter();
  callseq_batch_execute(r, q);
  callseq_fork_leave();
}

/* For a thread that found the runtime taken: waits for its turn, as long as it has patience. */
static void wait_and_run(struct callseq_runtime *r, struct callseq_abi_request *q) {
  unsigned ms =
      q->callback->internal ? callseq_service_patience(r, q->callback) : callseq_thread_patience();
  q->waiter.until = callseq_clock_deadline(ms);
  if (!ms) {
    callseq_failure_set(q, CALLSEQ_BUSY,
                        callseq_format("%s: the Scheme runtime is busy", q->callback->name), NULL);
    return;
  }
  if (callseq_sequencer_try_soon(&r->fast.sequencer, callseq_abi_self)) {
    callseq_batch_run_only(r, q);
    return;
  }
  switch (callseq_sequencer_enter(&r->fast.sequencer, &q->waiter, callseq_abi_self,
                                  callseq_failure_stalled, q)) {
  case CALLSEQ_ENTERED_HOLDER:
    callseq_batch_run(r, q);
    break;
  case CALLSEQ_ENTERED_CLOSED:
    callseq_failure_closed(r, q);
    break;
  case CALLSEQ_ENTERED_TIMEDOUT:
    callseq_failure_set(
        q, CALLSEQ_TIMEDOUT,
        callseq_format("%s: has waited %u ms for the Scheme runtime", q->callback->name, ms), NULL);
    break;
  case CALLSEQ_ENTERED_DONE:
    break;
  }
}

CALLSEQ_NOINLINE int callseq_abi_call_slowly(struct callseq_abi_request *q) {
  struct callseq_runtime *r = &callseq_runtime;
  int saved = errno;
  q->message = q->trace = NULL;
  q->waiter.alone = q->callback->internal; /* the service may stay for long */
  q->waiter.habit = callseq_thread_habit();
  callseq_tools_release(q);
  callseq_fork_catch_up();
  bool entered = callseq_thread_enter();
  int cancel = callseq_thread_defer_cancel();
  if (!callseq_abi_root(q->callback)) {
    callseq_failure_closed(r, q);
  } else if (!entered) {
    callseq_failure_set(q, CALLSEQ_NOMEM, callseq_thread_refusal(q->callback->name), NULL);
  } else if (callseq_runtime_inside(r)) {
    callseq_levels_nest(r, q);
  } else if (callseq_close_refuses(r) && !q->callback->internal) {
    callseq_failure_closed(r, q);
  } else if (callseq_fork_holds_runtime()) {
    run_at_fork(r, q);
  } else if (callseq_runtime_try_enter(r, callseq_abi_self)) {
    callseq_batch_run(r, q);
  } else if (loading(r)) {
    callseq_failure_closed(r, q);
  } else {
    wait_and_run(r, q);
  }
  callseq_tools_acquire(q);
  callseq_suspend_settle(r, q);
  callseq_thread_allow_cancel(cancel);
  errno = saved;
  return q->status;
}

/* ---- Definitions ---- */

void callseq_abi_define(struct callseq_abi_callback *callback, C_word value) {
  void *root = callseq_abi_root(callback);
  if (!callseq_fork_make_room(&callseq_runtime, callback->bytes)) {
    callseq_print("callseq: no memory to define callback %s\n", callback->name);
    abort();
  }
  if (callback->unlocked)
    callseq_runtime.suspend.never = true;
  if (!root)
    root = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(root, value);
  /* Whoever sees the root takes the lock before it looks at what it holds. */
  atomic_store_explicit(&callback->root, root, memory_order_relaxed);
}
