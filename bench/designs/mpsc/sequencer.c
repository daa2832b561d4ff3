/* A lock word and a list of requests, for `make bench-designs`: what callseq had first. With
 * src/sequence/sequencer.h as it is.
 *
 * A thread that finds the lock taken pushes its waiter on a list of many producers and one
 * consumer, by one compare-and-swap; the holder takes the whole list at once, turns it round into
 * `pending`, oldest first, and executes it (Oyama, Taura and Yonezawa, *Executing Parallel Programs
 * with Synchronization Bottlenecks Efficiently*, PDSIA 1999; the list is Treiber's, IBM RJ 5118,
 * 1986). Each waiter has a flag of its own that says DONE. When the batch is full the holder makes
 * the oldest waiter the holder: `lock` stays taken, the role travels in the flag. When nothing is
 * pending it frees the lock and looks at the list once more.
 *
 * A waiter polls its flag `spin_limit` times, yields a few times, then sleeps:
 *
 *        WAITING --finish--> DONE       the holder executed it
 *        WAITING --give_up--> CHOSEN    this thread is the holder now
 *        WAITING <--> PARKED            its thread sleeps on the flag
 *        PARKED --finish, give_up--> as from WAITING, with a wake
 *
 * The list is in `arrivals`. `demand` is not 0 if there may be somebody in it, so that what
 * sequencer.h has inline knows.
 */
#define _GNU_SOURCE
#pragma GCC visibility push(default)
#include "sequencer.h"
#pragma GCC visibility pop

#include "base/relax.h"
#include "protocol.h"
#include "system/park.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

enum { CHOSEN = 5 }; /* besides those of protocol.h */
enum { YIELD_LIMIT = 8 };

/* An empty list. */
static void begin(struct callseq_sequencer *s) {
  atomic_store_explicit(&s->arrivals, NULL, memory_order_relaxed);
  atomic_store_explicit(&s->succession.demand, NONE, memory_order_relaxed);
  s->turns.first = NULL;
  s->executed = 0;
  s->symmetric = !callseq_park_asymmetric();
  s->leaves = 1;
  for (int i = 0; i < CALLSEQ_BIAS_OWNERS; i++)
    atomic_init(&s->bias.owners[i], 0);
}

void callseq_sequencer_init(struct callseq_sequencer *s,
                            const struct callseq_sequencer_limits *limits) {
  atomic_init(&s->lock, CLOSED);
  callseq_pace_init(&s->pace, limits->spin_limit, limits->stall_ms, limits->ask);
  callseq_sequencer_limit(s, limits);
  begin(s);
}

void callseq_sequencer_limit(struct callseq_sequencer *s,
                             const struct callseq_sequencer_limits *limits) {
  atomic_store_explicit(&s->batch_limit, limits->batch_limit, memory_order_relaxed);
  callseq_pace_limit(&s->pace, limits->spin_limit, limits->stall_ms);
}

/* This lock is never biased. */
int callseq_sequencer_enter_revoked(struct callseq_sequencer *s, uint32_t self) {
  (void)s, (void)self;
  return 0;
}
void callseq_sequencer_leave_revoked(struct callseq_sequencer *s, uint32_t self) {
  (void)s, (void)self;
}
void callseq_sequencer_forget(struct callseq_sequencer *s, uint32_t self) { (void)s, (void)self; }

void callseq_sequencer_open(struct callseq_sequencer *s, uint32_t self) {
  /* release: pairs with a fence of the layer above */
  atomic_store_explicit(&s->lock, self, memory_order_release);
}

void callseq_sequencer_close(struct callseq_sequencer *s) {
  atomic_store_explicit(&s->lock, CLOSED, memory_order_relaxed);
}

uint32_t callseq_sequencer_holder(struct callseq_sequencer *s) {
  uint32_t id = atomic_load_explicit(&s->lock, memory_order_relaxed);
  return id >= OFFERED ? 0 : id;
}

void callseq_sequencer_stay(struct callseq_sequencer *s) { (void)s; }

void callseq_sequencer_rename(struct callseq_sequencer *s, uint32_t self) {
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

void callseq_sequencer_forked(struct callseq_sequencer *s, uint32_t self) {
  begin(s);
  s->leaves = 1;
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

/* Holder: once nobody is pending, takes over those that have arrived. */
static void collect(struct callseq_sequencer *s) {
  if (s->turns.first || !callseq_sequencer_wanted(s))
    return;
  atomic_store_explicit(&s->succession.demand, NONE, memory_order_relaxed);
  /* acq_rel: pairs with push. Who comes too late to be taken here demands again. */
  struct callseq_waiter *w = atomic_exchange_explicit(&s->arrivals, NULL, memory_order_acq_rel);
  while (w) {
    struct callseq_waiter *next = w->next;
    w->next = s->turns.first;
    s->turns.first = w;
    w = next;
  }
  s->leaves = 1;
}

static struct callseq_waiter *pop(struct callseq_sequencer *s) {
  struct callseq_waiter *w = s->turns.first;
  if (w)
    s->turns.first = w->next;
  return w;
}

/* The waiter is its thread's again: afterwards its address is only a number. */
static void settle(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t state) {
  const void *word = (const void *)&w->state;
  /* release: pairs with the acquire load in callseq_sequencer_enter */
  if (atomic_exchange_explicit(&w->state, state, memory_order_release) != PARKED)
    return;
  callseq_count(&s->counts.wakes);
  callseq_park_wake(word);
}

struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s) {
  if (s->executed >= s->batch_limit)
    return NULL;
  collect(s);
  if (!s->turns.first || s->turns.first->alone)
    return NULL;
  s->executed++;
  s->leaves = 1;
  callseq_count_as_holder(&s->counts.finished);
  return pop(s);
}

void callseq_sequencer_finish(struct callseq_sequencer *s, struct callseq_waiter *w) {
  settle(s, w, DONE);
}

/* Makes the oldest waiter the holder, or frees the lock if there is none. */
static void give_up(struct callseq_sequencer *s) {
  collect(s);
  if (s->executed) {
    callseq_count_as_holder(&s->counts.batches);
    callseq_count_most(&s->counts.largest, s->executed);
  }
  s->executed = 0;
  s->leaves = s->symmetric ? 1 : UINT32_MAX;
  struct callseq_waiter *w = pop(s);
  if (w) {
    /* Until the chosen thread writes its own, no thread may find its id here. */
    atomic_store_explicit(&s->lock, PASSING, memory_order_relaxed);
    settle(s, w, CHOSEN);
    return;
  }
  /* release: pairs with the acquire in callseq_sequencer_try_enter */
  atomic_store_explicit(&s->lock, FREE, memory_order_release);
  if (s->symmetric)
    /* seq_cst: pairs with the fence in sleep_on */
    atomic_thread_fence(memory_order_seq_cst);
  else
    /* compiler only: pairs with callseq_park_barrier in sleep_on */
    atomic_signal_fence(memory_order_seq_cst);
}

void callseq_sequencer_end_batch(struct callseq_sequencer *s) {
  give_up(s);
  callseq_sequencer_pass_on(s);
}

void callseq_sequencer_pass_on(struct callseq_sequencer *s) {
  /* Whoever is quicker to take the lock will look at the list when it leaves. */
  while (callseq_sequencer_wanted(s) && callseq_sequencer_try_enter(s, PASSING))
    give_up(s);
}

static void push(struct callseq_sequencer *s, struct callseq_waiter *w) {
  atomic_store_explicit(&w->state, WAITING, memory_order_relaxed);
  w->next = atomic_load_explicit(&s->arrivals, memory_order_relaxed);
  /* acq_rel: pairs with collect */
  while (!atomic_compare_exchange_weak_explicit(&s->arrivals, &w->next, w, memory_order_acq_rel,
                                                memory_order_relaxed))
    callseq_relax();
  atomic_store_explicit(&s->succession.demand, DEMANDED, memory_order_relaxed);
}

/* Sleeps until the flag is set, unless the lock is free: then nobody would set it. False when
 * `limit_ms` has run out. */
static bool sleep_on(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t limit_ms) {
  uint32_t waiting = WAITING, parked = PARKED;
  bool in_time = true;
  if (!atomic_compare_exchange_strong_explicit(&w->state, &waiting, PARKED, memory_order_relaxed,
                                               memory_order_relaxed))
    return true;
  if (s->symmetric)
    /* seq_cst: pairs with the fence in give_up */
    atomic_thread_fence(memory_order_seq_cst);
  else
    callseq_park_barrier();
  if (atomic_load_explicit(&s->lock, memory_order_relaxed) != FREE) {
    callseq_count(&s->counts.parks);
    in_time = callseq_park_wait(&w->state, PARKED, limit_ms);
  }
  atomic_compare_exchange_strong_explicit(&w->state, &parked, WAITING, memory_order_relaxed,
                                          memory_order_relaxed);
  return in_time;
}

enum callseq_entered callseq_sequencer_enter(struct callseq_sequencer *s, struct callseq_waiter *w,
                                             uint32_t self, void (*stalled)(void *), void *data) {
  if (atomic_load_explicit(&s->lock, memory_order_relaxed) == CLOSED)
    return CALLSEQ_ENTERED_CLOSED;
  push(s, w);
  uint32_t polls = 0, limit_ms = s->pace.stall_ms;
  for (;;) {
    /* acquire: pairs with the release in settle */
    uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire);
    if (state == DONE)
      return CALLSEQ_ENTERED_DONE;
    if (state == CHOSEN) {
      /* The lock never was free in between: only its holder's name changes. */
      atomic_store_explicit(&s->lock, self, memory_order_relaxed);
      return CALLSEQ_ENTERED_HOLDER;
    }
    if (atomic_load_explicit(&s->lock, memory_order_relaxed) == FREE &&
        callseq_sequencer_try_enter(s, PASSING)) {
      callseq_sequencer_end_batch(s); /* the oldest waiter is next, this one or another */
    } else if (polls < s->pace.spin_limit) {
      polls++;
      callseq_relax();
    } else if (polls - s->pace.spin_limit < YIELD_LIMIT) {
      polls++;
      sched_yield();
    } else if (!sleep_on(s, w, limit_ms)) {
      if (stalled)
        stalled(data);
      limit_ms = 0;
    }
  }
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
