/* Blocking C functions that green threads call, on threads of the library's. Needs runtime.h before
 * it. */
#ifndef CALLSEQ_ERRANDS_H
#define CALLSEQ_ERRANDS_H

#include <stdbool.h>

/* Is this a thread of the library's, in the blocking C function of a green thread? */
bool callseq_errands_is_own(void);

/* The runtime has been closed: waits for those that there are. False: not all have ended until then
 * (by callseq_clock_now). `has`: nobody holds the runtime, and nobody will. */
bool callseq_errands_end(struct callseq_runtime *r, uint64_t deadline, bool has);

/* In a forked child: forgets the parent's. */
void callseq_errands_forked(void);

#endif
