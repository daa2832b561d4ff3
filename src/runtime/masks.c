/* Signal masks that callbacks change.
 *
 * The kernel has a mask for each thread. A call that waits may have begun on another thread's, and
 * goes on on its own: so it is known what a callback has *asked for*, and that is done there. A
 * comparison of masks would not tell: what it has blocked, the other thread may block itself. A
 * call that has been executed by its own thread leaves the changed mask to it while it waits: put
 * back meanwhile, a signal that is blocked and has come would be let in.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "scheme.h"

/* Keeps this thread's mask, unless that has been done. */
static void keep(struct callseq_kept_mask *kept) {
  if (kept->kept)
    return;
  pthread_sigmask(SIG_SETMASK, NULL, &kept->mask);
  kept->changed = (struct callseq_mask_change){0};
  kept->kept = true;
}

/* The signals in `bits` have been blocked, or unblocked, last. */
static void note(struct callseq_mask_change *changed, bool block, uint64_t bits) {
  changed->blocked = block ? changed->blocked | bits : changed->blocked & ~bits;
  changed->unblocked = block ? changed->unblocked & ~bits : changed->unblocked | bits;
}

/* A callback is about to change the mask of the thread that it runs on. Its caller gets the old one
 * back, by the slow path of its reply. */
C_word callseq_scheme_keep_mask(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  keep(&r->levels.innermost->caller);
  callseq_runtime_reply_slowly(r);
  return C_SCHEME_UNDEFINED;
}

/* What it has asked for; signal 0: for all. */
C_word callseq_scheme_note_mask(C_word block, C_word signal) {
  struct callseq_kept_mask *kept = &callseq_runtime_here()->levels.innermost->caller;
  C_word n = C_unfix(signal);
  if (n >= 0 && n <= CALLSEQ_SIGNALS)
    note(&kept->changed, C_truep(block), n ? UINT64_C(1) << (n - 1) : UINT64_MAX);
  return C_SCHEME_UNDEFINED;
}

void callseq_masks_restore(struct callseq_kept_mask *kept) {
  if (kept->kept)
    pthread_sigmask(SIG_SETMASK, &kept->mask, NULL);
  kept->kept = false;
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

static void forget(struct callseq_suspended_mask *suspended) {
  suspended->caller.kept = false;
  suspended->changed = (struct callseq_mask_change){0};
}

void callseq_masks_suspend(struct callseq_suspended_mask *suspended, struct callseq_kept_mask *kept,
                           bool elsewhere) {
  forget(suspended);
  if (!kept->kept)
    return;
  if (elsewhere) {
    suspended->changed = kept->changed;
  } else {
    suspended->caller = *kept;
    kept->kept = false;
  }
}

void callseq_masks_resume(struct callseq_suspended_mask *suspended,
                          struct callseq_kept_mask *kept) {
  struct callseq_mask_change *asked = &suspended->changed;
  if (suspended->caller.kept && !kept->kept)
    *kept = suspended->caller;
  if (asked->blocked | asked->unblocked) {
    keep(kept);
    change(SIG_BLOCK, asked->blocked);
    change(SIG_UNBLOCK, asked->unblocked);
    note(&kept->changed, true, asked->blocked);
    note(&kept->changed, false, asked->unblocked);
  }
  forget(suspended);
}
