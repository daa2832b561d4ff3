/* Threads that leave the sequencer's queue without having been executed, wherever they are in it:
 * they lose patience, are refused, or it is closed. And a forked child, which forgets all of them.
 */
#define _GNU_SOURCE
#include "queue.h"

/* ---- Forks ---- */

/* In the child, whose only thread is the holder. */
static int forked(void) {
  callseq_sequencer_forked(&s, MAIN + 1);
  bool forgot = callseq_sequencer_holder(&s) == MAIN + 1 && !callseq_sequencer_next(&s);
  callseq_sequencer_leave(&s, MAIN + 1);
  struct request q = {.caller = 1};
  return forgot && is_idle() && call(&q, NULL) == CALLSEQ_ENTERED_HOLDER && is_idle() ? 0 : 1;
}

/* The holder forks within its batch, while others are in every place where one can be. */
static void *call_and_fork(void *argument) {
  struct request *own = argument;
  callseq_sequencer_enter(&s, &own->waiter, (uint32_t)own->caller, NULL, NULL);
  struct request *q = (struct request *)callseq_sequencer_next(&s);
  execute(q, own->caller);
  is_int(in_child(forked).code, 0, "a forked child forgets the waiters that are not there");
  callseq_sequencer_finish(&s, &q->waiter);
  serve(own->caller);
  execute(own, own->caller);
  callseq_sequencer_end_batch(&s);
  return NULL;
}

static void forks(void) {
  set_up_patient(3, 0, 0, false);
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < QUEUE; i++)
    queue_up(i, i == 4 ? call_and_fork : call_once, i == 6, false);
  callseq_sequencer_leave(&s, MAIN);
  join_queue(QUEUE);
  is_str(batches(), "1:1 5:2345 7:7 8:68", "and the parent serves them");
  ok(is_idle(), "nobody is left");
}

/* ---- Closing ---- */

static _Atomic(int) refusals;

static void *call_and_be_refused(void *argument) {
  refusals += call(argument, NULL) == CALLSEQ_ENTERED_CLOSED;
  return NULL;
}

static void *call_and_close(void *argument) {
  struct request *q = argument;
  callseq_sequencer_enter(&s, &q->waiter, (uint32_t)q->caller, NULL, NULL);
  callseq_sequencer_close(&s);
  return NULL;
}

/* The holder closes while others wait, and while more of them come: main, or the heir, which leaves
 * a vacancy. */
static void closed(int spin_limit, bool sleeps, bool vacant, bool symmetric) {
  set_up_patient(2, spin_limit, 0, symmetric);
  refusals = 0;
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < QUEUE; i++)
    queue_up(i, i || !vacant ? call_and_be_refused : call_and_close, i % 3 == 1, i % 3 == 2);
  if (sleeps)
    wait_for_sleep();
  if (vacant)
    callseq_sequencer_leave(&s, MAIN);
  else
    callseq_sequencer_close(&s);
  join_queue(QUEUE);
  is_int(refusals, QUEUE - vacant, "closed: all that wait are told, %d polls, %s, %s barrier",
         spin_limit, vacant ? "no heir" : "an heir", s.symmetric ? "symmetric" : "asymmetric");
  is_int(done_count, 0, "and not executed");
  ok(!atomic_load(&s.arrivals) && !s.brief.first && !s.turns.first, "nobody is left");
}

/* ---- Withdrawing ---- */

enum { PATIENT_CALLS = CALLS / 20 };
static int gave_up[THREADS], rightly[THREADS];

/* Each thread loses patience now and then, after so long that its call is anywhere by then. */
static void call_with_patience(int index) {
  uint32_t state = (uint32_t)index + 1;
  gave_up[index] = rightly[index] = 0;
  for (int i = 0; i < PATIENT_CALLS; i++) {
    uint32_t dice = chance(&state);
    struct request q = {.caller = index + 1, .argument = dice};
    q.waiter.alone = dice % ONE_IN == 0;
    if (dice % 4)
      q.waiter.until = callseq_clock_now() + chance(&state) % 100000;
    bool late = call(&q, NULL) == CALLSEQ_ENTERED_TIMEDOUT;
    gave_up[index] += late;
    rightly[index] += late ? q.waiter.until && q.executions == 0 : q.executions == 1;
    think(chance(&state) % THINK);
  }
}

static void with_patience(int batch_limit, int spin_limit, bool symmetric) {
  int late = 0, good = 0;
  set_up(batch_limit, spin_limit, 0, symmetric);
  crew(THREADS, call_with_patience);
  for (int i = 0; i < THREADS; i++) {
    late += gave_up[i];
    good += rightly[i];
  }
  is_int(good, THREADS * PATIENT_CALLS,
         "a call is executed once, or never if its thread has lost patience: %d have", late);
  is_int(done_count, THREADS * PATIENT_CALLS - late, "nobody executes another one");
  ok(clashes == 0 && is_idle(), "one holder at a time, and nobody is left");
}

/* Nobody knows how long others' calls take: who has to begin by some time executes none of them,
 * and is executed in its order. `who`: bit n for thread n. */
static void *call_with_an_end(void *argument) {
  struct request *q = argument;
  q->waiter.until = callseq_clock_now() + (uint64_t)3600 * 1000000000;
  return call_once(q);
}

static void impatient_in_order(unsigned who, const char *expected) {
  enum { COUNT = 5 };
  set_up_patient(NO_LIMIT, 0, 0, false);
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < COUNT; i++)
    queue_up(i, who >> (i + 1) & 1 ? call_with_an_end : call_once, false, false);
  wait_for_sleep();
  callseq_sequencer_leave(&s, MAIN);
  join_queue(COUNT);
  is_str(batches(), expected, "who has patience only for a while executes nobody else");
  ok(is_idle(), "nobody is left");
}

/* The holder does not leave: those that wait lose patience, or are refused, wherever they are. No
 * time passes before all are in the queue: on a busy machine that takes longer than any patience.
 */
static void *call_for_a_while(void *argument) {
  struct request *q = argument;
  q->waiter.until = callseq_clock_now() + 5000000;
  refusals += call(q, NULL) == CALLSEQ_ENTERED_TIMEDOUT;
  return NULL;
}

static void held(bool patience, bool sleeps, bool symmetric) {
  set_up_patient(3, 0, 0, symmetric);
  refusals = 0;
  stopped = 1;
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < QUEUE; i++)
    queue_up(i, patience ? call_for_a_while : call_and_be_refused, i % 3 == 1, i % 3 == 2);
  if (sleeps)
    wait_for_sleep();
  if (patience)
    stopped = 2;
  else
    callseq_sequencer_refuse(&s, CALLSEQ_REFUSES_ALL);
  join_queue(QUEUE);
  stopped = 0;
  is_int(refusals, QUEUE, "while the runtime is held all that wait can leave");
  is_int(done_count, 0, "and are not executed");
  callseq_sequencer_refuse(&s, CALLSEQ_REFUSES_NOBODY);
  callseq_sequencer_end_batch(&s);
  ok(is_idle(), "nobody is left");
}

/* Those that only their own thread may execute are not refused. */
static void others_refused(void) {
  set_up_patient(3, 0, 0, false);
  refusals = 0;
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < QUEUE; i++)
    queue_up(i, call_and_be_refused, i % 3 == 1, false);
  callseq_sequencer_refuse(&s, CALLSEQ_REFUSES_OTHERS);
  while (refusals < 5)
    sched_yield();
  callseq_sequencer_end_batch(&s);
  join_queue(QUEUE);
  is_int(refusals, 5, "some are refused");
  is_int(done_count, 3, "the others have been executed");
  ok(is_idle(), "nobody is left");
}

int main(void) {
  forks();
  others_refused();
  impatient_in_order(1 << 5, "1:1 4:234 5:5");
  impatient_in_order(1 << 4 | 1 << 5, "1:1 3:23 4:4 5:5");
  impatient_in_order(1 << 1 | 1 << 3, "1:1 5:2345");
  impatient_in_order(~0u, "1:1 2:2 3:3 4:4 5:5");
  for (int symmetric = 0; symmetric < 2; symmetric++) {
    closed(0, true, false, symmetric);
    closed(0, true, true, symmetric);
    closed(NO_LIMIT, false, false, symmetric);
    held(true, false, symmetric);
    held(false, false, symmetric);
    held(false, true, symmetric);
    with_patience(5, 0, symmetric);
    with_patience(NO_LIMIT, SOME_SPINS, symmetric);
    with_patience(0, 1, symmetric);
  }
  printf("# seeds: 1 to %d, a thread each\n", THREADS);
  return done();
}
