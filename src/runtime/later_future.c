/* Futures: the state of one, and what whoever has it may ask.
 *
 * BEGUN and CANCELLED exclude each other: each is set only where the other is not.
 *
 * A thread that sees ENDED also sees the result, status and message: they are written before. A
 * thread that sees THEN sees the function and its data in the same way. ENDED and THEN are set by
 * two threads, in either order: the second one finds the first one's mark, and has `then` run.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/trace.h"
#include "later_parts.h"
#include "messages.h"
#include "thread.h"

#include <stdlib.h>

int callseq_later_status_of(const struct callseq_future *f, uint32_t state) {
  return state & CALLSEQ_FUTURE_CANCELLED ? CALLSEQ_CANCELLED
         : state & CALLSEQ_FUTURE_FORKED  ? CALLSEQ_FORKED
                                          : f->request.status;
}

static void call_then(struct callseq_future *f) {
  /* acquire: pairs with the release of who ends it */
  f->then(f->data,
          callseq_later_status_of(f, atomic_load_explicit(&f->state, memory_order_acquire)));
  callseq_later_release(f);
}

static void run_then(struct callseq_chore *chore) {
  bool telling = callseq_later_set_telling(true);
  call_then(callseq_later_of_chore(chore));
  callseq_later_set_telling(telling);
}

/* A future has ended: `before` is the state that was replaced. */
static void tell_end(struct callseq_runtime *r, struct callseq_future *f, uint32_t before) {
  if (before & CALLSEQ_FUTURE_ASLEEP)
    callseq_later_wake_all(r, &f->state);
  if (before & CALLSEQ_FUTURE_THEN) {
    callseq_tools_acquire(f);
    callseq_later_entrust(r, f, run_then);
  }
}

bool callseq_later_can_begin(struct callseq_future *f) {
  uint32_t state = atomic_load_explicit(&f->state, memory_order_relaxed);
  while (!(state & CALLSEQ_FUTURE_CANCELLED))
    if (atomic_compare_exchange_weak_explicit(&f->state, &state, state | CALLSEQ_FUTURE_BEGUN,
                                              memory_order_relaxed, memory_order_relaxed))
      return true;
  return false;
}

/* `f` has a status of its own. */
void callseq_later_end_future(struct callseq_runtime *r, struct callseq_future *f) {
  CALLSEQ_ASSERT_HOLDER(r);
  callseq_tools_release(f);
  /* acq_rel: pairs with the acquires of who waits, and with callseq_future_then */
  tell_end(r, f, atomic_fetch_or_explicit(&f->state, CALLSEQ_FUTURE_ENDED, memory_order_acq_rel));
  callseq_later_release(f);
}

void callseq_later_lose_future(struct callseq_runtime *r, struct callseq_future *f, uint32_t why) {
  callseq_tools_release(f);
  /* acq_rel: as in callseq_later_end_future */
  tell_end(r, f,
           atomic_fetch_or_explicit(&f->state, why | CALLSEQ_FUTURE_ENDED, memory_order_acq_rel));
}

/* ---- Making ---- */

struct callseq_future *callseq_abi_future(struct callseq_abi_request *q,
                                          struct callseq_abi_callback *callback, int whole) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_future *f = NULL;
  CALLSEQ_POINT1(post, callback->name);
  q->callback = callback;
  int status = callseq_later_check(r, callback, whole);
  if (!status && !(f = callseq_later_copy(q, CALLSEQ_LATER_FUTURE)))
    status = callseq_later_refuse(r, CALLSEQ_NOMEM);
  if (!status) {
    atomic_store_explicit(&f->references, 2, memory_order_relaxed); /* the caller's, the call's */
    status = callseq_later_put(r, callseq_later_to_what(f), NULL, 0, &f->queued);
  }
  if (!status)
    return f;
  CALLSEQ_POINT2(refused, callback->name, status);
  callseq_later_drop_values(q);
  free(f);
  callseq_thread_fail(status, callseq_format("%s: %s", callback->name, callseq_strerror(status)));
  return NULL;
}

/* ---- Its owner ---- */

void callseq_abi_let_go(struct callseq_abi_request *call) {
  if (call)
    callseq_later_release(callseq_later_of(call));
}

int callseq_future_cancel(callseq_future *future) {
  struct callseq_runtime *r = &callseq_runtime;
  if (!future)
    return callseq_thread_fail(CALLSEQ_INVALID,
                               callseq_format("callseq_future_cancel: the future is NULL"));
  uint32_t state = atomic_load_explicit(&future->state, memory_order_relaxed);
  callseq_tools_release(future);
  do {
    if (state & CALLSEQ_FUTURE_CANCELLED)
      return CALLSEQ_OK;
    if (state & (CALLSEQ_FUTURE_BEGUN | CALLSEQ_FUTURE_ENDED))
      return CALLSEQ_BUSY;
    /* acq_rel: pairs with is_cancelled of later.c, await of later_wait.c, and callseq_future_then
     */
  } while (!atomic_compare_exchange_weak_explicit(
      &future->state, &state, state | CALLSEQ_FUTURE_CANCELLED | CALLSEQ_FUTURE_ENDED,
      memory_order_acq_rel, memory_order_relaxed));
  callseq_count(&r->later.cancelled);
  tell_end(r, future, state);
  callseq_backlog_cancel(&r->later.backlog);
  return CALLSEQ_OK;
}

int callseq_future_then(callseq_future *future, void (*f)(void *data, int status), void *data) {
  struct callseq_runtime *r = &callseq_runtime;
  if (!future || !f)
    return callseq_thread_fail(
        CALLSEQ_INVALID,
        callseq_format("callseq_future_then: the %s is NULL", future ? "function" : "future"));
  if (atomic_fetch_or_explicit(&future->state, CALLSEQ_FUTURE_THEN_CLAIMED, memory_order_relaxed) &
      CALLSEQ_FUTURE_THEN_CLAIMED)
    return callseq_thread_fail(
        CALLSEQ_INVALID,
        callseq_format("callseq_future_then: this future of %s has a function already",
                       future->request.callback->name));
  future->then = f;
  future->data = data;
  atomic_fetch_add_explicit(&future->references, 1, memory_order_relaxed); /* run_then's */
  callseq_tools_release(future);
  /* acq_rel: pairs with who sets CALLSEQ_FUTURE_ENDED */
  uint32_t before =
      atomic_fetch_or_explicit(&future->state, CALLSEQ_FUTURE_THEN, memory_order_acq_rel);
  if (!(before & CALLSEQ_FUTURE_ENDED))
    return CALLSEQ_OK;
  callseq_tools_acquire(future);
  if (callseq_runtime_inside(r))
    callseq_later_entrust(r, future, run_then);
  else
    call_then(future);
  return CALLSEQ_OK;
}

void callseq_future_release(callseq_future *future) {
  if (future)
    callseq_later_release(future);
}
