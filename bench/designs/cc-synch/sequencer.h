/* CC-Synch in place of src/sequence/sequencer.h, with the same names; what they promise is written
 * there. sequencer.c beside this file says how it works.
 *
 * As that header this one is compiled into every generated source: C11 and C++. */
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

struct callseq_waiter {
  struct callseq_habit *habit; /* not asked for */
  uint32_t alone;
  uint64_t until; /* not asked for */
};

enum callseq_node_state { CALLSEQ_NODE_WAITING, CALLSEQ_NODE_DONE, CALLSEQ_NODE_TURN };

/* A place in the queue. The last one of the queue is nobody's yet. */
struct callseq_node {
  CALLSEQ_ATOMIC(struct callseq_node *) next; /* set once `waiter` is */
  struct callseq_waiter *waiter;              /* NULL: its thread only wants its turn */
  CALLSEQ_ATOMIC(uint32_t) state;
  CALLSEQ_ATOMIC(uint32_t) asleep; /* its thread sleeps on `state`, or is about to */
  struct callseq_node *older;      /* of all that there are */
} __attribute__((aligned(64)));

/* The place that this thread will put at the end of the queue when it comes next, and get another
 * for; NULL until it has waited once. */
extern CALLSEQ_THREAD_LOCAL(struct callseq_node *, callseq_sequencer_spare);

/* `lock` only says who holds the resource; it is not what the threads exclude each other by. */
#define CALLSEQ_LOCK_FREE 0u
#define CALLSEQ_LOCK_CLOSED UINT32_MAX
#define CALLSEQ_SEQUENCER_INITIALIZER                                                              \
  { .lock = CALLSEQ_LOCK_CLOSED }

struct callseq_sequencer {
  CALLSEQ_ATOMIC(uint32_t) lock;
  /* The holder's own: */
  uint32_t leaves;
  struct callseq_node *next;  /* the first that is not served yet */
  struct callseq_node *taken; /* the one that is being served */
  uint32_t served;
  /* Constant: */
  uint32_t symmetric;
  /* callseq_sequencer_limit sets these: */
  CALLSEQ_ATOMIC(uint32_t) batch_limit;
  struct callseq_pace pace;
  CALLSEQ_ATOMIC(struct callseq_node *) tail __attribute__((aligned(64)));
  struct callseq_counts counts __attribute__((aligned(64)));
};

void callseq_sequencer_end_batch(struct callseq_sequencer *s);

/* Waits until it is this thread's turn, in a place that it has got already. */
void callseq_sequencer_wait_for_turn(struct callseq_sequencer *s, struct callseq_node *place);
void callseq_sequencer_wake(struct callseq_sequencer *s, struct callseq_node *place);

/* CC-Synch would exchange the tail without a look. Here a thread that is inside already, or too
 * early, must be refused: so it looks whether it would have to wait. */
CALLSEQ_IN_HEADER int callseq_sequencer_try_enter(struct callseq_sequencer *s, uint32_t self) {
  struct callseq_node *spare = callseq_sequencer_spare;
  if (!spare)
    return 0;
  /* acquire: pairs with the release of the exchange below, and in sequencer.c */
  struct callseq_node *place =
      CALLSEQ_STD(atomic_load_explicit)(&s->tail, CALLSEQ_STD(memory_order_acquire));
  if (CALLSEQ_STD(atomic_load_explicit)(&place->state, CALLSEQ_STD(memory_order_relaxed)) !=
      CALLSEQ_NODE_TURN)
    return 0;
  CALLSEQ_STD(atomic_store_explicit)
  (&spare->next, (struct callseq_node *)0, CALLSEQ_STD(memory_order_relaxed));
  CALLSEQ_STD(atomic_store_explicit)
  (&spare->state, CALLSEQ_NODE_WAITING, CALLSEQ_STD(memory_order_relaxed));
  CALLSEQ_STD(atomic_store_explicit)(&spare->asleep, 0, CALLSEQ_STD(memory_order_relaxed));
  if (!CALLSEQ_STD(atomic_compare_exchange_strong_explicit)(&s->tail, &place, spare,
                                                            CALLSEQ_STD(memory_order_acq_rel),
                                                            CALLSEQ_STD(memory_order_relaxed)))
    return 0;
  callseq_sequencer_spare = place;
  /* It may have come back as the tail meanwhile, and another's turn may not be over.
   * acquire: pairs with the release in callseq_sequencer_leave and give_up */
  if (CALLSEQ_UNLIKELY(
          CALLSEQ_STD(atomic_load_explicit)(&place->state, CALLSEQ_STD(memory_order_acquire)) !=
          CALLSEQ_NODE_TURN)) {
    place->waiter = (struct callseq_waiter *)0;
    /* release: pairs with the acquire in callseq_sequencer_next */
    CALLSEQ_STD(atomic_store_explicit)(&place->next, spare, CALLSEQ_STD(memory_order_release));
    callseq_sequencer_wait_for_turn(s, place);
  }
  s->next = spare;
  CALLSEQ_STD(atomic_store_explicit)(&s->lock, self, CALLSEQ_STD(memory_order_relaxed));
  return 1;
}

CALLSEQ_IN_HEADER int callseq_sequencer_try_enter_alone(struct callseq_sequencer *s,
                                                        uint32_t self) {
  return callseq_sequencer_try_enter(s, self);
}

/* Has anybody come? For the holder. */
CALLSEQ_IN_HEADER int callseq_sequencer_wanted(struct callseq_sequencer *s) {
  return CALLSEQ_STD(atomic_load_explicit)(&s->next->next, CALLSEQ_STD(memory_order_relaxed)) != 0;
}

CALLSEQ_IN_HEADER void callseq_sequencer_leave(struct callseq_sequencer *s, uint32_t self) {
  (void)self;
  if (CALLSEQ_UNLIKELY(s->leaves)) {
    callseq_sequencer_end_batch(s);
    return;
  }
  struct callseq_node *next = s->next;
  CALLSEQ_STD(atomic_store_explicit)
  (&s->lock, CALLSEQ_LOCK_FREE, CALLSEQ_STD(memory_order_relaxed));
  /* release: pairs with the acquire in callseq_sequencer_try_enter and wait */
  CALLSEQ_STD(atomic_store_explicit)
  (&next->state, CALLSEQ_NODE_TURN, CALLSEQ_STD(memory_order_release));
  /* compiler only: pairs with callseq_park_barrier in sequencer.c, wait */
  CALLSEQ_STD(atomic_signal_fence)(CALLSEQ_STD(memory_order_seq_cst));
  if (CALLSEQ_UNLIKELY(
          CALLSEQ_STD(atomic_load_explicit)(&next->asleep, CALLSEQ_STD(memory_order_relaxed))))
    callseq_sequencer_wake(s, next);
}

struct callseq_sequencer_limits {
  uint32_t batch_limit, spin_limit, stall_ms;
  uint32_t batch_busy; /* is always so */
  int (*ask)(void);    /* nobody is */
};

enum callseq_entered {
  CALLSEQ_ENTERED_HOLDER,
  CALLSEQ_ENTERED_DONE,
  CALLSEQ_ENTERED_CLOSED,
  CALLSEQ_ENTERED_TIMEDOUT /* never: nobody withdraws */
};

enum callseq_refuses { CALLSEQ_REFUSES_NOBODY, CALLSEQ_REFUSES_OTHERS, CALLSEQ_REFUSES_ALL };

/* Nothing happens. */
void callseq_sequencer_refuse(struct callseq_sequencer *s, enum callseq_refuses whom);

/* By the holder, which goes on as that, with the id `self`. */
void callseq_sequencer_rename(struct callseq_sequencer *s, uint32_t self);

void callseq_sequencer_forget(struct callseq_sequencer *s, uint32_t self);
void callseq_sequencer_limit(struct callseq_sequencer *s,
                             const struct callseq_sequencer_limits *limits);
void callseq_sequencer_init(struct callseq_sequencer *s,
                            const struct callseq_sequencer_limits *limits);
void callseq_sequencer_open(struct callseq_sequencer *s, uint32_t self);
void callseq_sequencer_close(struct callseq_sequencer *s);
void callseq_sequencer_forked(struct callseq_sequencer *s, uint32_t self);
int callseq_sequencer_try_now(struct callseq_sequencer *s, uint32_t self);
int callseq_sequencer_try_soon(struct callseq_sequencer *s, uint32_t self);
enum callseq_entered callseq_sequencer_enter(struct callseq_sequencer *s, struct callseq_waiter *w,
                                             uint32_t self, void (*stalled)(void *), void *data);

uint32_t callseq_sequencer_holder(struct callseq_sequencer *s);
void callseq_sequencer_stay(struct callseq_sequencer *s);
int callseq_sequencer_is_waited_for(struct callseq_sequencer *s);

struct callseq_waiter *callseq_sequencer_next(struct callseq_sequencer *s);
void callseq_sequencer_finish(struct callseq_sequencer *s, struct callseq_waiter *w);

#ifdef __cplusplus
}
#endif
#endif
