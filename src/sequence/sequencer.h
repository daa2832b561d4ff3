/* The sequencer: one holder at a time, and the waiters that it serves.
 *
 * A thread that wants the resource enters with a waiter. Either it becomes the holder, or a holder
 * finishes its waiter for it (flat combining, after Hendler, Incze, Shavit and Tzafrir, SPAA 2010).
 * A holder may take waiters in the order in which they came, at most `batch_limit` before it hands
 * the role on. What "finishing" means is the caller's business: no Scheme is known here.
 *
 * This header is compiled into every generated source, so that the uncontended way is inline: it
 * is both C11 and C++, and declares nothing that is not callseq_ or CALLSEQ_.
 */
#ifndef CALLSEQ_SEQUENCER_H
#define CALLSEQ_SEQUENCER_H

#ifndef CALLSEQ_COMPILER_H
#include "base/compiler.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* How a thread has waited last: its own, all zero at first, and kept from wait to wait. Times are
 * in nanoseconds. */
struct callseq_habit {
  uint64_t since; /* the end of the wait */
  uint64_t cpu;   /* the thread's CPU time when it began */
};

/* A thread's place in the queue, on that thread's stack. From the moment it is marked done it is
 * the waiting thread's again: the holder may not touch it. */
struct callseq_waiter {
  struct callseq_waiter *next;
  struct callseq_habit *habit; /* its thread's; NULL: it does not call often */
  CALLSEQ_ATOMIC(uint32_t) state;
  uint32_t alone; /* only its own thread can finish it: no holder takes it into its batch */
  uint32_t busy;  /* nor if its thread has done little else than to call: it waits for its turn */
};

/* Oldest first. */
struct callseq_queue {
  struct callseq_waiter *first, *last; /* `last` means nothing if `first` is NULL */
};

/* What `lock` holds: one of these, or else the holder's id, any other number that no two threads
 * share at one time. */
#define CALLSEQ_LOCK_FREE 0u
#define CALLSEQ_LOCK_CLOSED UINT32_MAX
#define CALLSEQ_LOCK_PASSING                                                                       \
  (UINT32_MAX - 1)                            /* taken, by a thread that only looks after waiters  \
                                               */
#define CALLSEQ_LOCK_OFFERED (UINT32_MAX - 2) /* free for the heir */

/* So many sleeping threads' waiters end a batch. */
#define CALLSEQ_SLEEPERS 64

/* What has happened so far. Any thread may read it at any time: each number by itself is right, or
 * was a moment ago. */
struct callseq_sequencer_counts {
  CALLSEQ_ATOMIC(uint64_t) finished; /* waiters that a holder executed */
  CALLSEQ_ATOMIC(uint64_t) batches;  /* in which there was at least one */
  CALLSEQ_ATOMIC(uint64_t) largest;  /* of them */
  CALLSEQ_ATOMIC(uint64_t) waits;    /* threads that did not find the lock free */
  CALLSEQ_ATOMIC(uint64_t) longest;  /* of these waits, in nanoseconds */
  CALLSEQ_ATOMIC(uint64_t) parks;    /* how often a thread went to sleep */
  CALLSEQ_ATOMIC(uint64_t) wakes;    /* how often one was woken */
};

struct callseq_sequencer {
  CALLSEQ_ATOMIC(uint32_t) lock;
  uint32_t slow_leave; /* the holder's own: callseq_sequencer_leave has more to do than usual */
  CALLSEQ_ATOMIC(struct callseq_waiter *)
  demand;                          /* the heir, when its patience is over; or a mark
                                    * that it does not come, and others wait */
  CALLSEQ_ATOMIC(uint32_t) absent; /* an heir has been woken, and has not come yet */
  CALLSEQ_ATOMIC(uint32_t) heirs;  /* how many have been appointed, or have gone */
  /* The holder's own: */
  struct callseq_queue brief; /* may be executed here */
  struct callseq_queue turns; /* are to be the heir, one after the other */
  uint32_t served;            /* of the present batch */
  uint32_t sleepers;          /* of them: how many of `asleep` there are */
  uint32_t vacant;            /* there is no heir, and the next one is for the holder to appoint */
  uint32_t overdue;           /* there is one, but it does not come */
  uint32_t calls;             /* since it looked at the clock */
  uint64_t since;             /* when it did, in nanoseconds */
  const void *asleep[CALLSEQ_SLEEPERS]; /* addresses to wake: the waiters are not to be touched */
  /* Constant: */
  uint32_t symmetric; /* both sides of the sleep handshake fence; see park.h */
  uint32_t batch_limit, spin_limit, stall_ms;
  uint32_t batch_busy; /* execute the calls of busy threads too; 0 from callseq_sequencer_init */
  uint32_t overdue_ms; /* an heir that others may stand in for; 0: never */
  uint32_t pauses;     /* between two polls */
  /* What other threads write most, in a cache line of its own: newest first. */
  CALLSEQ_ATOMIC(struct callseq_waiter *) arrivals __attribute__((aligned(64)));
  struct callseq_sequencer_counts counts __attribute__((aligned(64)));
};

/* Ends the holder's role after a batch: frees the lock, or offers it to the heir. What
 * callseq_sequencer_enter made a holder must leave this way. */
void callseq_sequencer_end_batch(struct callseq_sequencer *s);

/* Nobody holds the lock and somebody demands it: offers it, unless somebody else has taken it. */
void callseq_sequencer_pass_on(struct callseq_sequencer *s);

/* Becomes the holder if nobody else is: 1, else 0. */
CALLSEQ_IN_HEADER int callseq_sequencer_try_enter(struct callseq_sequencer *s, uint32_t self) {
  uint32_t expected = CALLSEQ_LOCK_FREE;
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
      CALLSEQ_LOCK_FREE)
    return 0;
  CALLSEQ_STD(atomic_store_explicit)(&s->lock, self, CALLSEQ_STD(memory_order_relaxed));
  return 1;
}

/* Does somebody demand the lock? For the holder. */
CALLSEQ_IN_HEADER int callseq_sequencer_wanted(struct callseq_sequencer *s) {
  return CALLSEQ_STD(atomic_load_explicit)(&s->demand, CALLSEQ_STD(memory_order_relaxed)) != 0;
}

/* Ends the holder's role: frees the lock, or offers it to a waiter that demands it.
 *
 * An heir that demands too late for the holder to see and looks too early to see the lock free
 * would sleep for ever: the store to `lock` must be ordered before the load of `demand`, as the
 * heir orders its demand before its load of `lock`. */
CALLSEQ_IN_HEADER void callseq_sequencer_leave(struct callseq_sequencer *s) {
  if (CALLSEQ_UNLIKELY(s->slow_leave)) {
    callseq_sequencer_end_batch(s);
    return;
  }
  /* release: pairs with the acquire in callseq_sequencer_try_enter */
  CALLSEQ_STD(atomic_store_explicit)
  (&s->lock, CALLSEQ_LOCK_FREE, CALLSEQ_STD(memory_order_release));
  /* compiler only: pairs with callseq_park_barrier in sequencer.c, sleep_handshake */
  CALLSEQ_STD(atomic_signal_fence)(CALLSEQ_STD(memory_order_seq_cst));
  if (CALLSEQ_UNLIKELY(callseq_sequencer_wanted(s)))
    callseq_sequencer_pass_on(s);
}

/* The rest is for the layer above only, not for generated code. */

enum callseq_entered { CALLSEQ_ENTERED_HOLDER, CALLSEQ_ENTERED_DONE, CALLSEQ_ENTERED_CLOSED };

/* Starts closed: every entry answers CLOSED until somebody stores its id in `lock` and leaves. A
 * zero limit means: serve nobody else, do not poll, never report. Limits may be set while the
 * sequencer is closed. */
void callseq_sequencer_init(struct callseq_sequencer *s, uint32_t batch_limit, uint32_t spin_limit,
                            uint32_t stall_ms);

/* In a forked child, whose only thread held the resource: forgets the threads that are not there.
 * It goes on as the holder, with the id it has now. */
void callseq_sequencer_forked(struct callseq_sequencer *s, uint32_t self);

/* For a thread that callseq_sequencer_try_enter refused: waits until it is the holder (its waiter
 * then still to be executed, by itself) or a holder has finished the waiter. stalled(data) is
 * called at most once, after stall_ms. */
enum callseq_entered callseq_sequencer_enter(struct callseq_sequencer *s, struct callseq_waiter *w,
                                             uint32_t self, void (*stalled)(void *), void *data);

/* The holder's id, or 0: a guess unless it is the caller's own. */
CALLSEQ_IN_HEADER uint32_t callseq_sequencer_holder(struct callseq_sequencer *s) {
  uint32_t id = CALLSEQ_STD(atomic_load_explicit)(&s->lock, CALLSEQ_STD(memory_order_relaxed));
  return id >= CALLSEQ_LOCK_OFFERED ? 0 : id;
}

/* For the holder: the next waiter of its batch, or NULL at the batch's end. Each one taken must be
 * finished by callseq_sequencer_finish; memory written before is visible to its thread. */
struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s);
void callseq_sequencer_finish(struct callseq_sequencer *s, struct callseq_waiter *w);

#ifdef __cplusplus
}
#endif
#endif
