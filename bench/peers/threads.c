/* The main program of every row of `make bench-peers`.
 *
 *   ROW THREADS SECONDS   so many created threads call without a pause; prints the calls of all of
 *                         them per second, and the fewest and the most calls of one thread
 *   ROW version           prints what is measured
 *
 * Only created threads call: in a process with a single thread glibc leaves out atomic instructions
 * that every real caller pays for. All begin at a barrier and end at a flag, and each result is
 * checked. Exit code: 0, 1 for a failure or a wrong result, 2 for wrong use. */
#include "row.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STACK_BYTES = 16 << 20, CACHE_LINE = 64, MOST_THREADS = 1024 };

typedef struct {
  _Alignas(CACHE_LINE) pthread_t thread;
  double start_ns;
  long calls;
} caller;

static caller callers[MOST_THREADS];
static pthread_barrier_t ready;
/* Relaxed: it carries no other data. The counts are read after pthread_join. */
static atomic_bool stop;

static void make_calls(void *argument) {
  caller *self = argument;
  pthread_barrier_wait(&ready);
  self->start_ns = now_ns();
  long calls = 0;
  for (; !atomic_load_explicit(&stop, memory_order_relaxed); calls++) {
    int x = calls & 0xffffff;
    if (row_call(x) != x + 100)
      row_fail("a call returned a wrong result");
  }
  self->calls = calls;
}

static void *run_caller(void *self) {
  row_thread(make_calls, self);
  return NULL;
}

static void measure(int threads, double seconds) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_barrier_init(&ready, NULL, threads + 1);
  for (int i = 0; i < threads; i++)
    if (pthread_create(&callers[i].thread, &attributes, run_caller, &callers[i]) != 0)
      row_fail("cannot create a thread");

  pthread_barrier_wait(&ready);
  struct timespec pause = {(time_t)seconds, (seconds - (time_t)seconds) * 1e9};
  while (nanosleep(&pause, &pause) != 0) {
  }
  atomic_store_explicit(&stop, true, memory_order_relaxed);
  double end_ns = now_ns();
  for (int i = 0; i < threads; i++)
    pthread_join(callers[i].thread, NULL);

  double start_ns = callers[0].start_ns;
  long all = 0, fewest = callers[0].calls, most = 0;
  for (int i = 0; i < threads; i++) {
    caller *c = &callers[i];
    all += c->calls;
    start_ns = c->start_ns < start_ns ? c->start_ns : start_ns;
    fewest = c->calls < fewest ? c->calls : fewest;
    most = c->calls > most ? c->calls : most;
  }
  printf("%.0f %ld %ld\n", all * 1e9 / (end_ns - start_ns), fewest, most);
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "version") == 0) {
    puts(row_version);
    return 0;
  }
  int threads = argc == 3 ? atoi(argv[1]) : 0;
  double seconds = argc == 3 ? atof(argv[2]) : 0;
  if (threads < 1 || threads > MOST_THREADS || seconds <= 0) {
    fprintf(stderr, "usage: %s THREADS SECONDS | version    (THREADS: 1 to %d)\n", argv[0],
            MOST_THREADS);
    return 2;
  }
  row_start();
  measure(threads, seconds);
  fflush(stdout);
  _Exit(0); /* no runtime is shut down: it would be another thing to get right in each */
}
