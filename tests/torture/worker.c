/* worker.c: see worker.h. */
#include "worker.h"
#include "call.h"
#include "callbacks.h"
#include "operations.h"
#include <chicken/chicken.h>
#include <limits.h>
#include <semaphore.h>

enum { HOST = 0, FIRST_THREAD = 1, RARELY = 6, STEPS = 10, PROGRAMS = 3 };
enum ending { RETURNS, EXITS, SCHEME_EXITS, CLOSES };

#define PICK(actor, array) ((array)[pick(actor, sizeof(array) / sizeof *(array))])

static int threads, turns;
static size_t thread_stack;
static enum ending ending;
static int leaver, leaving_turn;
static pthread_t ids[ACTORS];
static pthread_barrier_t start, finish;
static sem_t time_to_exit;
static _Atomic int ended; /* threads */
static bool is_program;

/*** Signals ***/

static _Thread_local volatile sig_atomic_t seen;

static void on_signal(int signal) {
  (void)signal;
  seen++;
}

int host_signals(void) { return seen; }

void signal_somebody(struct actor *actor, int signal) {
  unsigned target = FIRST_THREAD + pick(actor, (unsigned)threads);
  if (getpid() == ledger->process)
    pthread_kill(ids[target], signal);
  else
    raise(signal);
}

/*** Chance ***/

static void choose_operations(struct actor *host, const bool *allowed) {
  for (int i = 0; operations[i].name; i++)
    enabled[i] = pick(host, 5) && allowed[i];
}

/* What a Scheme program can choose, too. */
static callseq_config choose_late_config(struct actor *host) {
  static const unsigned batches[] = {0, 1, 2, 64, CALLSEQ_BATCH_NONE};
  static const unsigned spins[] = {0, 1, 1000, CALLSEQ_SPIN_NONE};
  static const unsigned stalls[] = {0, 1, 3, CALLSEQ_STALL_NEVER};
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.batch_limit = PICK(host, batches);
  config.spin_limit = PICK(host, spins);
  config.stall_ms = PICK(host, stalls);
  static const unsigned limits[] = {0, 1, 3, 100};
  config.post_limit = PICK(host, limits);
  suspends = pick(host, 8);
  config.suspend = suspends ? 0 : CALLSEQ_SUSPEND_NONE;
  config.on_error = note_error;
  return config;
}

static callseq_config choose_config(struct actor *host) {
  static const size_t nurseries[] = {0, 64 << 10, 128 << 10, 256 << 10, 1 << 20, 4 << 20};
  static const size_t room[] = {256 << 10, 1 << 20, 8 << 20};
  static const size_t heaps[] = {0, 64 << 10, 1 << 20, 16 << 20};
  callseq_config config = choose_late_config(host);
  config.nursery_bytes = PICK(host, nurseries);
  size_t above = PICK(host, room);
  config.stack_bytes = config.nursery_bytes ? config.nursery_bytes + above : 0;
  config.heap_bytes = PICK(host, heaps);
  config.report_overrun = (int)pick(host, 2);
  return config;
}

static void choose_threads(struct actor *host) {
  static const size_t stacks[] = {3 * LEAST_STACK, 4 * LEAST_STACK, 256 << 10, 8 << 20};
  threads = 1 + (int)pick(host, ACTORS - FIRST_THREAD);
  turns = 20 + (int)pick(host, 300);
  thread_stack = PICK(host, stacks);
  unsigned dice = pick(host, 2 * RARELY);
  ending = dice == 0 ? EXITS : dice == 1 ? SCHEME_EXITS : dice == 2 ? CLOSES : RETURNS;
  leaver = FIRST_THREAD + (int)pick(host, (unsigned)threads);
  leaving_turn = (int)pick(host, (unsigned)turns);
}

/*** Threads ***/

/* What has begun may wait for a call that is refused, so there is an end to it. */
static void close_runtime(struct actor *actor) {
  int status = callseq_close(pick(actor, 50));
  if (status != CALLSEQ_OK && status != CALLSEQ_TIMEDOUT)
    fail(actor, "callseq_close: %s", callseq_strerror(status));
  if (callseq_close(CALLSEQ_FOREVER) != status)
    fail(actor, "callseq_close, again: %s", callseq_last_error());
  atomic_store_explicit(&ledger->closed, status == CALLSEQ_OK, memory_order_relaxed);
}

/* The moment has come to end the process while others are inside. */
static void leave(struct actor *actor) {
  int code = 10 + (int)pick(actor, 100);
  atomic_store_explicit(&ledger->exit_code, code, memory_order_relaxed);
  if (ending == SCHEME_EXITS)
    op_exit(actor);
  if (ending == CLOSES)
    close_runtime(actor);
  sem_post(&time_to_exit);
}

static void *act(void *argument) {
  struct actor *actor = argument;
  pthread_barrier_wait(&start);
  for (int i = 0; i < turns && has_room(actor); i++) {
    if (ending != RETURNS && actor->index == leaver && i == leaving_turn)
      leave(actor);
    perform(actor, OUTSIDE);
  }
  callseq_flush(CALLSEQ_FOREVER); /* what it has posted has been executed then */
  actor->ended = true;
  atomic_fetch_add_explicit(&ended, 1, memory_order_relaxed);
  pthread_barrier_wait(&finish); /* others may still send it a signal */
  return NULL;
}

static void prepare(struct actor *host) {
  torture_let_handler_fail(!is_program && pick(host, 2)); /* it would end a program */
  for (int i = 0; i < 8; i++) /* so that there always is something to enter */
    op_capture(host);
}

static void start_threads(struct actor *host) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, thread_stack);
  pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
  pthread_barrier_init(&finish, NULL, (unsigned)threads);
  for (int i = FIRST_THREAD; i < FIRST_THREAD + threads; i++)
    if (pthread_create(&ids[i], &attributes, act, &ledger->actors[i]))
      fail(host, "pthread_create");
  pthread_barrier_wait(&start);
}

static void join_threads(void) {
  for (int i = FIRST_THREAD; i < FIRST_THREAD + threads; i++)
    pthread_join(ids[i], NULL);
}

static void run_threads(struct actor *host) {
  start_threads(host);
  if (ending == EXITS || ending == CLOSES) {
    while (sem_wait(&time_to_exit))
      continue;
    exit(ledger->exit_code);
  }
  join_threads();
}

/*** A Scheme program ***/

int torture_is_program(void) { return is_program; }

void torture_begin_program(void) {
  struct actor *host = &ledger->actors[HOST];
  callseq_config config = choose_late_config(host);
  if (callseq_init_with(&config) != CALLSEQ_OK)
    fail(host, "callseq_init_with in a program: %s", callseq_last_error());
  prepare(host);
  start_threads(host);
}

int torture_next_step(void) {
  struct actor *host = &ledger->actors[HOST];
  if (ending == EXITS && !sem_trywait(&time_to_exit))
    return -1;
  if (atomic_load_explicit(&ended, memory_order_relaxed) == threads)
    return -1;
  return (int)pick(host, STEPS);
}

void torture_step_outside(void) {
  if (has_room(&ledger->actors[HOST]))
    perform(&ledger->actors[HOST], callseq_inside() ? INSIDE : OUTSIDE);
}

void torture_step_inside(void) {
  if (has_room(&ledger->actors[HOST]))
    perform(&ledger->actors[HOST], INSIDE);
}

/* Its exit code. */
int torture_end_program(void) {
  struct actor *host = &ledger->actors[HOST];
  if (atomic_load_explicit(&ended, memory_order_relaxed) < threads)
    return ledger->exit_code;
  join_threads();
  if (ending == RETURNS) {
    check_count(host);
    check_handles(host);
  }
  return ledger->exit_code == NO_EXIT ? 0 : ledger->exit_code;
}

/* CHICKEN runs as in any program of its own, on this thread. */
_Noreturn static void be_program(struct actor *host) {
  static char name[] = "torture", small[] = "-:s256k", large[] = "-:s4m";
  char *options[] = {NULL, small, large};
  char *arguments[] = {name, options[pick(host, 3)], NULL};
  is_program = true;
  if (ending == CLOSES) /* the program would go on */
    ending = EXITS;
  for (int i = 0; operations[i].name; i++) /* the rest of its file would run in a callback */
    enabled[i] &= strncmp(operations[i].name, "escape", strlen("escape")) != 0;
  CHICKEN_main(arguments[1] ? 2 : 1, arguments, (void *)C_toplevel);
  fail(host, "the program has returned");
}

/* Calls while C ends the process: right, or refused. */
static void at_exit(void) {
  struct actor *host = &ledger->actors[HOST];
  struct call call;
  int got = 0;
  begin(&call, host);
  call.status = torture_try(call.id, 0, &got);
  if (call.status == CALLSEQ_CLOSED)
    came_wrong(&call, CALLSEQ_CLOSED, 0, "");
  else if (came_right(&call))
    must(&call, got == answer(call.id), "%d in atexit gave %d", call.id, got);
}

static void call_too_early(struct actor *host) {
  struct call call;
  int got = 0;
  begin(&call, host);
  call.status = torture_try(call.id, 0, &got);
  came_wrong(&call, CALLSEQ_CLOSED, 0, "callseq_init");
}

_Noreturn static void *wait_for_the_end(void *unused) {
  (void)unused;
  for (;;)
    pause();
}

/* The first thread that is cancelled has glibc load a library; a child that is forked meanwhile
 * could not load one ever after. */
static void cancel_one(struct actor *host) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, wait_for_the_end, NULL) || pthread_cancel(thread) ||
      pthread_join(thread, NULL))
    fail(host, "a thread cannot be cancelled");
}

_Noreturn void work(const bool *allowed) {
  struct actor *host = &ledger->actors[HOST];
  ledger->process = getpid();
  choose_operations(host, allowed);
  choose_threads(host);
  sem_init(&time_to_exit, 0, 0);
  signal(SIGUSR1, on_signal);
  cancel_one(host);
  if (ledger->round % PROGRAMS == 0)
    be_program(host);
  callseq_config config = choose_config(host);
  call_too_early(host);
  if (callseq_init_with(&config) != CALLSEQ_OK)
    fail(host, "callseq_init: %s", callseq_last_error());
  prepare(host);
  if (atexit(at_exit))
    fail(host, "atexit");
  run_threads(host);
  check_count(host);
  check_handles(host);
  exit(0);
}
