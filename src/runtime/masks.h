/* Signal masks that callbacks change by CHICKEN's own procedures. What a callback blocks and
 * unblocks holds until its call ends, on whichever thread that goes on; the thread has its own mask
 * again then. */
#ifndef CALLSEQ_MASKS_H
#define CALLSEQ_MASKS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* What a callback has asked for: signal n is bit n - 1. Of neither: it has not been asked for. */
struct callseq_mask_change {
  uint64_t blocked, unblocked;
};

/* A thread's mask as it was before a callback changed it. */
struct callseq_kept_mask {
  bool kept;
  sigset_t mask;
  struct callseq_mask_change changed; /* since */
};

/* What a suspended call has for its thread. Written by the holder that suspends it, taken by the
 * thread that goes on with it. */
struct callseq_suspended_mask {
  struct callseq_kept_mask caller;    /* its own thread's, which has the changed one */
  struct callseq_mask_change changed; /* on another thread */
};

/* Gives this thread the kept mask again, if there is one. */
void callseq_masks_restore(struct callseq_kept_mask *kept);

/* Holder: a call is suspended that runs on this thread, whose mask is `kept`. `elsewhere`: it is
 * another thread's call, and this thread gets its mask back soon. */
void callseq_masks_suspend(struct callseq_suspended_mask *suspended, struct callseq_kept_mask *kept,
                           bool elsewhere);

/* This thread goes on with a call that was suspended: changes the thread's mask as the callback has
 * done, and keeps the old one in `kept`. */
void callseq_masks_resume(struct callseq_suspended_mask *suspended, struct callseq_kept_mask *kept);

#endif
