/* Handles: references of C's to Scheme objects. What programs do with them is in callseq.h, what
 * generated code does in abi.h. Needs runtime.h before it. */
#ifndef CALLSEQ_HANDLES_H
#define CALLSEQ_HANDLES_H

#include <stdbool.h>

/* The environment variable that has handles watched: the place where each was made is kept, and the
 * handles that are alive at the end are reported. */
#define CALLSEQ_WATCH_HANDLES "CALLSEQ_WATCH_HANDLES"

/* To be called before the program's first handle: looks whether handles are to be watched. Set-up.
 */
void callseq_handles_begin(struct callseq_runtime *r);

/* For the holder, when CHICKEN begins to collect and when it has done so. These pairs nest. */
void callseq_handles_collecting(struct callseq_runtime *r);
void callseq_handles_collected(struct callseq_runtime *r);

/* How many handles there are that have been made and not been released for good. Any thread. */
uint64_t callseq_handles_alive(struct callseq_runtime *r);

/* At the end, if handles are watched: writes on standard error how many are alive and where they
 * were made. Once in a process. Any thread. */
void callseq_handles_report(struct callseq_runtime *r);

#endif
