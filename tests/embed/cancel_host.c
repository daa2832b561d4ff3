/* Cancelling a thread takes effect after its call: whether it waits for the runtime or holds it,
 * also for others, also where C code under Scheme is a cancellation point, and whatever its type.
 */
#include "../support.h"
#include <semaphore.h>

int hold(int), held_to_the_end(void), twice(int);

static sem_t holding;
static pthread_barrier_t let_go;

/* Under Scheme. */
void wait_for_main(void);
void wait_for_main(void) {
  sem_post(&holding);
  pthread_barrier_wait(&let_go);
}

/* Under Scheme; cancellation points, of the C library's own as well. */
void be_cancellable(void);
void be_cancellable(void) {
  pthread_testcancel();
  usleep(1);
}

struct caller {
  pthread_t thread;
  int (*call)(int);
  sem_t entering;
  int result;
};

static void *call_and_be_cancelled(void *argument) {
  struct caller *caller = argument;
  sem_post(&caller->entering);
  caller->result = caller->call(21);
  pthread_testcancel();
  return NULL;
}

/* Cancellation acts as soon as it may: not after the call's return, but not in the middle either.
 */
static void *call_asynchronously(void *argument) {
  struct caller *caller = argument;
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  sem_post(&caller->entering);
  caller->result = caller->call(21);
  return NULL;
}

static void start(struct caller *caller, void *(*body)(void *), int (*call)(int)) {
  caller->call = call;
  caller->result = -1;
  sem_init(&caller->entering, 0, 0);
  pthread_create(&caller->thread, NULL, body, caller);
  sem_wait(&caller->entering);
}

static void ends_cancelled(struct caller *caller, const char *what) {
  void *end;
  pthread_join(caller->thread, &end);
  ok(end == PTHREAD_CANCELED, "%s ends cancelled", what);
  is_int(caller->result, 42, "%s has finished its call before", what);
}

/* A thread that executes others' calls all the time, until it is cancelled. */
static void *work_until_cancelled(void *argument) {
  sem_t *working = argument;
  sem_post(working);
  for (;;) {
    twice(1);
    pthread_testcancel();
  }
  return NULL;
}

enum { CALLS = 20000, VICTIMS = 200 };

static void cancel_one_after_another(void) {
  for (int i = 0; i < VICTIMS; i++) {
    sem_t working;
    pthread_t victim;
    void *end;
    sem_init(&working, 0, 0);
    pthread_create(&victim, NULL, work_until_cancelled, &working);
    sem_wait(&working);
    for (int j = 0; j < 20; j++)
      twice(0);
    pthread_cancel(victim);
    pthread_join(victim, &end);
    if (end != PTHREAD_CANCELED)
      ok(false, "victim %d ends cancelled", i);
  }
}

static void call_or_cancel(int index) {
  if (index == 0) {
    cancel_one_after_another();
    return;
  }
  int right = 0;
  for (int i = 0; i < CALLS; i++)
    right += twice(i) == 2 * i;
  is_int(right, CALLS, "calls of thread %d, while others are cancelled", index);
}

enum { WAITERS = 4 };

int main(void) {
  struct caller holder, waiters[WAITERS];
  void *end;
  sem_init(&holding, 0, 0);
  pthread_barrier_init(&let_go, NULL, 2);

  start_quietly();
  start(&holder, call_and_be_cancelled, hold);
  sem_wait(&holding);
  for (int i = 0; i < WAITERS; i++) {
    start(&waiters[i], call_and_be_cancelled, twice);
    pthread_cancel(waiters[i].thread);
  }
  pthread_cancel(holder.thread);
  pthread_barrier_wait(&let_go);
  ends_cancelled(&holder, "the holder");
  for (int i = 0; i < WAITERS; i++)
    ends_cancelled(&waiters[i], "a waiter");
  is_int(twice(4), 8, "the runtime is free");

  start(&holder, call_asynchronously, hold);
  sem_wait(&holding);
  pthread_cancel(holder.thread);
  pthread_barrier_wait(&let_go);
  pthread_join(holder.thread, &end);
  ok(end == PTHREAD_CANCELED, "a holder ends cancelled asynchronously");
  is_int(held_to_the_end(), 2, "both holders' calls were executed to the end");

  crew(4, call_or_cancel);
  is_int(twice(4), 8, "the runtime is free again");
  return done();
}
