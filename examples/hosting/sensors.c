#include <pthread.h>

enum { SENSORS = 3, VALUES = 1000 };

void measured(int sensor, int value);

static pthread_t threads[SENSORS];
static pthread_barrier_t reported;

static void *sense(void *sensor) {
  int number = (int)(long)sensor;
  measured(number, 1);
  pthread_barrier_wait(&reported);
  for (int value = 2; value <= VALUES; value++)
    measured(number, value);
  return NULL;
}

/* Returns when each sensor has made its first report. */
void start_sensors(void) {
  pthread_barrier_init(&reported, NULL, SENSORS + 1);
  for (long i = 0; i < SENSORS; i++)
    pthread_create(&threads[i], NULL, sense, (void *)i);
  pthread_barrier_wait(&reported);
}

void join_sensors(void) {
  for (int i = 0; i < SENSORS; i++)
    pthread_join(threads[i], NULL);
}
