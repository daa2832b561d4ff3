/* For tests of the sequencer in which order matters: main is the holder while one thread after the
 * other queues, so that what follows can only go one way. The first one is the heir, whose state
 * main knows, and the others are followers. The clock is the test's, which can stop it, and so is
 * sched_yield, which is counted. */
#ifndef QUEUE_H
#define QUEUE_H

#include "turns.h"

#include "base/clock.h"
#include "sequence/protocol.h"
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

/* Instead of libc's, so that a test knows that the sequencer has yielded. */
static _Thread_local int yields;

int sched_yield(void) {
  yields++;
  return (int)syscall(SYS_sched_yield);
}

/* The clock too: unless this is 0 it stands still, at so many seconds. Few: where a thread sleeps
 * until some time (posix.c) the system's own clock says when, which begins with the machine. */
static _Atomic(int) stopped;

int clock_gettime(clockid_t clock, struct timespec *t) {
  int result = (int)syscall(SYS_clock_gettime, clock, t);
  int seconds = stopped;
  if (seconds)
    *t = (struct timespec){.tv_sec = seconds};
  return result;
}

/* A follower has marked that the heir does not come. */
static inline bool is_marked(void) {
  return atomic_load_explicit(&s.succession.demand, memory_order_relaxed) == OVERDUE;
}

/* Once nobody else is there: can the lock be had, and is nobody left in the queue? A mark may be
 * left, that came when it was no longer true, and an offer, made by a thread that had seen a demand
 * and was slower than the heir: that has come and gone. */
static inline bool is_idle(void) {
  uint32_t lock = atomic_load_explicit(&s.lock, memory_order_acquire);
  bool is_free = lock == FREE || lock == OFFERED || CALLSEQ_LOCK_HAS_OWNER(lock);
  return is_free && !callseq_sequencer_holder(&s) &&
         !atomic_load_explicit(&s.arrivals, memory_order_relaxed) &&
         (!callseq_sequencer_wanted(&s) || is_marked()) && !s.brief.first && !s.turns.first &&
         !s.batch && !s.succession.ahead && !s.succession.vacant && !s.succession.absent;
}

/* For tests of order: the heir comes, however long that takes. */
static inline void set_up_patient(int batch_limit, int spin_limit, int stall_ms, bool symmetric) {
  set_up(batch_limit, spin_limit, stall_ms, symmetric);
  s.pace.overdue_ms = 0;
}

/* ---- Queued one by one ---- */

enum { QUEUE = 8 };

static struct request queue[QUEUE];
static pthread_t queue_threads[QUEUE];

/* Of a thread that has used a processor a lot, whatever its clock says. */
static struct callseq_habit calls_a_lot = {.cpu = -((uint64_t)1 << 60)};

static inline void *call_once(void *argument) {
  call(argument, NULL);
  return NULL;
}

static inline void start(pthread_t *thread, void *(*work)(void *), void *argument) {
  if (pthread_create(thread, NULL, work, argument)) {
    perror("pthread_create");
    exit(2);
  }
}

/* The holder: one more thread calls, and is in the queue. */
static inline void queue_up(int i, void *(*work)(void *), bool alone, bool busy) {
  static struct callseq_habit habits[QUEUE];
  queue[i] = (struct request){.caller = i + 1};
  queue[i].waiter.alone = alone;
  habits[i] = calls_a_lot;
  if (busy)
    queue[i].waiter.habit = &habits[i];
  bool first = !atomic_load_explicit(&s.arrivals, memory_order_relaxed);
  start(&queue_threads[i], work, &queue[i]);
  for (;;) {
    struct callseq_waiter *top = atomic_load_explicit(&s.arrivals, memory_order_relaxed);
    if (first ? top != NULL : top == &queue[i].waiter)
      return;
    sched_yield();
  }
}

/* The holder: the heir demands the lock, */
static inline void wait_for_demand(void) {
  while (!callseq_sequencer_wanted(&s))
    sched_yield();
}

/* and sleeps, until the bell rings. */
static inline void wait_for_sleep(void) {
  while (atomic_load_explicit(&s.succession.demand, memory_order_relaxed) != ASLEEP)
    sched_yield();
}

static inline void wait_for_park(struct request *q) {
  while (!(atomic_load_explicit(&q->waiter.state, memory_order_relaxed) & PARKED))
    sched_yield();
}

static inline void join_queue(int count) {
  for (int i = 0; i < count; i++)
    pthread_join(queue_threads[i], NULL);
}

/* Who executed whom, in batches: "1:1 3:23" says that 1 executed itself, and 3 the rest. */
static inline const char *batches(void) {
  static char text[256];
  size_t length = 0;
  text[0] = '\0';
  for (int i = 0; i < done_count && i < LOG; i++) {
    struct request *q = done_log[i];
    if (i == 0 || q->executor != done_log[i - 1]->executor)
      length += (size_t)snprintf(text + length, sizeof text - length,
                                 q->executor == MAIN ? "%sM:" : "%s%d:", i ? " " : "", q->executor);
    length += (size_t)snprintf(text + length, sizeof text - length, "%d", q->caller);
  }
  return text;
}

#endif
