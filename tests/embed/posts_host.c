/* Posts are executed once each, in order, by whoever comes or by the service; what goes wrong is
 * told to on_error; what never begins is dropped once. */
#define _GNU_SOURCE
#include "../later.h"
#include <time.h>

int strings_are(const char *), post_from_inside(int);
void leave_process(int), define_late(void);
int post_late(void), post_strings(char *, char *, char **, char *);
int post_many(double, double, double, double, double, double, double, double, double, double,
              double, double, double, double, double, double, int, float);
int post_kind(int, int), count_unclean(void), twice(int);
int post_reading(int, int), post_blocking(int, int), post_waiting_failing(int);

/* Under Scheme; while the code is loaded, too. */
int later_from_inside(int);
int later_from_inside(int n) { return post_number(n); }

/* The same, for a nested call. */
int call_from_inside(int);
int call_from_inside(int n) { return twice(n); }

enum { MANY = 3000 };

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
  struct callseq_stats s;
  callseq_stats(&s);
  ok(s.longest_queued_ns > 1000000, "which takes no longer than %ju ns",
     (uintmax_t)s.longest_queued_ns);
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

/* Posts of all kinds that are executed one after the other, each as if it were alone. */
static void mixed_posts(void) {
  enum { ROUNDS = 40, KINDS = 16 }; /* from 8 on nothing is done */
  uint32_t seed = (uint32_t)time(NULL) | 1, state = seed;
  int kinds[KINDS] = {0}, begun = 0, ordered = 0, posted = 0;
  char text[] = "text", *list[] = {text, NULL};
  errors = 0;
  for (int round = 0; round < ROUNDS; round++) {
    keep_runtime();
    for (int n = 0; n < LIMIT - 1; n++) {
      int kind = (int)(chance(&state) % KINDS);
      if (kind == 15) {
        posted += post_strings(text, strdup(text), list, text) == CALLSEQ_OK;
      } else {
        posted += post_kind(n, kind) == CALLSEQ_OK;
        kinds[kind]++;
      }
    }
    let_go();
    callseq_flush(CALLSEQ_FOREVER);
    begun += count_seen();
    ordered += in_order();
    forget_seen();
  }
  is_int(posted, ROUNDS * (LIMIT - 1), "posts of many kinds, by chance (seed %u)", (unsigned)seed);
  int of_kind = 0;
  for (int kind = 0; kind < KINDS; kind++)
    of_kind += kinds[kind];
  is_int(begun, of_kind, "each is executed once");
  is_int(ordered, ROUNDS, "in order");
  is_int(errors, kinds[0], "errors are told of those that fail");
  is_int(count_unclean(), 0, "what one does to rounding, the mask or by a nested call is its own");
}

/* ---- In processes of their own ---- */

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

static void post_one_more(void *number) { callseq_post(run, number, NULL); }

/* By the host's loop, which does nothing here: who flushes executes what was posted before, and
 * nothing else. A call might execute it, so what has run is asked without. */
static int not_beyond(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.service = CALLSEQ_SERVICE_HOST;
  callseq_init_with(&config);
  post_number(1);
  callseq_post(post_one_more, (void *)3, NULL);
  flush();
  is_int(ran, 0, "what a post has posted is not executed by who flushes what was before");
  flush();
  is_int(ran, 3, "but the next time");
  callseq_future *future = add_later(1, 2);
  callseq_post(run, (void *)4, NULL);
  is_int(callseq_future_wait(future, CALLSEQ_FOREVER), CALLSEQ_OK, "a future");
  is_int(ran, 3, "nor what comes after a future");
  callseq_future_release(future);
  return done();
}

static pid_t forked = -1;
static void fork_process(void *unused) {
  (void)unused;
  forked = fork();
  if (forked == 0)
    alarm(10);
}

/* The child goes on in callseq_flush, where it has nothing to wait for, and can wait again. */
static int forks_in_flush(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.service = CALLSEQ_SERVICE_HOST;
  callseq_init_with(&config);
  post_number(1);
  callseq_post(fork_process, NULL, NULL);
  post_number(2);
  flush();
  if (forked == 0) {
    int before = count_seen();
    post_sleeping(3, 10);
    int status = callseq_flush(CALLSEQ_FOREVER);
    _exit(status || count_seen() != before + 1 || last_seen() != 3);
  }
  is_int(last_seen(), 2, "who flushes executes a post that forks, and goes on");
  is_int(code_of(forked), 0, "the child flushes its own posts only");
  return done();
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

/* Threads that wait for what is dropped by (exit) then: the process ends with its code, however
 * long that takes. */
static void *wait_for_all(void *unused) {
  callseq_flush(CALLSEQ_FOREVER);
  printf("flushed\n");
  _exit(8);
  return unused;
}

static void *wait_for_one(void *future) {
  callseq_future_wait(future, CALLSEQ_FOREVER);
  printf("waited\n");
  _exit(7);
  return NULL;
}

static void say_when_others_sleep(void *what) {
  await_sleep();
  printf("dropped %s\n", (const char *)what), fflush(stdout);
}

/* A stream that takes long to be written out. */
static ssize_t write_when_others_sleep(void *unused, const char *text, size_t size) {
  (void)unused, (void)text;
  say_when_others_sleep("nothing");
  return (ssize_t)size;
}

static int exits_while_awaited(void) {
  set_up(LIMIT, CALLSEQ_BATCH_NONE);
  pthread_t leaver, waiters[2];
  FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_when_others_sleep});
  fputs("text", stream);
  callseq_flush(CALLSEQ_FOREVER);
  pthread_create(&leaver, NULL, leave_later, NULL);
  sem_wait(&kept);
  pthread_create(&waiters[0], NULL, wait_for_one, add_later(1, 2));
  callseq_post(say_run, "one", say_when_others_sleep);
  pthread_create(&waiters[1], NULL, wait_for_all, NULL);
  await_sleep();
  sem_post(&enough);
  pthread_join(leaver, NULL);
  return 9;
}

int main(void) {
  struct outcome o = in_child(batch_none);
  is_int(o.code, 0, "with CALLSEQ_BATCH_NONE the service executes them: %s", o.err);
  o = in_child(not_beyond);
  is_int(o.code, 0, "who flushes stops there: %s", o.err);
  o = in_child(forks_in_flush);
  is_int(o.code, 0, "a fork by who flushes: %s", o.err);
  o = in_child(exits);
  is_int(o.code, 3, "exit: %s", o.err);
  is_str(o.out, "dropped one\ndropped three\n", "what has not begun then is dropped, once");
  o = in_child(exits_while_awaited);
  is_int(o.code, 3, "exit while threads wait for posts and futures: %s", o.err);
  is_str(o.out, "dropped one\ndropped nothing\n", "they go on waiting, as callers do");
  is_int(set_up(LIMIT, 0), CALLSEQ_OK, "init");
  posts();
  limit();
  errors_of_posts();
  told_at_once();
  waiting_posts();
  mixed_posts();
  counted(MANY, 4);
  return done();
}
