#include "app.h"
#include <callseq.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

enum { WORKERS = 3 };

static pthread_t loop;
static int drawn[WORKERS], elsewhere;
static int keyboard[2]; /* stands for the connection to a display */

/* Called from Scheme. A GUI's functions may be called by one thread alone, as this one. */
void draw(int worker, int percent) {
  drawn[worker] = percent;
  elsewhere += !pthread_equal(pthread_self(), loop);
}

static void *work(void *number) {
  int worker = *(int *)number;
  for (int percent = 0; percent <= 100; percent++)
    while (progress(worker, percent) == CALLSEQ_FULL)
      sched_yield();
  return NULL;
}

/* An impatient user. */
static void *press(void *unused) {
  while (write(keyboard[1], "q", 1) == 1)
    usleep(1000);
  return unused;
}

static void run_loop(void) {
  struct pollfd set[2] = {{.fd = keyboard[0], .events = POLLIN},
                          {.fd = callseq_service_fd(), .events = POLLIN}};
  char key;
  while (poll(set, 2, -1) > 0) {
    if (set[1].revents)
      callseq_serve(0);
    if (set[0].revents && read(keyboard[0], &key, 1) == 1 && !key_pressed(key))
      return;
  }
}

int main(void) {
  pthread_t workers[WORKERS], user;
  int numbers[WORKERS];
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.service = CALLSEQ_SERVICE_HOST;
  config.batch_limit = CALLSEQ_BATCH_NONE; /* no other thread executes what is the loop's */

  loop = pthread_self();
  if (callseq_init_with(&config) != CALLSEQ_OK || pipe(keyboard) != 0)
    return 1;
  begin_work(WORKERS);
  for (int i = 0; i < WORKERS; i++) {
    numbers[i] = i;
    pthread_create(&workers[i], NULL, work, &numbers[i]);
  }
  pthread_create(&user, NULL, press, NULL);

  run_loop();
  for (int i = 0; i < WORKERS; i++) {
    pthread_join(workers[i], NULL);
    printf("worker %d: %d%%\n", i, drawn[i]);
  }
  printf("drawn by other threads: %d times\n", elsewhere);
  printf("closing: %s\n", callseq_strerror(callseq_close(1000)));
  return 0;
}
