/* Rows trivial-section, a mutex round an increment: what the scheduler and the mutex alone cost;
 * and, with -DEMPTY, no-call: what the loop of threads.c costs. */
#include "row.h"

#include <pthread.h>

void row_start(void) {}

#ifdef EMPTY

ROW_CALLS(i + 100)

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
