/* A library whose thread is there before callseq is. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

static int (*call)(int);
static sem_t told;
static pthread_t thread;
static int answer;

static void *run(void *unused) {
  sem_wait(&told);
  answer = call(41);
  return unused;
}

void begin_early(void) {
  sem_init(&told, 0, 0);
  if (pthread_create(&thread, NULL, run, NULL))
    abort();
}

int tell_early(int (*function)(int)) {
  call = function;
  sem_post(&told);
  pthread_join(thread, NULL);
  return answer;
}
