/* Four threads that take pieces of the numbers, and tell Scheme of each. Where the queue of posts
 * is full they try again, but not once they are to stop: the thread that empties it may wait for
 * them. */
#include "callbacks.h"
#include "gui.h"
#include <callseq.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { WORKERS = 4, PIECE = 500 };
static pthread_t workers[WORKERS];
static bool begun;
static atomic_long next;
static long last;
static int run;
static atomic_bool stopped;

static bool prime(long n) {
  for (long d = 2; d * d <= n; d++)
    if (n % d == 0)
      return false;
  return n > 1;
}

static void *count(void *unused) {
  long from;
  while (!stopped && (from = atomic_fetch_add(&next, PIECE)) < last) {
    long to = from + PIECE < last ? from + PIECE : last, found = 0;
    for (long n = from + 1; n <= to; n++)
      found += prime(n);
    while (counted(run, to - from, found) == CALLSEQ_FULL && !stopped) /* the window is behind */
      sched_yield();
  }
  return unused;
}

void workers_begin(long to, int number) {
  run = number;
  next = 0;
  last = to;
  stopped = false;
  begun = true;
  for (int i = 0; i < WORKERS; i++)
    pthread_create(&workers[i], NULL, count, NULL);
}

void workers_stop(void) { stopped = true; }

void workers_end(void) {
  if (begun)
    for (int i = 0; i < WORKERS; i++)
      pthread_join(workers[i], NULL);
  begun = false;
}
