/* Signal masks that callbacks change by CHICKEN's own procedures. What a callback blocks and
 * unblocks holds until its call ends, on whichever thread that goes on; the thread has its own mask
 * again then. */
#ifndef CALLSEQ_MASKS_H
#define CALLSEQ_MASKS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* A thread's mask as it was before a callback has changed it. */
struct callseq_kept_mask {
  bool kept;
  sigset_t mask;
};

/* What a suspended call has for its thread. Written by the holder that suspends it, taken by the
 * thread that goes on with it. */
struct callseq_changed_mask {
  struct callseq_kept_mask caller; /* its own thread's, which has the changed one */
  uint64_t blocked, unblocked;     /* on another thread: signal n is bit n - 1 */
};

/* This thread, whose mask a callback changes from now on: keeps it, unless it is kept. */
void callseq_masks_keep(struct callseq_kept_mask *kept);

/* This thread has the kept mask again. */
void callseq_masks_restore(struct callseq_kept_mask *kept);

/* Holder: the call whose thread's mask is `kept` is suspended. `elsewhere`: it is another thread's,
 * and this one has its mask back soon. */
void callseq_masks_suspend(struct callseq_changed_mask *changed, struct callseq_kept_mask *kept,
                           bool elsewhere);

/* This thread goes on with a call that was suspended: `kept` is its own mask. */
void callseq_masks_resume(struct callseq_changed_mask *changed, struct callseq_kept_mask *kept);

#endif
