/* How many cache lines change hands for a call, beside a mutex and an MCS queue; `make
 * bench-lines`.
 *
 *   lines [MS]    prints the table; so many simulated milliseconds for each of its lines, 2 by
 * default
 *
 * A call is short and uses eight lines of the resource, as a resident loop does: the runtime's
 * state and the young end of the nursery. Who executes many calls in a row keeps these lines. The
 * machine is simulated: see machine.h. */
#include "machine.h"

#include "sequence/sequencer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESOURCE_LINES = 8, BODY_NS = 10, SELF = 1 };

static volatile uint64_t resource[RESOURCE_LINES][LINE / 8] __attribute__((aligned(LINE)));

static void execute(volatile uint64_t *argument, volatile uint64_t *result) {
  for (int i = 0; i < RESOURCE_LINES; i++)
    resource[i][0]++;
  machine_work(BODY_NS);
  *result = *argument + 100;
}

struct request;
static const struct row {
  const char *name, *what;
  uint32_t batch_busy;
  void (*begin)(void);
  void (*call)(struct request *q, uint32_t self);
} * row; /* that is measured */

/* ---- callseq, as src/runtime/calls.c uses its sequencer ---- */

struct request {
  struct callseq_waiter waiter; /* first: a waiter's address is its request's */
  volatile uint64_t argument, result;
};

static struct callseq_sequencer s;
static struct callseq_habit habits[MOST_PROCESSORS] __attribute__((aligned(LINE)));

static void callseq_begin(void) {
  struct callseq_sequencer_limits limits = {
      .batch_limit = 16, .spin_limit = 100, .stall_ms = 10000, .batch_busy = row->batch_busy};
  memset((void *)habits, 0, sizeof habits);
  callseq_sequencer_init(&s, &limits);
  callseq_sequencer_open(&s, SELF);
  callseq_sequencer_end_batch(&s);
}

static void callseq_call(struct request *q, uint32_t self) {
  if (callseq_sequencer_try_enter(&s, self) || callseq_sequencer_try_soon(&s, self)) {
    execute(&q->argument, &q->result);
    callseq_sequencer_leave(&s, self);
    return;
  }
  q->waiter = (struct callseq_waiter){.habit = &habits[self - SELF]};
  if (callseq_sequencer_enter(&s, &q->waiter, self, NULL, NULL) != CALLSEQ_ENTERED_HOLDER)
    return;
  struct callseq_waiter *w;
  while ((w = callseq_sequencer_next(&s))) {
    struct request *other = (struct request *)w;
    execute(&other->argument, &other->result);
    callseq_sequencer_finish(&s, w);
  }
  execute(&q->argument, &q->result);
  callseq_sequencer_end_batch(&s);
}

/* ---- A mutex that sleeps: the three states of Drepper, Futexes Are Tricky, 2011 ---- */

static _Atomic(uint32_t) mutex __attribute__((aligned(LINE)));

static void mutex_begin(void) { atomic_store(&mutex, 0); }

static void mutex_call(struct request *q, uint32_t self) {
  uint32_t state = 0;
  (void)self;
  if (!atomic_compare_exchange_strong_explicit(&mutex, &state, 1, memory_order_acquire,
                                               memory_order_relaxed)) {
    if (state != 2)
      state = atomic_exchange_explicit(&mutex, 2, memory_order_acquire);
    while (state) {
      machine_sleep(&mutex, 2, 0);
      state = atomic_exchange_explicit(&mutex, 2, memory_order_acquire);
    }
  }
  execute(&q->argument, &q->result);
  if (atomic_exchange_explicit(&mutex, 0, memory_order_release) == 2)
    machine_wake(&mutex, 1);
}

/* ---- An MCS queue: Mellor-Crummey and Scott, ACM TOCS 9 (1991) ---- */

struct place {
  _Atomic(struct place *) next;
  _Atomic(uint32_t) waits;
} __attribute__((aligned(LINE)));

static _Atomic(struct place *) last __attribute__((aligned(LINE)));

static void mcs_begin(void) { atomic_store(&last, NULL); }

static void mcs_call(struct request *q, uint32_t self) {
  static struct place places[MOST_PROCESSORS];
  struct place *own = &places[self - SELF], *next;
  atomic_store_explicit(&own->next, NULL, memory_order_relaxed);
  struct place *before = atomic_exchange_explicit(&last, own, memory_order_acq_rel);
  if (before) {
    atomic_store_explicit(&own->waits, 1, memory_order_relaxed);
    atomic_store_explicit(&before->next, own, memory_order_release);
    while (atomic_load_explicit(&own->waits, memory_order_acquire))
      machine_work(20);
  }
  execute(&q->argument, &q->result);
  next = atomic_load_explicit(&own->next, memory_order_acquire);
  if (!next) {
    struct place *expected = own;
    if (atomic_compare_exchange_strong_explicit(&last, &expected, NULL, memory_order_release,
                                                memory_order_relaxed))
      return;
    while (!(next = atomic_load_explicit(&own->next, memory_order_acquire)))
      machine_work(20);
  }
  atomic_store_explicit(&next->waits, 0, memory_order_release);
}

/* ---- The table ---- */

static const struct row rows[] = {
    {"callseq", "the sequencer, by default", 0, callseq_begin, callseq_call},
    {"callseq-busy", "the same, whose batches take busy threads, too", 1, callseq_begin,
     callseq_call},
    {"mutex", "a mutex that sleeps at once", 0, mutex_begin, mutex_call},
    {"mcs", "an MCS queue, which polls", 0, mcs_begin, mcs_call},
};

static uint64_t end_ns, work_ns;
static uint64_t calls[MOST_PROCESSORS];

static void thread(int processor) {
  static struct request requests[MOST_PROCESSORS] __attribute__((aligned(LINE)));
  struct request *q = &requests[processor];
  uint64_t n = 0;
  for (; machine_clock() < end_ns; n++) {
    q->argument = n;
    row->call(q, (uint32_t)processor + SELF);
    if (q->result != n + 100) {
      fprintf(stderr, "lines: %s: a wrong result\n", row->name);
      exit(1);
    }
    if (work_ns)
      machine_work(work_ns);
  }
  calls[processor] = n;
}

static void measure(int threads) {
  row->begin();
  machine_forget();
  machine_name((const void *)resource, sizeof resource);
  machine_run(threads, thread);
  struct machine_count n = machine_counted();
  double all = 0;
  for (int i = 0; i < threads; i++)
    all += (double)calls[i];
  printf("%-12s %7d %6.1f %8.2f %9.2f %7.2f %10.2f\n", row->name, threads, (double)work_ns / 1000,
         (double)n.others / all, (double)n.named / all, (double)(n.others + n.named) / all,
         all * 1000 / (double)end_ns);
  fflush(stdout);
}

int main(int argc, char **argv) {
  static const int threads[] = {2, 8, 32};
  static const uint64_t work[] = {0, 1000};
  int ms = argc > 1 ? atoi(argv[1]) : 10;
  if (ms < 1) {
    fprintf(stderr, "usage: %s [MS]\n", argv[0]);
    return 2;
  }
  end_ns = (uint64_t)ms * 1000000;
  printf("Cache lines that change hands for each call, on a simulated machine on which each thread "
         "has\n"
         "a processor of its own; %d simulated ms.\n\n"
         "                      work     lines for each call       simulated\n"
         "row          threads    us    queue  resource  in all   Mcalls/s\n",
         ms);
  for (size_t w = 0; w < sizeof work / sizeof *work; w++)
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++)
      for (row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        work_ns = work[w];
        measure(threads[t]);
      }
  for (row = rows; row < rows + sizeof rows / sizeof *rows; row++)
    printf("%s%-12s %s\n", row == rows ? "\n" : "", row->name, row->what);
  return 0;
}
