/* later.h: for the hosts of cases that include later.scm, where calls are executed later.
 *
 *   set_up(posts, batch)   callseq_init_with these limits; what on_error is told is noted
 *   flush()                asserts that callseq_flush ends
 *   keep_runtime()         has a thread, the keeper, keep the runtime, until let_go()
 *   run, drop              for callseq_post: add their argument to `ran` and `dropped_count`
 *   counted(n, refused)    asserts that statistics count more than n calls, each of which has ended
 *                          once, and `refused` or more that were refused */
#ifndef LATER_H
#define LATER_H

#include "support.h"
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

int sum_seen(void), count_seen(void), in_order(void), first_seen(void), last_seen(void);
int post_was_on(size_t), times_notified(void);
void forget_seen(void), hold(void), notice(void);
int post_number(int), post_nothing(void), post_failing(int), post_thread(void);
int post_sleeping(int, int);
callseq_future *add_later(int, int), *wait_later(int);
int add_later_result(callseq_future *, int *), wait_later_result(callseq_future *, int *);

enum { LIMIT = 100 }; /* of posts, as a rule */

/* ---- on_error ---- */

static _Atomic(int) errors, last_error_status;
static char last_error_message[200];
static _Atomic(size_t) error_thread;
static _Atomic(bool) error_inside;

static inline void note_error(void *data, int status, const char *message) {
  (void)data;
  snprintf(last_error_message, sizeof last_error_message, "%s", message);
  error_thread = (size_t)pthread_self();
  error_inside = callseq_inside();
  last_error_status = status;
  errors++;
}

static inline int set_up(unsigned post_limit, unsigned batch_limit) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = note_error;
  config.post_limit = post_limit;
  config.batch_limit = batch_limit;
  return callseq_init_with(&config);
}

static inline void flush(void) { is_int(callseq_flush(CALLSEQ_FOREVER), CALLSEQ_OK, "flush"); }

/* ---- A thread that keeps the runtime ---- */

static sem_t kept, enough;
static pthread_t keeper;

__attribute__((constructor)) static void make_semaphores(void) {
  sem_init(&kept, 0, 0);
  sem_init(&enough, 0, 0);
}

void wait_for_host(void);
void wait_for_host(void) {
  sem_post(&kept);
  while (sem_wait(&enough)) {
  }
}

static inline void *keep(void *unused) {
  (void)unused;
  hold();
  return NULL;
}

static inline void keep_runtime(void) {
  pthread_create(&keeper, NULL, keep, NULL);
  sem_wait(&kept);
}

static inline void let_go(void) {
  sem_post(&enough);
  pthread_join(keeper, NULL);
}

/* ---- C functions ---- */

static _Atomic(int) ran, dropped_count;
static _Atomic(bool) ran_inside;

static inline void run(void *n) {
  ran_inside = callseq_inside();
  ran += (int)(intptr_t)n;
}
static inline void drop(void *n) { dropped_count += (int)(intptr_t)n; }

/* ---- Statistics ---- */

static inline void counted(uint64_t posted, uint64_t refused) {
  struct callseq_stats s;
  callseq_stats(&s);
  ok(s.posted > posted && s.executed_later + s.cancelled == s.posted,
     "%ju posted, %ju executed, %ju cancelled", (uintmax_t)s.posted, (uintmax_t)s.executed_later,
     (uintmax_t)s.cancelled);
  ok(s.refused >= refused && !s.dropped, "%ju refused, none dropped", (uintmax_t)s.refused);
}

#endif
