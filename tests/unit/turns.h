/* What any design of the sequencer promises: one holder at a time, each call executed once, batches
 * with a limit, nobody left behind. For the sequencer's own test and for those of the designs that
 * `make bench-designs` compares with it: a program that includes it says is_idle() (for ours
 * queue.h does), and is compiled with the folder of its sequencer.h in the include path.
 *
 * call() is what the layer above does: a thread becomes the holder, executes others' requests and
 * then its own, or it waits until a holder has executed it. Nothing is Scheme here. */
#ifndef TURNS_H
#define TURNS_H

#include "sequencer.h"

#include "../support.h"

enum { MAIN = 1000, SOME_SPINS = 100, NO_LIMIT = -1 };

struct request {
  struct callseq_waiter waiter; /* first: a waiter's address is its request's */
  int caller, executor, executions;
  uint32_t argument, result;
};

static struct callseq_sequencer s;

/* The resource: plain variables, which only the holder touches. */
static volatile int inside;
static int clashes, done_count, over_limit;
static uint32_t sum;
enum { LOG = 64 };
static struct request *done_log[LOG];

static inline void begin(int batch_limit, int spin_limit, int stall_ms) {
  struct callseq_sequencer_limits limits = {.batch_limit = (uint32_t)batch_limit,
                                            .spin_limit = (uint32_t)spin_limit,
                                            .stall_ms = (uint32_t)stall_ms};
  callseq_sequencer_init(&s, &limits);
}

static inline void open_and_leave(void) {
  callseq_sequencer_open(&s, 1);
  callseq_sequencer_end_batch(&s);
}

static inline void set_up(int batch_limit, int spin_limit, int stall_ms, bool symmetric) {
  begin(batch_limit, spin_limit, stall_ms);
  if (symmetric)
    s.symmetric = s.leaves = 1;
  open_and_leave();
  clashes = done_count = over_limit = 0;
  sum = 0;
}

/* Once nobody else is there: is the lock free, and nobody left in the queue? */
static bool is_idle(void);

static inline void execute(struct request *q, int executor) {
  clashes += inside;
  inside = 1;
  q->executor = executor;
  q->executions++;
  q->result = ~q->argument;
  sum += q->argument;
  done_log[done_count++ % LOG] = q;
  inside = 0;
}

/* For the holder. */
static inline void serve(int executor) {
  struct callseq_waiter *w;
  uint32_t served = 0;
  while ((w = callseq_sequencer_next(&s))) {
    execute((struct request *)w, executor);
    callseq_sequencer_finish(&s, w);
    served++;
  }
  over_limit += served > s.batch_limit;
}

static inline enum callseq_entered call(struct request *q, void (*stalled)(void *)) {
  uint32_t self = (uint32_t)q->caller;
  if (callseq_sequencer_try_enter(&s, self) ||
      (q->argument % 4 == 0 && callseq_sequencer_try_soon(&s, self))) { /* one need not */
    execute(q, q->caller);
    callseq_sequencer_leave(&s, self);
    return CALLSEQ_ENTERED_HOLDER;
  }
  enum callseq_entered entered = callseq_sequencer_enter(&s, &q->waiter, self, stalled, q);
  if (entered == CALLSEQ_ENTERED_HOLDER) {
    if (q->argument % 8 != 1) /* a holder need not serve */
      serve(q->caller);
    execute(q, q->caller);
    callseq_sequencer_end_batch(&s);
  }
  return entered;
}

/* ---- Many threads, at random ---- */

enum { THREADS = 8, CALLS = 3000, THINK = 200, ONE_IN = 16 };

static struct tally { int once, right, own, must_be_own, must_be_own_and_was; } tallies[THREADS];

static inline void think(uint32_t turns) {
  for (volatile uint32_t i = 0; i < turns; i++) {
  }
}

static void (*begin_thread)(void); /* each thread calls it first, unless it is NULL */

static inline void call_at_random(int index) {
  struct tally t = {0};
  if (begin_thread)
    begin_thread();
  uint32_t state = (uint32_t)index + 1;
  for (int i = 0; i < CALLS; i++) {
    uint32_t dice = chance(&state);
    struct request q = {.caller = index + 1, .argument = dice};
    q.waiter.alone = dice % ONE_IN == 0;
    enum callseq_entered entered = call(&q, NULL);
    t.once += q.executions == 1;
    t.right += q.result == ~dice;
    t.own += q.executor == q.caller;
    if (q.waiter.alone || entered == CALLSEQ_ENTERED_HOLDER) {
      t.must_be_own++;
      t.must_be_own_and_was += q.executor == q.caller;
    }
    think(chance(&state) % THINK);
  }
  tallies[index] = t;
}

static inline uint32_t sum_of_arguments(void) {
  uint32_t expected = 0;
  for (int index = 0; index < THREADS; index++) {
    uint32_t state = (uint32_t)index + 1;
    for (int i = 0; i < CALLS; i++) {
      expected += chance(&state);
      chance(&state);
    }
  }
  return expected;
}

static inline void at_random(int batch_limit, int spin_limit, bool symmetric) {
  struct tally t = {0};
  char what[96];
  set_up(batch_limit, spin_limit, 0, symmetric);
  snprintf(what, sizeof what, "batch_limit %d, spin_limit %d, %s barrier", batch_limit, spin_limit,
           s.symmetric ? "symmetric" : "asymmetric");
  crew(THREADS, call_at_random);
  for (int i = 0; i < THREADS; i++) {
    t.once += tallies[i].once;
    t.right += tallies[i].right;
    t.own += tallies[i].own;
    t.must_be_own += tallies[i].must_be_own;
    t.must_be_own_and_was += tallies[i].must_be_own_and_was;
  }
  ok(clashes == 0 && done_count == THREADS * CALLS && sum == sum_of_arguments(),
     "%s: one holder at a time: %d clashes", what, clashes);
  ok(t.once == THREADS * CALLS && t.right == t.once, "%s: each call is executed once, %d of %d",
     what, t.once, THREADS * CALLS);
  is_int(over_limit, 0, "%s: no batch is longer than its limit", what);
  is_int(t.must_be_own_and_was, t.must_be_own, "%s: holders and `alone` execute their own", what);
  if (batch_limit == 0)
    is_int(t.own, THREADS * CALLS, "%s: and so does everybody", what);
  ok(is_idle(), "%s: nobody is left", what);
}

static inline void all_at_random(bool symmetric) {
  static const int batch_limits[] = {0, 1, 5, NO_LIMIT};
  static const int spin_limits[] = {0, 1, SOME_SPINS};
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 3; k++)
      at_random(batch_limits[i], spin_limits[k], symmetric);
}

/* ---- States ---- */

static inline void states(void) {
  struct request q = {.caller = 1};
  s = (struct callseq_sequencer)CALLSEQ_SEQUENCER_INITIALIZER;
  ok(call(&q, NULL) == CALLSEQ_ENTERED_CLOSED, "closed before it is set up: a call is told so");
  begin(1, 1, 0);
  ok(!callseq_sequencer_try_enter(&s, 1) && !callseq_sequencer_try_enter_alone(&s, 1),
     "closed at first: nobody enters");
  ok(call(&q, NULL) == CALLSEQ_ENTERED_CLOSED && q.executions == 0, "a call is told so");
  is_int(callseq_sequencer_holder(&s), 0, "and nobody holds it");

  callseq_sequencer_open(&s, 7);
  ok(callseq_sequencer_holder(&s) == 7 && !callseq_sequencer_try_enter(&s, 1),
     "who opens it holds it");
  callseq_sequencer_close(&s);
  ok(call(&q, NULL) == CALLSEQ_ENTERED_CLOSED && callseq_sequencer_holder(&s) == 0,
     "and may close it again");

  open_and_leave();
  ok(call(&q, NULL) == CALLSEQ_ENTERED_HOLDER && q.executions == 1, "open: a call is executed");
  ok(callseq_sequencer_try_enter(&s, 7) && callseq_sequencer_holder(&s) == 7,
     "the holder is known");
  ok(!callseq_sequencer_try_enter(&s, 8) && !callseq_sequencer_try_enter_alone(&s, 8),
     "a second one is refused");
  callseq_sequencer_leave(&s, 7);
  ok(is_idle(), "until the first has left");
  ok(callseq_sequencer_try_enter_alone(&s, 8) && callseq_sequencer_holder(&s) == 8,
     "a program that excludes its threads itself enters without a locked access");
  callseq_sequencer_leave(&s, 8);
}

#endif
