/* How much nursery the calls between two collections use. Holder, but for what says otherwise.
 * Needs runtime.h before it. */
#ifndef CALLSEQ_LAPS_H
#define CALLSEQ_LAPS_H

/* A lap begins at `at` on the Scheme stack: no call begins further than a lap below that without a
 * collection. */
void callseq_laps_begin(struct callseq_runtime *r, const void *at);

/* Has each call that begins from now on go through callseq_abi_new_lap, which looks whether the
 * runtime is being closed. Any thread, after a seq_cst fence behind its write to `close.state`. */
void callseq_laps_end_all(struct callseq_runtime *r);

/* Takes that back, in a forked child. */
void callseq_laps_restore(struct callseq_runtime *r);

#endif
