/* The end of the runtime, by callseq_close. Needs runtime.h before it. */
#ifndef CALLSEQ_CLOSE_H
#define CALLSEQ_CLOSE_H

#include <stdbool.h>

/* Has callseq_close begun, in this process? Any thread. */
bool callseq_close_has_begun(struct callseq_runtime *r);

/* Does a call by this thread, which is outside, come too late? A blocking C function of a call in
 * progress may still call. Any thread. */
bool callseq_close_refuses(struct callseq_runtime *r);

/* The same for the call that begins, which may have come by the fast path. Holder, on the Scheme
 * stack. */
bool callseq_close_refuses_current(struct callseq_runtime *r);

/* Is the time up that calls had to end? Any thread. */
bool callseq_close_is_over(struct callseq_runtime *r);

/* In a forked child: a closing that is not over is the parent's. */
void callseq_close_forked(struct callseq_runtime *r);

#endif
