/* CC-Synch, by Fatourou and Kallimanis (Revisiting the Combining Synchronization Technique, PPoPP
 * 2012, algorithm 1), for `make bench-designs`.
 *
 * A queue of places. Its last place is empty: a thread that comes exchanges it for an empty one of
 * its own, and writes its request into the place that it got. The holder serves the places behind
 * its own, at most batch_limit, and marks each DONE; the next one gets the TURN, and its thread is
 * the holder then. If that place is still empty, whoever comes first finds it so. All get their
 * turn in the order in which they came; one atomic exchange is all that a call needs.
 *
 * The paper's waiters spin. Here they poll `spin_limit` times, yield a few times, then sleep: with
 * more threads than processors the holder would not run otherwise.
 *
 * Places are never freed: a thread may look at one that is another's by now. Those of threads that
 * have ended stay.
 */
#define _GNU_SOURCE
#pragma GCC visibility push(default)
#include "sequencer.h"
#pragma GCC visibility pop

#include "base/relax.h"
#include "system/park.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

enum { YIELD_LIMIT = 8 };

__thread struct callseq_node *callseq_sequencer_spare;

/* All places, so that none of them looks lost to those who search for leaks. */
static _Atomic(struct callseq_node *) newest;

static struct callseq_node *new_place(void) {
  struct callseq_node *place = aligned_alloc(64, sizeof *place);
  if (!place)
    abort();
  atomic_init(&place->next, NULL);
  atomic_init(&place->state, CALLSEQ_NODE_WAITING);
  atomic_init(&place->asleep, 0);
  place->waiter = NULL;
  place->older = atomic_exchange_explicit(&newest, place, memory_order_relaxed);
  return place;
}

/* An empty queue, in which it is the caller's turn. */
static void begin(struct callseq_sequencer *s) {
  s->next = new_place();
  atomic_store_explicit(&s->tail, s->next, memory_order_relaxed);
  s->served = 0;
  s->symmetric = s->leaves = !callseq_park_asymmetric();
}

void callseq_sequencer_init(struct callseq_sequencer *s,
                            const struct callseq_sequencer_limits *limits) {
  atomic_init(&s->lock, CALLSEQ_LOCK_CLOSED);
  callseq_pace_init(&s->pace, limits->spin_limit, limits->stall_ms, limits->ask);
  callseq_sequencer_limit(s, limits);
  begin(s);
}

void callseq_sequencer_limit(struct callseq_sequencer *s,
                             const struct callseq_sequencer_limits *limits) {
  atomic_store_explicit(&s->batch_limit, limits->batch_limit, memory_order_relaxed);
  callseq_pace_limit(&s->pace, limits->spin_limit, limits->stall_ms);
}

void callseq_sequencer_open(struct callseq_sequencer *s, uint32_t self) {
  /* release: pairs with a fence of the layer above */
  atomic_store_explicit(&s->lock, self, memory_order_release);
}

void callseq_sequencer_close(struct callseq_sequencer *s) {
  atomic_store_explicit(&s->lock, CALLSEQ_LOCK_CLOSED, memory_order_relaxed);
}

uint32_t callseq_sequencer_holder(struct callseq_sequencer *s) {
  uint32_t id = atomic_load_explicit(&s->lock, memory_order_relaxed);
  return id == CALLSEQ_LOCK_CLOSED ? 0 : id;
}

void callseq_sequencer_stay(struct callseq_sequencer *s) { (void)s; }

int callseq_sequencer_is_waited_for(struct callseq_sequencer *s) {
  return callseq_sequencer_wanted(s);
}

/* This lock is never biased: there is nothing to forget. */
void callseq_sequencer_forget(struct callseq_sequencer *s, uint32_t self) { (void)s, (void)self; }

void callseq_sequencer_rename(struct callseq_sequencer *s, uint32_t self) {
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

void callseq_sequencer_forked(struct callseq_sequencer *s, uint32_t self) {
  begin(s);
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

void callseq_sequencer_wake(struct callseq_sequencer *s, struct callseq_node *place) {
  callseq_count(&s->counts.wakes);
  callseq_park_wake((const void *)&place->state);
}

/* The place is its thread's again. */
static void settle(struct callseq_sequencer *s, struct callseq_node *place, uint32_t state) {
  /* release: pairs with the acquire in wait and callseq_sequencer_try_enter */
  atomic_store_explicit(&place->state, state, memory_order_release);
  if (s->symmetric)
    /* seq_cst: pairs with the fence in wait */
    atomic_thread_fence(memory_order_seq_cst);
  else
    /* compiler only: pairs with callseq_park_barrier in wait */
    atomic_signal_fence(memory_order_seq_cst);
  if (atomic_load_explicit(&place->asleep, memory_order_relaxed))
    callseq_sequencer_wake(s, place);
}

struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s) {
  struct callseq_node *place = s->next;
  if (s->served >= s->batch_limit)
    return NULL;
  /* acquire: pairs with the release in enqueue */
  struct callseq_node *next = atomic_load_explicit(&place->next, memory_order_acquire);
  if (!next || !place->waiter || place->waiter->alone)
    return NULL;
  s->taken = place;
  s->next = next;
  s->served++;
  s->leaves = 1;
  callseq_count_as_holder(&s->counts.finished);
  return place->waiter;
}

void callseq_sequencer_finish(struct callseq_sequencer *s, struct callseq_waiter *w) {
  (void)w;
  settle(s, s->taken, CALLSEQ_NODE_DONE);
}

void callseq_sequencer_end_batch(struct callseq_sequencer *s) {
  struct callseq_node *next = s->next;
  if (s->served) {
    callseq_count_as_holder(&s->counts.batches);
    callseq_count_most(&s->counts.largest, s->served);
  }
  s->served = 0;
  s->leaves = s->symmetric;
  atomic_store_explicit(&s->lock, CALLSEQ_LOCK_FREE, memory_order_relaxed);
  settle(s, next, CALLSEQ_NODE_TURN);
}

/* Exchanges the spare place for one in the queue. */
static struct callseq_node *enqueue(struct callseq_sequencer *s, struct callseq_waiter *w) {
  struct callseq_node *spare = callseq_sequencer_spare;
  if (!spare)
    spare = new_place();
  atomic_store_explicit(&spare->next, NULL, memory_order_relaxed);
  atomic_store_explicit(&spare->state, CALLSEQ_NODE_WAITING, memory_order_relaxed);
  atomic_store_explicit(&spare->asleep, 0, memory_order_relaxed);
  /* acquire, release: pairs with itself, for what is in an empty place */
  struct callseq_node *place = atomic_exchange_explicit(&s->tail, spare, memory_order_acq_rel);
  place->waiter = w;
  /* release: pairs with the acquire in callseq_sequencer_next */
  atomic_store_explicit(&place->next, spare, memory_order_release);
  return callseq_sequencer_spare = place;
}

/* Waits until the place is DONE or has the TURN, and returns which. */
static uint32_t wait(struct callseq_sequencer *s, struct callseq_node *place,
                     void (*stalled)(void *), void *data) {
  uint32_t state, limit_ms = s->pace.stall_ms;
  /* acquire: pairs with the release in settle and callseq_sequencer_leave */
  for (uint32_t polls = 0;
       (state = atomic_load_explicit(&place->state, memory_order_acquire)) == CALLSEQ_NODE_WAITING;
       polls++) {
    if (polls < s->pace.spin_limit) {
      callseq_relax();
    } else if (polls - s->pace.spin_limit < YIELD_LIMIT) {
      sched_yield();
    } else if (!atomic_load_explicit(&place->asleep, memory_order_relaxed)) {
      atomic_store_explicit(&place->asleep, 1, memory_order_relaxed);
      if (s->symmetric)
        /* seq_cst: pairs with the fence in settle */
        atomic_thread_fence(memory_order_seq_cst);
      else
        callseq_park_barrier();
    } else {
      callseq_count(&s->counts.parks);
      if (!callseq_park_wait(&place->state, CALLSEQ_NODE_WAITING, limit_ms)) {
        if (stalled)
          stalled(data);
        limit_ms = 0;
      }
    }
  }
  return state;
}

void callseq_sequencer_wait_for_turn(struct callseq_sequencer *s, struct callseq_node *place) {
  wait(s, place, NULL, NULL);
}

enum callseq_entered callseq_sequencer_enter(struct callseq_sequencer *s, struct callseq_waiter *w,
                                             uint32_t self, void (*stalled)(void *), void *data) {
  if (atomic_load_explicit(&s->lock, memory_order_relaxed) == CALLSEQ_LOCK_CLOSED)
    return CALLSEQ_ENTERED_CLOSED;
  struct callseq_node *place = enqueue(s, w);
  if (wait(s, place, stalled, data) == CALLSEQ_NODE_DONE)
    return CALLSEQ_ENTERED_DONE;
  s->next = atomic_load_explicit(&place->next, memory_order_relaxed); /* this thread's own store */
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
  return CALLSEQ_ENTERED_HOLDER;
}

/* Whoever finds the lock taken queues. */
int callseq_sequencer_try_now(struct callseq_sequencer *s, uint32_t self) {
  return callseq_sequencer_try_enter(s, self);
}
int callseq_sequencer_try_soon(struct callseq_sequencer *s, uint32_t self) {
  (void)s, (void)self;
  return 0;
}

/* Nobody withdraws in this design. */
void callseq_sequencer_refuse(struct callseq_sequencer *s, enum callseq_refuses whom) {
  (void)s, (void)whom;
}
