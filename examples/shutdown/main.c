#include "app.h"
#include <callseq.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { WORKERS = 3, MANY = 10000 };

static sem_t asked;
static _Atomic(int) answered;
static int saved;

static void on_sigterm(int n) {
  (void)n;
  terminate(); /* allowed in a signal handler; Scheme runs soon, on a thread of the library's */
}

/* Both called from Scheme. */
void stop(void) { sem_post(&asked); }
void save(int n) { saved = n; }

static void *work(void *unused) {
  while (handle_request(1) == CALLSEQ_OK) /* CALLSEQ_CLOSED from the moment that main closes */
    if (atomic_fetch_add(&answered, 1) == MANY)
      kill(getpid(), SIGTERM); /* stands for who stops a service */
  return unused;
}

int main(void) {
  pthread_t workers[WORKERS];
  struct sigaction action = {.sa_handler = on_sigterm, .sa_flags = SA_RESTART};

  sem_init(&asked, 0, 0);
  if (callseq_init() != CALLSEQ_OK)
    return 1;
  sigaction(SIGTERM, &action, NULL);
  for (int i = 0; i < WORKERS; i++)
    pthread_create(&workers[i], NULL, work, NULL);

  while (sem_wait(&asked) != 0 && errno == EINTR) {
  }
  int status = callseq_close(5000); /* for what has begun; then it is given up */
  printf("closing: %s\n", callseq_strerror(status));
  for (int i = 0; i < WORKERS; i++)
    pthread_join(workers[i], NULL);
  puts(saved == answered ? "all that was answered is saved" : "something is lost");
  return 0;
}
