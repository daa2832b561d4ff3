/* The main program of every row of the second table of `make bench-peers`.
 *
 *   ROW THREADS EVENTS   so many created threads tell of so many events in all; prints how many
 *                        were dealt with per second
 *   ROW version          prints what is measured
 *
 * The threads begin at a barrier; the time counts from when the last comes there to the end of the
 * last event. One that finds no room yields, and tries again. The sum is checked. Exit code: 0, 1
 * for a failure or a wrong sum, 2 for wrong use. */
#include "tell.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_THREADS = 64 };

static int threads, events;
static pthread_barrier_t ready;
/* When each thread came to the barrier; the last of them is the start. */
static double here_ns[MOST_THREADS];

static void *run_teller(void *number) {
  int first = *(int *)number;
  here_ns[first] = now_ns();
  pthread_barrier_wait(&ready);
  for (int x = first; x < events; x += threads)
    while (!tell(x))
      sched_yield();
  return NULL;
}

void tell_begin(int thread_count, int event_count) {
  static int numbers[MOST_THREADS];
  pthread_t thread;
  threads = thread_count;
  events = event_count;
  pthread_barrier_init(&ready, NULL, (unsigned)threads);
  for (int i = 0; i < threads; i++) {
    numbers[i] = i;
    if (pthread_create(&thread, NULL, run_teller, &numbers[i]) != 0)
      row_fail("cannot create a thread");
    pthread_detach(thread);
  }
}

void tell_end(double sum) {
  double end_ns = now_ns(), start_ns = here_ns[0];
  for (int i = 1; i < threads; i++)
    start_ns = here_ns[i] > start_ns ? here_ns[i] : start_ns;
  if (sum != (double)events * (events - 1) / 2)
    row_fail("an event was lost, or dealt with twice");
  printf("%.0f\n", events * 1e9 / (end_ns - start_ns));
  fflush(stdout);
  _Exit(0);
}

#ifndef TELL_HOSTED
int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "version") == 0) {
    puts(tell_version);
    return 0;
  }
  int n = argc == 3 ? atoi(argv[1]) : 0, total = argc == 3 ? atoi(argv[2]) : 0;
  if (n < 1 || n > MOST_THREADS || total < 1) {
    fprintf(stderr, "usage: %s THREADS EVENTS | version    (THREADS: 1 to %d)\n", argv[0],
            MOST_THREADS);
    return 2;
  }
  tell_start(total);
  tell_begin(n, total);
  tell_serve();
  return 0;
}
#endif
