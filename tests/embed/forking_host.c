/* fork, a thousand times: by several threads at once, outside and in callbacks, while others are
 * inside, wait, and call callseq_init. The parent goes on; each child has a working runtime, calls
 * at once, has threads, and forks again. */
#include "../support.h"
#include <stdatomic.h>

int busy(int), init_inside(void), allocate(int), fail(void);
int fork_plainly(void), fork_nested(void), fork_in_scheme(void), fork_and_fail(void),
    fork_thunk(void);

enum { CALLERS = 2, FORKERS = 4, FORKS = 250, RIGHT = 77, WRONG = 78 };

static atomic_bool stop;
static pid_t parent;

/* Under Scheme. */
int fork_in_c(void), call_fork_plainly(void);
int fork_in_c(void) { return (int)fork(); }
int call_fork_plainly(void) { return fork_plainly(); }

static void *call_in_thread(void *right) {
  *(bool *)right = busy(50) == 50 && init_inside() == CALLSEQ_OK;
  return NULL;
}

/* For a child. Prints nothing: threads that it does not have may hold the locks of its streams. */
static bool has_a_runtime(void) {
  bool right = allocate(1000) == 1000;
  right &= fail() == 0 && callseq_last_status() == CALLSEQ_ERROR;
  right &= callseq_init() == CALLSEQ_OK;
  return right & (allocate(10) == 10);
}

static bool has_threads_and_forks(void) {
  pthread_t thread;
  bool right = false;
  pthread_create(&thread, NULL, call_in_thread, &right);
  pthread_join(thread, NULL);
  pid_t child = fork();
  if (child == 0)
    _exit(has_a_runtime() ? RIGHT : WRONG);
  return right & (code_of(child) == RIGHT);
}

static void be_the_child(int turn) {
  bool right = has_a_runtime() && (turn % 10 || has_threads_and_forks());
  _exit(right && has_a_runtime() ? RIGHT : WRONG);
}

static bool forks_outside(int turn) {
  pid_t child = fork();
  if (child == 0)
    be_the_child(turn);
  return code_of(child) == RIGHT;
}

/* A callback that forks is perhaps executed by another thread, which is the child's only one then,
 * and returns there from a call of its own. So every thread looks after each call whether it has
 * become the child. */
static bool forks_inside(int (*fork_inside)(void), int turn) {
  pid_t child = fork_inside();
  if (getpid() != parent)
    be_the_child(turn);
  return code_of(child) == RIGHT;
}

static bool forks_and_fails(int turn) {
  callseq_clear_error();
  int result = fork_and_fail();
  if (getpid() != parent)
    be_the_child(turn);
  const char *message = callseq_last_error(), *id = message ? strrchr(message, ' ') : NULL;
  return result == 0 && id && code_of((pid_t)atoi(id)) == RIGHT;
}

static bool one_fork(int turn) {
  switch (turn % 6) {
  case 0:
    return forks_inside(fork_plainly, turn);
  case 1:
    return forks_inside(fork_nested, turn);
  case 2:
    return forks_inside(fork_in_scheme, turn);
  case 3:
    return forks_and_fails(turn);
  default:
    return forks_outside(turn);
  }
}

static void call_until_told(void) {
  int wrong = 0;
  while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
    wrong += busy(100) != 100;
    wrong += init_inside() != CALLSEQ_OK;
    if (getpid() != parent)
      be_the_child(0);
  }
  is_int(wrong, 0, "calls that went wrong in a thread meanwhile");
}

static atomic_int forkers = FORKERS;

static void caller_or_forker(int index) {
  if (index < CALLERS) {
    call_until_told();
    return;
  }
  int right = 0;
  for (int i = 0; i < FORKS; i++)
    right += one_fork(i + index);
  is_int(right, FORKS, "children that forked while others called and forked");
  if (atomic_fetch_sub_explicit(&forkers, 1, memory_order_relaxed) == 1)
    atomic_store_explicit(&stop, true, memory_order_relaxed);
}

int main(void) {
  start_quietly();
  parent = getpid();
  for (int i = 0; i < 12; i++)
    ok(one_fork(i), "a single thread forks, way %d", i % 6);
  crew(CALLERS + FORKERS, caller_or_forker);
  is_int(allocate(1000), 1000, "the parent goes on");
  is_int(fork_thunk(), 70, "a child for a thunk ends with the error in it");
  return done();
}
