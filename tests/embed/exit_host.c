/* (exit n) in a callback ends the process with that code: on-exit thunks run, C's atexit functions
 * do not, and neither an error in a thunk nor a thread that is blocked in stdio stops it. */
#include "../support.h"
#include <semaphore.h>

int leave(int), try_leave(int, int *), leave_externally(int), leave_nested(int), work(int);
void leave_plainly(void), add_thunk(const char *), add_failing_thunk(void);

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

static void *read_for_ever(void *argument) {
  (void)argument;
  flockfile(stdin);
  sem_post(&reading);
  (void)getchar(); /* nobody writes: it holds the lock of stdin until the process ends */
  return NULL;
}

static int with_a_blocked_reader(void) {
  pthread_t reader;
  if (pipe(ends) || dup2(ends[0], STDIN_FILENO) < 0)
    return 98;
  sem_init(&reading, 0, 0);
  pthread_create(&reader, NULL, read_for_ever, NULL);
  sem_wait(&reading);
  start();
  leave(9);
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
  return done();
}
