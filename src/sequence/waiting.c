/* How a thread waits for the lock, from where it has found that taken to where it is the holder, or
 * has been executed, or gives up: as a follower, then as the heir. sequencer.c tells the whole;
 * pace.c says whether to poll or to sleep, and for how long.
 *
 * Invariants. Only the waiter's own thread sets PARKED, and no thread returns while its waiter is
 * in the queue: it is the holder, or DONE, or has withdrawn it. An heir that sleeps demands the
 * lock.
 */
#include "sequencer_parts.h"

#include "base/trace.h"
#include "bias.h"
#include "pace.h"
#include "protocol.h"
#include "system/park.h"

#include <stddef.h>

/* ---- Taking the lock at once, or after a moment ---- */

/* Takes the lock instead of the heir. An offer is not made again until the heir demands the lock
 * anew: else an heir that does not run would slow others for all that time. */
static bool overtake(struct callseq_sequencer *s, uint32_t lock, uint32_t self) {
  if (!callseq_sequencer_take(s, lock, self))
    return false;
  if (lock == OFFERED &&
      atomic_exchange_explicit(&s->succession.demand, NONE, memory_order_relaxed) == ASLEEP)
    callseq_queue_ring(s);
  return true;
}

/* An offer is for the heir. But if the heir does not come, because it does not run, another takes
 * it; unless the heir calls seldom: then it queues, and the followers look after the heir. */
static bool steal(struct callseq_sequencer *s, uint32_t self) {
  uint32_t polls = 0;
  do {
    if (atomic_load_explicit(&s->lock, memory_order_relaxed) != OFFERED)
      return false;
  } while (callseq_pace_offer(&s->pace, polls++));
  return !callseq_queue_is_kept(s) && overtake(s, OFFERED, self);
}

/* Is the lock free, and not only for the moment between two short calls of one thread? */
static bool is_idle(struct callseq_sequencer *s) {
  for (int i = 0; i < CALLSEQ_IDLE_GLANCES; i++) {
    if (i)
      callseq_pace_glance(&s->pace);
    if (atomic_load_explicit(&s->lock, memory_order_relaxed) != FREE)
      return false;
  }
  return true;
}

int callseq_sequencer_try_now(struct callseq_sequencer *s, uint32_t self) {
  return callseq_sequencer_try_enter(s, self) ||
         (callseq_bias_look(s) == FREE && callseq_sequencer_take(s, FREE, self));
}

int callseq_sequencer_try_soon(struct callseq_sequencer *s, uint32_t self) {
  callseq_bias_look(s);
  for (uint32_t left = callseq_pace_glances(&s->pace); left; left--) {
    if (is_idle(s) && callseq_sequencer_take(s, FREE, self))
      return true;
    callseq_pace_glance(&s->pace);
  }
  return false;
}

/* ---- Giving up ---- */

/* Has this thread's wait come to its end, done or not? */
static bool is_over(struct callseq_sequencer *s, const struct callseq_waiter *w,
                    const struct callseq_wait *wait) {
  uint32_t refuses = atomic_load_explicit(&s->refuses, memory_order_relaxed);
  return refuses > (w->alone ? CALLSEQ_REFUSES_OTHERS : CALLSEQ_REFUSES_NOBODY) ||
         callseq_pace_is_over(wait);
}

/* Takes the waiter out of the queue: true. False: it is not there, because it is being executed or
 * has been. */
static bool withdraw(struct callseq_sequencer *s, struct callseq_waiter *w, bool is_heir) {
  struct callseq_waiter *heir = NULL;
  uint32_t ahead;
  callseq_queue_begin_withdrawal(s);
  /* acquire: pairs with the release in callseq_queue_appoint */
  is_heir = is_heir ||
            (atomic_load_explicit(&w->state, memory_order_acquire) & ~(uint32_t)PARKED) == HEIR;
  bool leaves = is_heir;
  if (is_heir) {
    callseq_queue_step_down(s);
    atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
    s->succession.ahead = 0;
    heir = callseq_queue_appoint(s);
    /* What has been offered is the new heir's; or nobody's. */
    uint32_t offered = OFFERED;
    if (!atomic_load_explicit(&s->arrivals, memory_order_relaxed))
      atomic_compare_exchange_strong_explicit(&s->lock, &offered, FREE, memory_order_relaxed,
                                              memory_order_relaxed);
  } else {
    callseq_queue_collect(s);
    leaves = callseq_queue_remove(s, w, &ahead);
  }
  callseq_queue_end_withdrawal(s);
  if (heir)
    callseq_queue_wake(s, &heir->state);
  return leaves;
}

/* Wakes all followers of a queue. One that is not asleep sees that it is refused when it has marked
 * itself PARKED: what keeps the holder from the queue orders that, too. */
static void wake_all(struct callseq_sequencer *s, struct callseq_queue *q) {
  for (struct callseq_waiter *w = q->first; w; w = w->next) {
    uint32_t asleep = WAITING | PARKED;
    if (atomic_compare_exchange_strong_explicit(&w->state, &asleep, WAITING, memory_order_relaxed,
                                                memory_order_relaxed))
      callseq_queue_wake(s, &w->state);
  }
}

void callseq_sequencer_refuse(struct callseq_sequencer *s, enum callseq_refuses whom) {
  atomic_store_explicit(&s->refuses, whom, memory_order_relaxed);
  if (!whom || !atomic_load_explicit(&s->arrivals, memory_order_relaxed))
    return;
  callseq_queue_begin_withdrawal(s);
  callseq_queue_collect(s);
  wake_all(s, &s->brief);
  wake_all(s, &s->turns);
  callseq_queue_end_withdrawal(s);
  callseq_queue_ring(s);
}

/* ---- A follower ---- */

/* Sleeps while the word has this value, for at most `ms` milliseconds unless that is 0; false if
 * they ran out. */
static bool sleep_on(struct callseq_sequencer *s, _Atomic(uint32_t) *word, uint32_t value,
                     uint32_t ms, struct callseq_wait *wait) {
  CALLSEQ_POINT1(park, word);
  callseq_count(&s->counts.parks);
  uint32_t left = callseq_pace_patient_ms(wait, callseq_pace_stall_ms(wait));
  bool limited = ms && (!left || ms <= left);
  return callseq_park_wait(word, value, limited ? ms : left) || !limited;
}

/* The heir does not come. Takes the lock, if it can be had within a moment. */
static bool stand_in(struct callseq_sequencer *s, uint32_t self) {
  for (int i = 0; i < CALLSEQ_GLANCES; i++) {
    uint32_t lock = atomic_load_explicit(&s->lock, memory_order_relaxed);
    if ((lock == FREE || lock == OFFERED) && overtake(s, lock, self))
      return true;
    callseq_pace_glance(&s->pace);
  }
  return false;
}

/* Can the lock be had now, and could it be had when this follower looked last? Only then is it the
 * heir that is late: while the lock was taken, the heir could not come. */
static bool is_left(struct callseq_sequencer *s, struct callseq_wait *wait) {
  uint32_t lock = callseq_bias_look(s);
  return callseq_pace_is_still_so(wait, lock == FREE || lock == OFFERED);
}

/* The heir is overdue, but the lock is in use: whoever leaves it next shall know. */
static void call_for_help(struct callseq_sequencer *s) {
  uint32_t none = NONE;
  atomic_compare_exchange_strong_explicit(&s->succession.demand, &none, OVERDUE,
                                          memory_order_relaxed, memory_order_relaxed);
}

/* Waits until the waiter is DONE or the HEIR, and returns which; or WAITING: this thread holds the
 * lock instead of the heir; or LEFT. */
static uint32_t wait_as_follower(struct callseq_sequencer *s, struct callseq_waiter *w,
                                 uint32_t self, struct callseq_wait *wait) {
  callseq_pace_follow(&s->pace, wait, self,
                      atomic_load_explicit(&s->succession.heirs, memory_order_relaxed));
  for (bool parked = false, waits = true;;) { /* it can still withdraw */
    /* acquire: pairs with the releases in callseq_sequencer_finish and callseq_queue_appoint */
    uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire);
    if (state == HEIR || state == DONE)
      return state;
    if (waits && is_over(s, w, wait)) {
      if (withdraw(s, w, false))
        return LEFT;
      wait->until = 0;
      waits = false;
    }
    if (!(state & PARKED)) {
      if (parked && stand_in(s, self)) /* the heir's deputy */
        return WAITING;
      parked = true;
      uint32_t waiting = WAITING;
      atomic_compare_exchange_strong_explicit(&w->state, &waiting, WAITING | PARKED,
                                              memory_order_relaxed, memory_order_relaxed);
      continue;
    }
    bool woken = sleep_on(s, &w->state, state, callseq_pace_sleep_ms(wait), wait);
    if (callseq_pace_is_time_to_look(wait, woken) &&
        callseq_pace_is_overdue(&s->pace, wait,
                                atomic_load_explicit(&s->succession.heirs, memory_order_relaxed))) {
      if (is_left(s, wait) && stand_in(s, self))
        return WAITING;
      call_for_help(s);
    }
  }
}

/* ---- The heir ---- */

/* Makes this thread's demand and its state visible before it looks at the lock for the last time;
 * the other half is in callseq_sequencer_leave and give_up. False: that could not be done. */
static bool sleep_handshake(struct callseq_sequencer *s) {
  if (s->symmetric) {
    /* seq_cst: pairs with the fence in give_up */
    atomic_thread_fence(memory_order_seq_cst);
    return true;
  }
  return callseq_park_barrier();
}

static bool is_closed(struct callseq_sequencer *s) {
  /* acquire: pairs with the release in give_up: what was the holder's own is the heir's then */
  return atomic_load_explicit(&s->lock, memory_order_acquire) == CLOSED;
}

/* Heir: sleeps unless the lock can be had. */
static void sleep_as_heir(struct callseq_sequencer *s, const struct callseq_waiter *w,
                          struct callseq_wait *wait) {
  /* acquire: pairs with the release in callseq_queue_ring: what has been done to `lock` before is
   * seen below */
  uint32_t bell = atomic_load_explicit(&s->succession.bell, memory_order_acquire);
  atomic_store_explicit(&s->succession.demand, ASLEEP, memory_order_relaxed);
  uint32_t ms = sleep_handshake(s) ? callseq_pace_ask(&s->pace) : CALLSEQ_UNSURE_MS;
  uint32_t lock = callseq_bias_look(s);
  if (lock != FREE && lock != OFFERED && lock != CLOSED && !is_over(s, w, wait))
    sleep_on(s, &s->succession.bell, bell, ms, wait);
}

/* The lock is free, but not idle. Is it free again soon? */
static bool is_in_short_use(struct callseq_sequencer *s) {
  bool free = true;
  for (int i = 0; i < CALLSEQ_SHORT_GLANCES; i++) {
    callseq_pace_glance(&s->pace);
    bool was = free;
    free = atomic_load_explicit(&s->lock, memory_order_relaxed) == FREE;
    if (free && !was)
      return true;
  }
  return false;
}

/* Waits until this thread holds the lock: the HEIR no more; or CLOSED; or LEFT. */
static uint32_t wait_as_heir(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t self,
                             struct callseq_wait *wait) {
  callseq_pace_lead(&s->pace, wait,
                    atomic_load_explicit(&s->succession.heirs, memory_order_relaxed));
  callseq_queue_keep_for(s, w);
  atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
  for (;;) {
    uint32_t lock = callseq_bias_look(s);
    bool patient = callseq_pace_is_patient(wait);
    if ((lock == OFFERED || (lock == FREE && !patient)) && callseq_sequencer_take(s, lock, self))
      return HEIR;
    if (lock == CLOSED && is_closed(s))
      return CLOSED;
    if (is_over(s, w, wait)) {
      withdraw(s, w, true);
      return LEFT;
    }
    if (lock == FREE && patient) {
      if (callseq_sequencer_try_soon(s, self))
        return HEIR;
      if (!callseq_pace_alternates(wait) || is_in_short_use(s))
        callseq_pace_nap(wait);
    }
    if (!callseq_pace_is_patient(wait) &&
        atomic_load_explicit(&s->succession.demand, memory_order_relaxed) != DEMANDED)
      atomic_store_explicit(&s->succession.demand, DEMANDED, memory_order_relaxed);
    if (!callseq_pace_poll_as_heir(&s->pace, wait))
      sleep_as_heir(s, w, wait);
  }
}

/* The lock is closed, and the heir leaves: the next one will do so too. What was the holder's own
 * is this thread's, until there is another heir. */
static void refuse(struct callseq_sequencer *s) {
  callseq_queue_begin(s);
  callseq_queue_step_down(s);
  struct callseq_waiter *heir = callseq_queue_appoint(s);
  callseq_queue_end(s);
  if (heir)
    callseq_queue_wake(s, &heir->state);
}

/* ---- From beginning to end ---- */

/* This thread has the lock, and has not waited in the queue: all that are there came before. */
static void come_last(struct callseq_sequencer *s, const struct callseq_waiter *w) {
  callseq_queue_begin(s);
  callseq_queue_collect(s);
  uint32_t count = 0;
  for (struct callseq_waiter *at = s->brief.first; at && callseq_queue_executes_others(w);
       at = at->next)
    count++;
  callseq_queue_begin_batch(s, count);
  callseq_queue_end(s);
}

/* This thread has the lock, and was a follower when it took it. What has become of its request by
 * then? DONE: the holder before has executed it. HEIR: this thread has been appointed meanwhile.
 * WAITING: neither, so it leaves the queue; the heir is still another thread. */
static uint32_t leave_queue(struct callseq_sequencer *s, struct callseq_waiter *w) {
  uint32_t ahead;
  callseq_queue_begin(s);
  /* acquire: pairs with the releases in callseq_sequencer_finish and callseq_queue_appoint. Whoever
   * changes it holds the lock, or withdraws as the heir: not while this thread is at the queue */
  uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire) & ~(uint32_t)PARKED;
  if (state == WAITING) {
    callseq_queue_collect(s);
    callseq_queue_remove(s, w, &ahead);
    callseq_queue_begin_batch(s, callseq_queue_executes_others(w) ? ahead : 0);
  } else if (state == HEIR) {
    atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
  }
  callseq_queue_end(s);
  if (state == DONE)
    callseq_sequencer_end_batch(s);
  return state;
}

static enum callseq_entered wait_in_line(struct callseq_sequencer *s, struct callseq_waiter *w,
                                         uint32_t self, struct callseq_wait *wait) {
  /* A thread whose waiter is alone, such as the service's, may have left for the heir just now: it
   * does not take that offer back. */
  if (atomic_load_explicit(&s->lock, memory_order_relaxed) == OFFERED && !w->alone &&
      steal(s, self)) {
    come_last(s, w);
    return CALLSEQ_ENTERED_HOLDER;
  }
  atomic_store_explicit(&w->state, WAITING, memory_order_relaxed);
  uint32_t state = callseq_queue_push(s, w) ? HEIR : wait_as_follower(s, w, self, wait);
  if (state == WAITING)
    state = leave_queue(s, w);
  else if (state == HEIR)
    state = wait_as_heir(s, w, self, wait);
  if (state == WAITING)
    return CALLSEQ_ENTERED_HOLDER;
  if (state == DONE)
    return CALLSEQ_ENTERED_DONE;
  if (state == CLOSED) {
    refuse(s);
    return CALLSEQ_ENTERED_CLOSED;
  }
  if (state == LEFT)
    return callseq_pace_is_over(wait) ? CALLSEQ_ENTERED_TIMEDOUT : CALLSEQ_ENTERED_CLOSED;
  callseq_queue_inherit(s);
  return CALLSEQ_ENTERED_HOLDER;
}

enum callseq_entered callseq_sequencer_enter(struct callseq_sequencer *s, struct callseq_waiter *w,
                                             uint32_t self, void (*stalled)(void *), void *data) {
  if (callseq_bias_look(s) == CLOSED)
    return CALLSEQ_ENTERED_CLOSED;
  struct callseq_wait wait;
  callseq_pace_begin(&s->pace, &wait, w->habit, stalled, data);
  wait.until = w->until;
  w->busy = (uint32_t)wait.busy;
  w->seldom = (uint32_t)wait.seldom;
  enum callseq_entered entered = wait_in_line(s, w, self, &wait);
  callseq_count(&s->counts.waits);
  callseq_count_most(&s->counts.longest, callseq_pace_end(&s->pace, &wait));
  return entered;
}
