/* Blocking C functions: they run on the calling thread's own stack, with the runtime free; what
 * they take and give, errno, callbacks from inside, errors after them, cancellation, fork, exit,
 * and jobs that nobody comes back for. */
#include "../support.h"
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>

char *echo_byte(char *), *echo_unsigned_byte(char *), *echo_short(char *),
    *echo_unsigned_short(char *), *echo_int(char *), *echo_unsigned_int(char *),
    *echo_integer(char *), *echo_unsigned_integer(char *), *echo_int32(char *),
    *echo_unsigned_int32(char *), *echo_integer32(char *), *echo_unsigned_integer32(char *),
    *echo_integer64(char *), *echo_unsigned_integer64(char *), *echo_long(char *),
    *echo_unsigned_long(char *), *echo_size(char *), *echo_ssize(char *), *echo_const_long(char *),
    *echo_double(char *), *echo_float(char *), *echo_number(char *), *echo_char(char *),
    *echo_unsigned_char(char *), *echo_bool(char *), *echo_enum(char *), *echo_string(char *),
    *echo_nonnull_string(char *), *echo_unsigned_string(char *),
    *echo_nonnull_unsigned_string(char *), *echo_const_string(char *), *echo_symbol(char *);
void *pointer_a(void *), *pointer_b(void *), *pointer_c(void *), *pointer_d(void *),
    *pointer_e(void *), *pointer_f(void *), *pointer_g(void *), *pointer_h(void *),
    *pointer_i(void *), *pointer_j(void *);
double warmer(double), sum_of_nine(void);
int nothing_comes_back(void), many_fresh(int), wrong_argument(void), errno_after(int),
    errno_in_c(int), errno_later(int), is_outside(int), many_outside(int), kept_across(int),
    meeting(int), fail_after(int), caught_after(int), bound_across(int), dialled(void),
    descend(int), descend_asleep(int), failing_inside(int), fail_inside(int), nested(int),
    in_place(int), alone(int), while_it_loaded(void), through_gate(int), twice(int),
    leave_process(int), forks_outside(int), green_result(void), join_exclusively(int), victim(int),
    end_victims(void), end_green_anywhere(int), end_anywhere(int);
char *rest_of(char *, int), *fresh_copy(char *), *words(void), *null_result(void);
unsigned long where_it_runs(void);
void start_green(int), end_green(void), start_green_text(int);

/* ---- The C functions ---- */

int c_leave_errno(int), c_outside(int), c_meet(int), c_call(int, int), c_gate(int), c_fork(int);
unsigned long c_where(void);
char *c_rest(char *, int), **c_words(void);

int c_leave_errno(int n) { return errno = n; }

static bool expect_inside;
int c_outside(int n) { return callseq_inside() == expect_inside ? n : -1; }

/* On the thread's own stack, just below the call? */
static _Thread_local char *caller;
unsigned long c_where(void) {
  char *here = __builtin_frame_address(0);
  return here < caller && caller - here < 256 << 10 ? (unsigned long)pthread_self() : 0;
}

static bool runs_on_own_stack(void) {
  caller = __builtin_frame_address(0);
  return where_it_runs() == (unsigned long)pthread_self();
}

char *c_rest(char *s, int from) {
  s[0] = '#'; /* it is a copy */
  return s + from;
}

char **c_words(void) {
  char **list = calloc(3, sizeof *list);
  list[0] = strdup("two");
  list[1] = strdup("words");
  return list;
}

/* All that are to meet must be in here at once. */
static pthread_barrier_t meeting_place;
int c_meet(int n) {
  pthread_barrier_wait(&meeting_place);
  return n;
}

int c_call(int n, int which) {
  if (which == 0)
    return descend(n - 1);
  if (which == 1)
    return descend_asleep(n - 1);
  if (which == 2) {
    int r = fail_inside(n);
    bool told = callseq_last_status() == CALLSEQ_ERROR;
    callseq_clear_error();
    return told && r == 0 ? n : -1;
  }
  expect_inside = true;
  int r = in_place(n);
  expect_inside = false;
  return r;
}

/* ---- Gates ---- */

enum { GATES = 400 };
static sem_t at_gate, gates[GATES];
int c_gate(int n) {
  sem_post(&at_gate);
  while (sem_wait(&gates[n]) != 0)
    continue;
  return n;
}

void open_gate(int);
void open_gate(int n) { sem_post(&gates[n]); }

static void wait_at_gates(int count) {
  for (int i = 0; i < count; i++)
    while (sem_wait(&at_gate) != 0)
      continue;
}

static void *pass(void *argument) {
  int n = (int)(intptr_t)argument;
  return (void *)(intptr_t)through_gate(n);
}

static pthread_t start_at_gate(int n, void *(*body)(void *)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, (void *)(intptr_t)n)) {
    perror("pthread_create");
    exit(2);
  }
  return thread;
}

static void is_passed(pthread_t thread, int n) {
  void *result;
  sem_post(&gates[n]);
  pthread_join(thread, &result);
  if ((int)(intptr_t)result != n)
    ok(false, "the call at gate %d returned %d", n, (int)(intptr_t)result);
}

/* ---- Types ---- */

/* A foreign lambda's argument of type int and its kin is a fixnum, of 31 bits where a word has 32.
 */
#if UINTPTR_MAX > UINT32_MAX
#define LOWEST_INT "-2147483648"
#define HIGHEST_INT "2147483647"
#define HIGHEST_UNSIGNED "4294967295"
#else
#define LOWEST_INT "-1073741824"
#define HIGHEST_INT "1073741823"
#define HIGHEST_UNSIGNED "1073741823"
#endif

static void types(void) {
  static const struct {
    char *(*echo)(char *);
    const char *name, *low, *high;
  } cases[] = {
      {echo_byte, "byte", CHAR_MIN < 0 ? "-128" : "0", "127"}, /* it is C's char */
      {echo_unsigned_byte, "unsigned-byte", "0", "255"},
      {echo_short, "short", "-32768", "32767"},
      {echo_unsigned_short, "unsigned-short", "0", "65535"},
      {echo_int, "int", LOWEST_INT, HIGHEST_INT},
      {echo_unsigned_int, "unsigned-int", "0", HIGHEST_UNSIGNED},
      {echo_integer, "integer", "-2147483648", "2147483647"},
      {echo_unsigned_integer, "unsigned-integer", "0", "4294967295"},
      {echo_int32, "int32", LOWEST_INT, HIGHEST_INT},
      {echo_unsigned_int32, "unsigned-int32", "0", HIGHEST_UNSIGNED},
      {echo_integer32, "integer32", "-2147483648", "2147483647"},
      {echo_unsigned_integer32, "unsigned-integer32", "0", "4294967295"},
      {echo_integer64, "integer64", "-9223372036854775808", "9223372036854775807"},
      {echo_unsigned_integer64, "unsigned-integer64", "0", "18446744073709551615"},
      {echo_long, "long", "-2147483648", "2147483647"},
      {echo_unsigned_long, "unsigned-long", "0", "4294967295"},
      {echo_size, "size_t", "0", "4294967295"},
      {echo_ssize, "ssize_t", "-2147483648", "2147483647"},
      {echo_const_long, "(const long)", "-2147483648", "2147483647"},
      {echo_double, "double", "-0.5", "1e+100"},
      {echo_float, "float", "-0.5", "0.25"},
      {echo_number, "number", "-0.5", "0.25"},
      {echo_char, "char", "#\\a", "#\\~"},
      {echo_unsigned_char, "unsigned-char", "#\\a", "#\\~"},
      {echo_bool, "bool", "#t", "#f"},
      {echo_enum, "enum", "-3", "7"},
      {echo_string, "c-string", "\"text\"", "#f"},
      {echo_nonnull_string, "nonnull-c-string", "\"text\"", "\"\""},
      {echo_unsigned_string, "unsigned-c-string", "\"text\"", "#f"},
      {echo_nonnull_unsigned_string, "nonnull-unsigned-c-string", "\"text\"", "\"\""},
      {echo_const_string, "(const c-string)", "\"text\"", "#f"},
      {echo_symbol, "symbol", "apple", "pear"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    is_str(cases[i].echo((char *)cases[i].low), cases[i].low, "%s, one value", cases[i].name);
    is_str(cases[i].echo((char *)cases[i].high), cases[i].high, "%s, another", cases[i].name);
  }
  void *(*const pointers[])(void *) = {pointer_a, pointer_b, pointer_c, pointer_d, pointer_e,
                                       pointer_f, pointer_g, pointer_h, pointer_i, pointer_j};
  for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++)
    ok(pointers[i](&at_gate) == &at_gate, "pointer type %c", (char)('a' + i));
  ok(pointer_a(NULL) == NULL, "a null pointer");
  ok(warmer(20.0) == 21.0, "a foreign type's converters, both ways");
  ok(sum_of_nine() == 1 + 2.5 + 4 + 8 + 'a' + 1 + 0.5 + 16 + 32, "nine arguments");
  is_int(nothing_comes_back(), 1, "void");
}

static void strings(void) {
  is_str(rest_of("hello", 2), "llo", "a result that points into a copy, which alone is changed");
  is_str(rest_of("hello", 5), "", "at its end");
  is_str(fresh_copy("mine"), "mine", "a c-string* result");
  ok(fresh_copy(NULL) == NULL, "NULL both ways");
  is_str(words(), "(\"two\" \"words\")", "a list of strings as a result");
  is_int(many_fresh(2000), 2000 * 10000, "many c-string* results");
  long before = resident_kb();
  is_int(many_fresh(2000), 2000 * 10000, "as many again");
  if (!WATCHED)
    ok(resident_kb() - before < 10000, "they and the copies are freed: %ld KiB more",
       resident_kb() - before);
  ok(null_result() == NULL, "NULL for nonnull-c-string");
  failed("null_result", "result", "nonnull-c-string");
  is_int(wrong_argument(), 0, "a string for int");
  failed("wrong_argument");
}

/* ---- Where it runs ---- */

enum { MEETING = 300 };

static void meet(int n) {
  if (meeting(n) != n + 1000)
    ok(false, "meeting %d", n);
}

static void meet_bound(int n) {
  if (bound_across(n + 1) != n + 1)
    ok(false, "a parameter of thread %d is its own", n);
}

static void call_meanwhile(int n) {
  int wrong = 0;
  for (int i = 0; i < often(2000); i++) {
    wrong += kept_across(n + i) != n + i;
    wrong += descend(3) != 3;
    wrong += twice(i) != 2 * i;
    wrong += !runs_on_own_stack();
  }
  is_int(wrong, 0, "calls of thread %d among others", n);
}

static void outside(void) {
  is_int(while_it_loaded(), 5, "while the program loads");
  expect_inside = false;
  is_int(errno_after(ENOTTY), ENOTTY, "errno is read in Scheme");
  is_int(errno_after(0), 0, "0 too");
  is_int(errno_in_c(ENOTTY), ENOTTY, "and by C, in Scheme");
  is_int(errno_later(ENOTTY), ENOENT, "until something else leaves another");
  errno = EDOM;
  is_int(errno_after(ENOTTY), ENOTTY, "errno once more");
  is_int(errno, EDOM, "the caller's errno is as it was");
  ok(runs_on_own_stack(), "on the calling thread's own stack");
  is_int(is_outside(3), 3, "callseq_inside() is false in it");
  is_int(many_outside(10000), 10000, "many by one callback");
  is_int(kept_across(7), 7, "what Scheme holds is there afterwards");
  is_int(fail_after(1), 0, "an error afterwards");
  failed("fail_after", "after outside");
  is_int(caught_after(1), 2, "an error afterwards, caught");
  is_int(descend(20), 20, "callbacks from inside, 20 deep");
  is_int(descend_asleep(5), 5, "that sleep");
  is_int(failing_inside(4), 4, "one that fails");
  is_int(nested(6), 6, "in a nested call it runs in place, inside");
  expect_inside = true;
  is_int(alone(8), 8, "in (exclusively ...) too");
  expect_inside = false;

  pthread_barrier_init(&meeting_place, NULL, MEETING);
  crew(MEETING, meet);
  ok(true, "%d threads were outside at once", MEETING);
  crew(MEETING, meet_bound);
  is_int(dialled(), 0, "what they bound is gone");
  crew(4, call_meanwhile);
}

static void held(void) {
  int before = 0;
  pthread_t thread = start_at_gate(0, pass);
  wait_at_gates(1);
  for (int i = 0; i < 1000; i++)
    before += twice(i) == 2 * i;
  is_int(before, 1000, "calls while a thread is outside");
  is_passed(thread, 0);
}

/* ---- Cancellation ---- */

static atomic_bool survived;

static void *pass_and_be_cancelled(void *argument) {
  int n = (int)(intptr_t)argument;
  if (through_gate(n) == n)
    survived = true;
  pthread_testcancel();
  return NULL;
}

static void cancelled(void) {
  pthread_t thread = start_at_gate(1, pass_and_be_cancelled);
  void *end;
  wait_at_gates(1);
  pthread_cancel(thread);
  is_int(twice(4), 8, "a call while one that is cancelled is outside");
  sem_post(&gates[1]);
  pthread_join(thread, &end);
  ok(end == PTHREAD_CANCELED && survived, "cancellation acts after the call");
  is_int(twice(5), 10, "the runtime is free");
}

/* ---- Green threads, and what nobody comes back for ---- */

static void green(void) {
  start_green(2);
  wait_at_gates(1);
  is_int(twice(6), 12, "a call while a green thread is outside");
  sem_post(&gates[2]);
  is_int(green_result(), 4, "the green thread goes on, with errno");
  start_green(2);
  wait_at_gates(1);
  is_int(join_exclusively(2), 4, "also while a callback waits for it with the runtime held");
}

static void *be_victim(void *argument) {
  int n = (int)(intptr_t)argument;
  bool failed = victim(n) == 0 && callseq_last_status() == CALLSEQ_ERROR;
  callseq_clear_error();
  return (void *)(intptr_t)(failed ? n : -1);
}

static void end_some(int count) {
  pthread_t threads[GATES];
  for (int i = 0; i < count; i++)
    threads[i] = start_at_gate(i, be_victim);
  wait_at_gates(count);
  for (int i = 0; i < count; i++) {
    start_green_text(count + i);
    wait_at_gates(1);
    end_green();
  }
  is_int(end_victims(), count, "calls and green threads are terminated while they are outside");
  for (int i = 0; i < count; i++)
    sem_post(&gates[count + i]);
  for (int i = 0; i < count; i++)
    is_passed(threads[i], i);
  start_green(0);
  sem_post(&gates[0]);
  wait_at_gates(1);
  is_int(green_result(), 0, "the service has looked after those that ended before");
}

static void dropped(void) {
  end_some(50);
  end_some(50);
  long before = resident_kb();
  for (int i = 0; i < 4; i++)
    end_some(50);              /* 40 MB of strings */
  if (!WATCHED && !emulated()) /* an emulator keeps memory of threads that have ended */
    ok(resident_kb() - before < 20000, "their jobs are dropped: %ld KiB more",
       resident_kb() - before);
}

static int end_calls_anywhere(int times) {
  int ended = 0;
  for (int i = 0; i < times; i++)
    ended += end_anywhere(i) == CALLSEQ_ERROR;
  return ended;
}

/* A job has 100 or 200 KB. */
static void dropped_anywhere(void) {
  enum { TIMES = 240 };
  int ended = 0;
  long green = growth_kb(end_green_anywhere, TIMES, &ended);
  is_int(ended, TIMES, "green threads are terminated wherever the timer stops them");
  long own = growth_kb(end_calls_anywhere, TIMES, &ended);
  is_int(ended, 2 * TIMES, "and calls");
  if (!WATCHED && !emulated()) {
    ok(green < 3000, "no job of a green thread is lost: %ld KiB more", green);
    ok(own < 3000, "nor of a call: %ld KiB more", own);
  }
}

/* ---- fork ---- */

static pid_t forked_by_function;
int c_fork(int n) {
  (void)n;
  return forked_by_function = fork();
}

static int in_forked_child(void) {
  alarm(60);
  if (twice(21) != 42 || descend(3) != 3 || !runs_on_own_stack())
    return 1;
  if (many_outside(1000) != 1000 || fail_after(1) != 0)
    return 2;
  pthread_t thread = start_at_gate(3, pass);
  sem_post(&gates[3]);
  pthread_join(thread, NULL);
  start_green(4);
  sem_post(&gates[4]);
  return green_result() == 8 ? 7 : 3;
}

static void forked(void) {
  if (under("tsan")) { /* it takes a thread of a child for one of the parent, and dies */
    ok(true, "fork # SKIP ThreadSanitizer dies of it");
    return;
  }
  enum { OTHERS = 20 };
  pthread_t threads[OTHERS];
  for (int i = 0; i < OTHERS; i++)
    threads[i] = start_at_gate(10 + i, pass);
  start_green_text(40);
  wait_at_gates(OTHERS + 1);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0)
    _exit(in_forked_child());
  is_int(code_of(child), 7, "a child that is forked while others are outside");
  child = forks_outside(1);
  if (forked_by_function == 0)
    _exit(child == 0 ? in_forked_child() : 4);
  is_int(child, forked_by_function, "fork in a blocking function");
  is_int(code_of(child), 7, "its child");
  sem_post(&gates[40]);
  for (int i = 0; i < OTHERS; i++)
    is_passed(threads[i], 10 + i);
}

/* ---- exit ---- */

static int exits(void) {
  callseq_init();
  for (int i = 0; i < 10; i++)
    start_at_gate(i, pass);
  start_green(11);
  wait_at_gates(11);
  leave_process(9);
  return 1;
}

static int suspends_nothing(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.suspend = CALLSEQ_SUSPEND_NONE;
  expect_inside = true;
  if (callseq_init_with(&config) != CALLSEQ_OK)
    return 1;
  return is_outside(4) == 4 && errno_after(ENOTTY) == ENOTTY ? 7 : 2;
}

int main(void) {
  sem_init(&at_gate, 0, 0);
  for (int i = 0; i < GATES; i++)
    sem_init(&gates[i], 0, 0);

  expect_inside = true; /* while the program loads */
  struct outcome outcome = in_child(exits);
  is_int(outcome.code, 9, "exit while threads are outside: %s", outcome.err);
  outcome = in_child(suspends_nothing);
  is_int(outcome.code, 7, "with CALLSEQ_SUSPEND_NONE, in place: %s", outcome.err);

  start_quietly();
  outside();
  types();
  strings();
  held();
  cancelled();
  green();
  dropped();
  dropped_anywhere();
  forked();
  return done();
}
