/* Patience: for how long a thread's calls wait to begin. What has not begun by then never does. */
#include "../support.h"
#include <sched.h>
#include <semaphore.h>

int count(void), count_status(int *), hold_it(int), nest_it(int), twice(int), sleep_it(int);
void hold(void);
int nested(int);

static sem_t held, release;

void hold(void) {
  sem_post(&held);
  sem_wait(&release);
}

int nested(int n) {
  unsigned before = callseq_set_patience(0);
  int result = twice(n);
  callseq_set_patience(before);
  return result;
}

static void *hold_main(void *unused) {
  hold_it(1);
  return unused;
}

static pthread_t begin_holding(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, hold_main, NULL))
    exit(2);
  sem_wait(&held);
  return thread;
}

static void end_holding(pthread_t thread) {
  sem_post(&release);
  pthread_join(thread, NULL);
}

static void run(void *ran) { *(bool *)ran = true; }

static int told;
static int last_told;
static void note(void *data, int status, const char *message) {
  (void)data, (void)message;
  told++;
  last_told = status;
}

static void alone(void) {
  is_int(callseq_set_patience(0), CALLSEQ_FOREVER, "at first a thread has patience for ever");
  int before = count();
  is_int(count(), before + 1, "a call that need not wait is executed");
  is_int(nest_it(4), 8, "a nested one too");
  is_int(callseq_set_patience(CALLSEQ_FOREVER), 0, "the former patience");
  is_int(nest_it(5), 10, "nested calls do not wait, whatever the patience");
}

/* The runtime is idle, however long another thread has had it alone. */
static void *call_at_once(void *failed) {
  callseq_set_patience(0);
  for (int i = 0; i < 10; i++)
    *(int *)failed += count_status(&(int){0}) != CALLSEQ_OK;
  return NULL;
}

static void after_another(void) {
  enum { LONG = 200000 };
  int failed = 0;
  pthread_t thread;
  for (int i = 0; i < LONG; i++)
    twice(i);
  if (pthread_create(&thread, NULL, call_at_once, &failed))
    exit(2);
  pthread_join(thread, NULL);
  is_int(failed, 0, "a thread without patience need not wait for one that is not inside");
}

static void while_held(unsigned ms, int status) {
  int n = 7, before = count();
  bool ran = false;
  pthread_t holder = begin_holding();
  callseq_set_patience(ms);
  is_int(count_status(&n), status, "%u ms: the status", ms);
  is_int(n, 7, "the result is left alone");
  is_int(callseq_last_status(), status, "the thread's last status");
  ok(strstr(callseq_last_error(), "count_status"), "the message names the callback: %s",
     callseq_last_error());
  is_int(callseq_invoke(run, &ran), status, "callseq_invoke");
  told = 0;
  is_int(count(), 0, "the plain form returns 0");
  ok(told == 1 && last_told == status, "and on_error is told");
  callseq_set_patience(CALLSEQ_FOREVER);
  end_holding(holder);
  is_int(count(), before + 1, "no body has run, or will");
  ok(!ran, "nor the function");
}

/* A call that has begun is waited for. */
static void begun(void) {
  callseq_set_patience(1);
  is_int(sleep_it(20), 20, "a call that has begun is waited for, though it is suspended");
  callseq_set_patience(CALLSEQ_FOREVER);
}

/* How long others' calls take nobody knows: who has patience only for a while executes none of
 * them. A thread's first call would begin with what is queued, and there is no other service. */
static void *call_first(void *ms) {
  callseq_set_patience(*(unsigned *)ms);
  twice(1);
  return NULL;
}

static bool ran_before(unsigned ms) {
  bool ran = false;
  pthread_t thread;
  callseq_post(run, &ran, NULL);
  if (pthread_create(&thread, NULL, call_first, &ms))
    exit(2);
  pthread_join(thread, NULL);
  bool result = ran;
  while (!ran)
    callseq_serve(CALLSEQ_FOREVER);
  return result;
}

static int others_first(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.service = CALLSEQ_SERVICE_HOST;
  if (callseq_init_with(&config))
    return 1;
  bool bound = ran_before(0), longer = ran_before(1000), forever = ran_before(CALLSEQ_FOREVER);
  printf("%d %d %d", bound, longer, forever);
  return 0;
}

/* Some have patience, some have not; the runtime is busy all the time. */
enum { THREADS = 6, CALLS = 2000 };
static int done_calls[THREADS], wrong[THREADS];
static void call_on(int index) {
  uint32_t state = (uint32_t)index + 1;
  for (int i = 0; i < often(CALLS); i++) {
    int n;
    callseq_set_patience(index % 3 == 0   ? CALLSEQ_FOREVER
                         : index % 3 == 1 ? 0
                                          : chance(&state) % 3);
    int status = count_status(&n);
    done_calls[index] += status == CALLSEQ_OK;
    wrong[index] += status != CALLSEQ_OK && status != CALLSEQ_BUSY && status != CALLSEQ_TIMEDOUT;
    wrong[index] += index % 3 == 0 && status != CALLSEQ_OK;
  }
}

static void all_at_once(void) {
  int before = count(), total = 0, errors = 0;
  crew(THREADS, call_on);
  for (int i = 0; i < THREADS; i++) {
    total += done_calls[i];
    errors += wrong[i];
  }
  is_int(errors, 0, "each call succeeds, or fails for want of patience");
  is_int(count(), before + total + 1, "each that succeeded has been executed once, no other");
}

/* The default on_error does not print what the thread has asked for. */
static int quiet(void) {
  pthread_t holder;
  callseq_init();
  sem_init(&held, 0, 0);
  sem_init(&release, 0, 0);
  holder = begin_holding();
  callseq_set_patience(0);
  count();
  callseq_set_patience(1);
  count();
  end_holding(holder);
  return callseq_last_status() == CALLSEQ_TIMEDOUT ? 0 : 1;
}

int main(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = note;
  struct outcome outcome = in_child(quiet);
  is_int(outcome.code, 0, "with the default on_error");
  is_str(outcome.err, "", "nothing is printed");
  outcome = in_child(others_first);
  is_str(outcome.out, "0 0 1",
         "posts before a thread's call: not with 0 ms, nor 1000 ms, but for ever");
  sem_init(&held, 0, 0);
  sem_init(&release, 0, 0);
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");
  alone();
  after_another();
  while_held(0, CALLSEQ_BUSY);
  while_held(3, CALLSEQ_TIMEDOUT);
  begun();
  all_at_once();
  return done();
}
