/* What system.h and park.h ask for, on any system with the POSIX threads of 2008.
 *
 * Parking. A sleeper waits on one of a few places, which its word's address chooses; a place is a
 * mutex and a condition variable. The mutex is held from the look at the word to the sleep, and for
 * each wake, so none is lost. Only the address is known where a thread is woken, so all who sleep
 * at that place wake, and look at their words again. (Hashed queues for words of any kind: Linux'
 * futexes, after Franke, Russell and Kirkwood, OLS 2002.)
 *
 * Threads. Each has a record in a list that is sorted by number; a new one takes the least number
 * that is free. So numbers are never shared, however many threads come and go. A signal handler
 * goes through the list without the lock, to send a signal to a thread that must not have ended
 * then. So it counts itself in `readers` meanwhile, and a thread that has left the list waits until
 * it sees none before its record and the thread itself end. Where there is no memory for a record,
 * one of a few that are kept for that is taken.
 *
 * It has globals, as the system has: who wakes has an address and nothing more, and so has who
 * passes a signal on. A forked child has one thread, so everything begins anew there: whatever the
 * parent's threads held or waited for does not concern it.
 */
/* For glibc. macOS and the BSDs show everything unless a standard is named, which is why none is.
 */
#define _GNU_SOURCE
#include "system.h"

#ifdef CALLSEQ_POSIX
#include "base/compiler.h"
#include "park.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Without it (macOS) a limit is by the clock of the day, and off by as much as that is set. */
#if defined(_POSIX_CLOCK_SELECTION) && _POSIX_CLOCK_SELECTION > 0
#define CLOCK CLOCK_MONOTONIC
#else
#define CLOCK CLOCK_REALTIME
#endif

enum { PLACE_BITS = 6, SIGNALS = 64, SPARES = 64 };

struct place {
  pthread_mutex_t lock;
  pthread_cond_t woken;
};

struct thread {
  _Atomic(struct thread *) next; /* with a larger number */
  uint32_t number;
  pthread_t id;
  _Atomic(uint32_t) passed_on[SIGNALS / 32]; /* bit n - 1: signal n has been sent on to it */
};

static struct {
  pthread_once_t once;
  struct place places[1 << PLACE_BITS];
  pthread_mutex_t lock; /* of the list, to change it */
  _Atomic(struct thread *) first;
  _Atomic(uint32_t) readers;
  struct thread spare[SPARES]; /* free where the number is 0 */
} all = {.once = PTHREAD_ONCE_INIT};

/* Handlers use it, so it must not be allocated when it is first touched. */
static CALLSEQ_THREAD_LOCAL(struct thread *, self);

/* While no other thread uses any of this. */
static void begin(void) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
#if defined(_POSIX_CLOCK_SELECTION) && _POSIX_CLOCK_SELECTION > 0
  pthread_condattr_setclock(&attributes, CLOCK);
#endif
  for (int i = 0; i < 1 << PLACE_BITS; i++) {
    pthread_mutex_init(&all.places[i].lock, NULL);
    pthread_cond_init(&all.places[i].woken, &attributes);
  }
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&all.lock, NULL);
  if (self) {
    atomic_store_explicit(&self->next, NULL, memory_order_relaxed);
    /* A child does not inherit the signals that were on their way. */
    for (size_t i = 0; i < sizeof self->passed_on / sizeof *self->passed_on; i++)
      atomic_store_explicit(&self->passed_on[i], 0, memory_order_relaxed);
  }
  atomic_store_explicit(&all.first, self, memory_order_relaxed);
  atomic_store_explicit(&all.readers, 0, memory_order_relaxed);
  for (int i = 0; i < SPARES; i++)
    if (self != &all.spare[i])
      all.spare[i].number = 0;
}

void callseq_system_before_fork(void) {}

/* Another thread may have been about to begin. */
void callseq_system_forked(void) {
  all.once = (pthread_once_t)PTHREAD_ONCE_INIT;
  pthread_once(&all.once, begin);
}

/* ---- Parking ---- */

/* Words lie at the same offset in the stacks of their threads, so all bits of the address count:
 * multiplicative hashing, Knuth, *The Art of Computer Programming* 3, 6.4. */
static struct place *place_of(const void *word) {
  pthread_once(&all.once, begin);
  return &all.places[(uint64_t)(uintptr_t)word * 0x9e3779b97f4a7c15u >> (64 - PLACE_BITS)];
}

static struct timespec after(uint32_t milliseconds) {
  struct timespec t;
  clock_gettime(CLOCK, &t);
  t.tv_sec += milliseconds / 1000;
  t.tv_nsec += (long)(milliseconds % 1000) * 1000000;
  if (t.tv_nsec >= 1000000000) {
    t.tv_sec++;
    t.tv_nsec -= 1000000000;
  }
  return t;
}

bool callseq_park_wait(_Atomic(uint32_t) *word, uint32_t expected, uint32_t milliseconds) {
  struct place *place = place_of(word);
  struct timespec limit = after(milliseconds);
  int result = 0, cancel;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
  pthread_mutex_lock(&place->lock);
  if (atomic_load_explicit(word, memory_order_relaxed) == expected)
    result = milliseconds ? pthread_cond_timedwait(&place->woken, &place->lock, &limit)
                          : pthread_cond_wait(&place->woken, &place->lock);
  pthread_mutex_unlock(&place->lock);
  pthread_setcancelstate(cancel, &cancel);
  return result != ETIMEDOUT;
}

void callseq_park_nap(uint32_t nanoseconds) {
  struct timespec limit = {.tv_nsec = (long)nanoseconds};
  int cancel;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
  nanosleep(&limit, NULL);
  pthread_setcancelstate(cancel, &cancel);
}

void callseq_park_wake(const void *word) {
  struct place *place = place_of(word);
  pthread_mutex_lock(&place->lock);
  pthread_cond_broadcast(&place->woken);
  pthread_mutex_unlock(&place->lock);
}

void callseq_park_wake_all(const void *word) { callseq_park_wake(word); }

bool callseq_park_asymmetric(void) { return false; }

/* Nobody calls it, after that answer. */
bool callseq_park_barrier(void) { return false; }

/* ---- Threads ---- */

static struct thread *take_spare(void) {
  struct thread *spare = NULL;
  pthread_mutex_lock(&all.lock);
  for (int i = 0; i < SPARES && !spare; i++)
    if (!all.spare[i].number)
      spare = &all.spare[i];
  if (spare)
    *spare = (struct thread){.number = 1}; /* taken; callseq_system_thread gives it its own */
  pthread_mutex_unlock(&all.lock);
  return spare;
}

static void give_back(struct thread *thread) {
  bool is_spare = false;
  for (int i = 0; i < SPARES; i++)
    is_spare = is_spare || thread == &all.spare[i];
  if (!is_spare) {
    free(thread);
    return;
  }
  pthread_mutex_lock(&all.lock);
  thread->number = 0;
  pthread_mutex_unlock(&all.lock);
}

uint32_t callseq_system_thread(void) {
  pthread_once(&all.once, begin);
  if (self)
    return self->number;
  struct thread *thread = calloc(1, sizeof *thread);
  if (!thread && !(thread = take_spare()))
    return 0;
  thread->id = pthread_self();
  thread->number = 1;
  pthread_mutex_lock(&all.lock);
  _Atomic(struct thread *) *link = &all.first;
  struct thread *next;
  while ((next = atomic_load_explicit(link, memory_order_relaxed)) &&
         next->number == thread->number) {
    link = &next->next;
    thread->number++;
  }
  atomic_init(&thread->next, next);
  /* release: pairs with the loads in callseq_system_pass_on */
  atomic_store_explicit(link, thread, memory_order_release);
  pthread_mutex_unlock(&all.lock);
  self = thread;
  return thread->number;
}

void callseq_system_forget_thread(void) {
  struct thread *thread = self;
  _Atomic(struct thread *) *link = &all.first;
  if (!thread)
    return;
  pthread_mutex_lock(&all.lock);
  for (struct thread *at; (at = atomic_load_explicit(link, memory_order_relaxed)) != thread;)
    link = &at->next;
  /* seq_cst, both: pair with callseq_system_pass_on; either this thread sees the reader, or the
   * reader does not see this thread's record */
  atomic_store_explicit(link, atomic_load_explicit(&thread->next, memory_order_relaxed),
                        memory_order_seq_cst);
  pthread_mutex_unlock(&all.lock);
  while (atomic_load_explicit(&all.readers, memory_order_seq_cst))
    sched_yield();
  /* A signal that has been sent comes at the end of a system call at the latest. It must find the
   * record, or it would be taken for a new one. */
  sched_yield();
  /* seq_cst, both, compiler only: pair with what a signal handler of this thread reads */
  atomic_signal_fence(memory_order_seq_cst);
  self = NULL;
  atomic_signal_fence(memory_order_seq_cst);
  give_back(thread);
}

void callseq_system_name_thread(const char *name) { (void)name; }

int callseq_system_processors(void) {
#ifdef _SC_NPROCESSORS_ONLN
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 2;
#else
  return 2;
#endif
}

unsigned callseq_system_threads(void) { return 0; }

bool callseq_system_can_cancel(void) { return true; }

/* ---- Signals ---- */

static uint32_t bit(int number) { return 1u << (number - 1) % 32; }

void callseq_system_pass_on(uint32_t thread, int number) {
  /* seq_cst, these two: pair with callseq_system_forget_thread; the load also with the release in
   * callseq_system_thread */
  atomic_fetch_add_explicit(&all.readers, 1, memory_order_seq_cst);
  struct thread *at = atomic_load_explicit(&all.first, memory_order_seq_cst);
  while (at && at->number < thread)
    at = atomic_load_explicit(&at->next, memory_order_seq_cst);
  if (at && at->number == thread) {
    atomic_fetch_or_explicit(&at->passed_on[(number - 1) / 32], bit(number), memory_order_relaxed);
    if (pthread_kill(at->id, number) != 0) /* a full queue: nothing will come */
      atomic_fetch_and_explicit(&at->passed_on[(number - 1) / 32], ~bit(number),
                                memory_order_relaxed);
  }
  /* release: pairs with the load in callseq_system_forget_thread */
  atomic_fetch_sub_explicit(&all.readers, 1, memory_order_release);
}

/* Signals of one number that come to a thread at a time may be merged into one by the system, and
 * cannot be told apart: one of them is taken for the one that was passed on. */
bool callseq_system_passed_on(int number, const siginfo_t *info) {
  (void)info;
  return self && (atomic_fetch_and_explicit(&self->passed_on[(number - 1) / 32], ~bit(number),
                                            memory_order_relaxed) &
                  bit(number));
}

/* Codes of what is sent are below 0 or, on the BSDs and macOS, above all that a fault has. */
bool callseq_system_is_fault(const siginfo_t *info) {
  return info->si_code > 0 && info->si_code != SI_USER && info->si_code != SI_QUEUE &&
         info->si_code < 0x10000;
}

void callseq_system_stay_loaded(const void *address) {
#if defined(RTLD_NOLOAD) && defined(RTLD_NODELETE)
  static _Atomic(bool) done;
  Dl_info info;
  if (atomic_load_explicit(&done, memory_order_relaxed))
    return;
  /* Of the program itself it is perhaps not known by which name to find it: it stays anyway. */
  if (dladdr(address, &info) && info.dli_fname)
    dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  atomic_store_explicit(&done, true, memory_order_relaxed);
#else
  (void)address;
#endif
}
#endif
