/* Calls where threads and processes begin and end: from constructors before callseq_init, from
 * destructors of thread-locals, from atexit functions and destructors of the program; and thousands
 * of threads that each do so once, without a leak. */
#include "../support.h"
#include <stdatomic.h>

int twice(int), try_twice(int, int *), fail(int), calls_so_far(void);
char *shout(const char *);

/* ---- Before callseq_init ---- */

static struct {
  int result, status, try_status, invoke_status, invoked;
  bool inside, message, string;
} early;

static void note_invoked(void *argument) { *(int *)argument = 1; }

__attribute__((constructor(101))) static void before_main(void) {
  early.result = twice(21);
  early.status = callseq_last_status();
  early.message = callseq_last_error() != NULL;
  early.string = shout("hey") != NULL;
  early.try_status = try_twice(21, NULL);
  early.invoke_status = callseq_invoke(note_invoked, &early.invoked);
  early.inside = callseq_inside();
}

static void constructors(void) {
  is_int(early.result, 0, "a call from a constructor gives 0");
  is_int(early.status, CALLSEQ_CLOSED, "and is told that Scheme is closed");
  ok(early.message && !early.string, "with a message; a string is NULL");
  is_int(early.try_status, CALLSEQ_CLOSED, "the status form too");
  is_int(early.invoke_status, CALLSEQ_CLOSED, "callseq_invoke too");
  ok(!early.invoked && !early.inside, "without running its function");
}

/* ---- The end of a thread ---- */

/* Destructors run in the order of their keys, before and after the library's own, in rounds. */
enum { KEYS = 4, ROUNDS = 3, LENGTH = 2000 };
static pthread_key_t keys[KEYS];
static atomic_int right_at_end;

static void at_thread_end(void *value) {
  int n = (int)(intptr_t)value, right = 0;
  char text[LENGTH], loud[LENGTH + 1], message[32];
  snprintf(text, sizeof text, "%0*d", LENGTH - 1, n);
  snprintf(loud, sizeof loud, "%s!", text);
  snprintf(message, sizeof message, "failed: %d", n);
  right += twice(n) == 2 * n;
  right += !strcmp(shout(text), loud);
  right += fail(n) == 0 && callseq_last_error() && strstr(callseq_last_error(), message);
  atomic_fetch_add_explicit(&right_at_end, right == 3, memory_order_relaxed);
}

/* The last key's destructor asks to be called again, for as long as there are rounds. */
static _Thread_local int rounds_left = ROUNDS;

static void again_at_thread_end(void *value) {
  at_thread_end(value);
  if (--rounds_left > 0)
    pthread_setspecific(keys[KEYS - 1], value);
}

static void short_life(int index) {
  for (int i = 0; i < KEYS; i++)
    pthread_setspecific(keys[i], (void *)(intptr_t)(index + 1));
  if (twice(index) != 2 * index)
    ok(false, "short-lived thread %d", index);
}

/* Calls in its destructors only. */
static void no_life(int index) {
  for (int i = 0; i < KEYS; i++)
    pthread_setspecific(keys[i], (void *)(intptr_t)(index + 1));
}

enum { GENERATIONS = 200, EACH = 10, ALLOWED_KB = 2048 };

static int generations(int times) {
  atomic_store_explicit(&right_at_end, 0, memory_order_relaxed);
  for (int i = 0; i < times; i++) {
    crew(EACH, short_life);
    crew(EACH, no_life);
  }
  return atomic_load_explicit(&right_at_end, memory_order_relaxed);
}

static void ends_of_threads(void) {
  enum { THREADS = 2 * EACH * GENERATIONS, CALLS = THREADS * (KEYS - 1 + ROUNDS) };
  int right = 0;
  is_int(generations(GENERATIONS), CALLS, "calls from destructors are right");
  long growth = growth_kb(generations, GENERATIONS, &right);
  is_int(right, CALLS, "and once more");
  ok(WATCHED || emulated() || !has_proc() || growth < ALLOWED_KB,
     "%d threads later, resident memory has grown by %ld KB", THREADS, growth);
}

/* ---- The end of the process ---- */

static int ended;

static bool right_once_more(void) {
  int result = 0;
  return twice(21) == 42 && try_twice(4, &result) == CALLSEQ_OK && result == 8 &&
         !strcmp(shout("bye"), "bye!") && fail(1) == 0 && callseq_last_status() == CALLSEQ_ERROR;
}

static void at_exit_early(void) { ended += right_once_more(); }
static void at_exit_late(void) { ended += right_once_more(); }

/* Only in a child that asks for it; 77 tells that all three were right. */
static bool wanted;
__attribute__((destructor)) static void after_main(void) {
  if (wanted)
    _exit(right_once_more() && ended == 2 ? 77 : 1);
}

static void *call_for_ever(void *unused) {
  (void)unused;
  for (int i = 0;; i = (i + 1) % 1000)
    if (twice(i) != 2 * i)
      _exit(2);
}

static int leave_by_exit(int others) {
  wanted = true;
  atexit(at_exit_early);
  start_quietly();
  atexit(at_exit_late);
  for (int i = 0; i < others; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, call_for_ever, NULL);
  }
  twice(1);
  exit(0);
}

static int leave_alone(void) { return leave_by_exit(0); }
static int leave_others(void) { return leave_by_exit(3); }

static int leave_unopened(void) {
  atexit(at_exit_early); /* finds Scheme closed */
  exit(twice(1) == 0 ? 7 : 8);
}

/* The thread that set up and all others are gone; the last one ends the process. */
static void *end_process(void *main_thread) {
  pthread_join(*(pthread_t *)main_thread, NULL);
  exit(0);
}

static int leave_by_last_thread(void) {
  static pthread_t self;
  pthread_t thread;
  wanted = true;
  atexit(at_exit_early);
  atexit(at_exit_late);
  start_quietly();
  self = pthread_self();
  pthread_create(&thread, NULL, end_process, &self);
  pthread_exit(NULL);
}

/* The main thread is gone before anybody calls. */
static void *open_and_end_process(void *main_thread) {
  pthread_join(*(pthread_t *)main_thread, NULL);
  atexit(at_exit_early);
  atexit(at_exit_late);
  start_quietly();
  exit(0);
}

static int leave_without_main(void) {
  static pthread_t self;
  pthread_t thread;
  wanted = true;
  self = pthread_self();
  pthread_create(&thread, NULL, open_and_end_process, &self);
  pthread_exit(NULL);
}

int main(void) {
  constructors();
  is_int(in_child(leave_alone).code, 77, "calls from atexit and from a destructor of the program");
  is_int(in_child(leave_others).code, 77, "while other threads call");
  if (under("tsan")) {
    ok(true, "after that of callseq_init # SKIP ThreadSanitizer cannot join the main thread");
  } else {
    is_int(in_child(leave_by_last_thread).code, 77, "after the thread of callseq_init has ended");
    is_int(in_child(leave_without_main).code, 77,
           "where the main thread ended before callseq_init");
  }
  is_int(in_child(leave_unopened).code, 7, "from atexit where there was no callseq_init");

  callseq_clear_error();
  pthread_key_create(&keys[0], at_thread_end);
  pthread_key_create(&keys[1], at_thread_end);
  start_quietly();
  pthread_key_create(&keys[2], at_thread_end);
  pthread_key_create(&keys[3], again_at_thread_end);
  ends_of_threads();
  is_int(calls_so_far() > 0 ? twice(4) : 0, 8, "later calls are fine");
  return done();
}
