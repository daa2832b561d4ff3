/* batch_limit: how many calls of others a thread executes within one call of its own. With
 * CALLSEQ_BATCH_NONE none: C code under Scheme then always runs on the thread that called. */
#include "../support.h"
#include <sched.h>

int work(int, int);

enum { THREADS = 8, TURNS = 20000 };

/* Of the executing thread; the thread that calls resets them. */
static _Thread_local int self = -1, for_others, for_itself;

static int most_for_others[THREADS], wrong[THREADS];
static int least;               /* of these calls that there have to be in one, sooner or later, */
static _Atomic(int) were_least; /* and there have been */

static int executions; /* of the holder */

void note_execution(int caller);
__attribute__((noinline)) void note_execution(int caller) {
  if (caller == self)
    for_itself++;
  else
    for_others++;
  if (++executions % 100 == 0)
    sched_yield(); /* others come meanwhile, and wait */
}

static void call_often(int index) {
  self = index;
  for (int i = 0; i < TURNS || !were_least; i = (i + 1) % (2 * TURNS)) {
    for_others = for_itself = 0;
    if (work(index, i) != i + 1 || for_itself > 1)
      wrong[index]++;
    if (for_others > most_for_others[index])
      most_for_others[index] = for_others;
    if (for_others >= least)
      were_least = 1;
  }
}

/* Prints the most calls of others that any thread executed within one of its own, and errors. These
 * threads call all the time: batches take them only with batch_busy. */
static int with_limit(unsigned batch_limit, unsigned spin_limit) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.batch_busy = 1;
  least = batch_limit == CALLSEQ_BATCH_NONE ? 0 : batch_limit > 2 ? 2 : 1;
  config.batch_limit = batch_limit;
  config.spin_limit = spin_limit;
  if (callseq_init_with(&config))
    return 1;
  crew(THREADS, call_often);
  int most = 0, errors = 0;
  for (int i = 0; i < THREADS; i++) {
    errors += wrong[i];
    if (most_for_others[i] > most)
      most = most_for_others[i];
  }
  printf("%d %d", most, errors);
  return 0;
}

static int without_batches(void) { return with_limit(CALLSEQ_BATCH_NONE, 0); }
static int batches_of_1(void) { return with_limit(1, 0); }
static int batches_of_64(void) { return with_limit(64, 0); }
static int without_spinning(void) { return with_limit(2, CALLSEQ_SPIN_NONE); }

static void expect(int (*scenario)(void), int limit, const char *what) {
  struct outcome outcome = in_child(scenario);
  int most = -1, errors = -1;
  sscanf(outcome.out, "%d %d", &most, &errors);
  is_int(outcome.code, 0, "%s: the process ends well (signal %d)", what, outcome.signal);
  is_int(errors, 0, "%s: results", what);
  ok(most >= 0 && most <= limit, "%s: at most %d calls of others, %d seen", what, limit, most);
}

int main(void) {
  expect(without_batches, 0, "CALLSEQ_BATCH_NONE");
  expect(batches_of_1, 1, "batch_limit 1");
  expect(batches_of_64, 64, "batch_limit 64");
  expect(without_spinning, 2, "batch_limit 2, CALLSEQ_SPIN_NONE");
  return done();
}
