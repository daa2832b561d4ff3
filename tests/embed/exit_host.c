/* (exit n) in a callback ends the process with that code: on-exit thunks run, C's atexit functions
 * do not, and neither an error in a thunk nor a thread that is blocked in stdio stops it. */
#include "../support.h"
#include <semaphore.h>

int give_up_finalizer(void), jump_out_of_exit(int), leave_twice(int);
void finalize_leaving(int), finalize_interrupted(int), finalize_at_exit(int),
    finalize_interrupted_at_exit(int);
int leave(int), try_leave(int, int *), leave_externally(int), leave_nested(int), work(int);
void leave_plainly(void), add_thunk(const char *), add_failing_thunk(void), leave_in_c(int);
void leave_at_once(int);
void add_unprintable_thunk(void), add_leaving_thunk(void), own_exit_handler(void);
void wait_for_ever(void);

int nest(int);
int nest(int code) { return leave(code); }

static void at_exit(void) {
  static const char text[] = "atexit ran";
  if (write(STDOUT_FILENO, text, sizeof text - 1) < 0)
    abort();
}

static void start(void) {
  atexit(at_exit);
  callseq_init();
  add_thunk("bye ");
}

static int in_a_callback(void) {
  start();
  leave(3);
  return 99;
}

static int in_the_status_form(void) {
  start();
  try_leave(255, NULL);
  return 99;
}

static int without_a_code(void) {
  start();
  leave_plainly();
  return 99;
}

static int in_a_nested_call(void) {
  start();
  leave_nested(4);
  return 99;
}

static void leave_in_it(void *argument) { leave_externally(*(int *)argument); }

static int under_invoke(void) {
  start();
  int code = 5;
  callseq_invoke(leave_in_it, &code);
  return 99;
}

static int at_load(void) {
  setenv("LEAVE", "at load", 1);
  start();
  return 99;
}

static int with_a_failing_thunk(void) {
  start();
  add_failing_thunk();
  add_thunk("last ");
  leave(7);
  return 99;
}

static void work_or_leave(int index) {
  for (int i = 0; i < 1000000; i++)
    if (index == 3 && i == 1000)
      leave(8);
    else
      work(i % 50);
}

static int while_others_call(void) {
  start();
  crew(4, work_or_leave);
  return 99;
}

static int ends[2];
static sem_t reading;

/* Holds no lock meanwhile, for which C's own exit may wait. */
static void *read_without_stdio(void *argument) {
  char byte;
  sem_post(&reading);
  if (read(STDIN_FILENO, &byte, 1) > 0)
    abort();
  return argument;
}

static void *read_for_ever(void *argument) {
  (void)argument;
  flockfile(stdin);
  sem_post(&reading);
  (void)getchar(); /* nobody writes: it holds the lock of stdin until the process ends */
  return NULL;
}

static int block_a_reader(void) {
  pthread_t reader;
  if (pipe(ends) || dup2(ends[0], STDIN_FILENO) < 0)
    return 98;
  sem_init(&reading, 0, 0);
  pthread_create(&reader, NULL, read_for_ever, NULL);
  sem_wait(&reading);
  return 0;
}

static int with_a_blocked_reader(void) {
  int problem = block_a_reader();
  start();
  leave(9);
  return problem ? problem : 99;
}

static int at_once_with_a_blocked_reader(void) {
  int problem = block_a_reader();
  start();
  leave_at_once(18);
  return problem ? problem : 99;
}

/* ---- exit by the host ---- */

static sem_t inside;

/* Under Scheme. */
void sit(void), exit_in_c(int);
void sit(void) {
  sem_post(&inside);
  for (;;)
    pause();
}
void exit_in_c(int code) { exit(code); }

static void *sit_inside(void *argument) {
  wait_for_ever();
  return argument;
}

static void *wait_outside(void *argument) {
  sem_post(&reading);
  work(5);
  return argument;
}

/* One thread is inside for good, two wait for it, one reads from an empty pipe. */
static void keep_threads_busy(void) {
  pthread_t thread;
  if (pipe(ends) || dup2(ends[0], STDIN_FILENO) < 0)
    _exit(98);
  sem_init(&reading, 0, 0);
  sem_init(&inside, 0, 0);
  start();
  pthread_create(&thread, NULL, sit_inside, NULL);
  sem_wait(&inside);
  for (int i = 0; i < 3; i++) {
    pthread_create(&thread, NULL, i < 2 ? wait_outside : read_without_stdio, NULL);
    sem_wait(&reading);
  }
}

static int exit_of_host(void) {
  keep_threads_busy();
  exit(10);
}

static void *exit_in_thread(void *argument) {
  (void)argument;
  exit(11);
}

static int exit_of_thread(void) {
  pthread_t thread;
  keep_threads_busy();
  pthread_create(&thread, NULL, exit_in_thread, NULL);
  pthread_join(thread, NULL);
  return 99;
}

static void work_or_exit(int index) {
  for (int i = 0; i < 1000000; i++)
    if (index == 3 && i == 1000)
      exit(12);
    else
      work(i % 50);
}

static int exit_while_others_call(void) {
  start();
  crew(4, work_or_exit);
  return 99;
}

static int exit_under_scheme(void) {
  start();
  leave_in_c(13);
  return 99;
}

static void expect_exit(int (*scenario)(void), int code, const char *what) {
  struct outcome outcome = in_child(scenario);
  is_int(outcome.code, code, "exit by the host, %s: the code (signal %d)", what, outcome.signal);
  ok(strstr(outcome.out, "atexit ran"), "atexit functions run: %s", outcome.out);
  ok(!strstr(outcome.out, "bye"), "on-exit thunks do not");
}

/* ---- exit by Scheme ---- */

static int with_an_unprintable_error(void) {
  start();
  add_unprintable_thunk();
  add_thunk("last ");
  leave(14);
  return 99;
}

static int with_a_leaving_thunk(void) {
  start();
  add_leaving_thunk();
  leave(15);
  return 99;
}

/* The program's own handler is in charge; its error is one of the callback. */
static int with_an_own_handler(void) {
  start();
  own_exit_handler();
  leave(16);
  return callseq_last_status() == CALLSEQ_ERROR && work(5) == 5 ? 17 : 99;
}

static int in_a_finalizer(void) {
  start();
  finalize_leaving(19);
  return 99;
}

static int in_a_handler_during_one(void) {
  start();
  finalize_interrupted(20);
  return 99;
}

static int with_a_leaving_finalizer(void) {
  start();
  finalize_at_exit(98);
  leave(21);
  return 99;
}

static int after_a_finalizer_was_given_up(void) {
  start();
  if (give_up_finalizer() != 1 || work(5) != 5)
    return 98;
  leave(22);
  return 99;
}

/* While callseq_close runs them the process has not begun to end. */
static int in_a_finalizer_of_closing(void) {
  start();
  finalize_at_exit(25);
  callseq_close(CALLSEQ_FOREVER);
  return 99;
}

static int in_a_handler_during_one_of_closing(void) {
  start();
  finalize_interrupted_at_exit(26);
  callseq_close(CALLSEQ_FOREVER);
  return 99;
}

static int in_a_thunk_of_closing(void) {
  start();
  add_leaving_thunk();
  return callseq_close(CALLSEQ_FOREVER) ? 98 : 27;
}

static int by_a_thunk_that_jumps(void) {
  start();
  jump_out_of_exit(23);
  return 99;
}

static int by_two_threads(void) {
  start();
  leave_twice(24);
  return 99;
}

static struct outcome expect(int (*scenario)(void), int code, const char *what) {
  struct outcome outcome = in_child(scenario);
  is_int(outcome.code, code, "%s: the exit code (signal %d)", what, outcome.signal);
  ok(!strstr(outcome.out, "atexit"), "%s: atexit functions do not run", what);
  return outcome;
}

static void expect_bye(int (*scenario)(void), int code, const char *what) {
  struct outcome outcome = expect(scenario, code, what);
  ok(strstr(outcome.out, "bye "), "%s: on-exit thunks run: %s", what, outcome.out);
}

int main(void) {
  expect_bye(in_a_callback, 3, "in a callback");
  expect_bye(in_the_status_form, 255, "in the status form");
  expect_bye(without_a_code, 0, "without a code");
  expect_bye(in_a_nested_call, 4, "in a nested call");
  expect_bye(under_invoke, 5, "under callseq_invoke");
  expect(at_load, 6, "while the program loads");
  expect_bye(with_a_failing_thunk, 7, "an error in a thunk");
  struct outcome failing = in_child(with_a_failing_thunk);
  ok(strstr(failing.out, "last ") && strstr(failing.out, "fails "), "the other thunks run: %s",
     failing.out);
  expect_bye(while_others_call, 8, "while other threads call");
  expect_bye(with_a_blocked_reader, 9, "while a thread is blocked in getchar");
  expect(at_once_with_a_blocked_reader, 18, "emergency-exit meanwhile");
  expect_bye(with_an_unprintable_error, 14, "an error in a thunk that cannot be printed");
  expect_bye(with_a_leaving_thunk, 15, "a thunk that calls exit itself");
  expect(with_an_own_handler, 17, "an exit handler of the program's own that raises");
  expect_bye(in_a_finalizer, 19, "in a finalizer");
  expect_bye(in_a_handler_during_one, 20, "in a signal handler during one");
  expect_bye(with_a_leaving_finalizer, 21, "a finalizer that calls exit itself");
  expect_bye(after_a_finalizer_was_given_up, 22, "after a finalizer was given up");
  expect_bye(in_a_finalizer_of_closing, 25, "in a finalizer that callseq_close runs");
  struct outcome finalized = in_child(in_a_finalizer_of_closing);
  ok(strstr(finalized.out, "bye finalized "), "a thunk that it has registered runs: %s",
     finalized.out);
  expect_bye(in_a_handler_during_one_of_closing, 26, "in a signal handler during such a one");
  expect(by_a_thunk_that_jumps, 23, "a thunk that jumps out");
  struct outcome closed = in_child(in_a_thunk_of_closing);
  is_int(closed.code, 27, "in a thunk that callseq_close runs it has no effect");
  ok(strstr(closed.out, "leaves bye "), "the others run: %s", closed.out);
  struct outcome two = expect(by_two_threads, 24, "another thread meanwhile");
  ok(!strstr(two.out, "returned"), "whose exit does not return: %s", two.out);
  expect_exit(exit_of_host, 10, "by the main thread");
  expect_exit(exit_of_thread, 11, "by another thread");
  expect_exit(exit_while_others_call, 12, "while other threads call");
  expect_exit(exit_under_scheme, 13, "in C code under Scheme");
  return done();
}
