/* Takes in what doc/reference.md shows of C, and runs it. */
#include <callseq.h>

#include "evaluating.h"
#include "handles.h"
#include "invoke.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

int sum_of_events(void), counted(void), logged(void), reloaded(void), apply_rule(int n);
int arrived(const char *line);
callseq_future *area(double w, double h);
int area_result(callseq_future *future, double *result);
void count_slowly(void), hung_up(void);

static int wrong;
static void check(int holds, const char *what) {
  if (!holds)
    printf("%s\n", what);
  wrong |= !holds;
}

/* A C library with events. */
static struct {
  void (*function)(int, void *);
  void *data;
  void (*destroy)(void *);
} handler;
void on_event(void (*function)(int, void *), void *data, void (*destroy)(void *)) {
  handler.function = function;
  handler.data = data;
  handler.destroy = destroy;
}

/* An event loop that is the service; it is compiled, not run. */
static void handle_events(void) {}
void loop(int display);
void loop(int display) {
#include "service.c"
}

static int lost;
static double used;
static void use(double result) { used = result; }
static void on_hangup(int number) {
  (void)number;
  hung_up();
}
static void call_later(void) {
#include "later.c"
}

static void statistics(void) {
#include "stats.c"
  check(stats.handles == 0, "handles are alive");
  check(stats.calls > 0, "no calls are counted");
}

int main(void) {
  check(callseq_init() == CALLSEQ_OK, "init");
  handler.function(3, handler.data);
  handler.function(4, handler.data);
  handler.destroy(handler.data);
  check(sum_of_events() == 7, "closures");
  count_slowly();
  check(counted() == 4, "three ways to count, and one more");
  call_later();
  check(callseq_flush(CALLSEQ_FOREVER) == CALLSEQ_OK && logged() == 1 && lost == 0, "a post");
  check(used == 6, "a future");
  raise(SIGHUP);
  while (!reloaded())
    sched_yield();
  check(apply_rule(4) == 8, "a rule");
  check(callseq_eval("(set-rule! (lambda (n) (* 100 n)))", NULL) == CALLSEQ_OK, "an evaluation");
  check(apply_rule(4) == 400, "the new rule");
  statistics();
  return wrong;
}
