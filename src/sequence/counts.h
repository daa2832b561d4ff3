/* What a sequencer has done so far. Any thread may read the counters at any time: each number by
 * itself is right, or was a moment ago.
 *
 * Part of the text that generated code begins with: C11 and C++. */
#ifndef CALLSEQ_COUNTS_H
#define CALLSEQ_COUNTS_H

#ifndef CALLSEQ_COMPILER_H
#include "base/compiler.h"
#endif

struct callseq_counts {
  CALLSEQ_ATOMIC(uint64_t) finished; /* waiters that a holder executed */
  CALLSEQ_ATOMIC(uint64_t) batches;  /* in which there was at least one */
  CALLSEQ_ATOMIC(uint64_t) largest;  /* of them */
  CALLSEQ_ATOMIC(uint64_t) waits;    /* threads that did not find the lock free */
  CALLSEQ_ATOMIC(uint64_t) longest;  /* of these waits, in nanoseconds */
  CALLSEQ_ATOMIC(uint64_t) parks;    /* how often a thread went to sleep */
  CALLSEQ_ATOMIC(uint64_t) wakes;    /* how often one was woken */
};

/* Adds 1; any thread. */
CALLSEQ_IN_HEADER void callseq_count(CALLSEQ_ATOMIC(uint64_t) * counter) {
  CALLSEQ_STD(atomic_fetch_add_explicit)
  (counter, (uint64_t)1, CALLSEQ_STD(memory_order_relaxed));
}

/* The same for a counter that only the holder writes, without a locked access. */
CALLSEQ_IN_HEADER void callseq_count_as_holder(CALLSEQ_ATOMIC(uint64_t) * counter) {
  uint64_t n = CALLSEQ_STD(atomic_load_explicit)(counter, CALLSEQ_STD(memory_order_relaxed));
  CALLSEQ_STD(atomic_store_explicit)(counter, n + 1, CALLSEQ_STD(memory_order_relaxed));
}

/* Raises a counter to at least `value`; any thread. */
CALLSEQ_IN_HEADER void callseq_count_most(CALLSEQ_ATOMIC(uint64_t) * counter, uint64_t value) {
  uint64_t most = CALLSEQ_STD(atomic_load_explicit)(counter, CALLSEQ_STD(memory_order_relaxed));
  while (most < value && !CALLSEQ_STD(atomic_compare_exchange_weak_explicit)(
                             counter, &most, value, CALLSEQ_STD(memory_order_relaxed),
                             CALLSEQ_STD(memory_order_relaxed))) {
  }
}

#endif
