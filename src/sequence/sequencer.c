/* The protocol: who holds the lock, and who is next. verify/sequencer.pml is a model of this file.
 *
 * `lock` says whether there is a holder. Whoever finds it free takes it, by one compare-and-swap.
 * So a thread that calls often keeps the resource, and its cache lines, for a while; the others
 * take turns by the thousands of calls, not by single ones.
 *
 * Threads that find the lock taken look again for a moment, if nobody waits yet: threads that work
 * between their calls meet by chance only. After that one of them is the *heir*. It alone watches
 * the lock, seldom enough not to disturb the holder, and takes it when it sees it free twice. If it
 * sees the lock free and then taken again, the lock is in use by short calls, and the heir naps:
 * polling would slow them. When its patience is over it demands the lock. The holder, as it leaves,
 * then offers the lock to the heir instead of freeing it. An heir that is not busy has no patience:
 * it demands the lock at once. All other waiters are *followers*, and sleep: on a machine with few
 * processors they would only be in the way. (Waiters that are not needed do not run: Dice,
 * *Malthusian Locks*, EuroSys 2017. One waiter watches the lock word, the others words of their
 * own: Linux' queued spinlocks, after Mellor-Crummey and Scott, TOCS 1991.)
 *
 * An heir that becomes the holder executes its own request and then a batch of its followers' (flat
 * combining: Hendler, Incze, Shavit and Tzafrir, SPAA 2010), and appoints the next heir as it
 * leaves. If the holder finds that the heir which demands the lock is asleep, it executes the
 * heir's request, too.
 *
 * To execute the request of a thread that sleeps costs a wake-up. For a *busy* thread (pace.c) that
 * is a bad bargain: it would call again at once, and sleep again. So no batch takes it while it
 * sleeps. It gets a turn of its own, and threads that call seldom do not queue behind it.
 *
 * An heir that has been woken may not get a processor, because the holder has the one that it is to
 * run on. So until the heir is seen, it is `absent`, and each thread that leaves may have to yield.
 *
 * An heir may get no processor for long, or be in a signal handler of the host's: it is *overdue*.
 * So followers look after it now and then. A follower that finds the heir overdue, and the lock
 * free, stands in for the heir: it becomes the holder, and leaves the queue. If the lock is taken,
 * the follower marks `demand` as OVERDUE. The holder that reads the mark executes a batch of all
 * kinds of followers, and offers the lock to the oldest that is left, the heir's *deputy*.
 *
 * `arrivals` is NULL while there is no heir, and otherwise a stack of followers that ends in
 * HEIR_ONLY. So one word says who becomes the heir: the thread that replaces NULL. The holder takes
 * the whole stack at once and sorts it into two queues, both oldest first: `brief`, the waiters
 * that batches take, and `turns`, the heirs to be.
 *
 *        WAITING --appoint--> HEIR --takes the lock--> (holder)
 *        WAITING, TAKEN --finish--> DONE            the holder has executed it
 *        HEIR + PARKED --claim--> TAKEN + PARKED    the holder will
 *        WAITING or HEIR <--> + PARKED              its thread sleeps on the state word
 *
 * Only the waiter's own thread sets PARKED. The holder wakes the sleepers whose requests it has
 * executed, and the new heir, after it has left: a sleeper must not wait for another one that does
 * not run.
 *
 * Invariants. What sequencer.h calls the holder's own is touched by the holder only. The rules of
 * the succession are in sequencer.h, at struct callseq_succession. A waiter is in `arrivals`,
 * `brief` or `turns` from its push until it is appointed or finished, and its thread does not
 * return before. Once it is DONE the holder never touches it again; it may still wake its address,
 * at which another sleeper may then wake for no reason.
 */
#pragma GCC visibility push(default) /* inline in generated code */
#include "sequencer.h"
#pragma GCC visibility pop

#include "base/checked.h"
#include "base/relax.h"
#include "base/trace.h"
#include "protocol.h"
#include "system/park.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

void callseq_sequencer_init(struct callseq_sequencer *s,
                            const struct callseq_sequencer_limits *limits) {
  atomic_init(&s->lock, CLOSED);
  atomic_init(&s->arrivals, NULL);
  atomic_init(&s->succession.demand, NULL);
  atomic_init(&s->succession.absent, 0);
  atomic_init(&s->succession.heirs, 0);
  s->succession.vacant = s->succession.overdue = 0;
  s->brief.first = s->turns.first = NULL;
  s->served = s->sleepers = 0;
  s->symmetric = s->slow_leave = !callseq_park_asymmetric();
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

void callseq_sequencer_rename(struct callseq_sequencer *s, uint32_t self) {
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

void callseq_sequencer_forked(struct callseq_sequencer *s, uint32_t self) {
  atomic_store_explicit(&s->arrivals, NULL, memory_order_relaxed);
  atomic_store_explicit(&s->succession.demand, NULL, memory_order_relaxed);
  atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
  s->succession.vacant = s->succession.overdue = 0;
  s->brief.first = s->turns.first = NULL;
  s->sleepers = 0;
  s->symmetric = !callseq_park_asymmetric();
  s->slow_leave = 1;
  callseq_pace_forked(&s->pace);
  atomic_store_explicit(&s->lock, self, memory_order_relaxed);
}

uint32_t callseq_sequencer_holder(struct callseq_sequencer *s) {
  uint32_t id = atomic_load_explicit(&s->lock, memory_order_relaxed);
  return id >= OFFERED ? 0 : id;
}

int callseq_sequencer_is_waited_for(struct callseq_sequencer *s) {
  return atomic_load_explicit(&s->arrivals, memory_order_relaxed) != NULL;
}

/* `word` is only an address: the waiter may be gone. */
static void wake_up(struct callseq_sequencer *s, const void *word) {
  callseq_count(&s->counts.wakes);
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
  return atomic_load_explicit(&s->batch_limit, memory_order_relaxed) && !w->alone &&
         (!w->busy || atomic_load_explicit(&s->batch_busy, memory_order_relaxed));
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
  atomic_store_explicit(&s->succession.heirs,
                        atomic_load_explicit(&s->succession.heirs, memory_order_relaxed) + 1,
                        memory_order_relaxed);
}

/* Is the heir asleep, and can be executed here? Then it is the heir no more. */
static bool claim(struct callseq_sequencer *s, struct callseq_waiter *heir) {
  uint32_t asleep = HEIR | PARKED;
  if (!heir || !is_brief(s, heir) ||
      !atomic_compare_exchange_strong_explicit(&heir->state, &asleep, TAKEN | PARKED,
                                               memory_order_relaxed, memory_order_relaxed))
    return false;
  atomic_store_explicit(&s->succession.demand, NULL, memory_order_relaxed);
  s->succession.vacant = 1;
  count_heir(s);
  return true;
}

/* The heir, if it demands the lock; or takes note that it is overdue. */
static struct callseq_waiter *hear_demand(struct callseq_sequencer *s) {
  /* acquire: pairs with the release in wait_as_heir */
  struct callseq_waiter *w = atomic_load_explicit(&s->succession.demand, memory_order_acquire);
  if (w != OVERDUE)
    return w;
  /* The heir may demand it at this moment after all: that stays. */
  atomic_compare_exchange_strong_explicit(&s->succession.demand, &w, NULL, memory_order_relaxed,
                                          memory_order_relaxed);
  s->succession.overdue = 1;
  return NULL;
}

/* The next follower that is executed here: a brief one; but if the heir is overdue every other time
 * one of the rest. */
static struct callseq_waiter *take_follower(struct callseq_sequencer *s) {
  struct callseq_waiter *turn = s->turns.first;
  bool can = turn && !turn->alone && (s->succession.overdue || is_awake(turn));
  bool turns = can && (!s->brief.first || (s->succession.overdue && s->served % 2));
  return take_first(turns ? &s->turns : &s->brief);
}

struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s) {
  CALLSEQ_ASSERT(is_held(s));
  if (s->served >= atomic_load_explicit(&s->batch_limit, memory_order_relaxed) ||
      s->sleepers >= CALLSEQ_LIMIT(CALLSEQ_SLEEPERS, 1))
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
  callseq_count_as_holder(&s->counts.finished);
  return w;
}

void callseq_sequencer_finish(struct callseq_sequencer *s, struct callseq_waiter *w) {
  CALLSEQ_ASSERT(is_held(s));
  /* release: pairs with the acquire loads of the waiting thread */
  if (atomic_exchange_explicit(&w->state, DONE, memory_order_release) & PARKED)
    s->asleep[s->sleepers++] = &w->state;
}

/* Fills the vacancy: with the oldest follower that waits for its turn, or else with the oldest of
 * those that no batch has reached. Returns it if it has to be woken. Without followers there will
 * be no heir. */
static struct callseq_waiter *appoint(struct callseq_sequencer *s) {
  s->succession.vacant = 0;
  for (;;) {
    collect(s);
    struct callseq_waiter *heir = take_first(s->turns.first ? &s->turns : &s->brief);
    struct callseq_waiter *only = HEIR_ONLY;
    if (heir) {
      count_heir(s);
      atomic_store_explicit(&s->succession.absent, 1,
                            memory_order_relaxed); /* until it says otherwise */
      /* release: pairs with the acquire loads of the waiting thread */
      uint32_t before = atomic_exchange_explicit(&heir->state, HEIR, memory_order_release);
      return before & PARKED ? heir : NULL;
    }
    /* release: pairs with the acquire in push, whose thread is the heir then: it finds `demand`
     * empty */
    if (atomic_compare_exchange_strong_explicit(&s->arrivals, &only, NULL, memory_order_release,
                                                memory_order_relaxed))
      return NULL;
  }
}

/* The heir is overdue: whom to offer the lock to instead; NULL if nobody waits. It stays queued
 * until it has taken the lock. */
static struct callseq_waiter *choose_deputy(struct callseq_sequencer *s) {
  collect(s);
  return s->turns.first ? s->turns.first : s->brief.first;
}

/* An heir that has fallen asleep before this one stayed has not asked, and would not: it is woken,
 * and asks before it sleeps again. */
void callseq_sequencer_stay(struct callseq_sequencer *s) {
  struct callseq_waiter *heir;
  if (s->succession.vacant) {
    heir = appoint(s);
  } else {
    /* seq_cst: pairs with the fence in sleep_handshake: either the heir, which demands the lock
     * before that, sees when it asks that this holder stays, or its demand is seen here */
    atomic_thread_fence(memory_order_seq_cst);
    heir = hear_demand(s);
    if (heir && !(atomic_exchange_explicit(&heir->state, HEIR, memory_order_relaxed) & PARKED))
      heir = NULL;
  }
  if (heir)
    wake_up(s, &heir->state);
}

/* Frees the lock, or offers it to a waiter that demands it; or leaves it CLOSED, if that is `lock`
 * instead of FREE. */
static void give_up(struct callseq_sequencer *s, uint32_t lock) {
  const void *asleep[CALLSEQ_SLEEPERS], *first = NULL; /* to wake, the latter first */
  uint32_t sleepers = s->sleepers;
  bool yield = false;
  struct callseq_waiter *w = hear_demand(s);
  for (uint32_t i = 0; i < sleepers; i++)
    asleep[i] = s->asleep[i];
  if (s->succession.vacant) {
    struct callseq_waiter *heir = appoint(s);
    if (heir) {
      first = &heir->state;
      callseq_pace_begin_quantum(&s->pace);
    }
  } else if (w) {
    atomic_store_explicit(&s->succession.demand, NULL, memory_order_relaxed);
    /* release: pairs with the acquire in sleep_as_heir */
    if (atomic_exchange_explicit(&w->state, HEIR, memory_order_release) & PARKED)
      first = &w->state;
    lock = lock == FREE ? OFFERED : lock;
  } else if (lock == FREE && s->succession.overdue && (w = choose_deputy(s))) {
    if (!is_awake(w))
      first = &w->state;
    lock = OFFERED;
  } else if (atomic_load_explicit(&s->succession.absent, memory_order_relaxed)) {
    yield = callseq_pace_is_quantum_over(&s->pace);
  }
  if (s->served) {
    CALLSEQ_POINT1(batch, s->served);
    callseq_count_as_holder(&s->counts.batches);
    callseq_count_most(&s->counts.largest, s->served);
  }
  s->served = s->sleepers = s->succession.overdue = 0;
  s->slow_leave = s->symmetric | atomic_load_explicit(&s->succession.absent, memory_order_relaxed);
  /* release: pairs with the acquire in callseq_sequencer_try_enter, try_take and is_closed */
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
  CALLSEQ_ASSERT(is_held(s));
  give_up(s, FREE);
  callseq_sequencer_pass_on(s);
}

void callseq_sequencer_pass_on(struct callseq_sequencer *s) {
  /* Whoever is quicker to take the lock will look at `demand` when it leaves. An offer is taken
   * back: the heir may have demanded anew, and gone to sleep, before the offer could be seen. */
  while (callseq_sequencer_wanted(s) &&
         (try_take(s, FREE, PASSING) || try_take(s, OFFERED, PASSING)))
    give_up(s, FREE);
}

/* Each heir finds the lock closed, and has the next waiter be the heir as it leaves: refuse(). */
void callseq_sequencer_close(struct callseq_sequencer *s) {
  give_up(s, CLOSED);
  struct callseq_waiter *w = atomic_load_explicit(&s->succession.demand, memory_order_relaxed);
  if (w && w != OVERDUE) /* it has demanded too late for give_up, and may be asleep */
    wake_up(s, &w->state);
}

/* ---- Waiters ---- */

/* An offer is for the heir. But if the heir does not come, because it does not run, another takes
 * it. */
static bool steal(struct callseq_sequencer *s, uint32_t self) {
  uint32_t polls = 0;
  do {
    if (atomic_load_explicit(&s->lock, memory_order_relaxed) != OFFERED)
      return false;
  } while (callseq_pace_offer(&s->pace, polls++));
  return try_take(s, OFFERED, self);
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

/* Threads that work between their calls meet by chance. If nobody waits yet, a look at the next
 * moment is cheaper than to queue: becomes the holder if that ends so. */
static bool take_idle(struct callseq_sequencer *s, uint32_t self) {
  for (uint32_t left = callseq_pace_glances(&s->pace); left; left--) {
    if (atomic_load_explicit(&s->arrivals, memory_order_relaxed))
      return false;
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

/* Sleeps on the waiter's state, for at most `ms` milliseconds unless that is 0; false if they ran
 * out. */
static bool sleep_on(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t state,
                     uint32_t ms, struct callseq_wait *wait) {
  CALLSEQ_POINT1(park, w);
  callseq_count(&s->counts.parks);
  uint32_t left = callseq_pace_stall_ms(wait);
  bool limited = ms && (!left || ms <= left);
  return callseq_park_wait(&w->state, state, limited ? ms : left) || !limited;
}

/* The heir does not come. Takes the lock, if it can be had within a moment. */
static bool stand_in(struct callseq_sequencer *s, uint32_t self) {
  for (int i = 0; i < CALLSEQ_GLANCES; i++) {
    uint32_t lock = atomic_load_explicit(&s->lock, memory_order_relaxed);
    if ((lock == FREE || lock == OFFERED) && try_take(s, lock, self))
      return true;
    callseq_pace_glance(&s->pace);
  }
  return false;
}

/* Asleep, and woken: executed, appointed, or for an offer that the heir does not take. */
static bool is_offered(struct callseq_sequencer *s, struct callseq_waiter *w) {
  return atomic_load_explicit(&w->state, memory_order_relaxed) == (WAITING | PARKED) &&
         atomic_load_explicit(&s->lock, memory_order_relaxed) == OFFERED;
}

/* The heir is overdue, but the lock is in use: whoever leaves it next shall know. */
static void call_for_help(struct callseq_sequencer *s) {
  struct callseq_waiter *none = NULL;
  atomic_compare_exchange_strong_explicit(&s->succession.demand, &none, OVERDUE,
                                          memory_order_relaxed, memory_order_relaxed);
}

/* Waits until the waiter is DONE or the HEIR, and returns which; or WAITING: this thread holds the
 * lock instead of the heir. */
static uint32_t wait_as_follower(struct callseq_sequencer *s, struct callseq_waiter *w,
                                 uint32_t self, struct callseq_wait *wait) {
  callseq_pace_follow(&s->pace, wait, self,
                      atomic_load_explicit(&s->succession.heirs, memory_order_relaxed));
  for (;;) {
    /* acquire: pairs with the releases in finish and appoint */
    uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire);
    if (state == HEIR || state == DONE)
      return state;
    if (callseq_pace_poll(&s->pace, wait))
      continue;
    if (!(state & PARKED)) {
      uint32_t waiting = WAITING;
      atomic_compare_exchange_strong_explicit(&w->state, &waiting, WAITING | PARKED,
                                              memory_order_relaxed, memory_order_relaxed);
      continue;
    }
    bool woken = sleep_on(s, w, state, callseq_pace_sleep_ms(wait), wait);
    if (!callseq_pace_is_time_to_look(wait, woken)) {
      if (is_offered(s, w) && stand_in(s, self))
        return WAITING;
    } else if (callseq_pace_is_overdue(
                   &s->pace, wait,
                   atomic_load_explicit(&s->succession.heirs, memory_order_relaxed))) {
      if (stand_in(s, self))
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

/* Heir: parks unless the lock can be had, or the holder has answered the demand. */
static void sleep_as_heir(struct callseq_sequencer *s, struct callseq_waiter *w,
                          struct callseq_wait *wait) {
  uint32_t asleep = HEIR | PARKED;
  /* acquire: pairs with the release in give_up; who wakes nobody has cleared the demand before */
  atomic_exchange_explicit(&w->state, asleep, memory_order_acquire);
  uint32_t ms = sleep_handshake(s) ? callseq_pace_ask(&s->pace) : CALLSEQ_UNSURE_MS;
  uint32_t lock = atomic_load_explicit(&s->lock, memory_order_relaxed);
  if (lock != FREE && lock != OFFERED && lock != CLOSED &&
      atomic_load_explicit(&s->succession.demand, memory_order_relaxed) == w)
    sleep_on(s, w, asleep, ms, wait);
  atomic_compare_exchange_strong_explicit(&w->state, &asleep, HEIR, memory_order_relaxed,
                                          memory_order_relaxed);
}

/* Waits until the waiter is DONE, or this thread holds the lock: the HEIR no more; or CLOSED. */
static uint32_t wait_as_heir(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t self,
                             struct callseq_wait *wait) {
  bool was_free = false;
  callseq_pace_lead(&s->pace, wait);
  atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
  for (;;) {
    /* acquire: pairs with the release in finish */
    uint32_t state = atomic_load_explicit(&w->state, memory_order_acquire);
    if (state == DONE)
      return DONE;
    if (state & PARKED) { /* claimed, or nearly */
      sleep_on(s, w, state, 0, wait);
      continue;
    }
    uint32_t lock = atomic_load_explicit(&s->lock, memory_order_relaxed);
    if ((lock == OFFERED || (lock == FREE && (was_free || !callseq_pace_is_patient(wait)))) &&
        try_take(s, lock, self))
      return HEIR;
    if (lock == CLOSED && is_closed(s))
      return CLOSED;
    if (was_free && callseq_pace_is_patient(wait)) /* and is taken again: by short calls */
      callseq_pace_nap(wait);
    was_free = lock == FREE;
    if (!callseq_pace_is_patient(wait) &&
        atomic_load_explicit(&s->succession.demand, memory_order_relaxed) != w)
      /* release: pairs with the acquire in hear_demand */
      atomic_store_explicit(&s->succession.demand, w, memory_order_release);
    if (!callseq_pace_poll_as_heir(&s->pace, wait))
      sleep_as_heir(s, w, wait);
  }
}

/* The heir is that no more. */
static void step_down(struct callseq_sequencer *s, struct callseq_waiter *w) {
  count_heir(s);
  if (atomic_load_explicit(&s->succession.demand, memory_order_relaxed) == w)
    atomic_store_explicit(&s->succession.demand, NULL, memory_order_relaxed);
}

/* The heir has become the holder: the next heir is the first to come, or to be appointed. */
static void inherit(struct callseq_sequencer *s, struct callseq_waiter *w) {
  struct callseq_waiter *only = HEIR_ONLY;
  step_down(s, w);
  /* release: pairs with the acquire in push, as in appoint */
  s->succession.vacant = s->brief.first || s->turns.first ||
                         !atomic_compare_exchange_strong_explicit(
                             &s->arrivals, &only, NULL, memory_order_release, memory_order_relaxed);
}

/* The lock is closed, and the heir leaves: the next one will do so too. What was the holder's own
 * is this thread's, until there is another heir. */
static void refuse(struct callseq_sequencer *s, struct callseq_waiter *w) {
  step_down(s, w);
  struct callseq_waiter *heir = appoint(s);
  if (heir)
    wake_up(s, &heir->state);
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
    atomic_store_explicit(&s->succession.absent, 0, memory_order_relaxed);
  } else {
    collect(s);
    if (!remove_from(&s->brief, w))
      remove_from(&s->turns, w);
  }
  return state;
}

static enum callseq_entered wait_in_line(struct callseq_sequencer *s, struct callseq_waiter *w,
                                         uint32_t self, struct callseq_wait *wait) {
  if (take_idle(s, self) ||
      (atomic_load_explicit(&s->lock, memory_order_relaxed) == OFFERED && steal(s, self)))
    return CALLSEQ_ENTERED_HOLDER;
  atomic_store_explicit(&w->state, WAITING, memory_order_relaxed);
  uint32_t state = HEIR;
  if (push(s, w))
    atomic_store_explicit(&w->state, HEIR, memory_order_relaxed);
  else
    state = wait_as_follower(s, w, self, wait);
  if (state == WAITING)
    state = leave_queue(s, w);
  else if (state == HEIR)
    state = wait_as_heir(s, w, self, wait);
  if (state == WAITING)
    return CALLSEQ_ENTERED_HOLDER;
  if (state == DONE)
    return CALLSEQ_ENTERED_DONE;
  if (state == CLOSED) {
    refuse(s, w);
    return CALLSEQ_ENTERED_CLOSED;
  }
  inherit(s, w);
  return CALLSEQ_ENTERED_HOLDER;
}

enum callseq_entered callseq_sequencer_enter(struct callseq_sequencer *s, struct callseq_waiter *w,
                                             uint32_t self, void (*stalled)(void *), void *data) {
  if (atomic_load_explicit(&s->lock, memory_order_relaxed) == CLOSED)
    return CALLSEQ_ENTERED_CLOSED;
  struct callseq_wait wait;
  callseq_pace_begin(&s->pace, &wait, w->habit, stalled, data);
  w->busy = (uint32_t)wait.busy;
  enum callseq_entered entered = wait_in_line(s, w, self, &wait);
  callseq_count(&s->counts.waits);
  callseq_count_most(&s->counts.longest, callseq_pace_end(&s->pace, &wait));
  return entered;
}
