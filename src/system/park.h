/* Sleeping and waking on a word, and the barrier that makes going to sleep pay for both sides.
 *
 * The other half of system.h: linux.c and posix.c implement both.
 *
 * A word is whatever 32 bits the sleeper chose. Any thread may call these functions, but no signal
 * handler; none of them is a cancellation point. */
#ifndef CALLSEQ_PARK_H
#define CALLSEQ_PARK_H

#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Sleeps while *word == expected, until woken, for at most `milliseconds` (0: no limit). Returns
 * false only when the limit ran out; may return true for no reason at all. */
bool callseq_park_wait(_Atomic(uint32_t) *word, uint32_t expected, uint32_t milliseconds);

/* Sleeps until *word differs from `before`; whoever changes it calls callseq_park_wake. Returns
 * false if `deadline` comes first, a moment by callseq_clock_now, or 0: never. */
static inline bool callseq_park_wait_past(_Atomic(uint32_t) *word, uint32_t before,
                                          uint64_t deadline) {
  /* acquire: pairs with the releases of who changes it */
  while (atomic_load_explicit(word, memory_order_acquire) == before) {
    int ms = callseq_clock_left(deadline);
    if (!ms)
      return false;
    callseq_park_wait(word, before, ms < 0 ? 0 : (uint32_t)ms);
  }
  return true;
}

/* Sleeps for about so many nanoseconds; for a good deal longer where the system counts in coarser
 * units. */
void callseq_park_nap(uint32_t nanoseconds);

/* Wakes the thread asleep on `word`. The memory is not touched: the word may be gone by now, in
 * which case a thread that sleeps at the same address for another reason wakes early, as any
 * sleeper must expect to. */
void callseq_park_wake(const void *word);

/* The same for all threads asleep on it. */
void callseq_park_wake_all(const void *word);

/* Asymmetric barrier (Linux membarrier(2), private expedited): after callseq_park_barrier() by one
 * thread, every other thread has behaved as if it had executed a full fence in between, so the
 * other side of a store-load handshake needs only a compiler barrier. callseq_park_asymmetric()
 * must have returned true first, once per process; where it returns false both sides use fences.
 * callseq_park_barrier() returns false if it is refused later: by a sandbox that began since, or
 * for want of memory. */
bool callseq_park_asymmetric(void);
bool callseq_park_barrier(void);

#endif
