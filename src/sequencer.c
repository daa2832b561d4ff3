/* How it works.
 *
 * `lock` says whether there is a holder. A thread that finds one pushes its waiter on `arrivals`
 * (a stack, one compare-and-swap). The holder takes the whole stack at once, turns it round into
 * `pending`, oldest first, and serves from there. When its batch is full it makes the oldest
 * pending waiter the holder: `lock` stays taken, the role travels in the waiter's state. When
 * nothing is pending it frees the lock and looks at `arrivals` once more.
 *
 * A waiter polls its state `spin_limit` times, yields the processor a few times, then parks:
 *
 *        WAITING --finish--> DONE      the holder executed it
 *        WAITING --hand over--> CHOSEN this thread is the holder now
 *        WAITING <--> PARKED           its thread sleeps on the state word
 *        PARKED --finish, hand over, woken up--> as from WAITING, with a wake
 *
 * Invariants. `pending`, `served`, `slow_leave` and the memory behind them are touched by the
 * holder only; while `pending` is not empty `slow_leave` is set, or the holder is one that a waiter
 * became, which leaves by callseq_sequencer_end_batch. A waiter is in `arrivals` or `pending` from
 * its push until its state becomes DONE or CHOSEN, and its thread does not return before. Only the
 * waiter's thread moves it between WAITING and PARKED; only the holder moves it to DONE or CHOSEN,
 * and touches it never again.
 */
#pragma GCC visibility push(default) /* inline in generated code */
#include "sequencer.h"
#pragma GCC visibility pop

#include "park.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

enum { WAITING, PARKED, DONE, CHOSEN };
enum { YIELD_LIMIT = 8 };

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

void callseq_sequencer_init(struct callseq_sequencer *s, uint32_t batch_limit, uint32_t spin_limit,
                            uint32_t stall_ms) {
  atomic_init(&s->lock, CALLSEQ_LOCK_CLOSED);
  atomic_init(&s->arrivals, NULL);
  s->pending = NULL;
  s->served = 0;
  s->batch_limit = batch_limit;
  s->spin_limit = spin_limit;
  s->stall_ms = stall_ms;
  s->symmetric = s->slow_leave = !callseq_park_asymmetric();
}

void callseq_sequencer_forked(struct callseq_sequencer *s, uint32_t self) {
  atomic_store_explicit(&s->arrivals, NULL, memory_order_relaxed);
  s->pending = NULL;
  s->symmetric = !callseq_park_asymmetric();
  s->slow_leave = 1;
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

/* Holder: moves what has arrived behind what is pending. */
static void collect(struct callseq_sequencer *s) {
  /* acquire: pairs with the release of the push in callseq_sequencer_enter */
  struct callseq_waiter *w = atomic_exchange_explicit(&s->arrivals, NULL, memory_order_acquire);
  struct callseq_waiter *oldest_first = NULL;
  while (w) {
    struct callseq_waiter *next = w->next;
    w->next = oldest_first;
    oldest_first = w;
    w = next;
  }
  struct callseq_waiter **end = &s->pending;
  while (*end)
    end = &(*end)->next;
  *end = oldest_first;
  s->slow_leave = 1;
}

static struct callseq_waiter *pop(struct callseq_sequencer *s) {
  struct callseq_waiter *w = s->pending;
  if (w)
    s->pending = w->next;
  return w;
}

/* Holder: gives the waiter its final state. The address is taken before: it is only a number once
 * the state is set. */
static void settle(struct callseq_waiter *w, uint32_t state) {
  const void *word = (const void *)&w->state;
  /* release: pairs with the acquire loads in callseq_sequencer_enter */
  if (atomic_exchange_explicit(&w->state, state, memory_order_release) == PARKED)
    callseq_park_wake(word);
}

struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s) {
  if (s->served >= s->batch_limit)
    return NULL;
  if (!s->pending && callseq_sequencer_wanted(s))
    collect(s);
  if (!s->pending || s->pending->alone)
    return NULL;
  s->served++;
  return pop(s);
}

void callseq_sequencer_finish(struct callseq_waiter *w) { settle(w, DONE); }

/* Makes the oldest waiter the holder, or frees the lock if there is none. */
static void give_up(struct callseq_sequencer *s) {
  if (!s->pending && callseq_sequencer_wanted(s))
    collect(s);
  s->served = 0;
  s->slow_leave = s->symmetric;
  struct callseq_waiter *w = pop(s);
  if (w) {
    /* Until the chosen thread writes its own, no thread may find its id here. */
    atomic_store_explicit(&s->lock, CALLSEQ_LOCK_PASSING, memory_order_relaxed);
    settle(w, CHOSEN);
    return;
  }
  /* release: pairs with the acquire in callseq_sequencer_try_enter */
  atomic_store_explicit(&s->lock, CALLSEQ_LOCK_FREE, memory_order_release);
  if (s->symmetric)
    /* seq_cst: pairs with the fence in sleep_handshake */
    atomic_thread_fence(memory_order_seq_cst);
  else
    /* compiler only: pairs with callseq_park_barrier in sleep_handshake */
    atomic_signal_fence(memory_order_seq_cst);
}

void callseq_sequencer_end_batch(struct callseq_sequencer *s) {
  give_up(s);
  callseq_sequencer_pass_on(s);
}

void callseq_sequencer_pass_on(struct callseq_sequencer *s) {
  /* Whoever is quicker to take the lock will look at `arrivals` when it leaves. */
  while (callseq_sequencer_wanted(s) && callseq_sequencer_try_enter(s, CALLSEQ_LOCK_PASSING))
    give_up(s);
}

/* Makes this thread's push and its state visible before it looks at the lock for the last time;
 * the other half is in callseq_sequencer_leave and give_up. */
static void sleep_handshake(struct callseq_sequencer *s) {
  if (s->symmetric)
    /* seq_cst: pairs with the fence in give_up */
    atomic_thread_fence(memory_order_seq_cst);
  else
    callseq_park_barrier();
}

enum callseq_entered callseq_sequencer_enter(struct callseq_sequencer *s, struct callseq_waiter *w,
                                             uint32_t self, void (*stalled)(void *), void *data) {
  if (atomic_load_explicit(&s->lock, memory_order_relaxed) == CALLSEQ_LOCK_CLOSED)
    return CALLSEQ_ENTERED_CLOSED;

  atomic_store_explicit(&w->state, WAITING, memory_order_relaxed);
  w->next = atomic_load_explicit(&s->arrivals, memory_order_relaxed);
  /* release: pairs with the acquire in collect */
  while (!atomic_compare_exchange_weak_explicit(&s->arrivals, &w->next, w, memory_order_release,
                                                memory_order_relaxed))
    relax();

  uint32_t polls = 0, limit_ms = s->stall_ms;
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
    if (atomic_load_explicit(&s->lock, memory_order_relaxed) == CALLSEQ_LOCK_FREE &&
        callseq_sequencer_try_enter(s, CALLSEQ_LOCK_PASSING)) {
      callseq_sequencer_end_batch(s); /* the oldest waiter is next, this one or another */
      continue;
    }
    if (polls < s->spin_limit) {
      polls++;
      relax();
      continue;
    }
    if (polls - s->spin_limit < YIELD_LIMIT) {
      polls++;
      sched_yield();
      continue;
    }
    uint32_t waiting = WAITING;
    if (!atomic_compare_exchange_strong_explicit(&w->state, &waiting, PARKED, memory_order_relaxed,
                                                 memory_order_relaxed))
      continue;
    sleep_handshake(s);
    if (atomic_load_explicit(&s->lock, memory_order_relaxed) != CALLSEQ_LOCK_FREE &&
        !callseq_park_wait(&w->state, PARKED, limit_ms)) {
      if (stalled)
        stalled(data);
      limit_ms = 0;
    }
    uint32_t parked = PARKED; /* back from sleep, or the lock became free */
    atomic_compare_exchange_strong_explicit(&w->state, &parked, WAITING, memory_order_relaxed,
                                            memory_order_relaxed);
  }
}
