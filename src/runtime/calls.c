/* Calls that do not take the fast path of call.h: by a thread that is not set up, or while somebody
 * else holds the runtime, or with more to do at the end. Here a call is executed, by the thread
 * that made it or by a holder, which goes from one request to the next on the Scheme stack
 * (callseq_abi_next_slowly) until its own has been executed.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "base/trace.h"
#include "calls.h"
#include "close.h"
#include "fork.h"
#include "later.h"
#include "scheme.h"
#include "service.h"
#include "suspend.h"
#include "thread.h"

#include <errno.h>

struct callseq_runtime callseq_runtime = {
    .fast = {.sequencer = CALLSEQ_SEQUENCER_INITIALIZER,
             .now = {.serial = C_fix(0)},
             .left_errno = C_SCHEME_FALSE},
    .setup = {.mutex = PTHREAD_MUTEX_INITIALIZER},
    .service = {.bell = CALLSEQ_BELL_NONE, .front = CALLSEQ_FRONT_NONE},
    .later = {.mutex = PTHREAD_MUTEX_INITIALIZER},
    .suspend = {.mutex = PTHREAD_MUTEX_INITIALIZER},
    .laps = {.left = CALLSEQ_LAPS},
    .levels = {.innermost = &callseq_runtime.levels.base, .serial = C_fix(-1)}};

CALLSEQ_NOINLINE bool callseq_runtime_inside(struct callseq_runtime *r) {
  return callseq_abi_self && callseq_sequencer_holder(&r->fast.sequencer) == callseq_abi_self;
}

CALLSEQ_NOINLINE bool callseq_runtime_on_stack(struct callseq_runtime *r) {
  return callseq_stack_has(&r->setup.stack, __builtin_frame_address(0));
}

bool callseq_inside(void) { return callseq_runtime_inside(&callseq_runtime); }

/* For a thread that found the lock taken: is it because the Scheme code is being loaded? */
static bool loading(struct callseq_runtime *r) {
  atomic_thread_fence(memory_order_acquire); /* pairs with the release in callseq_sequencer_open */
  /* acquire: pairs with the releases of the state in set_up */
  return atomic_load_explicit(&r->setup.state, memory_order_acquire) == CALLSEQ_LOADING;
}

/* For the holder: executes others' requests that are before its own, and then that. */
static void execute(struct callseq_runtime *r, struct callseq_abi_request *q) {
  bool measure = r->setup.config.measure_time;
  uint64_t since = measure ? callseq_clock_now() : 0;
  struct callseq_abi_request *other =
      (struct callseq_abi_request *)callseq_sequencer_next(&r->fast.sequencer);
  r->fast.now.reply_to = other ? CALLSEQ_ABI_TO_WAITER : CALLSEQ_ABI_TO_HOLDER;
  if (!other && !q->callback->internal && !callseq_fork_holds_setup() &&
      (other = callseq_later_next(r, false)))
    r->fast.now.reply_to = CALLSEQ_ABI_TO_NOBODY;
  r->batch.own = q;
  if (other)
    callseq_thread_lend();
  CALLSEQ_POINT1(enter, (other ? other : q)->callback->name);
  callseq_runtime_switch_in(r, other ? other : q);
  CALLSEQ_POINT1(leave, q->callback->name);
  if (measure)
    atomic_store_explicit(&r->counts.inside_ns,
                          atomic_load_explicit(&r->counts.inside_ns, memory_order_relaxed) +
                              callseq_clock_now() - since,
                          memory_order_relaxed);
}

void callseq_calls_execute(struct callseq_runtime *r, struct callseq_abi_request *q) {
  execute(r, q);
}

static void run(struct callseq_runtime *r, struct callseq_abi_request *q) {
  execute(r, q);
  callseq_sequencer_end_batch(&r->fast.sequencer);
}

/* For a handler of the host's, in a fork for which this thread holds the runtime. */
static void run_at_fork(struct callseq_runtime *r, struct callseq_abi_request *q) {
  callseq_fork_enter();
  execute(r, q);
  callseq_fork_leave();
}

/* For a thread that found the runtime taken: waits for its turn, as long as it has patience. */
static void wait_and_run(struct callseq_runtime *r, struct callseq_abi_request *q) {
  unsigned ms = q->callback->internal ? CALLSEQ_FOREVER : callseq_thread_patience();
  q->waiter.until = callseq_clock_deadline(ms);
  if (!ms) {
    callseq_failure_set(q, CALLSEQ_BUSY,
                        callseq_format("%s: the Scheme runtime is busy", q->callback->name), NULL);
    return;
  }
  switch (callseq_sequencer_enter(&r->fast.sequencer, &q->waiter, callseq_abi_self,
                                  callseq_failure_stalled, q)) {
  case CALLSEQ_ENTERED_HOLDER:
    run(r, q);
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
  struct callseq_sequencer *s = &r->fast.sequencer;
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
  } else if (callseq_sequencer_try_enter(s, callseq_abi_self)) {
    run(r, q);
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

bool callseq_calls_execute_alone(struct callseq_runtime *r, struct callseq_abi_request *q) {
  struct callseq_sequencer *s = &r->fast.sequencer;
  CALLSEQ_ASSERT(!callseq_runtime_inside(r));
  q->status = 0;
  q->message = q->trace = NULL;
  if (callseq_sequencer_try_enter(s, callseq_abi_self)) {
    if (!callseq_abi_errno) {
      run(r, q);
    } else { /* as on the fast path */
      callseq_context_switch(&r->fast.host, &r->fast.scheme, q);
      callseq_sequencer_leave(s);
    }
    return true;
  }
  q->waiter.alone = 1;
  q->waiter.until = 0;
  q->waiter.habit = callseq_thread_habit();
  if (callseq_sequencer_enter(s, &q->waiter, callseq_abi_self, callseq_failure_stalled, q) !=
      CALLSEQ_ENTERED_HOLDER)
    return false;
  run(r, q);
  return true;
}

/* Others' requests are marked done as soon as they are; calls that nobody waits for follow. The
 * holder's own is the last one, and is not marked: its caller knows when the switch returns. But
 * the service executes what nobody waits for after its own. */
CALLSEQ_NOINLINE C_word callseq_abi_next_slowly(void) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_sequencer *s = &r->fast.sequencer;
  struct callseq_abi_now *at = &r->fast.now;
  CALLSEQ_ASSERT_IN_SCHEME(r);
  callseq_fork_returns(r);
  if (at->reply_to == CALLSEQ_ABI_TO_LEVEL) {
    callseq_scheme_hold_interrupts();
    return callseq_roots_procedure(r, CALLSEQ_PROCEDURE_end_level);
  }
  callseq_levels_restore_mask(&r->levels.base);
  callseq_suspend_leave(r);
  uint32_t reply_to = at->reply_to;
  struct callseq_abi_callback *callback = at->request->callback; /* of what may be gone below */
  struct callseq_abi_request *next = NULL;
  bool lent = reply_to == CALLSEQ_ABI_TO_WAITER || reply_to == CALLSEQ_ABI_TO_NOBODY;
  bool serving = lent ? r->later.serving : callseq_service_is(callback);
  callseq_tools_release(at->request);
  if (lent)
    CALLSEQ_POINT1(leave, callback->name);
  if (reply_to == CALLSEQ_ABI_TO_WAITER) {
    callseq_sequencer_finish(s, &at->request->waiter);
    next = (struct callseq_abi_request *)callseq_sequencer_next(s);
  } else if (reply_to == CALLSEQ_ABI_TO_NOBODY) {
    callseq_later_end(r, at->request);
  }
  if (!next && (lent || serving)) {
    next = callseq_later_next(r, serving);
    at->reply_to = CALLSEQ_ABI_TO_NOBODY;
  }
  if (next && !lent)
    callseq_thread_lend();
  if (!next && lent) {
    callseq_thread_take_back();
    if (!serving)
      next = r->batch.own;
    at->reply_to = CALLSEQ_ABI_TO_HOLDER;
  }
  if (next) {
    CALLSEQ_POINT1(enter, next->callback->name);
    callseq_context_fresh();
  } else {
    callseq_service_look(r, callback);
    at->reply_to = CALLSEQ_ABI_TO_CALLER;
    next = callseq_runtime_switch_out(r);
  }
  callseq_tools_acquire(next);
  return callseq_abi_dispatch(next, __builtin_frame_address(0));
}
