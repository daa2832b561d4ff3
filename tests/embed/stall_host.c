/* stall_ms: a call that waits longer is reported once on standard error, with both threads and the
 * callback that holds the runtime. So is a newcomer that a nested call has started and waits for:
 * no other thread is served then. It waits without using the processor, and the report fits the
 * smallest stack that a thread can have. The test waits for the report itself, not for a time. */
#include "../support.h"
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/syscall.h>

int slow_rule(void), outer_rule(void), inner_rule(void), twice(int);

static sem_t holding, let_go;
static long holder;
static _Atomic(long) newcomer;
static FILE *report;

enum { USED_STACK = 6 << 10 };

/* Under Scheme. In its place a program might join the thread that cannot be served: for ever. */
void wait_for_main(void);
void wait_for_main(void) {
  holder = syscall(SYS_gettid);
  sem_post(&holding);
  sem_wait(&let_go);
}

int run_inner(void);
int run_inner(void) { return inner_rule(); }

static void *hold(void *argument) {
  *(int *)argument = slow_rule();
  return NULL;
}

static void *hold_nested(void *argument) {
  *(int *)argument = outer_rule();
  return NULL;
}

static void *wait_in_line(void *argument) {
  volatile char used[USED_STACK]; /* by the program */
  used[0] = used[sizeof used - 1] = 1;
  atomic_store_explicit(&newcomer, syscall(SYS_gettid), memory_order_relaxed);
  *(int *)argument = twice(20 + used[0]);
  return NULL;
}

/* A thread that polls, or only yields, is always ready to run, and this never ends. */
static void wait_until_asleep(long thread) {
  char name[64], state = 0;
  snprintf(name, sizeof name, "/proc/self/task/%ld/stat", thread);
  while (state != 'S') {
    FILE *file = fopen(name, "r");
    if (!file || fscanf(file, "%*d %*s %c", &state) != 1) {
      perror(name);
      exit(2);
    }
    fclose(file);
    sched_yield();
  }
}

/* By the kernel's ids; where the library does not use them, by two numbers that are not the same.
 */
static void names_threads(const char *line, long waits, long holds) {
  const char *system = getenv("CALLSEQ_SYSTEM");
  long first = 0, second = 0;
  const char *rest = strstr(line, "; thread ");
  sscanf(line, "callseq: thread %ld ", &first);
  sscanf(rest ? rest : "", "; thread %ld ", &second);
  if (system && *system)
    ok(first > 0 && second > 0 && first != second, "two threads are told apart: %s", line);
  else
    ok(first == waits && second == holds, "thread %ld waits for thread %ld: %s", waits, holds,
       line);
}

/* With the smallest stack, unless a tool needs more itself. */
static void create_small(pthread_t *thread, void *(*work)(void *), void *argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (!WATCHED && !emulated())
    pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN));
  is_int(pthread_create(thread, &attributes, work, argument), 0, "a thread with a small stack");
}

static void one_report(void *(*holds)(void *), int result, const char *callback) {
  int held = 0, waited = 0;
  pthread_t holding_thread, waiting_thread;
  char line[512];

  pthread_create(&holding_thread, NULL, holds, &held);
  sem_wait(&holding);
  create_small(&waiting_thread, wait_in_line, &waited);
  char *first = fgets(line, sizeof line, report); /* comes while the callback still holds */
  ok(first && strstr(line, callback), "the report names the callback %s: %s", callback, line);
  ok(strstr(line, "foreign-blocking-lambda") != NULL, "and the remedy: %s", line);
  long waiting = atomic_load_explicit(&newcomer, memory_order_relaxed);
  names_threads(line, waiting, holder);
  wait_until_asleep(waiting);
  ok(true, "which sleeps");

  sem_post(&let_go);
  pthread_join(holding_thread, NULL);
  pthread_join(waiting_thread, NULL);
  fputs("the end\n", stderr);
  ok(fgets(line, sizeof line, report) && !strcmp(line, "the end\n"), "there is one report: %s",
     line);
  is_int(held, result, "the call that held the runtime has its result");
  is_int(waited, 42, "the call that waited has its result");
}

int main(void) {
  if (!has_proc()) {
    puts("1..0 # SKIP /proc is not mounted: it tells when a thread sleeps");
    return 0;
  }
  int errors[2];
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.stall_ms = 50;
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");
  sem_init(&holding, 0, 0);
  sem_init(&let_go, 0, 0);
  int own_errors = dup(STDERR_FILENO);
  if (pipe(errors) || dup2(errors[1], STDERR_FILENO) < 0)
    return 2;
  report = fdopen(errors[0], "r");

  one_report(hold, 1, "slow_rule");
  one_report(hold_nested, 2, "inner_rule");
  dup2(own_errors, STDERR_FILENO);
  return done();
}
