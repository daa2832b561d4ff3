/* The sequencer: one holder at a time, and the waiters that it finishes.
 *
 * A thread that wants the resource enters with a waiter. Either it becomes the holder, or a holder
 * finishes its waiter for it (flat combining, after Hendler, Incze, Shavit and Tzafrir, SPAA 2010).
 * Before its own turn a holder may take waiters that came before it, at most `batch_limit`. What
 * "finishing" means is the caller's business: no Scheme is known here.
 *
 * What has been finished is its thread's at once, and a holder finishes nobody once its own turn is
 * over. So the order is one that a lock may have, too, which lets any thread in next: who cannot
 * deadlock with such a lock round each turn cannot deadlock here. Threads that come seldom get
 * their turns as they came, if they run; one that comes again at once may overtake others.
 *
 * sequencer.c, with sequencer_parts.h, is the protocol, which is checked by a model (verify/);
 * pace.h is for how long threads poll and sleep; counts.h counts.
 *
 * This header is part of the text that generated code begins with, so that the uncontended fast
 * path is inline there: it is both C11 and C++, and declares nothing that is not callseq_ or
 * CALLSEQ_.
 */
#ifndef CALLSEQ_SEQUENCER_H
#define CALLSEQ_SEQUENCER_H

#ifndef CALLSEQ_COMPILER_H
#include "base/compiler.h"
#endif
#ifndef CALLSEQ_COUNTS_H
#include "sequence/counts.h"
#endif
#ifndef CALLSEQ_PACE_H
#include "sequence/pace.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A thread's place in the queue, on that thread's stack. From the moment when it is marked done it
 * is the waiting thread's again: the holder may not touch it. */
struct callseq_waiter {
  struct callseq_waiter *next;
  struct callseq_habit *habit; /* its thread's; NULL: the thread does not call often */
  CALLSEQ_ATOMIC(uint32_t) state;
  uint32_t alone;  /* only its own thread may execute it: no batch takes it, and it takes none */
  uint64_t until;  /* when the thread's patience is over, by callseq_clock_now; 0: never. If it has
                    * an end, the thread executes nobody else */
  uint32_t busy;   /* its thread has done little else than to call: no batch takes it */
  uint32_t seldom; /* its thread calls seldom: as the heir it is not overtaken */
};

/* Oldest first. */
struct callseq_queue {
  struct callseq_waiter *first, *last; /* where `first` is NULL, `last` may be anything */
};

/* What `lock` holds if nobody has it. Otherwise it holds the holder's id, or one of the other
 * values in protocol.h: right below CLOSED, or for a lock that is biased. */
#define CALLSEQ_LOCK_FREE 0u
#define CALLSEQ_LOCK_CLOSED UINT32_MAX
#define CALLSEQ_LOCK_HAS_OWNER(lock) ((lock) >> 30 == 1) /* biased, or that is being revoked */
#define CALLSEQ_LOCK_IS_BIASED_TO(lock, id)                                                        \
  ((((lock) ^ ((id) + CALLSEQ_BIAS_INSIDE)) & 0xe0000007) == 0)

/* A sequencer before callseq_sequencer_init: closed. */
#define CALLSEQ_SEQUENCER_INITIALIZER                                                              \
  { .lock = CALLSEQ_LOCK_CLOSED }

/* Who holds the lock next. At most one of the waiters is the *heir*. There is one exactly if
 * `arrivals` is not NULL and `vacant` is not set. */
struct callseq_succession {
  /* Does somebody ask for the lock? One of the values in protocol.h. The heir writes what it
   * demands; a follower OVERDUE instead of NONE; the holder NONE, and if that is instead of ASLEEP
   * it rings. */
  CALLSEQ_ATOMIC(uint32_t) demand;
  CALLSEQ_ATOMIC(uint32_t) bell;  /* what the heir sleeps on: each ring adds 1 */
  CALLSEQ_ATOMIC(uint32_t) heirs; /* how often it has changed who is the heir: its number */
  CALLSEQ_ATOMIC(uint32_t)
  absent; /* the heir has been appointed, and has not been seen since: the holder sets this, the
           * heir clears it */
  CALLSEQ_ATOMIC(uint32_t)
  kept; /* nobody steals what is offered to the heir: its thread calls seldom. A hint, which
         * whoever appoints it gives, and the heir */
  /* The holder's own: */
  uint32_t vacant;   /* there is no heir, and whoever leaves has to appoint one */
  uint32_t turn_due; /* the last one was not of those that wait for a turn */
  uint32_t ahead;    /* so many in `brief`, the first ones, have come before the heir */
};

/* A lock that one thread has used alone for long is *biased* to it: this thread, its owner, then
 * takes it and leaves it by plain stores to a word of its own. Whoever else wants the lock revokes
 * that first. (Kawachiya, Koseki, Onodera, *Lock Reservation*, OOPSLA 2002; without a barrier of
 * the owner's: Dice, Moir, Scherer, *Quickly Reacquirable Locks*, 2003.) */
#define CALLSEQ_BIAS_INSIDE 0x40000000u
#define CALLSEQ_BIAS_OWNERS 8
struct callseq_bias {
  CALLSEQ_ATOMIC(uint32_t)
  owners[CALLSEQ_BIAS_OWNERS]; /* a thread's has the last bits of its id for an index: the id, if
                                * the lock is biased to this thread, or has been; the same with
                                * INSIDE: it is the holder by that; or 0: nobody's. Where it is 0
                                * the holder may write it, else only the thread */
  CALLSEQ_ATOMIC(uint32_t) revocations; /* any thread's: how many there have been */
  /* The holder's own: */
  uint32_t number;            /* how often the lock has been biased */
  uint32_t counts;            /* it is for the bias that leaves are counted */
  uint32_t candidate, streak; /* the thread that has left last, and so often in a row */
};

struct callseq_sequencer {
  struct callseq_bias bias; /* `owners` first, and next to `lock`: each call looks at both */
  CALLSEQ_ATOMIC(uint32_t) lock;
  uint32_t leaves; /* the holder's own: the last one of so many, the next ones, has more to do than
                    * is usual for callseq_sequencer_leave */
  struct callseq_succession succession;
  /* The holder's own: */
  struct callseq_queue brief; /* waiters that it may execute */
  struct callseq_queue turns; /* waiters that are to be the heir, one after the other */
  uint32_t batch;    /* so many in `brief`, the first ones, it executes before its own turn */
  uint32_t executed; /* so many */
  /* Who may touch what is the holder's own besides: a thread that withdraws. See queue.c. */
  CALLSEQ_ATOMIC(uint32_t) at_queue;    /* the holder is at it; it writes this */
  CALLSEQ_ATOMIC(uint32_t) withdrawing; /* a thread withdraws, or wants to; it */
  CALLSEQ_ATOMIC(uint32_t) refuses;     /* one of enum callseq_refuses; callseq_sequencer_refuse */
  /* Constant: */
  uint32_t symmetric; /* both sides of the sleep handshake fence; see park.h */
  /* callseq_sequencer_limit sets these: */
  CALLSEQ_ATOMIC(uint32_t) batch_limit;
  CALLSEQ_ATOMIC(uint32_t) batch_busy; /* batches take waiters of busy threads, too */
  /* What other threads write most, in a cache line of its own: newest first. */
  CALLSEQ_ATOMIC(struct callseq_waiter *) arrivals CALLSEQ_APART;
  struct callseq_pace pace;
  struct callseq_counts counts CALLSEQ_APART;
};

/* Ends the holder's role: frees the lock, or offers it to the heir. What callseq_sequencer_enter or
 * callseq_sequencer_open made a holder must leave this way. */
void callseq_sequencer_end_batch(struct callseq_sequencer *s);

/* The lock has been freed and somebody demands it: offers it, unless somebody else has taken it. */
void callseq_sequencer_pass_on(struct callseq_sequencer *s);

/* For a thread to which the lock was biased, and is no more. The first: becomes the holder if
 * nobody else is, 1, else 0. The other: leaves, unless whoever has revoked the bias saw that it
 * did. */
int callseq_sequencer_enter_revoked(struct callseq_sequencer *s, uint32_t self);
void callseq_sequencer_leave_revoked(struct callseq_sequencer *s, uint32_t self);

/* What this thread's word in `owners` holds; it may be another thread's. */
CALLSEQ_IN_HEADER uint32_t callseq_sequencer_owner(struct callseq_sequencer *s, uint32_t self) {
  return CALLSEQ_STD(atomic_load_explicit)(&s->bias.owners[self % CALLSEQ_BIAS_OWNERS],
                                           CALLSEQ_STD(memory_order_relaxed));
}

/* Writes that word of the owner, this thread, and looks at the lock: is it still biased to it? */
CALLSEQ_IN_HEADER int callseq_sequencer_mark(struct callseq_sequencer *s, uint32_t self,
                                             uint32_t owner) {
  /* release: pairs with the acquire in callseq_bias_holder */
  CALLSEQ_STD(atomic_store_explicit)
  (&s->bias.owners[self % CALLSEQ_BIAS_OWNERS], owner, CALLSEQ_STD(memory_order_release));
  /* compiler only: pairs with callseq_park_barrier in bias.c, revoke */
  CALLSEQ_STD(atomic_signal_fence)(CALLSEQ_STD(memory_order_seq_cst));
  uint32_t lock = CALLSEQ_STD(atomic_load_explicit)(&s->lock, CALLSEQ_STD(memory_order_relaxed));
  return CALLSEQ_LIKELY(CALLSEQ_LOCK_IS_BIASED_TO(lock, self)) ? 1 : 0;
}

/* Becomes the holder if nobody else is: 1, else 0. */
CALLSEQ_IN_HEADER int callseq_sequencer_try_enter(struct callseq_sequencer *s, uint32_t self) {
  uint32_t expected = CALLSEQ_LOCK_FREE;
  if (CALLSEQ_LIKELY(callseq_sequencer_owner(s, self) == self)) /* and not inside already */
    return callseq_sequencer_mark(s, self, self + CALLSEQ_BIAS_INSIDE) ||
           callseq_sequencer_enter_revoked(s, self);
  /* acquire: pairs with the release in callseq_sequencer_leave */
  return CALLSEQ_STD(atomic_compare_exchange_strong_explicit)(&s->lock, &expected, self,
                                                              CALLSEQ_STD(memory_order_acquire),
                                                              CALLSEQ_STD(memory_order_relaxed));
}

/* The same for a program that never has two threads try at once: two plain accesses instead of one
 * that locks the memory. */
CALLSEQ_IN_HEADER int callseq_sequencer_try_enter_alone(struct callseq_sequencer *s,
                                                        uint32_t self) {
  /* acquire: pairs with the release in callseq_sequencer_leave */
  if (CALLSEQ_STD(atomic_load_explicit)(&s->lock, CALLSEQ_STD(memory_order_acquire)) !=
          CALLSEQ_LOCK_FREE ||
      callseq_sequencer_owner(s, self) == self) /* the lock has been biased to it: see bias.c */
    return 0;
  CALLSEQ_STD(atomic_store_explicit)(&s->lock, self, CALLSEQ_STD(memory_order_relaxed));
  return 1;
}

/* Does somebody demand the lock? */
CALLSEQ_IN_HEADER int callseq_sequencer_wanted(struct callseq_sequencer *s) {
  return CALLSEQ_STD(atomic_load_explicit)(&s->succession.demand,
                                           CALLSEQ_STD(memory_order_relaxed)) != 0;
}

/* Ends the role of the holder, this thread: frees the lock, or offers it to a waiter that demands
 * it.
 *
 * An heir that demands too late for the holder to see and looks too early to see the lock free
 * would sleep for ever: the store to `lock` must be ordered before the load of `demand`, as the
 * heir orders its demand before its load of `lock`. */
CALLSEQ_IN_HEADER void callseq_sequencer_leave(struct callseq_sequencer *s, uint32_t self) {
  if (CALLSEQ_LIKELY(callseq_sequencer_owner(s, self) == self + CALLSEQ_BIAS_INSIDE)) {
    if (!callseq_sequencer_mark(s, self, self))
      callseq_sequencer_leave_revoked(s, self);
    return;
  }
  if (CALLSEQ_UNLIKELY(!--s->leaves)) {
    callseq_sequencer_end_batch(s);
    return;
  }
  /* release: pairs with the acquire in callseq_sequencer_try_enter */
  CALLSEQ_STD(atomic_store_explicit)
  (&s->lock, CALLSEQ_LOCK_FREE, CALLSEQ_STD(memory_order_release));
  /* compiler only: pairs with callseq_park_barrier in waiting.c, sleep_handshake */
  CALLSEQ_STD(atomic_signal_fence)(CALLSEQ_STD(memory_order_seq_cst));
  if (CALLSEQ_UNLIKELY(callseq_sequencer_wanted(s)))
    callseq_sequencer_pass_on(s);
}

/* ---- The rest is for the layer above, not for generated code ---- */

/* Zero means: execute nobody else, do not poll, never report, batches leave busy threads to
 * themselves. */
struct callseq_sequencer_limits {
  uint32_t batch_limit; /* waiters that a holder executes before its own turn */
  uint32_t spin_limit;  /* polls of an heir before it yields and sleeps */
  uint32_t stall_ms;    /* a wait as long as this is reported */
  uint32_t batch_busy;
  int (*ask)(void); /* asks the holder to leave soon: see callseq_pace_ask. Any thread that waits */
};

/* By the owner, before any other thread knows of the sequencer but by
 * CALLSEQ_SEQUENCER_INITIALIZER. It is closed: every entry is refused. */
void callseq_sequencer_init(struct callseq_sequencer *s,
                            const struct callseq_sequencer_limits *limits);

/* Sets the limits, but for `ask`. Any thread, at any time. */
void callseq_sequencer_limit(struct callseq_sequencer *s,
                             const struct callseq_sequencer_limits *limits);

/* By the owner, while it is closed. open: this thread, with the id `self`, is the holder from now
 * on. A thread that finds the lock taken, and then fences (acquire), sees what the owner wrote
 * before. close: the holder leaves, and every entry is refused again, those of threads that wait
 * too. It is not opened again then. */
void callseq_sequencer_open(struct callseq_sequencer *s, uint32_t self);
void callseq_sequencer_close(struct callseq_sequencer *s);

/* The calling thread, with this id, ends: it is the owner no more. */
void callseq_sequencer_forget(struct callseq_sequencer *s, uint32_t self);

/* By the holder, which goes on as that, with the id `self`. */
void callseq_sequencer_rename(struct callseq_sequencer *s, uint32_t self);

/* In a forked child, whose only thread held the resource: forgets the threads that are not there.
 * It goes on as the holder, with the id it has now. */
void callseq_sequencer_forked(struct callseq_sequencer *s, uint32_t self);

/* As callseq_sequencer_try_enter, but a bias of the lock is not in its way: it is refused only if
 * somebody else is the holder, or is to be the next one. */
int callseq_sequencer_try_now(struct callseq_sequencer *s, uint32_t self);

/* For a thread that callseq_sequencer_try_enter refused: looks at the lock for a microsecond or so,
 * and becomes the holder, as by that, if it is idle: 1, else 0. Threads that work between their
 * calls meet by chance, and this is cheaper than to queue. */
int callseq_sequencer_try_soon(struct callseq_sequencer *s, uint32_t self);

enum callseq_entered {
  CALLSEQ_ENTERED_HOLDER,  /* the waiter is still to be executed, by its own thread */
  CALLSEQ_ENTERED_DONE,    /* a holder has executed it */
  CALLSEQ_ENTERED_CLOSED,  /* nobody has, nor will */
  CALLSEQ_ENTERED_TIMEDOUT /* the same, because its thread has lost patience */
};

/* For a thread that callseq_sequencer_try_enter refused, or callseq_sequencer_try_soon: waits until
 * one of these is so. The caller has set `alone`, `habit` and `until` of the waiter. stalled(data)
 * is called at most once, after stall_ms. No cancellation point. */
enum callseq_entered callseq_sequencer_enter(struct callseq_sequencer *s, struct callseq_waiter *w,
                                             uint32_t self, void (*stalled)(void *), void *data);

/* From now on those that wait, but for those whose requests are being executed, are refused: their
 * waits end with CALLSEQ_ENTERED_CLOSED; so are those that would wait later. Others become the
 * holder as ever. Any thread, whoever holds the lock. */
enum callseq_refuses {
  CALLSEQ_REFUSES_NOBODY,
  CALLSEQ_REFUSES_OTHERS, /* all but those that are `alone` */
  CALLSEQ_REFUSES_ALL
};
void callseq_sequencer_refuse(struct callseq_sequencer *s, enum callseq_refuses whom);

/* For a holder that stays for long, but leaves when it is asked to: there is an heir from now on,
 * if anybody waits, and that asks. */
void callseq_sequencer_stay(struct callseq_sequencer *s);

/* For the holder: does another thread wait? */
CALLSEQ_IN_HEADER int callseq_sequencer_is_waited_for(struct callseq_sequencer *s) {
  return CALLSEQ_STD(atomic_load_explicit)(&s->arrivals, CALLSEQ_STD(memory_order_relaxed)) != 0;
}

/* The holder's id, or 0: a guess unless it is the caller's own. Any thread, and signal handlers. */
uint32_t callseq_sequencer_holder(struct callseq_sequencer *s);

/* For the holder, before its own turn: the next waiter of its batch, or NULL at the batch's end.
 * Each one taken must be finished by callseq_sequencer_finish before the next one; memory written
 * before is visible to its thread, which is woken if it sleeps. */
struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s);
void callseq_sequencer_finish(struct callseq_sequencer *s, struct callseq_waiter *w);

#ifdef __cplusplus
}
#endif
#endif
