/* Rows trivial-section, a mutex round an increment: what the scheduler and the mutex alone cost;
 * with -DEMPTY, no-call: what the loop of threads.c costs; with -DNAP, nap-only: it sleeps for a
 * millisecond. */
#include "row.h"

#include <pthread.h>

void row_start(void) {}

#ifdef EMPTY

ROW_CALLS(i + 100)

#elif defined(NAP)

static int call(int x) {
  row_nap();
  return x + 100;
}

ROW_CALLS(call(i))

#else

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long calls; /* owned by who holds the mutex */

static int call(int x) {
  pthread_mutex_lock(&mutex);
  calls++;
  if (row_busy)
    row_occupy();
  pthread_mutex_unlock(&mutex);
  return x + 100;
}

ROW_CALLS(call(i))

#endif
