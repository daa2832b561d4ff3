/* The clocks, in nanoseconds. Any thread may read them, on any stack, and in a signal handler.
 *
 * A clock may be coarse, or stand still: in steps of milliseconds in some emulators and virtual
 * machines, not at all where a library fakes it. So two moments that follow each other may have the
 * same number; a moment's is never less than an earlier one's. */
#ifndef CALLSEQ_CLOCK_H
#define CALLSEQ_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t callseq_clock_read(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Since some moment in the past. */
static inline uint64_t callseq_clock_now(void) { return callseq_clock_read(CLOCK_MONOTONIC); }

/* How long the calling thread has used a processor. A system call, unlike the one above. */
static inline uint64_t callseq_clock_of_thread(void) {
  return callseq_clock_read(CLOCK_THREAD_CPUTIME_ID);
}

/* A deadline is a moment by callseq_clock_now, or 0: never. This one is so many milliseconds from
 * now; UINT_MAX is for ever. */
static inline uint64_t callseq_clock_deadline(unsigned ms) {
  return ms == UINT_MAX ? 0 : callseq_clock_now() + (uint64_t)ms * 1000000;
}
/* The same for milliseconds as Scheme has them; a negative number is for ever. */
static inline uint64_t callseq_clock_deadline_in(double ms) {
  return ms < 0 ? 0 : callseq_clock_now() + (uint64_t)(ms < 1e12 ? ms * 1e6 : 1e18);
}
/* The milliseconds until a deadline, rounded up, as poll(2) takes them: 0 if it has come, -1 if it
 * never does. */
static inline int callseq_clock_left(uint64_t deadline) {
  if (!deadline)
    return -1;
  uint64_t t = callseq_clock_now();
  if (t >= deadline)
    return 0;
  uint64_t ms = (deadline - t + 999999) / 1000000;
  return ms < INT_MAX ? (int)ms : INT_MAX;
}

#endif
