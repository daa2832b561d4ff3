/* Linux: parking by futex(2), and the kernel's own thread ids. System calls are made directly: the
 * libc wrappers of futex would be cancellation points, and some calls have none. */
#define _GNU_SOURCE
#include "system.h"

#ifndef CALLSEQ_POSIX
#include "base/tools.h"
#include "park.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- Parking ---- */

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
  callseq_tools_number_begin();
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  callseq_tools_number_end();
}

bool callseq_park_asymmetric(void) {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

bool callseq_park_barrier(void) {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* ---- Threads ---- */

uint32_t callseq_system_thread(void) { return (uint32_t)syscall(SYS_gettid); }

void callseq_system_forget_thread(void) {}

void callseq_system_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int callseq_system_processors(void) {
  cpu_set_t
      set; /* of the main thread: others may be bound to one processor, and it may have ended */
  return sched_getaffinity(getpid(), sizeof set, &set) == 0 ? CPU_COUNT(&set) : 2;
}

/* ---- Signals ---- */

static char passed_on; /* its address is the mark of a signal that is passed on */

void callseq_system_pass_on(uint32_t thread, int number) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = &passed_on;
  syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, number, &info);
}

bool callseq_system_passed_on(int number, const siginfo_t *info) {
  (void)number;
  return info->si_code == SI_QUEUE && info->si_value.sival_ptr == &passed_on;
}

sem_t *callseq_system_semaphore(void) {
  static sem_t semaphore;
  return sem_init(&semaphore, 0, 0) == 0 ? &semaphore : NULL;
}
#endif
