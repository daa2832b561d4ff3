/* Laps: how much of the nursery the calls between two collections use.
 *
 * CHICKEN collects when the nursery is full. Each thread that runs Scheme has to fetch into its
 * cache what others have written there, so a collection comes sooner: a call that would begin more
 * than a lap below the nursery's top collects first.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "close.h"
#include "laps.h"
#include "roots.h"
#include "scheme.h"

enum {
  LAP = CALLSEQ_LIMIT(64 << 10, 1 << 10), /* bytes; each thread fetches all of that */
  LONG_LAP = 1 << 20,                     /* bytes; where collections are costly */
  LAST_CALL = 4 << 10, /* bytes of the nursery that even a long lap leaves to its last call */
  COSTLY = 10000       /* ns; a collection that takes more, after a short lap, is costly */
};

/* ThreadSanitizer is not told of this write to what generated code reads as the holder. */
__attribute__((noinline, no_sanitize("thread"))) void
callseq_laps_end_all(struct callseq_runtime *r) {
  __atomic_store_n(&r->fast.lap_end, (char *)UINTPTR_MAX, __ATOMIC_RELAXED);
}

void callseq_laps_restore(struct callseq_runtime *r) { r->fast.lap_end = r->laps.end; }

static void set_end(struct callseq_runtime *r, char *end) {
  r->laps.end = end;
  __atomic_store_n(&r->fast.lap_end, end, __ATOMIC_RELAXED);
  /* seq_cst: pairs with the fence in close.c, begin: either that is seen here, or its write to
   * lap_end comes after this one */
  atomic_thread_fence(memory_order_seq_cst);
  if (callseq_close_has_begun(r))
    callseq_laps_end_all(r);
}

void callseq_laps_begin(struct callseq_runtime *r, const void *at) {
  CALLSEQ_ASSERT_HOLDER(r);
  set_end(r, (char *)at - LAP);
}

CALLSEQ_NOINLINE C_word callseq_abi_new_lap(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  if (callseq_close_has_begun(r)) {
    if (callseq_close_refuses_current(r))
      return callseq_roots_procedure(r, CALLSEQ_PROCEDURE_refused);
    if ((char *)__builtin_frame_address(0) >= r->laps.end)
      return CHICKEN_gc_root_ref(callseq_abi_root(r->fast.current.request->callback));
  }
  return callseq_roots_procedure(r, CALLSEQ_PROCEDURE_new_lap);
}

/* Begins the call, as callseq_abi_dispatch would have done without a new lap. */
static C_noret void begin_call(C_word c, C_word *av) {
  struct callseq_abi_request *q = CALLSEQ_ABI_REQUEST(struct callseq_abi_request, av[3]);
  av[0] = CHICKEN_gc_root_ref(callseq_abi_root(q->callback));
  ((C_proc)C_block_item(av[0], 0))(c, av);
}

/* Where collections cost much whatever they find, as with many locatives, they should be few: the
 * lap that begins at `at` becomes a long one, or ends where the nursery does. */
static void lengthen_lap(struct callseq_runtime *r, char *at) {
  char *end = at - LONG_LAP, *last = (char *)C_stack_hard_limit + LAST_CALL;
  if (end < last)
    end = last;
  if (end < r->laps.end)
    set_end(r, end);
}

/* A lap begins here: at the top of the nursery, but for C frames that a continuation has left for
 * good, which CHICKEN keeps. */
static C_noret void begin_lap(C_word c, C_word *av) {
  struct callseq_runtime *r = callseq_runtime_here();
  char *at = (char *)__builtin_frame_address(0);
  callseq_laps_begin(r, at);
  if (r->laps.left > 0) {
    r->laps.left--;
  } else {
    r->laps.left = CALLSEQ_LAPS;
    r->laps.costly = callseq_clock_of_thread() - r->laps.collects > COSTLY;
  }
  if (r->laps.costly && r->laps.left > 0)
    lengthen_lap(r, at);
  begin_call(c, av);
}

/* (new-lap serial request), a CHICKEN procedure: the collection before a lap. Levels above 0 have
 * none: between them and the nursery's top there are frames of level 0. */
void callseq_scheme_new_lap(C_word c, C_word *av) {
  struct callseq_runtime *r = callseq_runtime_here();
  if (!r->levels.depth) {
    if (r->laps.left == 0)
      r->laps.collects = callseq_clock_of_thread();
    C_save_and_reclaim((void *)begin_lap, (int)c, av);
  }
  begin_call(c, av);
}
