/* Batches: what a holder executes in one turn. It goes from one request to the next on the Scheme
 * stack (callseq_abi_next_slowly): those of others first, that are before its own or that nobody
 * waits for, and its own last. The batch ends there.
 *
 * What one thread executes by itself on the fast path is no batch; see call.h.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "base/trace.h"
#include "batch.h"
#include "birth.h"
#include "failure.h"
#include "fork.h"
#include "later.h"
#include "levels.h"
#include "roots.h"
#include "scheme.h"
#include "service.h"
#include "suspend.h"
#include "thread.h"

/* Executes a batch that begins with the request `first`; `own`, or NULL, is the holder's request.
 */
static void switch_in(struct callseq_runtime *r, struct callseq_abi_request *first,
                      struct callseq_abi_request *own) {
  bool measure = r->setup.config.measure_time;
  CALLSEQ_ASSERT_HOLDER(r);
  CALLSEQ_ASSERT_ON_OWN_STACK(r);
  uint64_t since = measure ? callseq_clock_now() : 0;
  r->batch.own = own;
  if (first != own)
    callseq_thread_lend();
  CALLSEQ_POINT1(enter, first->callback->name);
  callseq_runtime_switch_in(r, first);
  if (own)
    CALLSEQ_POINT1(leave, own->callback->name);
  if (measure)
    atomic_store_explicit(&r->counts.inside_ns,
                          atomic_load_explicit(&r->counts.inside_ns, memory_order_relaxed) +
                              callseq_clock_now() - since,
                          memory_order_relaxed);
}

void callseq_batch_execute(struct callseq_runtime *r, struct callseq_abi_request *q) {
  struct callseq_abi_request *other =
      (struct callseq_abi_request *)callseq_sequencer_next(&r->fast.sequencer);
  r->fast.current.reply_to = other ? CALLSEQ_ABI_TO_WAITER : CALLSEQ_ABI_TO_HOLDER;
  if (!other && !q->callback->internal && !callseq_fork_holds_setup() &&
      callseq_thread_patience() == CALLSEQ_FOREVER && (other = callseq_later_next(r, false)))
    r->fast.current.reply_to = CALLSEQ_ABI_TO_NOBODY;
  switch_in(r, other ? other : q, q);
}

bool callseq_batch_help(struct callseq_runtime *r) {
  struct callseq_abi_request *first = callseq_later_next(r, false);
  if (first) {
    r->fast.current.reply_to = CALLSEQ_ABI_TO_NOBODY;
    switch_in(r, first, NULL);
  }
  return first;
}

void callseq_batch_run(struct callseq_runtime *r, struct callseq_abi_request *q) {
  callseq_batch_execute(r, q);
  callseq_sequencer_end_batch(&r->fast.sequencer);
}

void callseq_batch_run_only(struct callseq_runtime *r, struct callseq_abi_request *q) {
  CALLSEQ_ASSERT_HOLDER(r);
  if (!callseq_abi_errno) {
    callseq_batch_run(r, q);
  } else {
    callseq_context_switch(&r->fast.outside, &r->fast.inside, q);
    callseq_sequencer_leave(&r->fast.sequencer, callseq_abi_self);
  }
}

bool callseq_batch_run_alone(struct callseq_runtime *r, struct callseq_abi_request *q) {
  struct callseq_sequencer *s = &r->fast.sequencer;
  CALLSEQ_ASSERT_OUTSIDE(r);
  if (callseq_runtime_try_enter(r, callseq_abi_self) ||
      callseq_sequencer_try_soon(s, callseq_abi_self)) {
    callseq_batch_run_only(r, q);
    return true;
  }
  q->waiter.alone = 1;
  q->waiter.until = 0;
  q->waiter.habit = callseq_thread_habit();
  if (callseq_sequencer_enter(s, &q->waiter, callseq_abi_self, callseq_failure_stalled, q) !=
      CALLSEQ_ENTERED_HOLDER)
    return false;
  callseq_batch_run(r, q);
  return true;
}

/* Returns a procedure to go on with, which needs no value. */
static C_word go_on(struct callseq_runtime *r, enum callseq_procedure which) {
  r->fast.next.value = C_SCHEME_UNDEFINED; /* what was there may have moved */
  return callseq_roots_procedure(r, which);
}

/* What is executed after the current request, which has been answered or suspended; and where the
 * reply of that goes. NULL: nothing is left.
 *
 * A request of another thread is marked done at once. The requests that are waiting come first,
 * then calls for later, which nobody waits for, and the holder's own request last: that is not
 * marked, since its caller knows when the switch returns. But the service executes calls for later
 * after its own request. */
CALLSEQ_INLINE struct callseq_abi_request *choose_next(struct callseq_runtime *r, bool lent,
                                                       bool by_service) {
  struct callseq_sequencer *s = &r->fast.sequencer;
  struct callseq_abi_current_call *at = &r->fast.current;
  struct callseq_abi_request *next = NULL;
  if (at->reply_to == CALLSEQ_ABI_TO_WAITER) {
    callseq_sequencer_finish(s, &at->request->waiter);
    next = (struct callseq_abi_request *)callseq_sequencer_next(s);
  } else if (at->reply_to == CALLSEQ_ABI_TO_NOBODY) {
    callseq_later_end(r, at->request);
  }
  if (!next && (lent || by_service)) {
    next = callseq_later_next(r, by_service);
    at->reply_to = CALLSEQ_ABI_TO_NOBODY;
  }
  if (next && !lent)
    callseq_thread_lend();
  if (!next && lent) {
    callseq_thread_take_back();
    if (!by_service)
      next = r->batch.own;
    at->reply_to = CALLSEQ_ABI_TO_HOLDER;
  }
  return next;
}

/* A request has been answered, or suspended, and is no plain post that another one follows: goes on
 * with the next one, or with the end of a level. With nothing left the batch ends: the switch to
 * the holder's stack is here. */
static CALLSEQ_NOINLINE C_word next_of_any(struct callseq_runtime *r) {
  struct callseq_abi_current_call *at = &r->fast.current;
  callseq_birth_returns(r);
  if (at->reply_to == CALLSEQ_ABI_TO_LEVEL) {
    callseq_scheme_hold_interrupts();
    return go_on(r, CALLSEQ_PROCEDURE_end_level);
  }
  callseq_masks_restore(&r->levels.base.caller);
  callseq_suspend_leave(r);
  struct callseq_abi_callback *callback = at->request->callback; /* the request may go */
  bool lent = at->reply_to == CALLSEQ_ABI_TO_WAITER || at->reply_to == CALLSEQ_ABI_TO_NOBODY;
  bool by_service = lent ? r->later.by_service : callseq_service_is(callback);
  callseq_tools_release(at->request);
  if (lent)
    CALLSEQ_POINT1(leave, callback->name);
  struct callseq_abi_request *next = choose_next(r, lent, by_service);
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

/* The same after any request. Of posts that follow each other it is all. */
CALLSEQ_NOINLINE C_word callseq_abi_next_slowly(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_resident *v = r->suspend.attached;
  if (!r->levels.depth && v &&
      C_u_i_car(CHICKEN_gc_root_ref(v->root)) != callseq_roots_green_thread(r)) {
    callseq_scheme_withdraw();
    return go_on(r, CALLSEQ_PROCEDURE_misplaced);
  }
  struct callseq_abi_request *next;
  if (r->fast.current.reply_to != CALLSEQ_ABI_TO_NOBODY || !r->later.plain ||
      !(next = callseq_later_next_plain(r)))
    return next_of_any(r);
  callseq_context_fresh();
  return callseq_abi_dispatch(next, __builtin_frame_address(0));
}

/* Is the runtime wanted elsewhere: does a native thread want to call, has one left calls to be
 * executed, or has the host's loop served for long enough? */
C_word callseq_scheme_is_wanted(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  return C_mk_bool(
      (callseq_sequencer_is_waited_for(&r->fast.sequencer) && !callseq_service_keeps(r)) ||
      callseq_later_is_pending(r) || callseq_service_has_served(r));
}
