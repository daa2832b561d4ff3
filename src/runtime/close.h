/* The end of the runtime, by callseq_close. Needs runtime.h before it. */
#ifndef CALLSEQ_CLOSE_H
#define CALLSEQ_CLOSE_H

#include <stdbool.h>

/* Has callseq_close begun, in this process? Any thread. */
bool callseq_close_has_begun(struct callseq_runtime *r);

/* Is a new call by this thread, which is outside, refused? Not one of a blocking C function of a
 * call in progress. Any thread. */
bool callseq_close_refuses(struct callseq_runtime *r);

/* The same for the call that begins now, on the Scheme stack: it may have taken the fast path. By
 * the holder. */
bool callseq_close_refuses_current(struct callseq_runtime *r);

/* Has the time been up, or the door been shut, so that a suspended call ends? Any thread. */
bool callseq_close_is_over(struct callseq_runtime *r);

/* In a forked child: a closing that has not ended is the parent's. */
void callseq_close_forked(struct callseq_runtime *r);

#endif
