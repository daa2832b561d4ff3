/* How much nursery the calls between two collections use. Holder, but for what says otherwise.
 * Needs runtime.h before it. */
#ifndef CALLSEQ_LAPS_H
#define CALLSEQ_LAPS_H

/* No call begins further than a lap below `at` on the Scheme stack without a collection. */
void callseq_laps_begin(struct callseq_runtime *r, const void *at);

/* No call begins in a lap any more, so that callseq_abi_new_lap sees each. Any thread, after it has
 * fenced behind what that looks at. And in a forked child: as before. */
void callseq_laps_end_all(struct callseq_runtime *r);
void callseq_laps_restore(struct callseq_runtime *r);

#endif
