/* What a child must find when fork comes at an unlucky moment: while the library is set up, in a
 * callback that is executed for another thread, and in handlers of fork that call. And which
 * children must not come back to C at all. */
#include "../support.h"
#include <alloca.h>
#include <semaphore.h>
#include <stdatomic.h>

int twice(int), fork_now(int), fail(void);
void hold(void), handle(void);
const char *fork_lent(int, const char *), *fork_lent_and_nest(int, const char *);
int run_nothing(void), run_nothing_guarded(void), run_something(void), fork_and_execute(void),
    pipe_nothing(void), leave_thunk(void), fail_in_thunk(void), nest_in_thunk(void),
    leave_nested_thunk(void), execute_in_handler(void), execute_in_finalizer(void),
    leave_thunk_plainly(void), fork_in_c_and_fail_in_handler(void), fork_on(void), fork_later(int);

enum { IMPATIENT = 20 }; /* seconds, for a child that would hang */

/* ---- While the library is set up ---- */

static pthread_barrier_t start;

static void *init_meanwhile(void *unused) {
  pthread_barrier_wait(&start);
  callseq_init();
  return unused;
}

static int fork_while_set_up(void) {
  pthread_t thread;
  pthread_barrier_init(&start, NULL, 2);
  pthread_create(&thread, NULL, init_meanwhile, NULL);
  pthread_barrier_wait(&start);
  pid_t child = fork();
  if (child == 0) {
    alarm(IMPATIENT);
    _exit(callseq_init() == CALLSEQ_OK && twice(21) == 42 ? 0 : 1);
  }
  pthread_join(thread, NULL);
  return code_of(child) || twice(21) != 42;
}

/* ---- For another thread ---- */

void wait_inside(void), fill_stacks_of_others(void);
int fork_in_c(void), fork_in_twice(void);

static pid_t parent;
static atomic_bool go_on;

int fork_in_c(void) { return (int)fork(); }
int fork_in_twice(void) { return fork_now(0); }

enum { OTHERS = 4 };

static pthread_t others[OTHERS];
static sem_t filled, look;
static atomic_int spoilt;

static void *fill_stack(void *unused) {
  enum { BYTES = 256 << 10 };
  volatile unsigned char *stack = alloca(BYTES);
  for (int i = 0; i < BYTES; i++)
    stack[i] = 0x55;
  sem_post(&filled);
  sem_wait(&look);
  for (int i = 0; i < BYTES; i++)
    spoilt += stack[i] != 0x55;
  return unused;
}

/* They live on stacks of threads that the child does not have. */
void fill_stacks_of_others(void) {
  sem_init(&filled, 0, 0);
  sem_init(&look, 0, 0);
  for (int i = 0; i < OTHERS; i++)
    pthread_create(&others[i], NULL, fill_stack, NULL);
  for (int i = 0; i < OTHERS; i++)
    sem_wait(&filled);
}

static bool are_stacks_as_filled(void) {
  for (int i = 0; i < OTHERS; i++)
    sem_post(&look);
  for (int i = 0; i < OTHERS; i++)
    pthread_join(others[i], NULL);
  return spoilt == 0;
}

static const char *(*lent)(int, const char *);

/* Not from the stack's top, where any thread has the same. */
static void *call_lent(void *code) {
  volatile char *deeper = alloca(64 << 10);
  deeper[0] = 0;
  const char *result = lent(1, "text");
  if (getpid() != parent)
    _exit(97); /* executed by its own thread after all */
  *(int *)code = result ? code_of((pid_t)atoi(result) - 1) : 98;
  return NULL;
}

static int code;

static void *call_twice(void *unused) {
  twice(1);
  return unused;
}

/* In the child this thread is the only one, executes its own call, and returns from it. */
static void *call_after_others(void *unused) {
  bool right = twice(3) == 6;
  if (getpid() != parent) {
    alarm(IMPATIENT);
    right &= callseq_last_status() == CALLSEQ_OK;
    for (int i = 0; i < 1000; i++)
      right &= twice(i) == 2 * i;
    right &= are_stacks_as_filled();
    right &= fail() == 0 && callseq_last_status() == CALLSEQ_ERROR;
    _exit(right && fork_now(0) >= 0 && twice(4) == 8 ? 0 : 1);
  }
  return unused;
}

static pthread_t queue[3];

/* All sleep in the end, so the last one executes the call of the one before. */
void wait_inside(void) {
  static void *(*const calls[])(void *) = {call_twice, call_lent, call_after_others};
  for (int i = 0; i < 3; i++) {
    uint64_t before = parks();
    pthread_create(&queue[i], NULL, calls[i], &code);
    await_parks(before + 1);
  }
}

static int execute_for_another(void) {
  parent = getpid();
  callseq_init();
  hold();
  for (int i = 0; i < 3; i++)
    pthread_join(queue[i], NULL);
  return code;
}

static int fork_for_another(void) {
  lent = fork_lent;
  return execute_for_another();
}

static int fork_nested_for_another(void) {
  lent = fork_lent_and_nest;
  return execute_for_another();
}

/* ---- Handlers of fork that call ---- */

static bool handles;
static int right_calls;

static void call_in_handler(void) {
  if (handles)
    right_calls += twice(4) == 8 && !callseq_inside() && callseq_init() == CALLSEQ_OK &&
                   fail() == 0 && callseq_last_status() == CALLSEQ_ERROR;
}

static void call_in_child_handler(void) {
  alarm(IMPATIENT);
  call_in_handler();
}

static int init_status = -1;
static bool handler_inits;

static void init_in_handler(void) {
  if (handler_inits)
    init_status = callseq_init();
}

static void register_handlers(void) {
  pthread_atfork(call_in_handler, call_in_handler, call_in_child_handler);
}

/* Before the library registers its own. */
__attribute__((constructor(101))) static void register_early(void) {
  register_handlers();
  pthread_atfork(init_in_handler, NULL, NULL);
}

static void *call_all_the_time(void *unused) {
  while (!go_on)
    twice(1);
  return unused;
}

static int fork_with_handlers(int forks, int expected) {
  pthread_t threads[2];
  int wrong = 0;
  handles = true;
  for (int i = 0; i < 2; i++)
    pthread_create(&threads[i], NULL, call_all_the_time, NULL);
  for (int i = 0; i < forks; i++) {
    right_calls = 0;
    pid_t child = fork();
    if (child == 0)
      _exit(right_calls == expected && twice(5) == 10 ? 0 : 1);
    wrong += code_of(child) != 0 || right_calls != expected;
  }
  go_on = true;
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
  return wrong || twice(6) != 12;
}

static void quietly(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = keep_quiet;
  callseq_init_with(&config);
}

static int with_early_handlers(void) {
  quietly();
  return fork_with_handlers(50, 2);
}

static int with_late_handlers(void) {
  quietly();
  register_handlers();
  return fork_with_handlers(50, 4);
}

/* As C code under Scheme calls: refused here, since it is under a plain foreign-lambda. */
static int with_handlers_inside(void) {
  quietly();
  handles = true;
  int child = fork_now(0);
  if (child == 0)
    _exit(right_calls == 0 && callseq_last_status() == CALLSEQ_UNSAFE && twice(4) == 8 ? 0 : 1);
  return code_of(child) || callseq_last_status() != CALLSEQ_UNSAFE || twice(4) != 8;
}

static int init_by_a_handler(void) {
  handler_inits = true;
  pid_t child = fork();
  handler_inits = false;
  if (child == 0)
    _exit(callseq_init() == CALLSEQ_OK && twice(4) == 8 ? 0 : 1);
  return code_of(child) || init_status != CALLSEQ_INVALID || callseq_init() != CALLSEQ_OK;
}

/* ---- Children that CHICKEN makes ---- */

int never_as_host(void);
int never_as_host(void) { return twice(4) == 8 ? leave_thunk() : 1; }

static int (*make_child)(void);

static int second_host(void) {
  callseq_init();
  parent = getpid();
  printf("as yet unwritten ");
  int code = make_child();
  if (getpid() != parent)
    printf("a second host ");
  return code >= 0 ? code : 99;
}

/* There the child comes back to C under callseq_invoke, before that returns. */
static void leave_thunk_in(void *code) {
  *(int *)code = leave_thunk_plainly();
  if (getpid() != parent)
    _exit(4);
}

static int leave_thunk_invoked(void) {
  int code = -1;
  callseq_invoke(leave_thunk_in, &code);
  return code;
}

static void expect_child(int (*make)(void), int code, const char *what) {
  make_child = make;
  struct outcome outcome = in_child(second_host);
  is_int(outcome.code, code, "%s: what the parent is told (signal %d)", what, outcome.signal);
  ok(!strstr(outcome.out, "second host"), "%s: the child does not come back to C: %s", what,
     outcome.out);
}

static int goes_on_as_host(void) {
  quietly();
  int child = fork_on();
  if (child == 0)
    _exit(fail() == 0 && callseq_last_status() == CALLSEQ_ERROR && twice(4) == 8 ? 5 : 1);
  return code_of(child);
}

static int fails_in_a_handler(void) {
  quietly();
  int child = fork_in_c_and_fail_in_handler();
  if (child == 0)
    _exit(callseq_last_status() == CALLSEQ_OK && twice(4) == 8 ? 5 : 1);
  return code_of(child);
}

/* ---- The end of a child's threads ---- */

static bool threads_are_known(void) {
  const char *system = getenv("CALLSEQ_SYSTEM");
  return !(system && !strcmp(system, "posix")) && access("/proc/self/task", F_OK) == 0;
}

static pid_t ended;

/* What the child has besides: so many threads, which end together, later than the first one. */
static int later_threads;
static bool they_call;
static pthread_barrier_t together;

static void *end_later(void *first) {
  if (first)
    pthread_join(*(pthread_t *)first, NULL);
  pthread_barrier_wait(&together);
  if (they_call)
    twice(1);
  return NULL;
}

static void say_bye(void) { _exit(7); }

static void *fork_and_end(void *unused) {
  static pthread_t self;
  pid_t child = fork();
  if (child) {
    ended = child;
    return unused;
  }
  atexit(say_bye);
  self = pthread_self();
  pthread_barrier_init(&together, NULL, (unsigned)later_threads + !later_threads);
  for (int i = 0; i < later_threads; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, end_later, i ? NULL : &self);
  }
  return unused;
}

/* A child that is kept alive takes no signal but this. */
static void kill_child(int signal) {
  (void)signal;
  kill(ended, SIGKILL);
}

/* The process ends as by exit(0). */
static int end_child_of_a_worker(void) {
  pthread_t worker;
  callseq_init();
  handle();
  pthread_create(&worker, NULL, fork_and_end, NULL);
  pthread_join(worker, NULL);
  signal(SIGALRM, kill_child);
  alarm(IMPATIENT);
  return code_of(ended);
}

static int end_last_thread(void) {
  later_threads = 1;
  they_call = true;
  return end_child_of_a_worker();
}

static int end_thread_that_never_calls(void) {
  later_threads = 1;
  return end_child_of_a_worker();
}

static int end_threads_together(void) {
  later_threads = 4;
  they_call = true;
  return end_child_of_a_worker();
}

/* A post is executed by the library's own thread here, which then is the child's only one. */
static sem_t forked;
static int naps_in_child; /* a green thread's, which then exits with their number */

void fork_and_note(void);
void fork_and_note(void) {
  ended = fork();
  if (ended)
    sem_post(&forked);
  else
    atexit(say_bye);
}

int is_parent(void);
int is_parent(void) { return ended != 0; }

static int end_child_of_the_service(void) {
  callseq_init();
  sem_init(&forked, 0, 0);
  fork_later(naps_in_child);
  sem_wait(&forked);
  signal(SIGALRM, kill_child);
  alarm(IMPATIENT);
  return code_of(ended);
}

static int green_thread_goes_on(void) {
  naps_in_child = 3;
  return end_child_of_the_service();
}

/* Loading fails, in a child as well. */
static int load_and(const char *what) {
  setenv("FORK", what, 1);
  parent = getpid();
  int status = callseq_init();
  if (getpid() != parent)
    printf("a second host ");
  return status;
}

static int fork_and_fail(void) { return load_and("and fail"); }
static int run_nothing_loading(void) { return load_and("by process-run"); }
static int run_nothing_loading_guarded(void) { return load_and("by process-run, guarded"); }
static int pipe_nothing_loading(void) { return load_and("by process"); }
static int leave_thunk_loading(void) { return load_and("and leave the thunk"); }
static int fail_in_thunk_loading(void) { return load_and("and fail in the thunk"); }

static void expect_single(int (*scenario)(void), int status, const char *what) {
  struct outcome loading = in_child(scenario);
  is_int(loading.code, status, "loading: %s", what);
  ok(!strstr(loading.out, "second host"), "once: %s", loading.out);
}

int main(void) {
  int right = 0;
  for (int i = 0; i < 20; i++)
    right += in_child(fork_while_set_up).code == 0;
  is_int(right, 20, "forked while another thread is in its first callseq_init");
  is_int(in_child(init_by_a_handler).code, 0, "callseq_init by a handler is refused");

  is_int(in_child(fork_for_another).code, 0, "a callback executed for another thread forks");
  is_int(in_child(fork_nested_for_another).code, 0, "and in a nested call");

  is_int(in_child(with_early_handlers).code, 0, "handlers call that were registered early");
  is_int(in_child(with_late_handlers).code, 0, "handlers call that were registered late");
  is_int(in_child(with_handlers_inside).code, 0, "handlers call while a callback forks");

  expect_child(run_nothing, 70, "process-run without a program");
  expect_child(run_nothing_guarded, 70, "with the error handled");
  expect_child(run_something, 3, "process-run with one");
  expect_child(fork_and_execute, 70, "process-execute after process-fork");
  expect_child(pipe_nothing, 70, "process without a program");
  expect_child(leave_thunk, 70, "an escape from the thunk of process-fork");
  expect_child(fail_in_thunk, 70, "an error in it");
  expect_child(nest_in_thunk, 70, "a nested call in it, which forks itself");
  expect_child(leave_nested_thunk, 70, "an escape from a thunk, in a nested call");
  expect_child(leave_thunk_invoked, 70, "an escape from a thunk, in callseq_invoke");
  expect_child(execute_in_handler, 70, "process-execute in a signal handler");
  expect_child(execute_in_finalizer, 70, "process-execute in a finalizer");
  is_int(in_child(goes_on_as_host).code, 5, "a child without a thunk goes on as a host");
  is_int(in_child(fails_in_a_handler).code, 5,
         "one that C has made too, after an error in the signal handler in which it did");
  if (threads_are_known()) {
    is_int(in_child(end_child_of_a_worker).code, 7, "a child ends with its only thread");
    is_int(in_child(end_last_thread).code, 7, "and with its last one");
    is_int(in_child(end_thread_that_never_calls).code, 7, "which need not have called");
    is_int(in_child(end_threads_together).code, 7, "also if several end at once");
    is_int(in_child(end_child_of_the_service).code, 7, "one that a post has forked ends, too");
    is_int(in_child(green_thread_goes_on).code, 3, "but not before its green threads");
  } else {
    ok(true, "a child ends with its last thread # SKIP threads cannot be counted here");
  }
  expect_single(fork_and_fail, CALLSEQ_ERROR, "a program forks and fails");
  expect_single(run_nothing_loading, CALLSEQ_OK, "process-run without a program");
  expect_single(run_nothing_loading_guarded, CALLSEQ_OK, "with the error handled");
  expect_single(pipe_nothing_loading, CALLSEQ_OK, "process without a program");
  expect_single(leave_thunk_loading, CALLSEQ_OK, "an escape from the thunk of process-fork");
  expect_single(fail_in_thunk_loading, CALLSEQ_OK, "an error in it");
  return done();
}
