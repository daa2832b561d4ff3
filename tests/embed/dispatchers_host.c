/* Dispatchers of callseq-cncb: values, order, one body at a time, a full queue, errors, calls from
 * under a body, ends, fork, cancellation.
 */
#include "../support.h"
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

int square(int), in_default(void), in_quoted(void), same_dispatcher(void);
char *greet(char *, double);
void nothing(void);
void step(int, int);
int steps(int), count(int), counted(void);
void let_go(int);
int hold(int);
void hold_later(void), fill(void);
int filled(void), has_waited(void);
void wait_in_c(void);
int fail_now(int), bad_value(void), keep(int), reenter(int);
void fail_later(int);
int nest(int), nest_other(int), inner(int), nest_failing(int), inner_fails(int);
int end_caller(int), alive(void), compute(int);
void note_caller(void);
void finish(void), late(int), prepare_end(void), kill_it(void), own_end(void);
int too_late(void), all_ended(void), victim(int), victim_runs(void), holds(void);

/* Under Scheme. */
int enter_same(int), enter_other(int), enter_failing(int);
void wait_for_host(void);
int enter_same(int n) {
  fill();
  return square(n);
}
int enter_other(int n) { return inner(n); }
int enter_failing(int n) { return inner_fails(n); }

static atomic_int wrong_sums;
static sem_t returned;
void wait_for_host(void) { sem_wait(&returned); }

static sem_t told;
static char complaint[256];
static void hear(void *data, int status, const char *message) {
  (void)data;
  if (strstr(message, "later")) {
    snprintf(complaint, sizeof complaint, "%d %s", status, message);
    sem_post(&told);
  }
}

enum { THREADS = 8, STEPS = 1500, COUNTS = 25 };

static void step_on(int thread) {
  int right = 0;
  for (int i = 0; i < STEPS; i++) {
    step(thread, i);
    if (i % 100 == 99)
      right += steps(thread) == i + 1;
  }
  is_int(right, STEPS / 100, "thread %d: its steps in order, none is lost", thread);
}

static void count_on(int thread) {
  int right = 0;
  for (int i = 0; i < COUNTS; i++)
    right += count(1000 * thread + i) == 1000 * thread + i;
  is_int(right, COUNTS, "thread %d: results are its own", thread);
}

static void square_on(int thread) {
  int right = 0;
  for (int i = 0; i < 500; i++)
    right += square(thread + i) == (thread + i) * (thread + i);
  is_int(right, 500, "thread %d: hammering", thread);
}

static atomic_int filling;
static void *fill_up(void *unused) {
  for (int i = 0; i < 1500; i++) {
    fill();
    atomic_fetch_add_explicit(&filling, 1, memory_order_relaxed);
  }
  return unused;
}

static int filled_up_to(void) { return atomic_load_explicit(&filling, memory_order_relaxed); }

static void full_queue(void) {
  pthread_t thread;
  let_go(0);
  hold_later(); /* it is in the queue itself, or runs */
  pthread_create(&thread, NULL, fill_up, NULL);
  while (filled_up_to() < 1023)
    sched_yield();
  is_int(square(3), 9, "other dispatchers go on beside one that waits");
  ok(filled_up_to() <= 1024, "a full queue is waited for: %d", filled_up_to());
  let_go(1);
  pthread_join(thread, NULL);
  is_int(filled(), 1500, "nothing is dropped");
}

static void fails(const char *what, int value, const char *message) {
  is_int(value, 0, "%s gives nothing", what);
  failed(what, message);
}

static void errors(void) {
  sem_init(&told, 0, 0);
  callseq_clear_error();
  fails("fail_now", fail_now(7), "failed now: 7");
  fails("bad_value", bad_value(), "none");
  for (int i = 0; i < 3; i++) {
    fail_later(i);
    sem_wait(&told);
    char want[32];
    snprintf(want, sizeof want, "failed later: %d", i);
    ok(strstr(complaint, "1 fail_later") && strstr(complaint, want), "on_error is told: %s",
       complaint);
  }
  is_int(callseq_last_status(), CALLSEQ_OK, "which is no error of this thread");
  is_int(keep(4), 4, "a body keeps a continuation");
  fails("reenter", reenter(5), "captured in another call");
  is_int(square(6), 36, "the dispatcher goes on");
}

static void *be_victim(void *told) {
  *(int *)told = victim(1) == 0 && callseq_last_status() == CALLSEQ_ERROR &&
                 strstr(callseq_last_error(), "has ended");
  return NULL;
}

static void ends(void) {
  pthread_t thread;
  int has_been_told = 0;
  prepare_end();
  for (int i = 0; i < 100; i++)
    late(i);
  finish();
  is_int(all_ended(), 100, "what a dispatcher has is executed before it ends");
  callseq_clear_error();
  fails("too_late", too_late(), "finisher has ended");
  late(1);
  failed("late", "finisher has ended");
  own_end();
  failed("own_end", "not a dispatcher");

  pthread_create(&thread, NULL, be_victim, &has_been_told);
  while (!victim_runs())
    sched_yield();
  kill_it();
  pthread_join(thread, NULL);
  ok(has_been_told, "whoever waits for a green thread that is terminated is told");
}

static void compute_on(int index) {
  for (int i = 0; i < 20; i++)
    wrong_sums += compute(15 + index) != (index == 0 ? 610 : index == 1 ? 987 : 1597);
}

/* What a call that has handed over to its dispatcher may come back to. */
static void hand_over(void) {
  crew(3, compute_on);
  is_int(wrong_sums, 0, "bodies that are preempted");
  is_int(nest_failing(5), 1, "a body whose C code calls another dispatcher, in which a body fails");
  failed("inner: 5");
  is_int(nest_other(5), 11, "both go on");
  int right = 0;
  for (int i = 0; i < 100; i++) {
    callseq_clear_error();
    note_caller();
    right += end_caller(1) == 0 && callseq_last_status() == CALLSEQ_ERROR &&
             strstr(callseq_last_error(), "terminated") && alive() == 1;
  }
  callseq_clear_error();
  is_int(right, 100, "a caller's green thread that its body terminates fails its call only");
}

static void *hold_it(void *unused) {
  hold(1);
  pthread_testcancel();
  return unused;
}

static int call_in_child(void) {
  let_go(1);
  return hold(7) == 7 && square(5) == 25 && filled() >= 0 ? 3 : 4;
}

static void forks(void) {
  pthread_t thread;
  let_go(0);
  pthread_create(&thread, NULL, hold_it, NULL);
  while (!holds())
    sched_yield();
  if (under("tsan"))
    ok(true, "a child of fork # SKIP ThreadSanitizer dies of it");
  else
    is_int(in_child(call_in_child).code, 3, "a child of fork begins with no calls");
  let_go(1);
  pthread_join(thread, NULL);
  is_int(hold(2), 2, "the parent goes on");
}

static void cancellation(void) {
  pthread_t thread;
  void *end;
  let_go(0);
  pthread_create(&thread, NULL, hold_it, NULL);
  while (!holds())
    sched_yield();
  pthread_cancel(thread);
  let_go(1);
  pthread_join(thread, &end);
  ok(end == PTHREAD_CANCELED, "a thread that waits may be cancelled");
  is_int(hold(3), 3, "its dispatcher goes on");
}

int main(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = hear;
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");

  is_int(square(12), 144, "an int");
  is_str(greet("one", 0.5), "one half", "a string");
  nothing();
  is_int(in_default(), 1, "a body runs in the green thread of its dispatcher");
  is_int(in_quoted(), 1, "also where the dispatcher's name is quoted");
  is_int(same_dispatcher(), 1, "a name is one dispatcher");

  crew(THREADS, square_on);
  crew(THREADS, step_on);
  crew(4, count_on);
  is_int(counted(), 4 * COUNTS, "a body that waits keeps the others of its dispatcher out");

  sem_init(&returned, 0, 0);
  wait_in_c();
  sem_post(&returned);
  is_int(has_waited(), 1, "an asynchronous call returns before its body has ended");

  full_queue();
  errors();
  is_int(nest(5), 26, "C under a body calls the same dispatcher");
  is_int(nest_other(5), 11, "and another one");
  hand_over();
  forks();
  cancellation();
  ends();
  return done();
}
