/* The end of the runtime, by callseq_close. Needs runtime.h before it. */
#ifndef CALLSEQ_CLOSE_H
#define CALLSEQ_CLOSE_H

#include <stdbool.h>

enum callseq_close_state {
  CALLSEQ_CLOSE_OPEN,
  CALLSEQ_CLOSE_CLOSING, /* what has begun, or waits, ends */
  CALLSEQ_CLOSE_OVER,    /* the time is up */
  CALLSEQ_CLOSE_CLOSED
};

/* How far callseq_close has come, in this process; whether it has begun; whether the time is up
 * that calls had to end. Any thread. */
static inline uint32_t callseq_close_state(struct callseq_runtime *r) {
  /* acquire: pairs with the releases of the state in close.c */
  return atomic_load_explicit(&r->close.state, memory_order_acquire);
}
static inline bool callseq_close_has_begun(struct callseq_runtime *r) {
  return callseq_close_state(r) != CALLSEQ_CLOSE_OPEN;
}
static inline bool callseq_close_is_over(struct callseq_runtime *r) {
  return callseq_close_state(r) >= CALLSEQ_CLOSE_OVER;
}

/* Does a call by this thread, which is outside, come too late? A blocking C function of a call in
 * progress may still call. Any thread. */
bool callseq_close_refuses(struct callseq_runtime *r);

/* The same for the call that begins, which may have come by the fast path. Holder, on the Scheme
 * stack. */
bool callseq_close_refuses_current(struct callseq_runtime *r);

/* In a forked child: a closing that is not over is the parent's. */
void callseq_close_forked(struct callseq_runtime *r);

#endif
