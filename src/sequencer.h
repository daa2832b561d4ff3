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

#ifdef __cplusplus
#include <atomic>
#include <cstdint>
#define CALLSEQ_ATOMIC(type) std::atomic<type>
#define CALLSEQ_ATOMIC_ZERO                                                                        \
  { 0 } /* initialises one */
#define CALLSEQ_STD(name) std::name
extern "C" {
#else
#include <stdatomic.h>
#include <stdint.h>
#define CALLSEQ_ATOMIC(type) _Atomic(type)
#define CALLSEQ_ATOMIC_ZERO 0
#define CALLSEQ_STD(name) name
#endif

#define CALLSEQ_LIKELY(x) __builtin_expect(!!(x), 1)
#define CALLSEQ_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* A thread's place in the queue, on that thread's stack. From the moment it is marked done it is
 * the waiting thread's again: the holder may not touch it. */
struct callseq_waiter {
  struct callseq_waiter *next;
  CALLSEQ_ATOMIC(uint32_t) state;
  uint32_t alone; /* only its own thread can finish it: no holder takes it into its batch */
};

/* What `lock` holds: one of these, or else the holder's id, any other number that no two threads
 * share at one time. */
#define CALLSEQ_LOCK_FREE 0u
#define CALLSEQ_LOCK_CLOSED UINT32_MAX
#define CALLSEQ_LOCK_PASSING (UINT32_MAX - 1) /* taken, on its way to a waiter that was chosen */

struct callseq_sequencer {
  CALLSEQ_ATOMIC(uint32_t) lock;
  uint32_t slow_leave; /* the holder's own: callseq_sequencer_leave has more to do than usual */
  CALLSEQ_ATOMIC(struct callseq_waiter *) arrivals; /* newest first; pushed by any thread */
  struct callseq_waiter *pending;                   /* oldest first; the holder's own */
  uint32_t served;                                  /* of the present batch; the holder's own */
  uint32_t symmetric; /* both sides of the sleep handshake fence; see park.h */
  uint32_t batch_limit;
  uint32_t spin_limit;
  uint32_t stall_ms;
};

/* Ends the holder's role after a batch: the oldest waiter becomes the holder, if there is any. What
 * callseq_sequencer_enter made a holder must leave this way. */
void callseq_sequencer_end_batch(struct callseq_sequencer *s);

/* The lock is free and somebody waits: has a waiter become the holder, if nobody else does. */
void callseq_sequencer_pass_on(struct callseq_sequencer *s);

/* Becomes the holder if nobody else is: 1, else 0. */
static inline int callseq_sequencer_try_enter(struct callseq_sequencer *s, uint32_t self) {
  uint32_t expected = CALLSEQ_LOCK_FREE;
  /* acquire: pairs with the release in callseq_sequencer_leave */
  return CALLSEQ_STD(atomic_compare_exchange_strong_explicit)(&s->lock, &expected, self,
                                                              CALLSEQ_STD(memory_order_acquire),
                                                              CALLSEQ_STD(memory_order_relaxed));
}

/* The same for a program that never has two threads try at once: two plain accesses instead of one
 * that locks the memory. */
static inline int callseq_sequencer_try_enter_alone(struct callseq_sequencer *s, uint32_t self) {
  /* acquire: pairs with the release in callseq_sequencer_leave */
  if (CALLSEQ_STD(atomic_load_explicit)(&s->lock, CALLSEQ_STD(memory_order_acquire)) !=
      CALLSEQ_LOCK_FREE)
    return 0;
  CALLSEQ_STD(atomic_store_explicit)(&s->lock, self, CALLSEQ_STD(memory_order_relaxed));
  return 1;
}

/* Has anybody come since the last look? For the holder. */
static inline int callseq_sequencer_wanted(struct callseq_sequencer *s) {
  return CALLSEQ_STD(atomic_load_explicit)(&s->arrivals, CALLSEQ_STD(memory_order_relaxed)) != 0;
}

/* Ends the holder's role: frees the lock, or hands it to the oldest waiter of an unfinished batch.
 *
 * Somebody who came too late for the holder to see and too early to see the lock free would sleep
 * for ever: the store to `lock` must be ordered before the load of `arrivals`, as a sleeper orders
 * its push before its load of `lock`. */
static inline void callseq_sequencer_leave(struct callseq_sequencer *s) {
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
static inline uint32_t callseq_sequencer_holder(struct callseq_sequencer *s) {
  uint32_t id = CALLSEQ_STD(atomic_load_explicit)(&s->lock, CALLSEQ_STD(memory_order_relaxed));
  return id >= CALLSEQ_LOCK_PASSING ? 0 : id;
}

/* For the holder: the next waiter of its batch, or NULL at the batch's end. Each one taken must be
 * finished by callseq_sequencer_finish; memory written before is visible to its thread. */
struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s);
void callseq_sequencer_finish(struct callseq_waiter *w);

#ifdef __cplusplus
}
#endif
#endif
