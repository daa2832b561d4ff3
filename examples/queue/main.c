#include "app.h"
#include <callseq.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { SENSORS = 3, EACH = 20000, ALARMS = 10 };

static _Atomic(int) dropped, errors;

/* On the library's own thread. */
static void on_error(void *data, int status, const char *message) {
  (void)data, (void)status, (void)message;
  errors++;
}

/* Stands for an audio or a network thread: it never waits for Scheme. */
static void *measure(void *sensor) {
  for (int i = 0; i < EACH; i++)
    if (measured(*(int *)sensor, i == 7 ? 1000 : i % 50) == CALLSEQ_FULL)
      dropped++; /* the next one will do */
  return NULL;
}

int main(void) {
  pthread_t threads[SENSORS];
  int sensors[SENSORS];
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = on_error;
  config.post_limit = 100;

  if (callseq_init_with(&config) != CALLSEQ_OK)
    return 1;
  for (int i = 0; i < SENSORS; i++) {
    sensors[i] = i;
    pthread_create(&threads[i], NULL, measure, &sensors[i]);
  }
  for (int i = 0; i < ALARMS; i++) {
    int status;
    while ((status = raise_alarm("smoke")) == CALLSEQ_FULL) /* back-pressure: none may be lost */
      sched_yield();
    if (status != CALLSEQ_OK)
      return 1;
  }
  for (int i = 0; i < SENSORS; i++)
    pthread_join(threads[i], NULL);

  callseq_flush(CALLSEQ_FOREVER);
  printf("%d measurements were taken or dropped\n", measurements_seen() + dropped);
  printf("%d alarms were seen\n", alarms_seen());
  return errors > SENSORS;
}
