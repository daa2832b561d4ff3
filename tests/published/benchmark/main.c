/* Times its calls from threads that were started before Scheme had loaded; ends by exit. */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define THREADS 4
#define SAMPLES 100000

void callseq_init(void);
int foo(int x);
uint64_t total(uint64_t a, uint64_t b);

static pthread_t threads[THREADS];
static sem_t loaded;
static uint64_t sum[THREADS];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *bench_run(void *argument) {
  uint64_t *mine = argument;
  sem_wait(&loaded);
  double then = now();
  for (int count = SAMPLES; count-- > 0;)
    *mine += (uint64_t)foo(count);
  fprintf(stderr, "%.0f ns per call\n", (now() - then) / SAMPLES * 1e9);
  return NULL;
}

void start_threads(void);
void start_threads(void) {
  for (int i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, bench_run, &sum[i]);
}

int main(void) {
  uint64_t all = 0;
  sem_init(&loaded, 0, 0);
  callseq_init();
  for (int i = 0; i < THREADS; i++)
    sem_post(&loaded);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    all = total(all, sum[i]);
  }
  printf("%llu\n", (unsigned long long)all);
  exit(0);
}
