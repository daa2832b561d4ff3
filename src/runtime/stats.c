/* callseq_stats: numbers that are kept anyway, read at any time by any thread.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "handles.h"

static uint64_t peek(_Atomic(uint64_t) *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Serials count the calls, up from 0 in level 0 and down from -1 above it. */
static C_word serial(C_word *word) { return C_unfix(__atomic_load_n(word, __ATOMIC_RELAXED)); }

/* The serial of the last call in level 0. A resumed call has an older one, and `above` has the
 * last. */
static C_word base_serial(struct callseq_runtime *r) {
  C_word before = serial(&r->fast.current.serial);
  /* acquire: pairs with the releases in callseq_scheme_attach and callseq_suspend_leave */
  atomic_thread_fence(memory_order_acquire);
  C_word above = C_unfix(__atomic_load_n(&r->suspend.above, __ATOMIC_ACQUIRE));
  C_word last = serial(&r->fast.current.serial);
  if (last < 0) /* a nested call is being executed */
    last = serial(&r->levels.base_serial);
  if (last < above)
    last = above;
  return last < before ? before : last;
}

void callseq_stats(struct callseq_stats *stats) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_counts *counts = &r->fast.sequencer.counts;
  C_word base = base_serial(r);
  stats->nested = (uint64_t)(-1 - serial(&r->levels.serial));
  stats->calls = (uint64_t)base + stats->nested - peek(&r->counts.internal);
  stats->suspended = peek(&r->counts.suspended);
  stats->by_others = peek(&counts->finished);
  stats->batches = peek(&counts->batches);
  stats->largest_batch = peek(&counts->largest);
  stats->waits = peek(&counts->waits);
  stats->longest_wait_ns = peek(&counts->longest);
  stats->parks = peek(&counts->parks);
  stats->wakes = peek(&counts->wakes);
  stats->collections = peek(&r->counts.collections);
  stats->inside_ns = peek(&r->counts.inside_ns);
  stats->handles = callseq_handles_alive(r);
  /* acquire: pairs with the release in callseq_later_begin */
  bool later = atomic_load_explicit(&r->later.begun, memory_order_acquire);
  stats->posted = later ? callseq_backlog_count(&r->later.backlog) : 0;
  stats->executed_later = peek(&r->later.executed);
  stats->refused = peek(&r->later.refused);
  stats->cancelled = peek(&r->later.cancelled);
  stats->dropped = peek(&r->later.dropped);
  stats->longest_queued_ns = peek(&r->later.longest);
}

/* The plain name, for programs that do not have callseq.h, in other languages: these can compare
 * callseq_version() with the version whose structure they know. */
__attribute__((visibility("default"))) void stats_unversioned(struct callseq_stats *stats) __asm__(
    CALLSEQ_VERSION_PREFIX(__USER_LABEL_PREFIX__) "callseq_stats");
void stats_unversioned(struct callseq_stats *stats) { callseq_stats(stats); }
