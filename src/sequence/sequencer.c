/* The protocol: who holds the lock, and who is next. verify/sequencer.pml is a model of this file.
 *
 * `lock` says whether there is a holder. Whoever finds it free takes it, by one compare-and-swap.
 * So a thread that calls often keeps the resource, and its cache lines, for a while; the others
 * take turns by the thousands of calls, not by single ones.
 *
 * Threads that find the lock taken look again for a moment: threads that work between their calls
 * meet by chance only. After that one of them is the *heir*. It alone watches the lock, seldom
 * enough not to disturb the holder. When it sees the lock free it looks as those do that come, and
 * takes it if it is idle. If not, the lock is in use by short calls, and the heir naps: polling
 * would slow them. (An heir that takes turns with one other thread only looks first whether the
 * calls are short indeed.) When its patience is over it demands the lock. The holder, as it leaves,
 * then offers the lock to the heir instead of freeing it. An heir that is not busy has no patience:
 * it demands the lock at once. If it calls *seldom* the lock is kept for it: it is offered as soon
 * as there is this heir, and nobody overtakes it then. So such threads get their turns as they
 * came. All other waiters are *followers*, and sleep at once: on a machine with few processors they
 * would only be in the way. (Waiters that are not needed do not run: Dice, *Malthusian Locks*,
 * EuroSys 2017. One waiter watches the lock word, the others words of their own: Linux' queued
 * spinlocks, after Mellor-Crummey and Scott, TOCS 1991.)
 *
 * Whoever becomes the holder after a wait first executes a batch of followers that came before it
 * (flat combining: Hendler, Incze, Shavit and Tzafrir, SPAA 2010), then its own request, and
 * appoints the next heir as it leaves: the last one of a batch, so that one wake-up brings a
 * combiner for all of it. A waiter that takes an offer before it queues has come after all that are
 * queued, and executes a batch of those. A holder executes nothing after its own request, so that
 * what it does next does not wait for others; and who has not patience for ever executes nobody.
 *
 * To execute the request of a thread that sleeps costs a wake-up. For a *busy* thread (pace.c) that
 * is a bad bargain: it would call again at once, and sleep again. So no batch takes it. It gets a
 * turn of its own. Threads that call seldom do not queue behind those: there is at most one turn
 * between two of their batches.
 *
 * An heir that has been woken may not get a processor, because the holder has the one that it is to
 * run on. So until the heir is seen, it is `absent`, and one of the threads that leave meanwhile
 * yields its processor now and then (pace.c).
 *
 * An heir may get no processor for long, or be in a signal handler of the host's: it is *overdue*.
 * So followers look after it now and then. A follower that finds the heir overdue, and the lock
 * free, stands in for the heir: it becomes the holder, and leaves the queue. If the lock is taken,
 * the follower marks `demand` as OVERDUE. Whoever leaves and reads the mark offers the lock to the
 * one that would be the next heir, the heir's *deputy*.
 *
 *        WAITING --appoint--> HEIR --takes the lock--> (holder)
 *        WAITING --finish--> DONE        a holder has executed it
 *        WAITING <--> + PARKED           its thread sleeps on the state word
 *
 * Only the waiter's own thread sets PARKED. The heir sleeps on `bell`, a word of the sequencer's
 * own: so whoever has freed the lock can wake it without touching its waiter, which may be gone.
 * The new heir is woken after the lock has been left.
 *
 * A lock that one thread has used alone for long is biased to it, see bias.c: who waits looks at
 * the lock by callseq_bias_look, which revokes that. queue.c is who waits and who is next,
 * waiting.c one thread's wait; here is the lock, and what its holder does.
 *
 * Invariants. What sequencer.h calls the holder's own is touched by who is at the queue only
 * (queue.c). Once a waiter is DONE the holder never touches it again; it may still wake its
 * address, at which another sleeper may then wake for no reason.
 */
#include "sequencer_parts.h"

#include "base/checked.h"
#include "base/tools.h"
#include "base/trace.h"
#include "bias.h"
#include "pace.h"
#include "protocol.h"
#include "system/park.h"

#include <stddef.h>

void callseq_sequencer_init(struct callseq_sequencer *s,
                            const struct callseq_sequencer_limits *limits) {
  atomic_init(&s->lock, CLOSED);
  atomic_init(&s->arrivals, NULL);
  atomic_init(&s->succession.demand, NONE);
  atomic_init(&s->succession.bell, 0);
  atomic_init(&s->succession.heirs, 0);
  atomic_init(&s->succession.absent, 0);
  atomic_init(&s->succession.kept, 0);
  atomic_init(&s->at_queue, 0);
  atomic_init(&s->withdrawing, 0);
  atomic_init(&s->refuses, CALLSEQ_REFUSES_NOBODY);
  s->succession.vacant = s->succession.turn_due = s->succession.ahead = 0;
  s->brief.first = s->turns.first = NULL;
  s->batch = s->executed = 0;
  callseq_bias_init(s);
  s->symmetric = !callseq_park_asymmetric();
  callseq_bias_count(s, true);
  callseq_pace_init(&s->pace, limits->spin_limit, limits->stall_ms, limits->ask);
  callseq_sequencer_limit(s, limits);
}

void callseq_sequencer_limit(struct callseq_sequencer *s,
                             const struct callseq_sequencer_limits *limits) {
  atomic_store_explicit(&s->batch_limit, limits->batch_limit, memory_order_relaxed);
  atomic_store_explicit(&s->batch_busy, limits->batch_busy, memory_order_relaxed);
  callseq_pace_limit(&s->pace, limits->spin_limit, limits->stall_ms);
}

void callseq_sequencer_open(struct callseq_sequencer *s, uint32_t self) {
  /* release: pairs with a fence of the layer above; see sequencer.h */
  atomic_store_explicit(&s->lock, self, memory_order_release);
}

#ifdef CALLSEQ_CHECKED
/* Has somebody the lock? Where functions of the holder begin, that is who calls them. */
static bool is_held(struct callseq_sequencer *s) {
  uint32_t lock = atomic_load_explicit(&s->lock, memory_order_relaxed);
  return lock != FREE && lock != OFFERED && lock != CLOSED;
}
#endif

void callseq_sequencer_forget(struct callseq_sequencer *s, uint32_t self) {
  if (callseq_sequencer_owner(s, self) == self) /* one that ends inside remains the holder */
    callseq_bias_forget(s, self);
}

void callseq_sequencer_rename(struct callseq_sequencer *s, uint32_t self) {
  callseq_bias_forget(s, callseq_sequencer_holder(s));
  callseq_bias_forget(s, self); /* it may have been the owner by this id */
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

void callseq_sequencer_forked(struct callseq_sequencer *s, uint32_t self) {
  atomic_store_explicit(&s->arrivals, NULL, memory_order_relaxed);
  atomic_store_explicit(&s->succession.demand, NONE, memory_order_relaxed);
  atomic_store_explicit(&s->succession.heirs, 0, memory_order_relaxed);
  atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
  atomic_store_explicit(&s->succession.kept, 0, memory_order_relaxed);
  s->succession.vacant = s->succession.turn_due = s->succession.ahead = 0;
  s->brief.first = s->turns.first = NULL;
  s->batch = 0;
  atomic_store_explicit(&s->at_queue, 0, memory_order_relaxed);
  atomic_store_explicit(&s->withdrawing, 0, memory_order_relaxed);
  atomic_store_explicit(&s->refuses, CALLSEQ_REFUSES_NOBODY, memory_order_relaxed);
  callseq_bias_init(s);
  s->symmetric = !callseq_park_asymmetric();
  callseq_bias_count(s, true);
  callseq_pace_forked(&s->pace);
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

uint32_t callseq_sequencer_holder(struct callseq_sequencer *s) {
  uint32_t id = atomic_load_explicit(&s->lock, memory_order_relaxed);
  if (CALLSEQ_LOCK_HAS_OWNER(id))
    id = callseq_bias_holder(s, id);
  return id >= OFFERED ? 0 : id;
}

bool callseq_sequencer_take(struct callseq_sequencer *s, uint32_t from, uint32_t self) {
  /* acquire: pairs with the release in callseq_sequencer_leave and give_up */
  if (!atomic_compare_exchange_strong_explicit(&s->lock, &from, self, memory_order_acquire,
                                               memory_order_relaxed))
    return false;
  callseq_tools_acquire(s);
  return true;
}

/* ---- Where the bias is revoked ---- */

int callseq_sequencer_enter_revoked(struct callseq_sequencer *s, uint32_t self) {
  bool regained = callseq_bias_regain(s, self);
  callseq_bias_forget(s, self);
  return regained || callseq_sequencer_take(s, FREE, self);
}

void callseq_sequencer_leave_revoked(struct callseq_sequencer *s, uint32_t self) {
  if (callseq_bias_regain(s, self))
    callseq_sequencer_end_batch(s);
}

/* ---- The holder ---- */

struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s) {
  CALLSEQ_ASSERT(is_held(s));
  struct callseq_waiter *w = callseq_queue_take(s);
  if (w) {
    s->executed++;
    callseq_count_as_holder(&s->counts.finished);
  }
  return w;
}

void callseq_sequencer_finish(struct callseq_sequencer *s, struct callseq_waiter *w) {
  CALLSEQ_ASSERT(is_held(s));
  const void *word = &w->state;
  /* release: pairs with the acquire loads of the waiting thread */
  if (atomic_exchange_explicit(&w->state, DONE, memory_order_release) & PARKED)
    callseq_queue_wake(s, word);
}

/* An heir that fell asleep before this holder said that it stays has not asked it to leave: it is
 * woken, and asks before it sleeps again. */
void callseq_sequencer_stay(struct callseq_sequencer *s) {
  if (s->succession.vacant) {
    callseq_queue_begin(s);
    struct callseq_waiter *heir = callseq_queue_appoint(s);
    callseq_queue_end(s);
    if (heir)
      callseq_queue_wake(s, &heir->state);
    return;
  }
  /* seq_cst: pairs with the fence in sleep_handshake: either the heir, which demands the lock
   * before that, sees when it asks that this holder stays, or its demand is seen here */
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load_explicit(&s->succession.demand, memory_order_relaxed) == ASLEEP)
    callseq_queue_ring(s);
}

/* Returns what is demanded, and takes an OVERDUE back: the caller sees to it. */
static uint32_t hear_demand(struct callseq_sequencer *s) {
  uint32_t demand = atomic_load_explicit(&s->succession.demand, memory_order_relaxed);
  /* The heir may demand the lock at this moment after all: that stays. */
  if (demand == OVERDUE)
    atomic_compare_exchange_strong_explicit(&s->succession.demand, &demand, NONE,
                                            memory_order_relaxed, memory_order_relaxed);
  return demand;
}

/* Gives up the lock. `lock` is FREE: it is free then, or offered to a waiter; or CLOSED: it is
 * that. A new heir, or a deputy, is woken here if it sleeps; an heir that sleeps already, by
 * pass_on. */
static void give_up(struct callseq_sequencer *s, uint32_t lock) {
  struct callseq_waiter *woken = NULL;
  bool yield = false;
  uint32_t self = callseq_sequencer_holder(s);
  callseq_bias_regain(s, self); /* from here on no bias is in the way */
  callseq_queue_begin(s);
  uint32_t demand = hear_demand(s);
  if (s->succession.vacant) {
    woken = callseq_queue_appoint(s);
    if (woken)
      callseq_pace_begin_quantum(&s->pace);
    if (lock == FREE && callseq_queue_is_kept(s))
      lock = OFFERED;
  } else if (lock == FREE && (demand == DEMANDED || demand == ASLEEP)) {
    lock = OFFERED;
  } else if (lock == FREE && demand == OVERDUE) {
    /* It stays queued until it has taken the lock. */
    struct callseq_waiter *deputy = callseq_queue_choose(s);
    if (deputy) {
      lock = OFFERED;
      if (atomic_exchange_explicit(&deputy->state, WAITING, memory_order_relaxed) & PARKED)
        woken = deputy;
    }
  } else if (atomic_load_explicit(&s->succession.absent, memory_order_relaxed)) {
    yield = callseq_pace_is_quantum_over(&s->pace);
  }
  if (s->executed) {
    CALLSEQ_POINT1(batch, s->executed);
    callseq_count_as_holder(&s->counts.batches);
    callseq_count_most(&s->counts.largest, s->executed);
  }
  s->executed = s->batch = 0;
  callseq_queue_end(s);
  callseq_bias_forget(s, self);
  if (s->symmetric || atomic_load_explicit(&s->succession.absent, memory_order_relaxed))
    callseq_bias_count(s, true);
  else if (callseq_bias_is_due(s, self, lock == FREE && !callseq_sequencer_is_waited_for(s)))
    lock = callseq_bias_to(s, self);
  callseq_tools_release(s);
  /* release: pairs with the acquires in callseq_sequencer_try_enter, callseq_sequencer_take,
   * is_closed and callseq_bias_look */
  atomic_store_explicit(&s->lock, lock, memory_order_release);
  if (s->symmetric)
    /* seq_cst: pairs with the fence in sleep_handshake */
    atomic_thread_fence(memory_order_seq_cst);
  else
    /* compiler only: pairs with callseq_park_barrier in sleep_handshake */
    atomic_signal_fence(memory_order_seq_cst);
  if (woken)
    callseq_queue_wake(s, &woken->state);
  if (yield)
    callseq_pace_hand_over();
}

void callseq_sequencer_end_batch(struct callseq_sequencer *s) {
  CALLSEQ_ASSERT(is_held(s));
  give_up(s, FREE);
  callseq_sequencer_pass_on(s);
}

/* If another thread takes the lock first, that one looks at `demand` when it leaves. If it was the
 * heir, and has left again by now, nobody waits for this offer: whoever comes next steals it. */
void callseq_sequencer_pass_on(struct callseq_sequencer *s) {
  uint32_t demand;
  while ((demand = atomic_load_explicit(&s->succession.demand, memory_order_relaxed)) == OVERDUE &&
         callseq_sequencer_take(s, FREE, PASSING))
    give_up(s, FREE);
  if (demand == NONE || demand == OVERDUE)
    return;
  uint32_t free = FREE;
  atomic_compare_exchange_strong_explicit(&s->lock, &free, OFFERED, memory_order_relaxed,
                                          memory_order_relaxed);
  if (demand == ASLEEP)
    callseq_queue_ring(s);
}

/* Each heir finds the lock closed, and has the next waiter be the heir as it leaves: refuse(). */
void callseq_sequencer_close(struct callseq_sequencer *s) {
  give_up(s, CLOSED);
  callseq_sequencer_pass_on(s);
}
