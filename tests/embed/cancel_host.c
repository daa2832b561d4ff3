/* Cancelling a thread takes effect after its call, whether it waits for the runtime or holds it.
 * C code under Scheme that is itself a cancellation point is cut off with its thread: then the
 * process either goes on or ends with a message, but nobody waits for ever. */
#include "../support.h"
#include <semaphore.h>

int hold(int), hold_cancellably(int), twice(int);

static sem_t holding, never;
static pthread_barrier_t let_go;

/* Under Scheme; no cancellation point. */
void wait_for_main(void);
void wait_for_main(void) {
  sem_post(&holding);
  pthread_barrier_wait(&let_go);
}

/* Under Scheme; a cancellation point. */
void wait_cancellably(void);
void wait_cancellably(void) {
  sem_post(&holding);
  sem_wait(&never);
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

static void start(struct caller *caller, int (*call)(int)) {
  caller->call = call;
  caller->result = -1;
  sem_init(&caller->entering, 0, 0);
  pthread_create(&caller->thread, NULL, call_and_be_cancelled, caller);
  sem_wait(&caller->entering);
}

static void ends_cancelled(struct caller *caller, const char *what) {
  void *end;
  pthread_join(caller->thread, &end);
  ok(end == PTHREAD_CANCELED, "%s ends cancelled", what);
  is_int(caller->result, 42, "%s has finished its call before", what);
}

static int cut_off(void) {
  struct caller holder;
  callseq_init();
  start(&holder, hold_cancellably);
  sem_wait(&holding);
  pthread_cancel(holder.thread);
  pthread_join(holder.thread, NULL);
  printf("%d", twice(4));
  return 0;
}

enum { WAITERS = 4 };

int main(void) {
  struct caller holder, waiters[WAITERS];
  sem_init(&holding, 0, 0);
  sem_init(&never, 0, 0);
  pthread_barrier_init(&let_go, NULL, 2);

  struct outcome outcome = in_child(cut_off);
  ok((outcome.code == 0 && !strcmp(outcome.out, "8")) || *outcome.err,
     "cut off in C code under Scheme: code %d, signal %d, \"%s\"", outcome.code, outcome.signal,
     outcome.err);

  start_quietly();
  start(&holder, hold);
  sem_wait(&holding);
  for (int i = 0; i < WAITERS; i++) {
    start(&waiters[i], twice);
    pthread_cancel(waiters[i].thread);
  }
  pthread_cancel(holder.thread);
  pthread_barrier_wait(&let_go);
  ends_cancelled(&holder, "the holder");
  for (int i = 0; i < WAITERS; i++)
    ends_cancelled(&waiters[i], "a waiter");
  is_int(twice(4), 8, "the runtime is free");
  return done();
}
