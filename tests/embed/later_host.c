/* Posts, futures, notifications: executed once each, in order, by whoever comes or by the service;
 * what goes wrong is told where it should be; what never begins is dropped once. */
#include "../support.h"
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

int sum_seen(void), count_seen(void), in_order(void), first_seen(void), last_seen(void);
int strings_are(const char *), post_was_on(size_t), post_from_inside(int), wait_in_callback(void);
int times_notified(void);
void forget_seen(void), leave_process(int), define_late(void), set_gate(int), hold(void);

int post_number(int), post_nothing(void), post_failing(int), post_late(void), post_thread(void);
int post_strings(char *, char *, char **, char *);
int post_many(double, double, double, double, double, double, double, double, double, double,
              double, double, double, double, double, double, int, float);
int post_sleeping(int, int), post_reading(int, int), post_blocking(int, int);
int post_waiting_failing(int);
callseq_future *add_later(int, int), *halve_later(double), *join_later(char *, char *);
callseq_future *give_later(char *), *void_later(int), *fail_later(char *), *bad_later(void);
callseq_future *wait_later(int), *pointer_later(void *);
int add_later_result(callseq_future *, int *), halve_later_result(callseq_future *, double *);
int join_later_result(callseq_future *, char **), give_later_result(callseq_future *, char **);
int void_later_result(callseq_future *), fail_later_result(callseq_future *, int *);
int bad_later_result(callseq_future *, int *), wait_later_result(callseq_future *, int *);
callseq_handle *make_counter(int);
int post_count(callseq_handle *);
callseq_future *handle_later(callseq_handle *);
int handle_later_result(callseq_future *, callseq_handle **);
int pointer_later_result(callseq_future *, void **);
void notice(void), slow_notice(void), failing_notice(void);

/* ---- on_error ---- */

static _Atomic(int) errors, last_error_status;
static char last_error_message[200];
static _Atomic(size_t) error_thread;
static _Atomic(bool) error_inside;

static void note_error(void *data, int status, const char *message) {
  (void)data;
  snprintf(last_error_message, sizeof last_error_message, "%s", message);
  error_thread = (size_t)pthread_self();
  error_inside = callseq_inside();
  last_error_status = status;
  errors++;
}

static int set_up(unsigned post_limit, unsigned batch_limit) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = note_error;
  config.post_limit = post_limit;
  config.batch_limit = batch_limit;
  return callseq_init_with(&config);
}

static void flush(void) { is_int(callseq_flush(CALLSEQ_FOREVER), CALLSEQ_OK, "flush"); }

/* ---- A thread that keeps the runtime ---- */

static sem_t kept, enough;
static pthread_t keeper;

void wait_for_host(void);
void wait_for_host(void) {
  sem_post(&kept);
  while (sem_wait(&enough)) {
  }
}

static void *keep(void *unused) {
  (void)unused;
  hold();
  return NULL;
}

static void keep_runtime(void) {
  pthread_create(&keeper, NULL, keep, NULL);
  sem_wait(&kept);
}

static void let_go(void) {
  sem_post(&enough);
  pthread_join(keeper, NULL);
}

/* ---- From inside; called while the code is loaded, too ---- */

static _Atomic(int) ran, dropped_count;
static _Atomic(bool) ran_inside;

static void run(void *n) {
  ran_inside = callseq_inside();
  ran += (int)(intptr_t)n;
}
static void drop(void *n) { dropped_count += (int)(intptr_t)n; }

int later_from_inside(int);
int later_from_inside(int n) { return post_number(n); }

static callseq_future *asked;
static int asked_wait, asked_poll, asked_flush, asked_result;
int wait_inside(void);
int wait_inside(void) {
  asked_poll = callseq_future_wait(asked, 0);
  asked_wait = callseq_future_wait(asked, 100);
  asked_flush = callseq_flush(100);
  int n = 0;
  asked_result = add_later_result(asked, &n);
  return n;
}

/* ---- Posts ---- */

enum { MANY = 3000, LIMIT = 100 };

static void posts(void) {
  flush();
  is_int(sum_seen(), 1000, "what the code posted while it was loaded is executed");
  forget_seen();
  int posted = 0;
  for (int i = 0; i < MANY; i++) {
    int status;
    while ((status = post_number(i)) == CALLSEQ_FULL)
      sched_yield();
    posted += status == CALLSEQ_OK;
  }
  flush();
  is_int(posted, MANY, "%d are posted", MANY);
  is_int(count_seen(), MANY, "each is executed");
  ok(in_order(), "in order");
  forget_seen();
  is_int(post_nothing(), CALLSEQ_OK, "one without arguments");
  is_int(post_many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18), CALLSEQ_OK,
         "one with many");
  flush();
  is_int(sum_seen(), 1 + 171, "are executed");
  char a[] = "a", c1[] = "c", c2[] = "d", d[] = "e";
  char *list[] = {c1, c2, NULL};
  is_int(post_strings(a, strdup("b"), list, d), CALLSEQ_OK, "one with strings");
  memset(a, 'x', 1), memset(c1, 'x', 1), memset(c2, 'x', 1), memset(d, 'x', 1);
  flush();
  ok(strings_are("abcde"), "they are copied");
  is_int(post_strings(NULL, strdup("b"), list, d), CALLSEQ_OK, "NULL");
  flush();
  ok(strings_are("#fbxxx"), "stays #f");
  forget_seen();
  is_int(post_late(), CALLSEQ_CLOSED, "a callback whose definition has not run: closed");
  define_late();
  is_int(post_late(), CALLSEQ_OK, "then it is open");
  flush();
  is_int(sum_seen(), 7, "and executed");
  forget_seen();
  is_int(post_from_inside(5), CALLSEQ_OK, "from inside");
  flush();
  is_int(sum_seen(), 5, "as well");
  forget_seen();
}

static void limit(void) {
  keep_runtime();
  int taken = 0, last = CALLSEQ_OK;
  while ((last = post_number(taken)) == CALLSEQ_OK)
    taken++;
  is_int(taken, LIMIT, "as many as post_limit are taken while the runtime is kept");
  is_int(last, CALLSEQ_FULL, "the next one is refused");
  is_int(callseq_last_status(), CALLSEQ_OK, "that is no failed call");
  char *text = strdup("given"), none[] = "";
  char *list[] = {NULL};
  is_int(post_strings(none, text, list, none), CALLSEQ_FULL, "one with strings too");
  is_int(callseq_post(run, NULL, drop), CALLSEQ_FULL, "and callseq_post");
  ok(!add_later(1, 2) && callseq_last_status() == CALLSEQ_FULL, "and a future");
  ok(strstr(callseq_last_error(), "add_later"), "whose message names the callback: %s",
     callseq_last_error());
  callseq_clear_error();
  is_int(callseq_flush(1), CALLSEQ_TIMEDOUT, "to flush takes longer than that");
  let_go();
  flush();
  is_int(count_seen(), LIMIT, "each that was taken is executed");
  ok(in_order() && first_seen() == 0 && last_seen() == LIMIT - 1, "in order");
  forget_seen();
}

static void keep_later(void *unused) {
  (void)unused;
  wait_for_host();
}

static void told_at_once(void) {
  errors = 0;
  keep_runtime();
  is_int(post_failing(1), CALLSEQ_OK, "a post that fails");
  is_int(callseq_post(keep_later, NULL, NULL), CALLSEQ_OK, "and one that keeps the runtime");
  let_go();
  sem_wait(&kept);
  while (!errors)
    sched_yield();
  ok(true, "the first one's error is told while the second one runs");
  is_int(post_failing(1), CALLSEQ_OK, "another");
  sem_post(&enough);
  flush();
  is_int(errors, 2, "later");
  forget_seen();
}

static void errors_of_posts(void) {
  errors = 0;
  is_int(post_failing(3), CALLSEQ_OK, "a post whose body raises");
  flush();
  is_int(errors, 1, "on_error is told before a flush ends");
  is_int(last_error_status, CALLSEQ_ERROR, "the status");
  ok(strstr(last_error_message, "post_failing") && strstr(last_error_message, "posted"),
     "and the message: %s", last_error_message);
  ok(error_thread != (size_t)pthread_self() && !error_inside, "by the service, outside");
  is_int(callseq_last_status(), CALLSEQ_OK, "the thread's own last error does not change");
  for (int i = 0; i < 50; i++)
    post_failing(i);
  flush();
  is_int(errors, 51, "of each");
  is_int(count_seen(), 51, "which is executed");
  forget_seen();
  ran = 0;
  is_int(callseq_post(run, (void *)4, drop), CALLSEQ_OK, "callseq_post");
  flush();
  ok(ran == 4 && ran_inside && !dropped_count, "runs inside");
  is_int(callseq_post(NULL, NULL, drop), CALLSEQ_INVALID, "of NULL is invalid");
  callseq_clear_error();
}

static void waiting_posts(void) {
  int first[2], second[2];
  if (pipe(first) || pipe(second))
    abort();
  post_reading(0, first[0]);
  post_reading(1, second[0]);
  post_sleeping(1, 20);
  post_number(1);
  while (count_seen() < 1)
    sched_yield();
  ok(true, "a post that waits does not delay the next");
  is_int(callseq_flush(1), CALLSEQ_TIMEDOUT, "to flush is to wait for it");
  while (count_seen() < 2)
    sched_yield();
  ok(true, "one that sleeps goes on");
  is_int(write(second[1], "\7", 1), 1, "for a descriptor too");
  while (count_seen() < 3)
    sched_yield();
  is_int(last_seen(), 8, "the latter may be first");
  is_int(write(first[1], "\3", 1), 1, "and the other");
  flush();
  is_int(last_seen(), 3, "goes on");
  forget_seen();
  post_blocking(1, first[0]);
  post_number(5);
  while (count_seen() < 1)
    sched_yield();
  is_int(last_seen(), 5, "nor does one in a blocking C function");
  is_int(write(first[1], "\3", 1), 1, "which");
  flush();
  is_int(last_seen(), 4, "goes on");
  forget_seen();
  errors = 0;
  post_waiting_failing(first[0]);
  while (callseq_flush(0) == CALLSEQ_OK || count_seen() < 0)
    sched_yield();
  is_int(write(first[1], "\3", 1), 1, "one fails");
  flush();
  is_int(errors, 1, "after its wait");
  for (int i = 0; i < 20; i++)
    post_sleeping(i, 20 - i);
  flush();
  is_int(count_seen(), 20, "many sleep at once");
  forget_seen();
  for (int i = 0; i < 2; i++)
    close(first[i]), close(second[i]);
}

/* ---- Futures ---- */

static sem_t then_ran;
static _Atomic(int) thens, then_status;
static _Atomic(bool) then_inside;
static _Atomic(size_t) then_thread;

static void then(void *data, int status) {
  thens += (int)(intptr_t)data;
  then_status = status;
  then_inside = callseq_inside();
  then_thread = (size_t)pthread_self();
  sem_post(&then_ran);
}

static int flushed_then;

static void flush_then(void *data, int status) {
  flushed_then = callseq_flush(100);
  then(data, status);
}

static void await_then(void) {
  while (sem_wait(&then_ran)) {
  }
}

static void futures(void) {
  int n = 0;
  is_int(add_later_result(add_later(2, 3), &n), CALLSEQ_OK, "a future's call");
  is_int(n, 5, "has a result");
  double d = 0;
  is_int(halve_later_result(halve_later(5), &d), CALLSEQ_OK, "a real number");
  ok(d == 2.5, "too");
  char *text = NULL, left[] = "left", right[] = "right";
  callseq_future *f = join_later(left, right);
  left[0] = right[0] = 'x';
  is_int(join_later_result(f, &text), CALLSEQ_OK, "a string");
  is_str(text, "leftright", "belongs to the thread that asked");
  is_int(join_later_result(join_later(left, right), NULL), CALLSEQ_OK, "or to nobody");
  is_int(give_later_result(give_later(left), &text), CALLSEQ_OK, "a string to free");
  is_str(text, "xeft!", "is the caller's");
  free(text);
  callseq_future_release(give_later(left));
  callseq_future_release(NULL);
  void *p = NULL;
  is_int(pointer_later_result(pointer_later(&n), &p), CALLSEQ_OK, "a pointer");
  ok(p == &n, "too");
  is_int(void_later_result(void_later(9)), CALLSEQ_OK, "void");
  is_int(last_seen(), 9, "as well");
  n = 77;
  is_int(fail_later_result(fail_later("oh dear"), &n), CALLSEQ_ERROR, "one that raises");
  ok(n == 77 && strstr(callseq_last_error(), "oh dear") && callseq_last_trace(),
     "has a message, for the thread that asks: %s", callseq_last_error());
  callseq_clear_error();
  errors = 0;
  is_int(bad_later_result(bad_later(), &n), CALLSEQ_ERROR, "one with a result of another type");
  ok(strstr(callseq_last_error(), "bad_later"), "too: %s", callseq_last_error());
  callseq_clear_error();
  callseq_future_release(fail_later("nobody asks"));
  flush();
  is_int(errors, 0, "on_error is not told");
  is_int(add_later_result(NULL, &n), CALLSEQ_INVALID, "NULL is no future");
  f = void_later(1);
  is_int(add_later_result(f, &n), CALLSEQ_INVALID, "another callback's is none");
  ok(strstr(callseq_last_error(), "add_later_result"), "the message: %s", callseq_last_error());
  callseq_clear_error();
  is_int(callseq_future_wait(f, CALLSEQ_FOREVER), CALLSEQ_OK, "it can be waited for");
  is_int(callseq_future_wait(f, 0), CALLSEQ_OK, "again");
  is_int(callseq_future_cancel(f), CALLSEQ_BUSY, "not be cancelled then");
  callseq_future_release(f);
  flush();
  forget_seen();
}

/* Is told of its future's end by the service, which it keeps. */
static void stay(void *data, int status) {
  (void)data, (void)status;
  wait_for_host();
  sem_post(&then_ran);
}

static void helping(void) {
  int n = 0;
  keep_runtime();
  callseq_future *f = add_later(1, 2);
  callseq_future_then(f, stay, NULL);
  let_go();
  sem_wait(&kept);
  ok(true, "the service is kept from its work");
  is_int(add_later_result(add_later(2, 3), &n), CALLSEQ_OK, "a thread that waits for a future");
  is_int(n, 5, "executes it");
  post_thread();
  flush();
  ok(post_was_on((size_t)pthread_self()), "one that flushes executes what is posted");
  struct callseq_stats before, after;
  callseq_stats(&before);
  callseq_future *own = add_later(3, 4);
  post_number(42);
  is_int(callseq_future_wait(own, 1), CALLSEQ_TIMEDOUT, "not one that waits for a time");
  is_int(add_later_result(own, &n), CALLSEQ_OK, "and one that waits for ever");
  callseq_stats(&after);
  is_int((intmax_t)(after.executed_later - before.executed_later), 1, "executes no more than that");
  sem_post(&enough);
  await_then();
  flush();
  is_int(last_seen(), 42, "others do");
  is_int(add_later_result(f, NULL), CALLSEQ_OK, "the first one's result");
  forget_seen();
}

static void cancelled(void) {
  keep_runtime();
  callseq_future *f[LIMIT];
  int n = 0;
  for (int i = 0; i < LIMIT; i++)
    f[i] = void_later(i);
  is_int(callseq_future_wait(f[5], 0), CALLSEQ_TIMEDOUT, "one has not begun");
  is_int(callseq_future_wait(f[5], 2), CALLSEQ_TIMEDOUT, "nor a little later");
  ok(!add_later(1, 1), "the queue is full");
  callseq_clear_error();
  is_int(callseq_future_then(f[5], then, (void *)1), CALLSEQ_OK, "one with a function");
  is_int(callseq_future_then(f[5], then, (void *)1), CALLSEQ_INVALID, "and no other");
  callseq_clear_error();
  is_int(callseq_future_cancel(f[5]), CALLSEQ_OK, "is cancelled");
  is_int(callseq_future_cancel(f[5]), CALLSEQ_OK, "again");
  is_int(void_later_result(f[5]), CALLSEQ_CANCELLED, "its status");
  ok(strstr(callseq_last_error(), "void_later"), "and message: %s", callseq_last_error());
  callseq_clear_error();
  callseq_future *other = add_later(3, 4);
  ok(other, "its place is free");
  ok(!add_later(3, 4), "for one");
  callseq_clear_error();
  for (int i = 0; i < 5000; i++) {
    n += callseq_future_cancel(other) == CALLSEQ_OK;
    callseq_future_release(other);
    other = add_later(i, i);
  }
  ok(n == 5000 && other, "as often as one likes");
  for (int i = 0; i < LIMIT; i++)
    if (i != 5)
      callseq_future_release(f[i]);
  await_then();
  ok(thens == 1 && then_status == CALLSEQ_CANCELLED,
     "the function of the one cancelled has run, though the runtime is kept");
  let_go();
  is_int(add_later_result(other, &n), CALLSEQ_OK, "the last one");
  is_int(n, 9998, "is executed");
  flush();
  is_int(count_seen(), LIMIT - 1, "as are those that were released");
  ok(in_order(), "in order");
  forget_seen();
  thens = 0;
  other = add_later(1, 2);
  callseq_future_wait(other, CALLSEQ_FOREVER);
  callseq_future_then(other, then, (void *)10);
  ok(thens == 10 && then_status == CALLSEQ_OK, "a function for one that has ended runs at once");
  callseq_future_release(other);
  await_then();
  other = fail_later("then");
  callseq_future_then(other, then, (void *)10);
  callseq_future_release(other);
  await_then();
  ok(thens == 20 && then_status == CALLSEQ_ERROR && !then_inside, "or later, outside");
  keep_runtime();
  other = add_later(1, 2);
  callseq_future_then(other, flush_then, NULL);
  callseq_future_release(other);
  let_go();
  await_then();
  is_int(flushed_then, CALLSEQ_WOULD_DEADLOCK, "it is told that it cannot wait for more");
}

static void futures_inside(void) {
  int fds[2], n;
  if (pipe(fds))
    abort();
  asked = add_later(30, 12);
  callseq_future_wait(asked, CALLSEQ_FOREVER);
  is_int(wait_in_callback(), 42, "inside, a future that has ended has a result");
  ok(asked_poll == CALLSEQ_OK && asked_wait == CALLSEQ_OK && asked_result == CALLSEQ_OK,
     "and a status");
  is_int(asked_flush, CALLSEQ_WOULD_DEADLOCK, "to flush there would be to wait for ever");
  callseq_clear_error();
  asked = add_later(1, 1);
  callseq_future *first = asked;
  callseq_future_wait(first, CALLSEQ_FOREVER);
  callseq_future_release(first);
  keep_runtime();
  asked = wait_later(fds[0]);
  let_go();
  while (callseq_future_cancel(asked) == CALLSEQ_OK) { /* it begins */
    callseq_future_release(asked);
    asked = wait_later(fds[0]);
    usleep(1000);
  }
  wait_in_callback();
  ok(asked_poll == CALLSEQ_TIMEDOUT && asked_wait == CALLSEQ_WOULD_DEADLOCK,
     "one that has not ended would not: %d %d", asked_poll, asked_wait);
  callseq_clear_error();
  is_int(write(fds[1], "\x21", 1), 1, "one that waits for a descriptor");
  is_int(wait_later_result(asked, &n), CALLSEQ_OK, "goes on");
  is_int(n, 0x21, "and has its result");
  close(fds[0]), close(fds[1]);
}

static void handles(void) {
  struct callseq_stats before, after;
  callseq_handle *doubled = NULL, *counter;
  flush();
  callseq_stats(&before);
  counter = make_counter(40);
  post_count(counter);
  callseq_future *f = handle_later(counter);
  callseq_future_release(handle_later(counter));
  callseq_handle_release(counter);
  flush();
  is_int(last_seen(), 41, "a handle that is released after a post lives until that is executed");
  is_int(handle_later_result(f, &doubled), CALLSEQ_OK, "a handle as a result");
  post_count(doubled);
  callseq_handle_release(doubled);
  flush();
  is_int(last_seen(), 84, "is new");
  callseq_stats(&after);
  is_int((intmax_t)after.handles, (intmax_t)before.handles, "none is left");
  forget_seen();
}

static void released_handles(void) {
  static const char told[] = "argument `counter' is a handle that has been released";
  struct callseq_stats before, after;
  callseq_handle *doubled = NULL, *counter = make_counter(0);
  flush();
  errors = 0;
  callseq_handle_release(counter);
  callseq_stats(&before);
  is_int(post_count(counter), CALLSEQ_OK, "a post with a handle that has been released");
  flush();
  is_int(errors, 1, "fails");
  ok(strstr(last_error_message, told) != NULL, "as any call would: %s", last_error_message);
  is_int(count_seen(), 0, "its body has not run");
  is_int(handle_later_result(handle_later(counter), &doubled), CALLSEQ_ERROR, "so does a future");
  ok(!doubled && strstr(callseq_last_error(), told), "whose result tells: %s",
     callseq_last_error());
  callseq_clear_error();
  callseq_future_release(handle_later(counter));
  flush();
  callseq_stats(&after);
  is_int((intmax_t)after.handles, (intmax_t)before.handles, "and nothing is released twice");
  errors = 0;
}

/* ---- Notifications ---- */

static void on_signal(int number) {
  (void)number;
  notice();
}

static int await_notified(int times) {
  while (times_notified() < times)
    sched_yield();
  return times_notified();
}

static void notifications(void) {
  notice();
  is_int(await_notified(1), 1, "a notification runs its callback");
  keep_runtime();
  for (int i = 0; i < 1000; i++)
    notice();
  let_go();
  is_int(await_notified(2), 2, "a thousand that came before it begins run it once");
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  is_int(await_notified(3), 3, "from a signal handler");
  int fds[2];
  if (pipe(fds))
    abort();
  set_gate(fds[0]);
  slow_notice();
  for (int i = 0; i < 100; i++) {
    slow_notice();
    add_later_result(add_later(1, 1), NULL);
  }
  is_int(write(fds[1], "x", 1), 1, "one that waits");
  is_int(await_notified(4), 4, "is not run twice at once");
  is_int(write(fds[1], "x", 1), 1, "but once more");
  is_int(await_notified(5), 5, "for what has come meanwhile");
  errors = 0;
  failing_notice();
  while (!errors)
    sched_yield();
  ok(strstr(last_error_message, "noticed"), "its errors are told: %s", last_error_message);
  flush();
  close(fds[0]), close(fds[1]);
}

/* ---- Many threads ---- */

static _Atomic(int) accepted, refused;

static void post_by_chance(int index) {
  uint32_t state = (uint32_t)index + 1;
  for (int i = 0; i < often(2000); i++) {
    uint32_t x = chance(&state) % 8;
    int status = CALLSEQ_OK;
    if (x == 0)
      add_later_result(add_later(i, index), NULL);
    else if (x == 1)
      status = callseq_post(run, (void *)1, drop);
    else if (x == 2)
      sum_seen();
    else if (x == 3)
      notice();
    else
      status = post_nothing();
    if (x == 1 || x > 3)
      *(status ? &refused : &accepted) += 1;
    callseq_clear_error();
  }
}

static void many_threads(void) {
  forget_seen();
  ran = 0;
  crew(6, post_by_chance);
  flush();
  is_int(count_seen() + ran, accepted,
         "of many threads' posts all %d are executed, %d were refused", (int)accepted,
         (int)refused);
  forget_seen();
}

static void statistics(void) {
  struct callseq_stats s;
  callseq_stats(&s);
  ok(s.posted > MANY && s.executed_later + s.cancelled == s.posted,
     "%ju posted, %ju executed, %ju cancelled", (uintmax_t)s.posted, (uintmax_t)s.executed_later,
     (uintmax_t)s.cancelled);
  ok(s.refused > 4 && !s.dropped && s.longest_queued_ns > 1000000, "%ju refused, at most %ju ns",
     (uintmax_t)s.refused, (uintmax_t)s.longest_queued_ns);
}

/* ---- In processes of their own ---- */

static int before_init(void) {
  notice();
  int n;
  return !(post_number(1) == CALLSEQ_CLOSED && callseq_post(run, NULL, drop) == CALLSEQ_CLOSED &&
           !add_later(1, 2) && callseq_last_status() == CALLSEQ_CLOSED &&
           callseq_flush(CALLSEQ_FOREVER) == CALLSEQ_OK &&
           add_later_result(NULL, &n) == CALLSEQ_INVALID);
}

static int batch_none(void) {
  set_up(LIMIT, CALLSEQ_BATCH_NONE);
  int result = 0;
  for (int i = 0; i < 200; i++) {
    post_thread();
    callseq_flush(CALLSEQ_FOREVER);
    result |= post_was_on((size_t)pthread_self());
  }
  keep_runtime();
  post_thread();
  let_go();
  callseq_flush(CALLSEQ_FOREVER);
  return result | post_was_on((size_t)keeper);
}

/* Where the host is the service, a thread that waits serves. */
static int host_serves(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.service = CALLSEQ_SERVICE_HOST;
  config.on_error = note_error;
  int n = 0;
  if (callseq_init_with(&config))
    return 1;
  for (int i = 0; i < 500; i++)
    if (post_number(i))
      return 2;
  if (callseq_flush(CALLSEQ_FOREVER) || count_seen() != 501)
    return 3;
  if (add_later_result(add_later(2, 3), &n) || n != 5)
    return 4;
  post_thread();
  post_sleeping(1, 5);
  post_failing(2);
  if (callseq_flush(CALLSEQ_FOREVER) || !post_was_on((size_t)pthread_self()))
    return 5;
  if (errors != 1 || error_thread != (size_t)pthread_self() || callseq_last_status())
    return 6;
  notice();
  while (callseq_serve(0) == CALLSEQ_OK) {
  }
  return times_notified() == 1 ? 0 : 7;
}

static void say_dropped(void *what) {
  printf("dropped %s\n", (const char *)what);
  fflush(stdout);
}
static void say_run(void *what) { printf("run %s\n", (const char *)what), fflush(stdout); }

static void *leave_later(void *unused) {
  (void)unused;
  leave_process(3);
  return NULL;
}

static int exits(void) {
  set_up(LIMIT, CALLSEQ_BATCH_NONE);
  pthread_t leaver;
  callseq_flush(CALLSEQ_FOREVER);
  pthread_create(&leaver, NULL, leave_later, NULL);
  sem_wait(&kept);
  callseq_post(say_run, "one", say_dropped);
  callseq_post(say_run, "two", NULL);
  callseq_post(say_run, "three", say_dropped);
  sem_post(&enough);
  pthread_join(leaver, NULL);
  return 9;
}

static int forks(void) {
  set_up(LIMIT, 0);
  int fds[2], result = 0;
  if (pipe(fds))
    abort();
  callseq_future *suspended = wait_later(fds[0]);
  callseq_post(run, (void *)1, NULL);
  while (ran < 1)
    sched_yield();
  if (callseq_future_cancel(suspended) == CALLSEQ_OK)
    return 5;
  keep_runtime();
  callseq_future *queued = add_later(1, 2);
  callseq_post(run, (void *)10, drop);
  notice();
  sem_post(&enough); /* fork waits for the runtime */
  pid_t child = fork();
  if (child == 0) {
    int n, mine = ran;
    if (wait_later_result(suspended, &n) != CALLSEQ_FORKED)
      _exit(11);
    int status = add_later_result(queued, &n);
    if (status != CALLSEQ_FORKED && status != CALLSEQ_OK)
      _exit(12);
    if (add_later_result(add_later(2, 3), &n) != CALLSEQ_OK || n != 5)
      _exit(13);
    callseq_post(run, (void *)100, drop);
    if (callseq_flush(CALLSEQ_FOREVER) != CALLSEQ_OK || ran != mine + 100 || dropped_count)
      _exit(14);
    int before = times_notified();
    notice();
    while (times_notified() == before)
      sched_yield();
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  result |= WIFEXITED(status) ? WEXITSTATUS(status) : 99;
  pthread_join(keeper, NULL);
  int n;
  if (add_later_result(queued, &n) != CALLSEQ_OK || n != 3)
    return 21;
  if (write(fds[1], "\5", 1) != 1 || wait_later_result(suspended, &n) != CALLSEQ_OK || n != 5)
    return 22;
  callseq_flush(CALLSEQ_FOREVER);
  return ran == 11 ? result : 23;
}

int main(void) {
  sem_init(&kept, 0, 0), sem_init(&enough, 0, 0), sem_init(&then_ran, 0, 0);
  struct outcome o = in_child(before_init);
  is_int(o.code, 0, "before init all are closed: %s", o.err);
  o = in_child(batch_none);
  is_int(o.code, 0, "with CALLSEQ_BATCH_NONE the service executes them: %s", o.err);
  o = in_child(host_serves);
  is_int(o.code, 0, "the host's thread executes them, if it is the service: %s", o.err);
  o = in_child(exits);
  is_int(o.code, 3, "exit: %s", o.err);
  is_str(o.out, "dropped one\ndropped three\n", "what has not begun then is dropped, once");
  o = in_child(forks);
  is_int(o.code, 0, "in a forked child what the parent has queued is the parent's: %s", o.err);
  is_int(set_up(LIMIT, 0), CALLSEQ_OK, "init");
  posts();
  limit();
  errors_of_posts();
  told_at_once();
  waiting_posts();
  futures();
  helping();
  cancelled();
  futures_inside();
  handles();
  released_handles();
  notifications();
  many_threads();
  statistics();
  return done();
}
