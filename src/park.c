/* Parking by futex(2), called directly: the libc wrappers would be cancellation points. */
#define _GNU_SOURCE
#include "park.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool callseq_park_wait(_Atomic(uint32_t) *word, uint32_t expected, uint32_t milliseconds) {
  struct timespec limit = {.tv_sec = milliseconds / 1000,
                           .tv_nsec = (long)(milliseconds % 1000) * 1000000};
  long result =
      syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, milliseconds ? &limit : NULL, NULL, 0);
  return !(result == -1 && errno == ETIMEDOUT);
}

void callseq_park_nap(uint32_t nanoseconds) {
  struct timespec limit = {.tv_nsec = (long)nanoseconds};
  uint32_t word = 0;
  int slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0); /* usually more than the nap */
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &limit, NULL, 0);
  if (slack > 0)
    prctl(PR_SET_TIMERSLACK, slack, 0, 0, 0);
}

void callseq_park_wake(const void *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

bool callseq_park_asymmetric(void) {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void callseq_park_barrier(void) { syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0); }
