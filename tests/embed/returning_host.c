/* A call that has been executed returns, whatever runs after it: each callback here waits until the
 * call that was executed before has returned. With a mutex round each call that ends; a test
 * that fails hangs. */
#include "../support.h"
#include <sched.h>
#include <semaphore.h>

int wait_for_last(int call);

enum { MOST = 40, LONG = 200, AFTER = 1000 };

static sem_t returned[MOST], began, let_go;
static pthread_t threads[MOST];
static int numbers[MOST], last, executed; /* of the holder */

static void await(sem_t *event) {
  while (sem_wait(event) != 0) {
  }
}

/* Under Scheme. The first call waits until all others have come. AFTER and a number: until the call
 * of that number has returned. */
void wait_inside(int call);
void wait_inside(int call) {
  sem_post(&began);
  if (call >= AFTER) {
    await(&returned[call - AFTER]);
    return;
  }
  await(executed++ ? &returned[last] : &let_go);
  last = call;
}

static void *call(void *number) {
  int i = *(int *)number;
  if (wait_for_last(i) == i)
    sem_post(&returned[i]);
  return NULL;
}

/* So many threads, each but the last one with `work`, call while the first one is inside, and
 * sleep, most of them. */
static void in_line(int count, void *(*work)(void *)) {
  sem_init(&began, 0, 0);
  sem_init(&let_go, 0, 0);
  for (int i = 0; i < count; i++) {
    uint64_t before = parks();
    numbers[i] = i;
    sem_init(&returned[i], 0, 0);
    pthread_create(&threads[i], NULL, i < count - 1 ? work : call, &numbers[i]);
    if (i == 0)
      await(&began);
    if (i > 0)
      await_parks(before + 1);
  }
  sem_post(&let_go);
  for (int i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
}

static void call_in_line(int count) {
  executed = 0;
  in_line(count, call);
  printf(" %d", executed);
}

/* Threads that call seldom get their turns as they came: each but the last one here calls again at
 * once, with a callback that waits for the return of the next one's first call. */
static void *call_again(void *number) {
  int i = *(int *)number, next = AFTER + i + 1;
  call(number);
  sem_post(&returned[i]); /* two callbacks wait for that */
  if (wait_for_last(next) == next)
    sem_post(&began);
  return NULL;
}

static int again(void) {
  alarm(2);
  callseq_init();
  in_line(4, call_again);
  return 0;
}

/* One that does not get a processor for some milliseconds loses its turn, and all wait for ever. */
static void expect_again(void) {
  enum { TRIES = 5 };
  struct outcome outcome;
  int tries = 0;
  do
    outcome = in_child(again);
  while (++tries < TRIES && outcome.signal == SIGALRM);
  ok(outcome.code == 0 && !outcome.signal,
     "who calls again at once does so after those that wait (try %d, signal %d)", tries,
     outcome.signal);
}

/* Threads that call all the time. */
static void call_often(int index) {
  for (int i = 0; i < LONG; i++) {
    numbers[index] = index;
    call(&numbers[index]);
  }
}

static int all(unsigned batch_limit, unsigned spin_limit, int batch_busy) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.batch_limit = batch_limit;
  config.spin_limit = spin_limit;
  config.batch_busy = batch_busy;
  config.stall_ms = CALLSEQ_STALL_NEVER;
  if (callseq_init_with(&config))
    return 1;
  call_in_line(2);
  call_in_line(3);
  call_in_line(5);
  call_in_line(MOST);
  executed = 0;
  sem_post(&let_go);
  crew(8, call_often);
  printf(" %d", executed);
  return 0;
}

static int by_default(void) { return all(0, 0, 0); }
static int busy_too(void) { return all(0, CALLSEQ_SPIN_NONE, 1); }
static int in_twos(void) { return all(1, 0, 0); }
static int alone(void) { return all(CALLSEQ_BATCH_NONE, 0, 0); }

static void expect(int (*scenario)(void), const char *what) {
  struct outcome outcome = in_child(scenario);
  is_int(outcome.code, 0, "%s: the process ends well (signal %d)", what, outcome.signal);
  is_str(outcome.out, " 2 3 5 40 1600", "and every call returns before the next one has to go on");
}

int main(void) {
  expect(by_default, "the default");
  expect(busy_too, "batch_busy, nobody polls");
  expect(in_twos, "batch_limit 1");
  expect(alone, "CALLSEQ_BATCH_NONE");
  expect_again();
  return done();
}
