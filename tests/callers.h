/* callers.h: threads in callbacks that wait, for the hosts of cases that include gates.scm.
 *
 *   suspend(c, call, gate, n)   starts a thread that makes the call; returns when that is suspended
 *   start(c, call, gate, n)     the same, without waiting; await_suspension(k) waits for k of them
 *   finish(c)                   joins it: c->result, status and text are there
 *   fails(c, part, what)        asserts that the call has failed with a message that names `part`
 *   set_way(c, way)             how call_wait waits, one of `ways`; end_way(c) instead of finish(c)
 *   let_go(c)                   writes to the pipe that it waits for, if it does
 *
 * Gates are open or shut; a test leaves them shut. Ways are those of waiting.scm: cases that
 * include no more than gates.scm have none. */
#ifndef CALLERS_H
#define CALLERS_H

#include "support.h"
#include <sched.h>

int wait_by(int way, int gate, int fd, size_t caller, int n), begun(void), ended(void), add(int);
void open_gate(int), shut_gate(int), collect(void);

static inline size_t self(void) { return (size_t)pthread_self(); }

static inline struct callseq_stats stats(void) {
  struct callseq_stats now;
  callseq_stats(&now);
  return now;
}

struct caller {
  pthread_t thread;
  void (*call)(struct caller *);
  int gate, way, n, fds[2];
  int result, status; /* of the call */
  char text[200];     /* its message, or result */
};

static inline void *call_main(void *argument) {
  struct caller *c = argument;
  c->call(c);
  c->status = callseq_last_status();
  if (c->status)
    snprintf(c->text, sizeof c->text, "%s", callseq_last_error());
  return NULL;
}

static uint64_t suspended_before; /* how many, before the last `start` */

/* Waits for an event: no call may come between. */
static inline void await_suspension(uint64_t more) {
  while (suspended() < suspended_before + more)
    sched_yield();
}

static inline void start(struct caller *c, void (*call)(struct caller *), int gate, int n) {
  suspended_before = suspended();
  c->call = call;
  c->gate = gate;
  c->n = n;
  if (pthread_create(&c->thread, NULL, call_main, c)) {
    perror("pthread_create");
    exit(2);
  }
}

/* Returns when the call is suspended. */
static inline void suspend(struct caller *c, void (*call)(struct caller *), int gate, int n) {
  start(c, call, gate, n);
  await_suspension(1);
}

static inline void finish(struct caller *c) { pthread_join(c->thread, NULL); }

static inline void shut_gates(void) {
  for (int g = 0; g < 16; g++)
    shut_gate(g);
}

#define CALLER(name, expression)                                                                   \
  static void name(struct caller *c) { c->result = (expression); }

static inline void fails(struct caller *c, const char *part, const char *what) {
  is_int(c->status, CALLSEQ_ERROR, "%s fails", what);
  ok(strstr(c->text, part), "its message names %s: %s", part, c->text);
  is_int(c->result, 0, "it returns 0");
}

static const char *const ways[] = {"at a gate",
                                   "in sleeps",
                                   "for the end of a green thread",
                                   "with a mutex",
                                   "with a deadline far away",
                                   "with a deadline that comes again and again",
                                   "for a pipe",
                                   "for a pipe, with a deadline"};
enum { WAYS = sizeof ways / sizeof *ways, FIRST_PIPE = 6 };

static inline void set_way(struct caller *c, int way) {
  c->way = way;
  if (way >= FIRST_PIPE && pipe(c->fds)) {
    perror("pipe");
    exit(2);
  }
}

static inline void let_go(struct caller *c) {
  if (c->way >= FIRST_PIPE && write(c->fds[1], "x", 1) != 1)
    perror("write");
}

static inline void end_way(struct caller *c) {
  finish(c);
  if (c->way >= FIRST_PIPE) {
    close(c->fds[0]);
    close(c->fds[1]);
  }
}

static inline int wrong_sums(int calls) {
  int wrong = 0;
  for (int i = 0; i < calls; i++)
    wrong += add(i) != i + 100;
  return wrong;
}

static inline void call_wait(struct caller *c) {
  c->result = wait_by(c->way, c->gate, c->fds[0], self(), c->n);
}

#endif
