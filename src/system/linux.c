/* What system.h and park.h ask for, on Linux: parking by futex(2), and the kernel's own thread ids.
 * System calls are made directly: some have no wrapper in the C library, and the wrappers of others
 * would be cancellation points. */
#define _GNU_SOURCE
#include "system.h"

#ifndef CALLSEQ_POSIX
#include "base/tools.h"
#include "park.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
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
  /* Usually more than the nap. The C library's function would cut it to 32 bits. */
  long slack = syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
  bool known = slack != -1 && slack != 0; /* 0, of a real-time thread, would set the default */
  if (known)
    prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &limit, NULL, 0);
  if (known)
    prctl(PR_SET_TIMERSLACK, (unsigned long)slack, 0, 0, 0);
}

static void wake(const void *word, int threads) {
  callseq_tools_number_begin();
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
  callseq_tools_number_end();
}

void callseq_park_wake(const void *word) { wake(word, 1); }

void callseq_park_wake_all(const void *word) { wake(word, INT_MAX); }

bool callseq_park_asymmetric(void) {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

bool callseq_park_barrier(void) {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* ---- Threads ---- */

/* Where the kernel does not tell, in a sandbox: glibc keeps the number as the owner of whatever
 * mutex the thread has locked. */
static uint32_t known_to_libc(void) {
#ifdef __GLIBC__
  pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
  pthread_mutex_lock(&mutex);
  int owner = mutex.__data.__owner;
  pthread_mutex_unlock(&mutex);
  return owner > 0 ? (uint32_t)owner : 0;
#else
  return 0;
#endif
}

uint32_t callseq_system_thread(void) {
  long number = syscall(SYS_gettid);
  return number > 0 ? (uint32_t)number : known_to_libc();
}

void callseq_system_forget_thread(void) {}

void callseq_system_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int callseq_system_processors(void) {
  /* Of the main thread, even if it has ended: others may be bound to one processor. */
  cpu_set_t set;
  return sched_getaffinity(getpid(), sizeof set, &set) == 0 ? CPU_COUNT(&set) : 2;
}

/* It stays in /proc for as long as the process lives. */
static bool first_thread_has_ended(void) {
  char text[256]; /* name, mask of new files and state are the first lines */
  int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0)
    close(file);
  text[length > 0 ? length : 0] = 0;
  return strstr(text, "\nState:\tZ");
}

unsigned callseq_system_threads(void) {
  struct stat folder; /* its links: its own two, and one of each thread */
  if (stat("/proc/self/task", &folder) != 0 || folder.st_nlink <= 2)
    return 0;
  return (unsigned)folder.st_nlink - 2 - first_thread_has_ended();
}

/* ---- Signals ---- */

static char passed_on; /* its address is the mark of a signal that is passed on */

/* A full queue takes the mark, and all else that is known of the sender, off a signal below
 * SIGRTMIN: here is the thread that each was last passed on to, until it has come. */
static _Atomic(uint32_t) under_way[64];

/* Is the thread known to block the signal? As the kernel tells it, in "SigBlk:" and 16 hexadecimal
 * digits. What it blocks later cannot be known. The system calls of the C library would be
 * cancellation points. */
static bool blocks(uint32_t thread, int number) {
  static const char key[] = "\nSigBlk:\t";
  char text[256] = "/proc/self/task/", *end = text + strlen(text), reversed[10];
  uint64_t mask = 0;
  size_t matched = 0;
  long got;
  bool blocked = false;
  size_t places = 0;
  do
    reversed[places++] = (char)('0' + thread % 10);
  while (thread /= 10);
  while (places)
    *end++ = reversed[--places];
  memcpy(end, "/status", sizeof "/status");
  int file = (int)syscall(SYS_openat, AT_FDCWD, text, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return false;
  for (int digits = 0; digits < 16 && (got = syscall(SYS_read, file, text, sizeof text)) > 0;)
    for (long i = 0; i < got && digits < 16; i++) {
      if (matched < sizeof key - 1) {
        matched = text[i] == key[matched] ? matched + 1 : text[i] == key[0];
        continue;
      }
      mask = mask << 4 | (uint64_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
      blocked = ++digits == 16 && (mask >> (number - 1) & 1);
    }
  syscall(SYS_close, file);
  return blocked;
}

void callseq_system_pass_on(uint32_t thread, int number) {
  siginfo_t info;
  if (blocks(thread, number))
    return;
  memset(&info, 0, sizeof info);
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = &passed_on;
  atomic_store_explicit(&under_way[number - 1], thread, memory_order_relaxed);
  if (syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, number, &info) != 0) /* nothing will come */
    atomic_compare_exchange_strong_explicit(&under_way[number - 1], &thread, 0,
                                            memory_order_relaxed, memory_order_relaxed);
}

bool callseq_system_passed_on(int number, const siginfo_t *info) {
  bool marked = info->si_code == SI_QUEUE && info->si_value.sival_ptr == &passed_on;
  bool bare = info->si_code == SI_USER && info->si_pid == 0 && info->si_uid == 0;
  if (!marked && !bare)
    return false;
  uint32_t self = callseq_system_thread();
  return atomic_compare_exchange_strong_explicit(&under_way[number - 1], &self, 0,
                                                 memory_order_relaxed, memory_order_relaxed) ||
         marked;
}

bool callseq_system_is_fault(const siginfo_t *info) { return info->si_code > 0; }
#endif
