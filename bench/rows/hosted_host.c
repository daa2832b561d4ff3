/* Rows of Scheme programs (hosted.scm): such a program is ready before it runs main.c or threads.c,
 * on its own thread or, if it has something else to do, on another.
 */
#include "row.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

int row_main(int argc, char **argv);
int row_begin(int argc, char **argv), row_result(void), row_is_over(void);
void row_step(double alone);

void row_start(void) {}

/* ---- On another thread ---- */

static int count, result, ends[2];
static char **arguments;
static pthread_t thread;
static atomic_bool over;
static atomic_long steps;
static double steps_alone; /* written before the first step is counted */

static void *run(void *unused) {
  result = row_main(count, arguments);
  over = true;
  if (write(ends[1], "", 1) != 1)
    row_fail("cannot tell the program that it is over");
  return unused;
}

/* Returns a descriptor that can be read from when it is over. */
int row_begin(int argc, char **argv) {
  count = argc;
  arguments = argv;
  if (pipe(ends) != 0 || pthread_create(&thread, NULL, run, NULL) != 0)
    row_fail("cannot create the thread that measures");
  return ends[0];
}

int row_result(void) {
  pthread_join(thread, NULL);
  return result;
}

int row_is_over(void) { return over; }

void row_step(double alone) {
  steps_alone = alone;
  atomic_fetch_add(&steps, 1); /* pairs with row_steps */
}

#ifdef THREADS
long row_steps(void) { return atomic_load(&steps); }
double row_steps_alone(void) { return steps_alone; }
#endif

/* ---- Calls ---- */

#ifdef ASYNC
/* Goes on until all have been carried out: the last of them comes last. */
static atomic_llong sum;
static atomic_int got;
void row_got(int x), foo_later(int x);

void row_got(int x) {
  atomic_store_explicit(&sum, atomic_load_explicit(&sum, memory_order_relaxed) + x,
                        memory_order_relaxed);
  atomic_fetch_add_explicit(&got, 1, memory_order_release); /* pairs with row_calls */
}

int64_t row_calls(int calls) {
  sum = 0;
  got = 0;
  for (int i = 0; i < calls; i++)
    foo_later(i);
  while (atomic_load_explicit(&got, memory_order_acquire) < calls)
    sched_yield();
  return sum;
}
#else
ROW_CALLS(WORKLOAD(i))
#endif
