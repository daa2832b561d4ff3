/* How it works.
 *
 * `lock` says whether there is a holder. Whoever finds it free takes it, by one compare-and-swap.
 * So a thread that calls often keeps the resource, and its cache lines, for a while; the others
 * take turns by the thousands of calls, not by single ones.
 *
 * Those that find it taken look again for a moment, if nobody waits yet: threads that work between
 * their calls meet by chance only. After that one of them is the *heir*. It alone watches the lock,
 * seldom enough not to disturb the holder, and takes it when it sees it free twice. If it sees it
 * free and then taken again the lock is in use by short calls, and it naps: polling would slow
 * them. When its patience is over it demands the lock: the holder, as it leaves, offers it to the
 * heir instead of freeing it. An heir that is not busy has no patience. The others are *followers*,
 * and sleep: on a machine with few processors they would only be in the way. (Waiters that are not
 * needed do not run: Dice, *Malthusian Locks*, EuroSys 2017. One waiter watches the lock word, the
 * others words of their own: Linux' queued spinlocks, after Mellor-Crummey and Scott, TOCS 1991.)
 * An heir that becomes the holder executes its own request and then a batch of the followers' (flat
 * combining: Hendler, Incze, Shavit and Tzafrir, SPAA 2010), and appoints the next heir as it
 * leaves. An heir that sleeps is executed by the holder that hears its demand.
 *
 * A thread is *busy* that has used a processor for much of the time since its last wait. If it
 * sleeps, no batch takes it: it would be woken for a single call, and wait again. It gets a turn of
 * its own, and threads that call seldom do not queue behind it.
 *
 * An heir that has been woken may not get a processor, because the holder has the one that it is to
 * run on. So until it is seen each leave counts, and every QUANTUM_NS the leaving thread yields.
 *
 * An heir may get no processor for long, or be in a signal handler of the host's. So followers do
 * not sleep without end. One that finds, some milliseconds later, the same heir still waiting is
 * overdue. If the lock is free it stands in for the heir: it becomes the holder, and leaves the
 * queue. If not it marks `demand`, which says OVERDUE then. The holder that reads that executes a
 * batch of all kinds of followers, and offers the lock to the oldest that is left.
 *
 * `arrivals` is NULL while there is no heir, and otherwise a stack of followers that ends in
 * HEIR_ONLY. So one word says who becomes the heir: the thread that replaces NULL. The holder takes
 * the whole stack at once and sorts it into `brief`, what batches take, and `turns`, the heirs to
 * be: both oldest first.
 *
 *        WAITING --appoint--> HEIR --takes the lock--> (holder)
 *        WAITING, TAKEN --finish--> DONE        the holder has executed it
 *        HEIR + PARKED --claim--> TAKEN + PARKED    the holder will
 *        WAITING or HEIR <--> + PARKED          its thread sleeps on the state word
 *
 * The holder wakes the sleepers that it has finished, and the new heir, after it has left: a
 * sleeper must not wait for another one that does not run.
 *
 * Invariants. What sequencer.h calls the holder's own is touched by the holder only. There is at
 * most one heir; there is one exactly if `arrivals` is not NULL and `vacant` is not set. `demand`
 * is NULL, OVERDUE or the heir: only the heir names itself, while its state is HEIR, followers mark
 * it only if it is NULL, and only the holder clears it. The heir cannot go while another holds the
 * lock, so the holder may look at it. A waiter is in `arrivals`, `brief` or `turns` from its push
 * until it is appointed or finished, and its thread does not return before. Once it is DONE the
 * holder touches it never again; it may still wake its address, at which another sleeper may then
 * wake for no reason.
 */
#pragma GCC visibility push(default) /* inline in generated code */
#include "sequencer.h"
#pragma GCC visibility pop

#include "base/clock.h"
#include "base/relax.h"
#include "base/trace.h"
#include "system/park.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

enum { WAITING, HEIR, TAKEN, DONE, PARKED = 4 };

/* Measured on two processors, see doc/benchmarks.md. */
enum {
  POLL_NS = 2000,      /* from one look at the lock to the next */
  GLANCE_NS = 50,      /* the same, of a thread that has just come, */
  GLANCES = 12,        /* before it queues */
  IDLE_GLANCES = 4,    /* in a row find the lock free if it is not in use by short calls */
  PATIENCE = 25,       /* polls of an heir before it demands the lock */
  FOLLOWER_POLLS = 5,  /* of a follower before it parks */
  NAP_NS = 200000,     /* of a busy heir that sees the lock in use by short calls */
  REST_NS = 300000,    /* since its last wait, of a thread that is not busy; */
  REST_SHARE = 8,      /* less than one in so many of them in use of a processor */
  YIELD_LIMIT = 8,     /* of an heir after spin_limit polls, before it parks */
  OFFER_POLLS = 50,    /* that an offer stands before others may take it; */
  OFFER_SPINS = 5,     /* with the processor to themselves at first */
  QUANTUM_NS = 20000,  /* for an heir that does not come */
  CALLS_PER_LOOK = 64, /* at the clock meanwhile */
  OVERDUE_MS = 4,   /* that a follower sleeps before it looks after the heir, twice as long each */
  OVERDUE_BUSY = 8, /* time, so many times as long if it is busy, */
  OVERDUE_LIMIT = 128, /* and no longer than this */
  UNSURE_MS = 1,       /* that an heir sleeps which the holder may have overlooked */
};

#define HEIR_ONLY ((struct callseq_waiter *)1)
#define OVERDUE ((struct callseq_waiter *)1)

static void pause_for(uint32_t pauses) {
  for (uint32_t i = 0; i < pauses; i++)
    callseq_relax();
}

/* How many pauses of the processor make a poll's distance: the quickest of some samples, since a
 * thread may be interrupted in one. */
static uint32_t measure_pauses(void) {
  enum { SAMPLES = 8, PAUSES = 64 };
  uint64_t quickest = UINT64_MAX;
  for (int i = 0; i < SAMPLES; i++) {
    uint64_t from = callseq_clock_now();
    pause_for(PAUSES);
    uint64_t ns = callseq_clock_now() - from;
    if (ns < quickest)
      quickest = ns;
  }
  uint64_t pauses = (uint64_t)PAUSES * POLL_NS / (quickest ? quickest : 1);
  return pauses < UINT32_MAX ? (uint32_t)pauses + 1 : 1;
}

void callseq_sequencer_init(struct callseq_sequencer *s, uint32_t batch_limit, uint32_t spin_limit,
                            uint32_t stall_ms) {
  atomic_init(&s->lock, CALLSEQ_LOCK_CLOSED);
  atomic_init(&s->arrivals, NULL);
  atomic_init(&s->demand, NULL);
  s->brief.first = s->turns.first = NULL;
  atomic_init(&s->absent, 0);
  atomic_init(&s->heirs, 0);
  s->served = s->sleepers = s->vacant = s->overdue = 0;
  s->batch_limit = batch_limit;
  s->spin_limit = spin_limit;
  s->stall_ms = stall_ms;
  s->batch_busy = 0;
  s->overdue_ms = OVERDUE_MS;
  s->pauses = measure_pauses();
  s->symmetric = s->slow_leave = !callseq_park_asymmetric();
}

void callseq_sequencer_forked(struct callseq_sequencer *s, uint32_t self) {
  atomic_store_explicit(&s->arrivals, NULL, memory_order_relaxed);
  atomic_store_explicit(&s->demand, NULL, memory_order_relaxed);
  s->brief.first = s->turns.first = NULL;
  atomic_store_explicit(&s->absent, 0, memory_order_relaxed);
  s->sleepers = s->vacant = s->overdue = 0;
  s->symmetric = !callseq_park_asymmetric();
  s->slow_leave = 1;
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

static void count(_Atomic(uint64_t) *counter) {
  atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* For counters that only the holder writes. */
static void count_alone(_Atomic(uint64_t) *counter) {
  atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                        memory_order_relaxed);
}

/* Raises a counter to at least `value`. */
static void count_most(_Atomic(uint64_t) *counter, uint64_t value) {
  uint64_t most = atomic_load_explicit(counter, memory_order_relaxed);
  while (most < value && !atomic_compare_exchange_weak_explicit(
                             counter, &most, value, memory_order_relaxed, memory_order_relaxed)) {
  }
}

/* `word` is only an address: the waiter may be gone. */
static void wake_up(struct callseq_sequencer *s, const void *word) {
  count(&s->counts.wakes);
  callseq_park_wake(word);
}

static bool try_take(struct callseq_sequencer *s, uint32_t from, uint32_t self) {
  /* acquire: pairs with the release in callseq_sequencer_leave and give_up */
  return atomic_compare_exchange_strong_explicit(&s->lock, &from, self, memory_order_acquire,
                                                 memory_order_relaxed);
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

static bool remove_from(struct callseq_queue *q, struct callseq_waiter *w) {
  struct callseq_waiter *before = NULL, *at = q->first;
  while (at && at != w) {
    before = at;
    at = at->next;
  }
  if (!at)
    return false;
  if (before)
    before->next = w->next;
  else
    q->first = w->next;
  if (q->last == w)
    q->last = before;
  return true;
}

static struct callseq_waiter *take_first(struct callseq_queue *q) {
  struct callseq_waiter *w = q->first;
  if (w)
    q->first = w->next;
  return w;
}

/* Can another thread execute it, and is that worth a wake-up? */
static bool is_brief(const struct callseq_sequencer *s, const struct callseq_waiter *w) {
  return s->batch_limit && !w->alone && (!w->busy || s->batch_busy);
}

/* Does this one cost no wake-up, at the moment? */
static bool is_awake(const struct callseq_waiter *w) {
  return atomic_load_explicit(&w->state, memory_order_relaxed) == WAITING;
}

/* Takes over those that have arrived. There is an heir, or a vacancy. */
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
  atomic_store_explicit(&s->heirs, atomic_load_explicit(&s->heirs, memory_order_relaxed) + 1,
                        memory_order_relaxed);
}

/* Is the heir asleep, and can be executed here? Then it is the heir no more. */
static bool claim(struct callseq_sequencer *s, struct callseq_waiter *heir) {
  uint32_t asleep = HEIR | PARKED;
  if (!heir || !is_brief(s, heir) ||
      !atomic_compare_exchange_strong_explicit(&heir->state, &asleep, TAKEN | PARKED,
                                               memory_order_relaxed, memory_order_relaxed))
    return false;
  atomic_store_explicit(&s->demand, NULL, memory_order_relaxed);
  s->vacant = 1;
  count_heir(s);
  return true;
}

/* The heir, if it demands the lock; or takes note that it is overdue. */
static struct callseq_waiter *hear_demand(struct callseq_sequencer *s) {
  /* acquire: pairs with the release in wait_as_heir */
  struct callseq_waiter *w = atomic_load_explicit(&s->demand, memory_order_acquire);
  if (w != OVERDUE)
    return w;
  /* The heir may demand it at this moment after all: that stays. */
  atomic_compare_exchange_strong_explicit(&s->demand, &w, NULL, memory_order_relaxed,
                                          memory_order_relaxed);
  s->overdue = 1;
  return NULL;
}

/* The next follower that is executed here: a brief one; but if the heir is overdue every other time
 * one of the rest. */
static struct callseq_waiter *take_follower(struct callseq_sequencer *s) {
  struct callseq_waiter *turn = s->turns.first;
  bool can = turn && !turn->alone && (s->overdue || is_awake(turn));
  bool turns = can && (!s->brief.first || (s->overdue && s->served % 2));
  return take_first(turns ? &s->turns : &s->brief);
}

struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s) {
  if (s->served >= s->batch_limit || s->sleepers == CALLSEQ_SLEEPERS)
    return NULL;
  struct callseq_waiter *w = hear_demand(s);
  if (!claim(s, w)) {
    collect(s);
    w = take_follower(s);
    if (!w)
      return NULL;
  }
  s->served++;
  s->slow_leave = 1;
  count_alone(&s->counts.finished);
  return w;
}

void callseq_sequencer_finish(struct callseq_sequencer *s, struct callseq_waiter *w) {
  /* release: pairs with the acquire loads of the waiting thread */
  if (atomic_exchange_explicit(&w->state, DONE, memory_order_release) & PARKED)
    s->asleep[s->sleepers++] = &w->state;
}

/* Fills the vacancy: with the oldest follower that waits for its turn, or else with the oldest of
 * those that no batch has reached. Returns it if it has to be woken. Without followers there will
 * be no heir. */
static struct callseq_waiter *appoint(struct callseq_sequencer *s) {
  for (;;) {
    collect(s);
    struct callseq_waiter *heir = take_first(s->turns.first ? &s->turns : &s->brief);
    struct callseq_waiter *only = HEIR_ONLY;
    if (heir) {
      s->vacant = 0;
      count_heir(s);
      atomic_store_explicit(&s->absent, 1, memory_order_relaxed); /* until it says otherwise */
      /* release: pairs with the acquire loads of the waiting thread */
      uint32_t before = atomic_exchange_explicit(&heir->state, HEIR, memory_order_release);
      return before & PARKED ? heir : NULL;
    }
    /* release: pairs with the acquire in push, whose thread is the heir then: it finds `demand`
     * empty */
    if (atomic_compare_exchange_strong_explicit(&s->arrivals, &only, NULL, memory_order_release,
                                                memory_order_relaxed)) {
      s->vacant = 0;
      return NULL;
    }
  }
}

/* Has the holder, this thread or others before it, kept an absent heir waiting for long enough? */
static bool time_is_over(struct callseq_sequencer *s) {
  if (++s->calls < CALLS_PER_LOOK)
    return false;
  s->calls = 0;
  uint64_t t = callseq_clock_now();
  if (t - s->since < QUANTUM_NS)
    return false;
  s->since = t;
  return true;
}

/* The heir is overdue: whom to offer the lock to instead; NULL if nobody waits. It stays queued
 * until it has taken the lock. */
static struct callseq_waiter *choose_deputy(struct callseq_sequencer *s) {
  collect(s);
  return s->turns.first ? s->turns.first : s->brief.first;
}

/* Frees the lock, or offers it to a waiter that demands it. */
static void give_up(struct callseq_sequencer *s) {
  const void *asleep[CALLSEQ_SLEEPERS], *first = NULL; /* to wake, the latter first */
  uint32_t sleepers = s->sleepers, lock = CALLSEQ_LOCK_FREE;
  bool yield = false;
  struct callseq_waiter *w = hear_demand(s);
  for (uint32_t i = 0; i < sleepers; i++)
    asleep[i] = s->asleep[i];
  if (s->vacant) {
    struct callseq_waiter *heir = appoint(s);
    if (heir) {
      first = &heir->state;
      s->calls = 0;
      s->since = callseq_clock_now();
    }
  } else if (w) {
    atomic_store_explicit(&s->demand, NULL, memory_order_relaxed);
    /* release: pairs with the acquire in sleep_as_heir */
    if (atomic_exchange_explicit(&w->state, HEIR, memory_order_release) & PARKED)
      first = &w->state;
    lock = CALLSEQ_LOCK_OFFERED;
  } else if (s->overdue && (w = choose_deputy(s))) {
    if (!is_awake(w))
      first = &w->state;
    lock = CALLSEQ_LOCK_OFFERED;
  } else if (atomic_load_explicit(&s->absent, memory_order_relaxed)) {
    yield = time_is_over(s);
  }
  if (s->served) {
    CALLSEQ_POINT1(batch, s->served);
    count_alone(&s->counts.batches);
    count_most(&s->counts.largest, s->served);
  }
  s->served = s->sleepers = s->overdue = 0;
  s->slow_leave = s->symmetric | atomic_load_explicit(&s->absent, memory_order_relaxed);
  /* release: pairs with the acquire in callseq_sequencer_try_enter and try_take */
  atomic_store_explicit(&s->lock, lock, memory_order_release);
  if (s->symmetric)
    /* seq_cst: pairs with the fence in sleep_handshake */
    atomic_thread_fence(memory_order_seq_cst);
  else
    /* compiler only: pairs with callseq_park_barrier in sleep_handshake */
    atomic_signal_fence(memory_order_seq_cst);
  if (first)
    wake_up(s, first);
  for (uint32_t i = 0; i < sleepers; i++)
    wake_up(s, asleep[i]);
  if (yield)
    sched_yield();
}

void callseq_sequencer_end_batch(struct callseq_sequencer *s) {
  give_up(s);
  callseq_sequencer_pass_on(s);
}

void callseq_sequencer_pass_on(struct callseq_sequencer *s) {
  /* Whoever is quicker to take the lock will look at `demand` when it leaves. An offer is taken
   * back: the heir may have demanded anew, and gone to sleep, before the offer could be seen. */
  while (callseq_sequencer_wanted(s) && (try_take(s, CALLSEQ_LOCK_FREE, CALLSEQ_LOCK_PASSING) ||
                                         try_take(s, CALLSEQ_LOCK_OFFERED, CALLSEQ_LOCK_PASSING)))
    give_up(s);
}

/* ---- Waiters ---- */

/* An offer is for the heir. But if the heir does not come, because it does not run, another takes
 * it. */
static bool steal(struct callseq_sequencer *s, uint32_t self) {
  for (uint32_t polls = 0; polls < OFFER_POLLS; polls++) {
    if (atomic_load_explicit(&s->lock, memory_order_relaxed) != CALLSEQ_LOCK_OFFERED)
      return false;
    if (s->spin_limit && polls < OFFER_SPINS)
      pause_for(s->pauses);
    else
      sched_yield();
  }
  return try_take(s, CALLSEQ_LOCK_OFFERED, self);
}

static void pause_for_glance(const struct callseq_sequencer *s) {
  pause_for((uint32_t)((uint64_t)s->pauses * GLANCE_NS / POLL_NS) + 1);
}

/* Is the lock free, and not only for the moment between two short calls of one thread? */
static bool is_idle(struct callseq_sequencer *s) {
  for (int i = 0; i < IDLE_GLANCES; i++) {
    if (i)
      pause_for_glance(s);
    if (atomic_load_explicit(&s->lock, memory_order_relaxed) != CALLSEQ_LOCK_FREE)
      return false;
  }
  return true;
}

/* Threads that work between their calls meet by chance. If nobody waits yet, a look at the next
 * moment is cheaper than to queue: becomes the holder if that ends so. */
static bool take_idle(struct callseq_sequencer *s, uint32_t self) {
  for (int i = 0; s->spin_limit && i < GLANCES; i++) {
    if (atomic_load_explicit(&s->arrivals, memory_order_relaxed))
      return false;
    if (is_idle(s) && try_take(s, CALLSEQ_LOCK_FREE, self))
      return true;
    pause_for_glance(s);
  }
  return false;
}

/* Joins the queue: true as the heir, false as a follower. */
static bool push(struct callseq_sequencer *s, struct callseq_waiter *w) {
  struct callseq_waiter *top = atomic_load_explicit(&s->arrivals, memory_order_relaxed);
  for (;;) {
    struct callseq_waiter *now = top ? w : HEIR_ONLY;
    w->next = top == HEIR_ONLY ? NULL : top;
    /* release: pairs with the acquire in collect; acquire: with the releases in appoint and inherit
     */
    if (atomic_compare_exchange_weak_explicit(&s->arrivals, &top, now, memory_order_acq_rel,
                                              memory_order_relaxed))
      return now != w;
    callseq_relax();
  }
}

/* Whom a long wait is reported to, and when; 0: never, or it has been. */
struct patience {
  uint64_t until;
  void (*stalled)(void *);
  void *data;
};

/* Reports a wait that has become long. How many milliseconds are left until that, 0: no limit. */
static uint32_t wait_left(struct patience *p) {
  if (!p->until)
    return 0;
  uint64_t t = callseq_clock_now();
  if (t < p->until) {
    uint64_t ms = (p->until - t) / 1000000 + 1;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
  }
  if (p->stalled)
    p->stalled(p->data);
  p->until = 0;
  return 0;
}

/* Sleeps on the waiter's state, for at most `ms` milliseconds unless that is 0; false if they ran
 * out. */
static bool sleep_on(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t state,
                     uint32_t ms, struct patience *p) {
  CALLSEQ_POINT1(park, w);
  count(&s->counts.parks);
  uint32_t left = wait_left(p);
  bool limited = ms && (!left || ms <= left);
  return callseq_park_wait(&w->state, state, limited ? ms : left) || !limited;
}

/* The heir does not come. Takes the lock, if it can be had within a moment. */
static bool stand_in(struct callseq_sequencer *s, uint32_t self) {
  for (int i = 0; i < GLANCES; i++) {
    uint32_t lock = atomic_load_explicit(&s->lock, memory_order_relaxed);
    if ((lock == CALLSEQ_LOCK_FREE || lock == CALLSEQ_LOCK_OFFERED) && try_take(s, lock, self))
      return true;
    pause_for_glance(s);
  }
  return false;
}

/* Asleep, and woken: executed, appointed, or for an offer that the heir does not take. */
static bool is_offered(struct callseq_sequencer *s, struct callseq_waiter *w) {
  return atomic_load_explicit(&w->state, memory_order_relaxed) == (WAITING | PARKED) &&
         atomic_load_explicit(&s->lock, memory_order_relaxed) == CALLSEQ_LOCK_OFFERED;
}

/* The heir is overdue, but the lock is in use: whoever leaves it next shall know. */
static void call_for_help(struct callseq_sequencer *s) {
  struct callseq_waiter *none = NULL;
  atomic_compare_exchange_strong_explicit(&s->demand, &none, OVERDUE, memory_order_relaxed,
                                          memory_order_relaxed);
}

/* Waits until the waiter is DONE or the HEIR, and returns which; or WAITING: this thread holds the
 * lock instead of the heir. */
static uint32_t wait_as_follower(struct callseq_sequencer *s, struct callseq_waiter *w,
                                 uint32_t self, struct patience *p) {
  uint32_t limit = s->spin_limit < FOLLOWER_POLLS ? s->spin_limit : FOLLOWER_POLLS;
  uint32_t ms = s->overdue_ms * (w->busy ? OVERDUE_BUSY : 1);
  uint32_t heirs = atomic_load_explicit(&s->heirs, memory_order_relaxed);
  for (uint32_t polls = 0;; polls++) {
    /* acquire: pairs with the releases in finish and appoint */
    uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire);
    if (state == HEIR || state == DONE)
      return state;
    if (polls < limit) {
      pause_for(s->pauses);
    } else if (!(state & PARKED)) {
      uint32_t waiting = WAITING;
      atomic_compare_exchange_strong_explicit(&w->state, &waiting, WAITING | PARKED,
                                              memory_order_relaxed, memory_order_relaxed);
    } else if (sleep_on(s, w, state, ms, p)) {
      if (is_offered(s, w) && stand_in(s, self))
        return WAITING;
    } else {
      uint32_t before = heirs;
      heirs = atomic_load_explicit(&s->heirs, memory_order_relaxed);
      if (heirs == before) {
        if (stand_in(s, self))
          return WAITING;
        call_for_help(s);
      }
      if (ms < OVERDUE_LIMIT)
        ms *= 2;
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

/* Heir: parks unless the lock can be had, or the holder has answered the demand. */
static void sleep_as_heir(struct callseq_sequencer *s, struct callseq_waiter *w,
                          struct patience *p) {
  uint32_t asleep = HEIR | PARKED;
  /* acquire: pairs with the release in give_up; who wakes nobody has cleared the demand before */
  atomic_exchange_explicit(&w->state, asleep, memory_order_acquire);
  uint32_t ms = sleep_handshake(s) ? 0 : UNSURE_MS;
  uint32_t lock = atomic_load_explicit(&s->lock, memory_order_relaxed);
  if (lock != CALLSEQ_LOCK_FREE && lock != CALLSEQ_LOCK_OFFERED &&
      atomic_load_explicit(&s->demand, memory_order_relaxed) == w)
    sleep_on(s, w, asleep, ms, p);
  atomic_compare_exchange_strong_explicit(&w->state, &asleep, HEIR, memory_order_relaxed,
                                          memory_order_relaxed);
}

/* Waits until the waiter is DONE, or this thread holds the lock: the HEIR no more. */
static uint32_t wait_as_heir(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t self,
                             struct patience *p) {
  uint32_t patience = s->spin_limit < PATIENCE ? s->spin_limit : PATIENCE;
  bool was_free = false;
  if (!w->busy)
    patience = 0;
  atomic_store_explicit(&s->absent, 0, memory_order_relaxed);
  for (uint32_t polls = 0;; polls++) {
    /* acquire: pairs with the release in finish */
    uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire);
    if (state == DONE)
      return DONE;
    if (state & PARKED) { /* claimed, or nearly */
      sleep_on(s, w, state, 0, p);
      continue;
    }
    uint32_t lock = atomic_load_explicit(&s->lock, memory_order_relaxed);
    if ((lock == CALLSEQ_LOCK_OFFERED ||
         (lock == CALLSEQ_LOCK_FREE && (was_free || polls >= patience))) &&
        try_take(s, lock, self))
      return HEIR;
    if (was_free && polls < patience) { /* and is taken again: it is in use, by short calls */
      callseq_park_nap(NAP_NS);
      polls = patience;
    }
    was_free = lock == CALLSEQ_LOCK_FREE;
    if (polls >= patience && atomic_load_explicit(&s->demand, memory_order_relaxed) != w)
      /* release: pairs with the acquire in hear_demand */
      atomic_store_explicit(&s->demand, w, memory_order_release);
    if (polls < s->spin_limit) {
      pause_for(s->pauses);
      wait_left(p);
    } else if (polls - s->spin_limit < YIELD_LIMIT)
      sched_yield();
    else
      sleep_as_heir(s, w, p);
  }
}

/* The heir has become the holder: the next heir is the first to come, or to be appointed. */
static void inherit(struct callseq_sequencer *s, struct callseq_waiter *w) {
  struct callseq_waiter *only = HEIR_ONLY;
  count_heir(s);
  if (atomic_load_explicit(&s->demand, memory_order_relaxed) == w)
    atomic_store_explicit(&s->demand, NULL, memory_order_relaxed);
  /* release: pairs with the acquire in push, as in appoint */
  s->vacant = s->brief.first || s->turns.first ||
              !atomic_compare_exchange_strong_explicit(&s->arrivals, &only, NULL,
                                                       memory_order_release, memory_order_relaxed);
}

/* This thread has the lock, and not because it was the heir. Where is its request? DONE: executed
 * by the holder before, HEIR: the next one, as it happens; else it leaves the queue, and the heir
 * is still that. */
static uint32_t leave_queue(struct callseq_sequencer *s, struct callseq_waiter *w) {
  /* acquire: pairs with the releases in finish and appoint; whoever changes it holds the lock */
  uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire) & ~(uint32_t)PARKED;
  if (state == DONE) {
    callseq_sequencer_end_batch(s);
  } else if (state == HEIR) {
    atomic_store_explicit(&s->absent, 0, memory_order_relaxed);
  } else {
    collect(s);
    if (!remove_from(&s->brief, w))
      remove_from(&s->turns, w);
  }
  return state;
}

static enum callseq_entered wait_in_line(struct callseq_sequencer *s, struct callseq_waiter *w,
                                         uint32_t self, struct patience *p) {
  if (take_idle(s, self) ||
      (atomic_load_explicit(&s->lock, memory_order_relaxed) == CALLSEQ_LOCK_OFFERED &&
       steal(s, self)))
    return CALLSEQ_ENTERED_HOLDER;
  atomic_store_explicit(&w->state, WAITING, memory_order_relaxed);
  uint32_t state = HEIR;
  if (push(s, w))
    atomic_store_explicit(&w->state, HEIR, memory_order_relaxed);
  else
    state = wait_as_follower(s, w, self, p);
  if (state == WAITING)
    state = leave_queue(s, w);
  else if (state == HEIR)
    state = wait_as_heir(s, w, self, p);
  if (state == WAITING)
    return CALLSEQ_ENTERED_HOLDER;
  if (state == DONE)
    return CALLSEQ_ENTERED_DONE;
  inherit(s, w);
  return CALLSEQ_ENTERED_HOLDER;
}

/* Has the thread used a processor for much of the time since its last wait? Then it calls a lot, or
 * computes in between: in either case it can wait for its turn. */
static bool is_busy(const struct callseq_habit *habit, uint64_t t, uint64_t cpu) {
  uint64_t rest = t - habit->since;
  return rest < REST_NS || (cpu - habit->cpu) * REST_SHARE > rest;
}

enum callseq_entered callseq_sequencer_enter(struct callseq_sequencer *s, struct callseq_waiter *w,
                                             uint32_t self, void (*stalled)(void *), void *data) {
  if (atomic_load_explicit(&s->lock, memory_order_relaxed) == CALLSEQ_LOCK_CLOSED)
    return CALLSEQ_ENTERED_CLOSED;
  uint64_t since = callseq_clock_now(), stall = (uint64_t)s->stall_ms * 1000000;
  struct patience patience = {stall ? since + stall : 0, stalled, data};
  /* A system call, so not after the wait, when this thread may be the holder. */
  uint64_t cpu = w->habit ? callseq_clock_of_thread() : 0;
  w->busy = w->habit && is_busy(w->habit, since, cpu);
  enum callseq_entered entered = wait_in_line(s, w, self, &patience);
  uint64_t until = callseq_clock_now();
  if (w->habit)
    *w->habit = (struct callseq_habit){.since = until, .cpu = cpu};
  count(&s->counts.waits);
  count_most(&s->counts.longest, until - since);
  return entered;
}
