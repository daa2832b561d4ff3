/* The end of the runtime, by callseq_close. Needs runtime.h before it. */
#ifndef CALLSEQ_CLOSE_H
#define CALLSEQ_CLOSE_H

#include <stdbool.h>

enum callseq_close_state {
  CALLSEQ_CLOSE_OPEN,
  CALLSEQ_CLOSE_CLOSING, /* calls that have begun, or wait, are let end */
  CALLSEQ_CLOSE_OVER,    /* they are given up */
  CALLSEQ_CLOSE_CLOSED
};

/* How far callseq_close has come in this process: one of enum callseq_close_state. Any thread. */
static inline uint32_t callseq_close_state(struct callseq_runtime *r) {
  /* acquire: pairs with the releases of the state in close.c */
  return atomic_load_explicit(&r->close.state, memory_order_acquire);
}

/* Has it begun? Any thread. */
static inline bool callseq_close_has_begun(struct callseq_runtime *r) {
  return callseq_close_state(r) != CALLSEQ_CLOSE_OPEN;
}

/* Is the time up in which calls had to end? Any thread. */
static inline bool callseq_close_is_over(struct callseq_runtime *r) {
  return callseq_close_state(r) >= CALLSEQ_CLOSE_OVER;
}

/* Does a call by this thread, which is outside, come too late? A blocking C function of a call that
 * is let end may still call. Any thread. */
bool callseq_close_refuses(struct callseq_runtime *r);

/* The same for the current call, which is about to begin, and may have come by the fast path.
 * Holder, on the Scheme stack. */
bool callseq_close_refuses_current(struct callseq_runtime *r);

/* In a forked child: unless this thread is the one that closes, a closing in progress is the
 * parent's, and the child is open; or closed, if the time was up. */
void callseq_close_forked(struct callseq_runtime *r);

#endif
