/* Can a thread of this process be cancelled at all?
 *
 * Calls defer cancellation, which takes two atomic operations of glibc each time. So it is done
 * only where somebody could cancel: where the program or a library that it has loaded imports
 * pthread_cancel. */
#ifndef CALLSEQ_CANCEL_H
#define CALLSEQ_CANCEL_H

#include <stdbool.h>

/* Any thread, at any time; cheap unless objects have been loaded since the last time. Where the
 * system cannot tell, the answer is true. */
bool callseq_cancel_possible(void);

#endif
