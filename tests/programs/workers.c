/* What the Scheme programs under test have of C: native threads that call deposit, and wait for
 * them. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <callseq.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int deposit(int);
int rest(int);
int leave(int);

enum { MOST = 16 };

static pthread_t threads[MOST];
static int count, calls;
static atomic_int running, wrong, closed, ended, made, silent;
static atomic_bool stopping;
static sem_t began;

static void on_error(void *data, int status, const char *message) {
  ++*(atomic_int *)data;
  if (status == CALLSEQ_CLOSED)
    *(strstr(message, "the Scheme program has ended") ? &ended : &closed) += 1;
}

int hear(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = on_error;
  config.on_error_data = &silent;
  return callseq_init_with(&config);
}

static void *work(void *unused) {
  (void)unused;
  for (int i = 0; calls ? i < calls : !stopping; i++) {
    callseq_clear_error();
    int answer = deposit(i % 100);
    if (callseq_last_status() == CALLSEQ_CLOSED)
      break;
    wrong += answer != i % 100 + 1;
    made++;
    if (i == 0)
      sem_post(&began);
  }
  running--;
  return NULL;
}

static void *work_asleep(void *unused) {
  (void)unused;
  sem_post(&began);
  rest(60000);
  running--;
  return NULL;
}

static void *work_leaving(void *code) {
  leave((int)(intptr_t)code);
  return NULL;
}

static void start(void *(*run)(void *), void *argument) {
  running++;
  if (pthread_create(&threads[count++], NULL, run, argument))
    abort();
}

/* `each` 0: until they are stopped. */
void begin_work(int n, int each) {
  calls = each;
  stopping = false;
  while (n--)
    start(work, NULL);
}

void begin_rest(void) { start(work_asleep, NULL); }

/* Its call does not end, so it is not joined. */
void begin_leaving(int code) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, work_leaving, (void *)(intptr_t)code))
    abort();
}

void await_call(void) { sem_wait(&began); }
int working(void) { return running; }
int calls_made(void) { return made; }
int times_closed(void) { return closed; } /* by callseq_close */
int times_ended(void) { return ended; }   /* since the program has */
void stop(void) { stopping = true; }

/* How many answers were wrong. */
int join(void) {
  while (count)
    if (!pthread_equal(threads[--count], pthread_self()))
      pthread_join(threads[count], NULL);
  return wrong;
}

/* Called from Scheme. */
int deposit_here(int n) {
  callseq_clear_error();
  int answer = deposit(n);
  return callseq_last_status() ? -callseq_last_status() : answer;
}

/* Needs as much stack as a main thread usually has. */
int deep(void) {
  volatile char frame[6 << 20];
  for (size_t i = 0; i < sizeof frame; i += 1024)
    frame[i] = 1;
  return deposit_here(42);
}

/* All threads from now on share the processor that this one is on. */
void share_processor(void) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
}

int inside(void) { return callseq_inside(); }
unsigned long self(void) { return (unsigned long)pthread_self(); }
void interrupt(void) { kill(getpid(), SIGINT); }

static void *work_and_fork(void *result) {
  pid_t child = fork();
  if (child == 0)
    _exit(deposit(4) == 5 ? 6 : 1);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  *(int *)result = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  running--;
  return NULL;
}

static int forked;
void begin_fork(void) { start(work_and_fork, &forked); }
int fork_result(void) { return forked; }

/* What callseq_init and callseq_init_with answer: a digit for each. */
int answers(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  int answer = callseq_init();
  config.batch_limit = 3;
  config.spin_limit = CALLSEQ_SPIN_NONE;
  config.stall_ms = CALLSEQ_STALL_NEVER;
  config.suspend = CALLSEQ_SUSPEND_NONE;
  config.batch_busy = 1;
  answer = 10 * answer + callseq_init_with(&config);
  config = (callseq_config)CALLSEQ_CONFIG_DEFAULT;
  config.stack_bytes = 1 << 23;
  answer = 10 * answer + callseq_init_with(&config);
  config = (callseq_config)CALLSEQ_CONFIG_DEFAULT;
  config.measure_time = 1;
  answer = 10 * answer + callseq_init_with(&config);
  config = (callseq_config)CALLSEQ_CONFIG_DEFAULT;
  return 10 * answer + callseq_init_with(&config);
}
