/* Threads that wait for calls for later, by callseq_flush or for a future.
 *
 * Such a thread executes what is before those itself, if nobody else has the runtime: the service
 * may still be on its way. If somebody has it, that is who executes them, and the thread polls for
 * a moment before it sleeps.
 *
 * Callbacks take as long as they take: a thread that waits for a limited time executes none. With
 * CALLSEQ_BATCH_NONE only the service executes calls for later.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "batch.h"
#include "close.h"
#include "fork.h"
#include "later_parts.h"
#include "messages.h"
#include "thread.h"

#include <errno.h>
#include <unistd.h>

enum { LEAST_NS = 32 /* no callback is executed sooner after the one before */ };

/* ---- Helping ---- */

static bool may_help(struct callseq_runtime *r) {
  return atomic_load_explicit(&r->fast.sequencer.batch_limit, memory_order_relaxed) &&
         !callseq_runtime_inside(r) && !callseq_close_refuses(r) && !callseq_fork_holds_setup() &&
         callseq_thread_enter();
}

static bool execute(struct callseq_runtime *r, uint64_t ticket) {
  int saved = errno;
  if (!may_help(r) || !callseq_runtime_try_enter(r, callseq_abi_self))
    return false;
  callseq_later_bound(r, ticket);
  bool some = callseq_batch_help(r);
  callseq_later_bound(r, UINT64_MAX);
  callseq_sequencer_end_batch(&r->fast.sequencer);
  errno = saved;
  return some;
}

/* So long it takes at least until these calls have been executed. A look in between has the cache
 * line of who executes them. */
static uint64_t expected_ns(struct callseq_runtime *r, uint64_t ticket) {
  uint64_t settled = atomic_load_explicit(&r->later.settled, memory_order_relaxed);
  return ticket > settled ? (ticket - settled) * LEAST_NS : 0;
}

/* This thread waits for calls with no higher ticket, and has looked for them in vain; `*watched` is
 * callseq_pace_watch's. True: it has executed some, or polled, and is to look again; false: it is
 * to sleep. */
static bool help(struct callseq_runtime *r, uint64_t ticket, unsigned ms, uint32_t *watched) {
  return (ms == CALLSEQ_FOREVER && execute(r, ticket)) ||
         callseq_pace_watch(&r->fast.sequencer.pace, watched, expected_ns(r, ticket));
}

/* This thread's wait is over, perhaps because (exit) has dropped what it waited for. Who ends the
 * process is inside, and may ask for a future in what it tells of that. */
static void stay_if_process_ends(struct callseq_runtime *r) {
  /* acquire: pairs with the release in callseq_later_exit */
  while (atomic_load_explicit(&r->later.process_ends, memory_order_acquire) &&
         !callseq_runtime_inside(r))
    pause();
}

/* ---- For all that has been made ---- */

/* Notifications are not what was posted. What this thread executes meanwhile may fork: then, in the
 * child, what was posted is the parent's, and no thread is counted among the flushers. */
int callseq_flush(unsigned ms) {
  struct callseq_runtime *r = &callseq_runtime;
  /* acquire: pairs with the release in callseq_later_begin */
  if (!atomic_load_explicit(&r->later.begun, memory_order_acquire))
    return CALLSEQ_OK;
  if (callseq_later_would_wait_for_itself(r))
    return callseq_thread_fail(
        CALLSEQ_WOULD_DEADLOCK,
        callseq_format("callseq_flush: a callback, or what the service tells, keeps "
                       "what has been posted from being executed while it waits"));
  uint64_t ticket = callseq_backlog_ticket(&r->later.backlog),
           deadline = callseq_clock_deadline(ms);
  int status = CALLSEQ_TIMEDOUT, left, cancel = callseq_thread_defer_cancel();
  int forks = r->fork.forks;
  atomic_fetch_add_explicit(&r->later.flushers, 1, memory_order_relaxed);
  bool told = false;
  for (uint32_t watched = 0;;) {
    /* acquire: pairs with the release in callseq_later_tell_flushers */
    uint32_t word = atomic_load_explicit(&r->later.flushed, memory_order_acquire);
    if (r->fork.forks != forks || callseq_later_is_flushed(r, ticket)) {
      callseq_tools_acquire(&r->later.flushed);
      status = CALLSEQ_OK;
      break;
    }
    if (help(r, ticket - 1, ms, &watched))
      continue;
    if (!told)
      callseq_service_tell(r); /* which tells, whatever it finds */
    told = true;
    if (!(left = callseq_clock_left(deadline)))
      break;
    callseq_service_wait(r, &r->later.flushed, word, left < 0 ? 0 : (uint32_t)left);
  }
  if (r->fork.forks == forks)
    atomic_fetch_sub_explicit(&r->later.flushers, 1, memory_order_relaxed);
  if (status == CALLSEQ_OK)
    stay_if_process_ends(r);
  callseq_thread_allow_cancel(cancel);
  return status;
}

/* ---- For a future ---- */

/* Waits for the end: the call's status, TIMEDOUT, or WOULD_DEADLOCK. */
static int await(struct callseq_runtime *r, struct callseq_future *f, unsigned ms) {
  uint64_t deadline = 0;
  uint32_t watched = 0;
  int left;
  for (bool first = true;; first = false) {
    /* acquire: pairs with the releases in callseq_later_end_future and callseq_future_cancel */
    uint32_t state = atomic_load_explicit(&f->state, memory_order_acquire);
    if (state & CALLSEQ_FUTURE_ENDED) {
      if (ms)
        stay_if_process_ends(r);
      callseq_tools_acquire(f);
      return callseq_later_status_of(f, state);
    }
    if (ms == 0)
      return CALLSEQ_TIMEDOUT;
    if (callseq_later_would_wait_for_itself(r))
      return CALLSEQ_WOULD_DEADLOCK;
    if (first)
      deadline = callseq_clock_deadline(ms);
    if (help(r, f->queued, ms, &watched))
      continue;
    if (!(left = callseq_clock_left(deadline)))
      return CALLSEQ_TIMEDOUT;
    if (!(state & CALLSEQ_FUTURE_ASLEEP) &&
        !atomic_compare_exchange_strong_explicit(&f->state, &state, state | CALLSEQ_FUTURE_ASLEEP,
                                                 memory_order_relaxed, memory_order_relaxed))
      continue;
    callseq_service_wait(r, &f->state, state | CALLSEQ_FUTURE_ASLEEP,
                         left < 0 ? 0 : (uint32_t)left);
  }
}

static const char *name_of(const struct callseq_future *f) { return f->request.callback->name; }

static int would_deadlock(const struct callseq_future *f) {
  return callseq_thread_fail(
      CALLSEQ_WOULD_DEADLOCK,
      callseq_format("%s: a callback, or what the service tells, keeps this future's "
                     "call from being executed while it waits; ask with 0 ms",
                     name_of(f)));
}

int callseq_future_wait(callseq_future *future, unsigned ms) {
  if (!future)
    return callseq_thread_fail(CALLSEQ_INVALID,
                               callseq_format("callseq_future_wait: the future is NULL"));
  int cancel = callseq_thread_defer_cancel();
  int status = await(&callseq_runtime, future, ms);
  callseq_thread_allow_cancel(cancel);
  return status == CALLSEQ_WOULD_DEADLOCK ? would_deadlock(future) : status;
}

/* What a future without a message of its own has to say. */
static char *explain(const struct callseq_future *f, int status) {
  return callseq_format("%s: %s", name_of(f),
                        status == CALLSEQ_CANCELLED ? "the call was cancelled before it began"
                        : status == CALLSEQ_FORKED
                            ? "the call was made in the parent of this process, which has it"
                            : callseq_strerror(status));
}

int callseq_abi_await(struct callseq_future *f, struct callseq_abi_callback *callback,
                      struct callseq_abi_request **call) {
  *call = NULL;
  if (!f || f->request.callback != callback)
    return callseq_thread_fail(CALLSEQ_INVALID,
                               callseq_format("%s_result: the future is %s", callback->name,
                                              f ? "another callback's" : "NULL"));
  int cancel = callseq_thread_defer_cancel();
  int status = await(&callseq_runtime, f, CALLSEQ_FOREVER);
  callseq_thread_allow_cancel(cancel);
  if (status == CALLSEQ_WOULD_DEADLOCK)
    return would_deadlock(f);
  callseq_thread_enter(); /* it may keep a string, or a message */
  *call = &f->request;
  if (status == CALLSEQ_OK)
    return status;
  char *message = f->request.message, *trace = f->request.trace;
  f->request.message = f->request.trace = NULL;
  return callseq_thread_remember(status, message ? message : explain(f, status), trace), status;
}
