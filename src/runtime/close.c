/* callseq_close: calls that have begun, or wait, are let end; then Scheme's on-exit thunks run, the
 * sequencer is closed for good, and the library's threads end.
 *
 * From the beginning new calls are refused (refusal.c). Those that find the lock taken look at
 * `state` before they queue. Those of the fast path do not: so no call begins in a lap any more
 * (laps.c), which has each look, on the Scheme stack, before it begins.
 *
 * The thread that closes takes the runtime now and then, and looks what is left. If the time is up
 * it has those that wait, or are suspended, give up, and takes the runtime as soon as it can. A
 * callback that keeps it keeps it for good: its thread is left there.
 *
 * The thread that closes waits for the service, and runs `dropped` functions itself. One of the
 * program's functions that either of them runs is refused if it would wait for the closing.
 *
 * In a Scheme program only the door is closed. The program goes on as it is, with its green threads
 * and the library's threads, which are its own.
 *
 * Invariants. `state` only goes up, but in a forked child. One thread closes; the others wait for
 * `state` to be CLOSED, and read `status` then.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "batch.h"
#include "close.h"
#include "errands.h"
#include "fork.h"
#include "handles.h"
#include "laps.h"
#include "later.h"
#include "messages.h"
#include "program.h"
#include "scheme.h"
#include "service.h"
#include "suspend.h"
#include "system/park.h"
#include "thread.h"

#include <pthread.h>
#include <stdlib.h>

enum {
  LOOK_MS = 1,        /* the thread that closes looks so often what is left */
  WAIT_NS = 20000000, /* it waits so long for the runtime, before it looks at the time */
  GRACE_NS = 5000000, /* it waits so long for those that have been told to give up */
  END_NS = 100000000  /* the library's threads have so long to end, at least */
};

/* ---- On-exit thunks ---- */

static struct callseq_abi_callback finish = {
    CALLSEQ_SCHEME_CALLBACK("callseq_close", struct callseq_abi_request), .internal = 1};

void callseq_scheme_define_finish(C_word procedure) { callseq_abi_define(&finish, procedure); }

/* Holder: a thunk that waits does so with the runtime held. */
static void run_thunks(struct callseq_runtime *r) {
  struct callseq_abi_request q = {.callback = &finish};
  CALLSEQ_ASSERT_HOLDER(r);
  r->suspend.exclusive++;
  callseq_batch_execute(r, &q);
  r->suspend.exclusive--;
  if (q.status)
    callseq_print("callseq: %s\n", q.message ? q.message : callseq_strerror(q.status));
  free(q.message);
  free(q.trace);
}

/* ---- Closing ---- */

static bool is_past(uint64_t deadline) { return deadline && callseq_clock_now() >= deadline; }

/* Becomes the holder; false: not until then. */
static bool enter(struct callseq_runtime *r, uint64_t until) {
  uint64_t soon = callseq_clock_now() + WAIT_NS;
  struct callseq_waiter w = {.alone = 1, .until = until && until < soon ? until : soon};
  return callseq_runtime_try_enter(r, callseq_abi_self) ||
         callseq_sequencer_enter(&r->fast.sequencer, &w, callseq_abi_self, NULL, NULL) ==
             CALLSEQ_ENTERED_HOLDER;
}

/* Takes the runtime when nothing is left to be done, or when the time is up, and returns true;
 * `*all` then says whether nothing was left. False: the time is up, and the runtime cannot be had.
 */
static bool drain(struct callseq_runtime *r, uint64_t deadline, bool *all) {
  struct callseq_sequencer *s = &r->fast.sequencer;
  for (;;) {
    bool late = is_past(deadline), too_late = late && is_past(deadline + GRACE_NS);
    if (enter(r, deadline ? deadline + GRACE_NS : 0)) {
      bool left = callseq_suspend_is_any(r) || callseq_later_is_pending(r);
      *all = !left && !callseq_sequencer_is_waited_for(s);
      if (*all || (late && left) || too_late)
        return true;
      callseq_sequencer_end_batch(s);
    }
    if (too_late)
      return false;
    callseq_service_wait(r, &r->close.state, CALLSEQ_CLOSE_CLOSING, LOOK_MS);
  }
}

/* The time is up: tells those that wait, or are suspended, to give up. True: this thread has got
 * the runtime then. */
static bool give_up(struct callseq_runtime *r) {
  uint64_t end = callseq_clock_now() + GRACE_NS;
  /* release: pairs with the acquire in callseq_close_state */
  atomic_store_explicit(&r->close.state, CALLSEQ_CLOSE_OVER, memory_order_release);
  callseq_suspend_give_up(r);
  callseq_later_close(r);
  callseq_sequencer_refuse(&r->fast.sequencer, CALLSEQ_REFUSES_OTHERS);
  bool has = enter(r, end);
  /* A program goes on, and may be called again. In a C host, where this thread could not get the
   * runtime, nobody gets it any more. */
  callseq_sequencer_refuse(&r->fast.sequencer,
                           r->program.hosts || has ? CALLSEQ_REFUSES_NOBODY : CALLSEQ_REFUSES_ALL);
  return has;
}

/* Holder: runs the thunks, and closes the sequencer for good. Nothing begins any more, not even
 * what has been posted just now. */
static void shut(struct callseq_runtime *r) {
  run_thunks(r);
  atomic_store_explicit(&r->close.state, CALLSEQ_CLOSE_OVER,
                        memory_order_release); /* as in give_up */
  callseq_suspend_give_up(r);
  /* release: pairs with the acquire in loading() of calls.c */
  atomic_store_explicit(&r->setup.state, CALLSEQ_ENDED, memory_order_release);
  callseq_later_abandon(r);
  callseq_sequencer_close(&r->fast.sequencer);
  callseq_later_close(r);
}

/* Ends the library's threads. They have END_NS at least. `has` as for callseq_errands_end. */
static bool end_threads(struct callseq_runtime *r, uint64_t deadline, bool has) {
  uint64_t least = callseq_clock_now() + END_NS;
  deadline = !deadline ? UINT64_MAX : deadline < least ? least : deadline;
  bool errands = callseq_errands_end(r, deadline, has);
  return callseq_service_end(r, deadline) && errands;
}

/* Returns a status. */
static int close_runtime(struct callseq_runtime *r, uint64_t deadline) {
  CALLSEQ_ASSERT_OUTSIDE(r);
  bool all = false, has = drain(r, deadline, &all);
  if (!all) {
    if (has)
      callseq_sequencer_end_batch(&r->fast.sequencer);
    has = give_up(r);
  }
  if (r->program.hosts) {
    if (has && !all)
      callseq_later_abandon(r);
    if (has)
      callseq_sequencer_end_batch(&r->fast.sequencer);
    callseq_later_close(r);
    return all ? CALLSEQ_OK : CALLSEQ_TIMEDOUT;
  }
  if (has)
    shut(r);
  bool ended = end_threads(r, deadline, has);
  callseq_handles_report(r);
  return all && ended ? CALLSEQ_OK : CALLSEQ_TIMEDOUT;
}

static int refuse(int status, const char *message) {
  return callseq_thread_fail(status, callseq_format("callseq_close: %s", message));
}

/* Is this the thread that has to do it? `nothing`: there is nothing to do. */
static bool begin(struct callseq_runtime *r, bool *nothing) {
  uint32_t open = CALLSEQ_CLOSE_OPEN;
  pthread_mutex_lock(&r->setup.mutex); /* for the end of a loading that is in progress */
  int setup = atomic_load_explicit(&r->setup.state, memory_order_relaxed);
  *nothing = setup != CALLSEQ_READY;
  bool first = atomic_compare_exchange_strong_explicit(
      &r->close.state, &open, CALLSEQ_CLOSE_CLOSING, memory_order_relaxed, memory_order_relaxed);
  if (first) {
    r->close.thread = pthread_self();
    /* seq_cst: pairs with the fence in laps.c, set_end */
    atomic_thread_fence(memory_order_seq_cst);
    callseq_laps_end_all(r);
  }
  pthread_mutex_unlock(&r->setup.mutex);
  return first;
}

int callseq_close(unsigned ms) {
  struct callseq_runtime *r = &callseq_runtime;
  uint64_t deadline = callseq_clock_deadline(ms);
  bool nothing;
  callseq_fork_catch_up();
  if (!callseq_thread_enter())
    return callseq_thread_fail(CALLSEQ_NOMEM, callseq_thread_refusal("callseq_close"));
  if (callseq_runtime_inside(r) || callseq_fork_holds_setup() ||
      callseq_suspend_blocks(r) >
          (r->program.hosts ? CALLSEQ_BLOCKS_IN_GREEN_THREAD : CALLSEQ_BLOCKS_IN_PROGRAM))
    return refuse(CALLSEQ_WOULD_DEADLOCK, "called by a call that it would wait for");
  int cancel = callseq_thread_defer_cancel();
  if (begin(r, &nothing)) {
    r->close.status = nothing ? CALLSEQ_OK : close_runtime(r, deadline);
    /* release: pairs with the acquire in callseq_close_state */
    atomic_store_explicit(&r->close.state, CALLSEQ_CLOSE_CLOSED, memory_order_release);
  } else {
    bool own = callseq_later_would_wait_for_itself(r);
    for (uint32_t state; (state = callseq_close_state(r)) != CALLSEQ_CLOSE_CLOSED && !own;)
      callseq_service_wait(r, &r->close.state, state, LOOK_MS);
  }
  callseq_thread_allow_cancel(cancel);
  if (callseq_close_state(r) != CALLSEQ_CLOSE_CLOSED)
    return refuse(CALLSEQ_WOULD_DEADLOCK,
                  "called by what it waits for: a function that is told of an "
                  "error, of a future's end, or of what is dropped");
  if (r->close.status)
    return refuse(r->close.status, "the time was up before all had ended");
  return CALLSEQ_OK;
}

void callseq_close_forked(struct callseq_runtime *r) {
  uint32_t state = atomic_load_explicit(&r->close.state, memory_order_relaxed);
  if (state == CALLSEQ_CLOSE_OPEN || state == CALLSEQ_CLOSE_CLOSED ||
      pthread_equal(pthread_self(), r->close.thread))
    return;
  if (state == CALLSEQ_CLOSE_OVER)
    r->close.status = CALLSEQ_TIMEDOUT;
  else
    callseq_laps_restore(r);
  atomic_store_explicit(&r->close.state,
                        state == CALLSEQ_CLOSE_OVER ? CALLSEQ_CLOSE_CLOSED : CALLSEQ_CLOSE_OPEN,
                        memory_order_relaxed);
}
