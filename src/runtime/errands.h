/* Blocking C functions that green threads call, on threads of the library's. Needs runtime.h before
 * it. */
#ifndef CALLSEQ_ERRANDS_H
#define CALLSEQ_ERRANDS_H

#include <stdbool.h>

/* Is this a thread of the library's, in the blocking C function of a green thread? */
bool callseq_errands_is_own(void);

/* The runtime has been closed: waits for the errands that there are. False: not all have ended by
 * the deadline, a moment by callseq_clock_now. `has`: the caller has closed the sequencer as its
 * holder, and may act as that. */
bool callseq_errands_end(struct callseq_runtime *r, uint64_t deadline, bool has);

/* In a forked child: forgets the parent's. */
void callseq_errands_forked(void);

#endif
