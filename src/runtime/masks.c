/* Signal masks that callbacks change.
 *
 * The kernel has a mask for each thread. A call that waits may have begun on another thread's, and
 * goes on on its own: so it is known what a callback has *changed*, and that is done there. A call
 * that has been executed by its own thread leaves the changed mask to it while it waits: put back
 * meanwhile, a signal that is blocked and has come would be let in.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "scheme.h"

/* A callback is about to change the mask of the thread that it runs on. Its caller gets the old one
 * back, by the slow path of its reply. */
C_word callseq_scheme_keep_mask(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  callseq_masks_keep(&r->levels.innermost->caller);
  callseq_runtime_reply_slowly(r);
  return C_SCHEME_UNDEFINED;
}

void callseq_masks_keep(struct callseq_kept_mask *kept) {
  if (!kept->kept)
    pthread_sigmask(SIG_SETMASK, NULL, &kept->mask);
  kept->kept = true;
}

void callseq_masks_restore(struct callseq_kept_mask *kept) {
  if (kept->kept)
    pthread_sigmask(SIG_SETMASK, &kept->mask, NULL);
  kept->kept = false;
}

static uint64_t bits(const sigset_t *set) {
  uint64_t all = 0;
  for (int n = 1; n <= CALLSEQ_SIGNALS; n++)
    if (sigismember(set, n) == 1)
      all |= UINT64_C(1) << (n - 1);
  return all;
}

/* Blocks or unblocks the signals in `bits`; `how` as for pthread_sigmask. */
static void change(int how, uint64_t bits) {
  sigset_t set;
  sigemptyset(&set);
  for (int n = 1; n <= CALLSEQ_SIGNALS; n++)
    if (bits >> (n - 1) & 1)
      sigaddset(&set, n);
  pthread_sigmask(how, &set, NULL);
}

void callseq_masks_suspend(struct callseq_changed_mask *changed, struct callseq_kept_mask *kept,
                           bool elsewhere) {
  changed->caller.kept = false;
  changed->blocked = changed->unblocked = 0;
  if (!kept->kept)
    return;
  if (elsewhere) {
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    changed->blocked = bits(&now) & ~bits(&kept->mask);
    changed->unblocked = bits(&kept->mask) & ~bits(&now);
  } else {
    changed->caller = *kept;
    kept->kept = false;
  }
}

void callseq_masks_resume(struct callseq_changed_mask *changed, struct callseq_kept_mask *kept) {
  if (changed->caller.kept && !kept->kept)
    *kept = changed->caller;
  changed->caller.kept = false;
  if (!(changed->blocked | changed->unblocked))
    return;
  callseq_masks_keep(kept);
  change(SIG_BLOCK, changed->blocked);
  change(SIG_UNBLOCK, changed->unblocked);
  changed->blocked = changed->unblocked = 0;
}
