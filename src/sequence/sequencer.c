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
 * `arrivals` is NULL while there is no heir, and otherwise a stack of followers that ends in
 * HEIR_ONLY. So one word says who becomes the heir: the thread that replaces NULL. The holder takes
 * the whole stack at once and sorts it into two queues, both oldest first: `brief`, the waiters
 * that batches take, and `turns`, the heirs to be.
 *
 *        WAITING --appoint--> HEIR --takes the lock--> (holder)
 *        WAITING --finish--> DONE        a holder has executed it
 *        WAITING <--> + PARKED           its thread sleeps on the state word
 *
 * Only the waiter's own thread sets PARKED. The heir sleeps on `bell`, a word of the sequencer's
 * own: so whoever has freed the lock can wake it without touching its waiter, which may be gone.
 * The new heir is woken after the lock has been left.
 *
 * A thread whose patience is over, or that is refused, *withdraws*: it takes its waiter out of the
 * queue, or steps down as the heir and appoints another, unless its request is being executed. For
 * that it has to keep the holder from the queue. Withdrawals are rare, so it pays for that: the
 * holder says that it is at the queue and looks whether a thread withdraws, without a fence; the
 * thread says so, has all others fence, and waits until the holder is not there.
 *
 * A lock that one thread has used alone for long is biased to it, see bias.c: who waits looks at
 * the lock by callseq_bias_look, which revokes that.
 *
 * Invariants. What sequencer.h calls the holder's own is touched by the holder only, by a thread
 * that withdraws, or by the heir once the lock is CLOSED. The rules of the succession are in
 * sequencer.h, at struct callseq_succession. An heir that sleeps demands the lock. A waiter is in
 * `arrivals`, `brief` or `turns` from its push until it is appointed or taken into a batch, and its
 * thread does not return before. Once it is DONE the holder never touches it again; it may still
 * wake its address, at which another sleeper may then wake for no reason.
 */
#pragma GCC visibility push(default) /* inline in generated code */
#include "sequencer.h"
#pragma GCC visibility pop

#include "base/checked.h"
#include "base/relax.h"
#include "base/tools.h"
#include "base/trace.h"
#include "bias.h"
#include "protocol.h"
#include "system/park.h"

#include <stdbool.h>
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

/* `word` is only an address: the waiter may be gone. */
static void wake_up(struct callseq_sequencer *s, const void *word) {
  callseq_count(&s->counts.wakes);
  callseq_park_wake(word);
}

static bool try_take(struct callseq_sequencer *s, uint32_t from, uint32_t self) {
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
  return regained || try_take(s, FREE, self);
}

void callseq_sequencer_leave_revoked(struct callseq_sequencer *s, uint32_t self) {
  if (callseq_bias_regain(s, self))
    callseq_sequencer_end_batch(s);
}

/* ---- Who is at the queue ---- */

/* These two enclose what the holder does to its own, or the heir once the lock is CLOSED. No more
 * than moments pass between them. */
static void begin_at_queue(struct callseq_sequencer *s) {
  for (;;) {
    atomic_store_explicit(&s->at_queue, 1, memory_order_relaxed);
    if (s->symmetric)
      /* seq_cst: pairs with the fence in begin_withdrawal */
      atomic_thread_fence(memory_order_seq_cst);
    else
      /* compiler only: pairs with callseq_park_barrier in begin_withdrawal */
      atomic_signal_fence(memory_order_seq_cst);
    /* acquire: pairs with the release in end_withdrawal */
    if (!atomic_load_explicit(&s->withdrawing, memory_order_acquire))
      return;
    atomic_store_explicit(&s->at_queue, 0, memory_order_release); /* as in end_at_queue */
    while (atomic_load_explicit(&s->withdrawing, memory_order_relaxed))
      callseq_pace_moment(0);
  }
}

static void end_at_queue(struct callseq_sequencer *s) {
  /* release: pairs with the acquire in begin_withdrawal */
  atomic_store_explicit(&s->at_queue, 0, memory_order_release);
}

/* Keeps the holder, and others that withdraw, from the queue. */
static void begin_withdrawal(struct callseq_sequencer *s) {
  uint32_t nobody = 0, times = 0;
  /* acquire: pairs with the release in end_withdrawal */
  while (!atomic_compare_exchange_strong_explicit(&s->withdrawing, &nobody, 1, memory_order_acquire,
                                                  memory_order_relaxed)) {
    nobody = 0;
    callseq_pace_moment(times++);
  }
  if (s->symmetric)
    /* seq_cst: pairs with the fence in begin_at_queue */
    atomic_thread_fence(memory_order_seq_cst);
  else if (!callseq_park_barrier())
    callseq_pace_without_barrier();
  /* acquire: pairs with the release in end_at_queue */
  while (atomic_load_explicit(&s->at_queue, memory_order_acquire))
    callseq_pace_moment(0);
}

static void end_withdrawal(struct callseq_sequencer *s) {
  /* release: pairs with the acquires in begin_at_queue and begin_withdrawal */
  atomic_store_explicit(&s->withdrawing, 0, memory_order_release);
}

/* ---- The holder ---- */

static void append(struct callseq_queue *q, struct callseq_waiter *w) {
  w->next = NULL;
  if (q->first)
    q->last->next = w;
  else
    q->first = w;
  q->last = w;
}

/* How many came before it; -1: it is not there. */
static int remove_from(struct callseq_queue *q, struct callseq_waiter *w) {
  int before = 0;
  struct callseq_waiter *last = NULL, *at = q->first;
  while (at && at != w) {
    last = at;
    at = at->next;
    before++;
  }
  if (!at)
    return -1;
  if (last)
    last->next = w->next;
  else
    q->first = w->next;
  if (q->last == w)
    q->last = last;
  return before;
}

static struct callseq_waiter *take_first(struct callseq_queue *q) {
  struct callseq_waiter *w = q->first;
  if (w)
    q->first = w->next;
  return w;
}

/* Can another thread execute it, and is that worth a wake-up? */
static bool is_brief(const struct callseq_sequencer *s, const struct callseq_waiter *w) {
  return atomic_load_explicit(&s->batch_limit, memory_order_relaxed) && !w->alone &&
         (!w->busy || atomic_load_explicit(&s->batch_busy, memory_order_relaxed));
}

/* May its thread execute others first? How long that takes nobody knows: not if its own call has to
 * begin by some time. */
static bool executes_others(const struct callseq_waiter *w) { return !w->alone && !w->until; }

/* Takes over those that have arrived. To be called while there is an heir, or a vacancy. */
static void collect(struct callseq_sequencer *s) {
  struct callseq_waiter *top = atomic_load_explicit(&s->arrivals, memory_order_relaxed);
  if (!top || top == HEIR_ONLY)
    return;
  /* acquire: pairs with the release in push */
  top = atomic_exchange_explicit(&s->arrivals, HEIR_ONLY, memory_order_acquire);
  struct callseq_waiter *oldest = NULL;
  while (top) {
    struct callseq_waiter *next = top->next;
    top->next = oldest;
    oldest = top;
    top = next;
  }
  while (oldest) {
    struct callseq_waiter *next = oldest->next;
    append(is_brief(s, oldest) ? &s->brief : &s->turns, oldest);
    oldest = next;
  }
}

/* The holder has changed who is the heir. */
static void count_heir(struct callseq_sequencer *s) {
  atomic_store_explicit(&s->succession.heirs,
                        atomic_load_explicit(&s->succession.heirs, memory_order_relaxed) + 1,
                        memory_order_relaxed);
}

/* Takes a waiter out of its queue; false: it is not there. `ahead`: how many of `brief` came before
 * it. */
static bool dequeue(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t *ahead) {
  struct callseq_succession *next = &s->succession;
  int before = remove_from(&s->brief, w);
  *ahead = before > 0 ? (uint32_t)before : 0;
  if (before < 0)
    return remove_from(&s->turns, w) >= 0;
  if ((uint32_t)before < next->ahead)
    next->ahead--;
  if ((uint32_t)before < s->batch) /* an heir that withdraws may take the next one out of a batch */
    s->batch--;
  return true;
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

/* The batch is the first `count` of `brief`, within the limit. */
static void begin_batch(struct callseq_sequencer *s, uint32_t count) {
  uint32_t limit = atomic_load_explicit(&s->batch_limit, memory_order_relaxed);
  s->batch = count < limit ? count : limit;
}

struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s) {
  CALLSEQ_ASSERT(is_held(s));
  begin_at_queue(s);
  struct callseq_waiter *w = s->batch ? take_first(&s->brief) : NULL;
  if (w) {
    s->batch--;
    if (s->succession.ahead)
      s->succession.ahead--;
  }
  end_at_queue(s);
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
    wake_up(s, word);
}

/* Who is to be the heir, or the heir's deputy: the oldest of those that wait for a turn, or the
 * last one of a batch that may execute it; NULL: nobody waits. */
static struct callseq_waiter *choose(struct callseq_sequencer *s) {
  collect(s);
  struct callseq_waiter *w = s->brief.first, *chosen = w;
  if (s->turns.first && (!w || s->succession.turn_due))
    return s->turns.first;
  uint32_t left = atomic_load_explicit(&s->batch_limit, memory_order_relaxed);
  for (; left && w && w->next; left--) {
    w = w->next;
    if (executes_others(w))
      chosen = w;
  }
  return chosen;
}

/* For an heir that calls seldom; but those that are `alone` are the library's own, and come in any
 * order. */
static void keep_for(struct callseq_sequencer *s, const struct callseq_waiter *heir) {
  atomic_store_explicit(&s->succession.kept, heir->seldom && !heir->alone, memory_order_relaxed);
}

/* Fills the vacancy, if there are followers; without any there will be no heir. Returns the heir if
 * it has to be woken. */
static struct callseq_waiter *appoint(struct callseq_sequencer *s) {
  s->succession.vacant = 0;
  for (;;) {
    struct callseq_waiter *heir = choose(s), *only = HEIR_ONLY;
    uint32_t ahead;
    if (heir) {
      s->succession.turn_due = heir != s->turns.first;
      dequeue(s, heir, &ahead);
      s->succession.ahead = ahead;
      count_heir(s);
      atomic_store_explicit(&s->succession.absent, 1,
                            memory_order_relaxed); /* until it says otherwise */
      keep_for(s, heir);
      /* release: pairs with the acquire loads of the waiting thread */
      uint32_t before = atomic_exchange_explicit(&heir->state, HEIR, memory_order_release);
      return before & PARKED ? heir : NULL;
    }
    atomic_store_explicit(&s->succession.kept, 0, memory_order_relaxed);
    /* release: pairs with the acquire in push, whose thread is the heir then: it finds `demand`
     * empty, and what it says of itself stays */
    if (atomic_compare_exchange_strong_explicit(&s->arrivals, &only, NULL, memory_order_release,
                                                memory_order_relaxed))
      return NULL;
  }
}

/* Wakes the heir, which sees what this thread has done to `lock`. */
static void ring(struct callseq_sequencer *s) {
  /* release: pairs with the acquire in sleep_as_heir */
  atomic_fetch_add_explicit(&s->succession.bell, 1, memory_order_release);
  wake_up(s, &s->succession.bell);
}

/* An heir that fell asleep before this holder said that it stays has not asked it to leave: it is
 * woken, and asks before it sleeps again. */
void callseq_sequencer_stay(struct callseq_sequencer *s) {
  if (s->succession.vacant) {
    begin_at_queue(s);
    struct callseq_waiter *heir = appoint(s);
    end_at_queue(s);
    if (heir)
      wake_up(s, &heir->state);
    return;
  }
  /* seq_cst: pairs with the fence in sleep_handshake: either the heir, which demands the lock
   * before that, sees when it asks that this holder stays, or its demand is seen here */
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load_explicit(&s->succession.demand, memory_order_relaxed) == ASLEEP)
    ring(s);
}

/* Is what is offered kept for the heir? */
static bool is_kept(struct callseq_sequencer *s) {
  return atomic_load_explicit(&s->succession.kept, memory_order_relaxed);
}

/* Gives up the lock. `lock` is FREE: it is free then, or offered to a waiter; or CLOSED: it is
 * that. A new heir, or a deputy, is woken here if it sleeps; an heir that sleeps already, by
 * pass_on. */
static void give_up(struct callseq_sequencer *s, uint32_t lock) {
  struct callseq_waiter *woken = NULL;
  bool yield = false;
  uint32_t self = callseq_sequencer_holder(s);
  callseq_bias_regain(s, self); /* from here on no bias is in the way */
  begin_at_queue(s);
  uint32_t demand = hear_demand(s);
  if (s->succession.vacant) {
    woken = appoint(s);
    if (woken)
      callseq_pace_begin_quantum(&s->pace);
    if (lock == FREE && is_kept(s))
      lock = OFFERED;
  } else if (lock == FREE && (demand == DEMANDED || demand == ASLEEP)) {
    lock = OFFERED;
  } else if (lock == FREE && demand == OVERDUE) {
    /* It stays queued until it has taken the lock. */
    struct callseq_waiter *deputy = choose(s);
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
  end_at_queue(s);
  callseq_bias_forget(s, self);
  if (s->symmetric || atomic_load_explicit(&s->succession.absent, memory_order_relaxed))
    callseq_bias_count(s, true);
  else if (callseq_bias_is_due(s, self, lock == FREE && !callseq_sequencer_is_waited_for(s)))
    lock = callseq_bias_to(s, self);
  callseq_tools_release(s);
  /* release: pairs with the acquires in callseq_sequencer_try_enter, try_take, is_closed and
   * callseq_bias_look */
  atomic_store_explicit(&s->lock, lock, memory_order_release);
  if (s->symmetric)
    /* seq_cst: pairs with the fence in sleep_handshake */
    atomic_thread_fence(memory_order_seq_cst);
  else
    /* compiler only: pairs with callseq_park_barrier in sleep_handshake */
    atomic_signal_fence(memory_order_seq_cst);
  if (woken)
    wake_up(s, &woken->state);
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
         try_take(s, FREE, PASSING))
    give_up(s, FREE);
  if (demand == NONE || demand == OVERDUE)
    return;
  uint32_t free = FREE;
  atomic_compare_exchange_strong_explicit(&s->lock, &free, OFFERED, memory_order_relaxed,
                                          memory_order_relaxed);
  if (demand == ASLEEP)
    ring(s);
}

/* Each heir finds the lock closed, and has the next waiter be the heir as it leaves: refuse(). */
void callseq_sequencer_close(struct callseq_sequencer *s) {
  give_up(s, CLOSED);
  callseq_sequencer_pass_on(s);
}

/* ---- Waiters ---- */

/* Takes the lock instead of the heir. An offer is not made again until the heir demands the lock
 * anew: else an heir that does not run would slow others for all that time. */
static bool overtake(struct callseq_sequencer *s, uint32_t lock, uint32_t self) {
  if (!try_take(s, lock, self))
    return false;
  if (lock == OFFERED &&
      atomic_exchange_explicit(&s->succession.demand, NONE, memory_order_relaxed) == ASLEEP)
    ring(s);
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
  return !is_kept(s) && overtake(s, OFFERED, self);
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
         (callseq_bias_look(s) == FREE && try_take(s, FREE, self));
}

int callseq_sequencer_try_soon(struct callseq_sequencer *s, uint32_t self) {
  callseq_bias_look(s);
  for (uint32_t left = callseq_pace_glances(&s->pace); left; left--) {
    if (is_idle(s) && try_take(s, FREE, self))
      return true;
    callseq_pace_glance(&s->pace);
  }
  return false;
}

/* Joins the queue: true as the heir, false as a follower. */
static bool push(struct callseq_sequencer *s, struct callseq_waiter *w) {
  struct callseq_waiter *top = atomic_load_explicit(&s->arrivals, memory_order_relaxed);
  for (;;) {
    struct callseq_waiter *pushed = top ? w : HEIR_ONLY;
    w->next = top == HEIR_ONLY ? NULL : top;
    /* release: pairs with the acquire in collect; acquire: with the releases in appoint and inherit
     */
    if (atomic_compare_exchange_weak_explicit(&s->arrivals, &top, pushed, memory_order_acq_rel,
                                              memory_order_relaxed))
      return pushed != w;
    callseq_relax();
  }
}

/* The heir is that no more. */
static void step_down(struct callseq_sequencer *s) {
  count_heir(s);
  atomic_store_explicit(&s->succession.demand, NONE, memory_order_relaxed);
}

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
  begin_withdrawal(s);
  /* acquire: pairs with the release in appoint */
  is_heir = is_heir ||
            (atomic_load_explicit(&w->state, memory_order_acquire) & ~(uint32_t)PARKED) == HEIR;
  bool leaves = is_heir;
  if (is_heir) {
    step_down(s);
    atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
    s->succession.ahead = 0;
    heir = appoint(s);
    /* What has been offered is the new heir's; or nobody's. */
    uint32_t offered = OFFERED;
    if (!atomic_load_explicit(&s->arrivals, memory_order_relaxed))
      atomic_compare_exchange_strong_explicit(&s->lock, &offered, FREE, memory_order_relaxed,
                                              memory_order_relaxed);
  } else {
    collect(s);
    leaves = dequeue(s, w, &ahead);
  }
  end_withdrawal(s);
  if (heir)
    wake_up(s, &heir->state);
  return leaves;
}

/* Wakes all followers of a queue. One that is not asleep sees that it is refused when it has marked
 * itself PARKED: what keeps the holder from the queue orders that, too. */
static void wake_all(struct callseq_sequencer *s, struct callseq_queue *q) {
  for (struct callseq_waiter *w = q->first; w; w = w->next) {
    uint32_t asleep = WAITING | PARKED;
    if (atomic_compare_exchange_strong_explicit(&w->state, &asleep, WAITING, memory_order_relaxed,
                                                memory_order_relaxed))
      wake_up(s, &w->state);
  }
}

void callseq_sequencer_refuse(struct callseq_sequencer *s, enum callseq_refuses whom) {
  atomic_store_explicit(&s->refuses, whom, memory_order_relaxed);
  if (!whom || !atomic_load_explicit(&s->arrivals, memory_order_relaxed))
    return;
  begin_withdrawal(s);
  collect(s);
  wake_all(s, &s->brief);
  wake_all(s, &s->turns);
  end_withdrawal(s);
  ring(s);
}

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
    /* acquire: pairs with the releases in callseq_sequencer_finish and appoint */
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
  /* acquire: pairs with the release in ring: what has been done to `lock` before is seen below */
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
  keep_for(s, w);
  atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
  for (;;) {
    uint32_t lock = callseq_bias_look(s);
    bool patient = callseq_pace_is_patient(wait);
    if ((lock == OFFERED || (lock == FREE && !patient)) && try_take(s, lock, self))
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

/* The heir has become the holder: the next heir is the first to come, or to be appointed. */
static void inherit(struct callseq_sequencer *s) {
  struct callseq_waiter *only = HEIR_ONLY;
  begin_at_queue(s);
  step_down(s);
  /* release: pairs with the acquire in push, as in appoint */
  s->succession.vacant = s->brief.first || s->turns.first ||
                         !atomic_compare_exchange_strong_explicit(
                             &s->arrivals, &only, NULL, memory_order_release, memory_order_relaxed);
  begin_batch(s, s->succession.ahead);
  s->succession.ahead = 0;
  end_at_queue(s);
}

/* The lock is closed, and the heir leaves: the next one will do so too. What was the holder's own
 * is this thread's, until there is another heir. */
static void refuse(struct callseq_sequencer *s) {
  begin_at_queue(s);
  step_down(s);
  struct callseq_waiter *heir = appoint(s);
  end_at_queue(s);
  if (heir)
    wake_up(s, &heir->state);
}

/* This thread has the lock, and has not waited in the queue: all that are there came before. */
static void come_last(struct callseq_sequencer *s, const struct callseq_waiter *w) {
  begin_at_queue(s);
  collect(s);
  uint32_t count = 0;
  for (struct callseq_waiter *at = s->brief.first; at && executes_others(w); at = at->next)
    count++;
  begin_batch(s, count);
  end_at_queue(s);
}

/* This thread has the lock, and was a follower when it took it. What has become of its request by
 * then? DONE: the holder before has executed it. HEIR: this thread has been appointed meanwhile.
 * WAITING: neither, so it leaves the queue; the heir is still another thread. */
static uint32_t leave_queue(struct callseq_sequencer *s, struct callseq_waiter *w) {
  uint32_t ahead;
  begin_at_queue(s);
  /* acquire: pairs with the releases in callseq_sequencer_finish and appoint. Whoever changes it
   * holds the lock, or withdraws as the heir: not while this thread is at the queue */
  uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire) & ~(uint32_t)PARKED;
  if (state == WAITING) {
    collect(s);
    dequeue(s, w, &ahead);
    begin_batch(s, executes_others(w) ? ahead : 0);
  } else if (state == HEIR) {
    atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
  }
  end_at_queue(s);
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
  uint32_t state = push(s, w) ? HEIR : wait_as_follower(s, w, self, wait);
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
  inherit(s);
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
