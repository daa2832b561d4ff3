/* The sequencer and what it sleeps on, by themselves: threads that share a resource without Scheme.
 *
 * call() is what the layer above does: a thread becomes the holder, executes its own request and
 * then others', or it waits until a holder has done so. Where order matters, main is the holder
 * while one thread after the other queues, so that what follows can only go one way. A wake-up that
 * is lost shows as a test that hangs; the runner's time limit ends it. */
#define _GNU_SOURCE
#include "../../src/sequencer.h"
#include "../../src/park.h"
#include "../support.h"
#include <sched.h>
#include <semaphore.h>

enum { MAIN = 1000, STALL_MS = 1, ENOUGH_SPINS = 100, NO_LIMIT = -1 };

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

/* Opens a sequencer as its owner does: holds it, and leaves. */
static void open_sequencer(void) {
  atomic_store(&s.lock, 1);
  callseq_sequencer_end_batch(&s);
}

static void set_up(int batch_limit, int spin_limit, int stall_ms, bool symmetric) {
  callseq_sequencer_init(&s, (uint32_t)batch_limit, (uint32_t)spin_limit, (uint32_t)stall_ms);
  if (symmetric)
    s.symmetric = s.slow_leave = 1;
  open_sequencer();
  clashes = done_count = over_limit = 0;
  sum = 0;
}

static bool is_idle(void) {
  return callseq_sequencer_holder(&s) == 0 && !callseq_sequencer_wanted(&s) && !s.pending;
}

static void execute(struct request *q, int executor) {
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
static void serve(int executor) {
  struct callseq_waiter *w;
  uint32_t served = 0;
  while ((w = callseq_sequencer_next(&s))) {
    execute((struct request *)w, executor);
    callseq_sequencer_finish(w);
    served++;
  }
  over_limit += served > s.batch_limit;
}

static enum callseq_entered call(struct request *q, void (*stalled)(void *)) {
  uint32_t self = (uint32_t)q->caller;
  if (callseq_sequencer_try_enter(&s, self)) {
    execute(q, q->caller);
    serve(q->caller);
    callseq_sequencer_leave(&s);
    return CALLSEQ_ENTERED_HOLDER;
  }
  enum callseq_entered entered = callseq_sequencer_enter(&s, &q->waiter, self, stalled, q);
  if (entered == CALLSEQ_ENTERED_HOLDER) {
    execute(q, q->caller);
    serve(q->caller);
    callseq_sequencer_end_batch(&s);
  }
  return entered;
}

/* ---- Many threads, at random ---- */

enum { THREADS = 8, CALLS = 10000, THINK = 200, ONE_IN = 16 };

static struct tally { int once, right, own, must_be_own, must_be_own_and_was; } tallies[THREADS];

static void think(uint32_t turns) {
  for (volatile uint32_t i = 0; i < turns; i++) {
  }
}

static void call_at_random(int index) {
  struct tally t = {0};
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

static uint32_t sum_of_arguments(void) {
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

static void at_random(int batch_limit, int spin_limit, bool symmetric) {
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

/* ---- Queued one by one ---- */

enum { QUEUE = 8 };

static struct request queue[QUEUE];
static pthread_t queue_threads[QUEUE];

static void *call_once(void *argument) {
  call(argument, NULL);
  return NULL;
}

static void start(pthread_t *thread, void *(*work)(void *), void *argument) {
  if (pthread_create(thread, NULL, work, argument)) {
    perror("pthread_create");
    exit(2);
  }
}

/* The holder: `count` threads call, each when the one before it is in the queue. */
static void queue_up(int count, void *(*work)(void *), int alone) {
  for (int i = 0; i < count; i++) {
    queue[i] = (struct request){.caller = i + 1};
    queue[i].waiter.alone = i == alone;
    start(&queue_threads[i], work, &queue[i]);
    while (atomic_load_explicit(&s.arrivals, memory_order_relaxed) != &queue[i].waiter)
      sched_yield();
  }
}

static void join_queue(int count) {
  for (int i = 0; i < count; i++)
    pthread_join(queue_threads[i], NULL);
}

/* Main holds, `count` threads queue, main serves what it may and leaves: who executes whom? */
static void in_order(const char *what, int batch_limit, int alone, const int *executors,
                     int count) {
  int ordered = 0, executed_by = 0;
  for (int symmetric = 0; symmetric < 2; symmetric++)
    for (int spins = 0; spins <= ENOUGH_SPINS; spins += ENOUGH_SPINS) {
      set_up(batch_limit, spins, 0, symmetric);
      callseq_sequencer_try_enter(&s, MAIN);
      queue_up(count, call_once, alone);
      serve(MAIN);
      callseq_sequencer_leave(&s);
      join_queue(count);
      int ordered_before = ordered;
      for (int i = 0; i < count; i++) {
        ordered += done_log[i] == &queue[i];
        executed_by += queue[i].executor == executors[i];
      }
      if (ordered != ordered_before + count) {
        fprintf(stderr, "# %s, spin_limit %d, %s barrier: the order was", what, spins,
                s.symmetric ? "symmetric" : "asymmetric");
        for (int i = 0; i < count; i++)
          fprintf(stderr, " %d", done_log[i]->caller);
        fprintf(stderr, "\n");
      }
    }
  is_int(ordered, 4 * count, "%s: served in order of arrival", what);
  is_int(executed_by, 4 * count, "%s: by whom it should", what);
}

static void orders(void) {
  in_order("no limit", NO_LIMIT, -1, (const int[]){MAIN, MAIN, MAIN, MAIN, MAIN, MAIN, MAIN, MAIN},
           QUEUE);
  in_order("batches of 3", 3, -1, (const int[]){MAIN, MAIN, MAIN, 4, 4, 4, 4, 8}, QUEUE);
  in_order("no batches", 0, -1, (const int[]){1, 2, 3, 4, 5, 6, 7, 8}, QUEUE);
  in_order("one alone", NO_LIMIT, 2, (const int[]){MAIN, MAIN, 3, 3, 3}, 5);
  in_order("the first alone", NO_LIMIT, 0, (const int[]){1, 1}, 2);
  in_order("nobody but one alone", NO_LIMIT, 0, (const int[]){1}, 1);
}

/* ---- Stalled waiters, which are parked ---- */

static sem_t stall;
static int stalls[QUEUE];

static void count_stall(void *data) {
  stalls[(struct request *)data - queue]++;
  sem_post(&stall);
}

static void *call_and_stall(void *argument) {
  call(argument, count_stall);
  return NULL;
}

static void *call_and_stall_unheard(void *argument) {
  call(argument, NULL);
  sem_post(&stall);
  return NULL;
}

/* Each waits until it has stalled before the next one comes, so the first ones could stall again
 * and again. Then main leaves in one of three ways, and every sleeper must wake up. */
static void stalled(bool symmetric) {
  static const char *const ways[] = {"served", "left without a look", "handed over"};
  for (int way = 0; way < 3; way++) {
    int once = 0, executed = 0;
    set_up(way == 2 ? 0 : NO_LIMIT, 0, STALL_MS, symmetric);
    memset(stalls, 0, sizeof stalls);
    callseq_sequencer_try_enter(&s, MAIN);
    for (int i = 0; i < QUEUE; i++) {
      queue[i] = (struct request){.caller = i + 1};
      start(&queue_threads[i], call_and_stall, &queue[i]);
      while (sem_wait(&stall) != 0) {
      }
    }
    if (way != 1)
      serve(MAIN);
    callseq_sequencer_leave(&s);
    join_queue(QUEUE);
    for (int i = 0; i < QUEUE; i++) {
      once += stalls[i] == 1;
      executed += queue[i].executions == 1;
    }
    is_int(once, QUEUE, "%s, %s: a stalled waiter is reported once", ways[way],
           s.symmetric ? "symmetric" : "asymmetric");
    is_int(executed, QUEUE, "and the sleepers wake up");
  }

  set_up(NO_LIMIT, 0, STALL_MS, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(1, call_and_stall_unheard, -1);
  start(&queue_threads[1], call_and_stall, &queue[1]); /* when it stalls, so has the other */
  while (sem_wait(&stall) != 0) {
  }
  callseq_sequencer_leave(&s);
  join_queue(2);
  while (sem_wait(&stall) != 0) {
  }
  is_int(queue[0].executions, 1, "a stalled waiter need not be reported");
}

/* ---- States ---- */

static void states(void) {
  struct request q = {.caller = 1};
  callseq_sequencer_init(&s, 1, 1, 0);
  ok(!callseq_sequencer_try_enter(&s, 1) && !callseq_sequencer_try_enter_alone(&s, 1),
     "closed at first: nobody enters");
  ok(call(&q, NULL) == CALLSEQ_ENTERED_CLOSED && q.executions == 0, "a call is told so");
  is_int(callseq_sequencer_holder(&s), 0, "and nobody holds it");

  open_sequencer();
  ok(call(&q, NULL) == CALLSEQ_ENTERED_HOLDER && q.executions == 1, "open: a call is executed");
  ok(callseq_sequencer_try_enter(&s, 7) && callseq_sequencer_holder(&s) == 7,
     "the holder is known");
  ok(!callseq_sequencer_try_enter(&s, 8) && !callseq_sequencer_try_enter_alone(&s, 8),
     "a second one is refused");
  callseq_sequencer_leave(&s);
  ok(is_idle(), "until the first has left");
  ok(callseq_sequencer_try_enter_alone(&s, 8) && callseq_sequencer_holder(&s) == 8,
     "a program that excludes its threads itself enters without a locked access");
  callseq_sequencer_leave(&s);
}

/* In the child, whose only thread is the holder. */
static int forked(void) {
  callseq_sequencer_forked(&s, MAIN + 1);
  bool forgot = callseq_sequencer_holder(&s) == MAIN + 1 && !callseq_sequencer_next(&s);
  callseq_sequencer_leave(&s);
  struct request q = {.caller = 1};
  return forgot && is_idle() && call(&q, NULL) == CALLSEQ_ENTERED_HOLDER && is_idle() ? 0 : 1;
}

static void forks(void) {
  set_up(NO_LIMIT, 0, 0, false);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(QUEUE, call_once, -1);
  is_int(in_child(forked).code, 0, "a forked child forgets the waiters that are not there");
  callseq_sequencer_leave(&s);
  join_queue(QUEUE);
  is_int(done_count, QUEUE, "and the parent serves them");
}

/* ---- Park ---- */

enum { PINGS = 20000 };

static _Atomic(uint32_t) word;

/* Two threads take turns, each asleep until the word has its parity. */
static void ping(int index) {
  for (uint32_t turn = (uint32_t)index; turn < 2 * PINGS; turn += 2) {
    uint32_t now;
    /* acquire: pairs with the release below */
    while ((now = atomic_load_explicit(&word, memory_order_acquire)) != turn)
      callseq_park_wait(&word, now, 0);
    /* release: pairs with the acquire above */
    atomic_store_explicit(&word, turn + 1, memory_order_release);
    callseq_park_wake((const void *)&word);
  }
}

static bool came_back;

static void *park_cancelled(void *unused) {
  pthread_cancel(pthread_self());
  callseq_park_wait(&word, atomic_load_explicit(&word, memory_order_relaxed), 1);
  callseq_park_wake((const void *)&word);
  came_back = true;
  pthread_testcancel();
  return unused;
}

static void park(void) {
  void *result = NULL;
  atomic_store_explicit(&word, 0, memory_order_relaxed);
  ok(callseq_park_wait(&word, 1, 0), "no sleep where the word is another already");
  ok(!callseq_park_wait(&word, 0, 1), "a limit of a millisecond runs out");
  crew(2, ping);
  is_int(atomic_load_explicit(&word, memory_order_relaxed), 2 * PINGS,
         "two threads wake each other %d times", PINGS);

  start(&queue_threads[0], park_cancelled, NULL);
  pthread_join(queue_threads[0], &result);
  ok(came_back && result == PTHREAD_CANCELED, "neither is a cancellation point");

  bool asymmetric = callseq_park_asymmetric();
  if (asymmetric)
    callseq_park_barrier();
  ok(callseq_park_asymmetric() == asymmetric, "the barrier can be asked for again: %s",
     asymmetric ? "there is one" : "there is none, so every run is symmetric");
}

int main(void) {
  static const int batch_limits[] = {0, 1, 5, NO_LIMIT};
  sem_init(&stall, 0, 0);
  states();
  orders();
  forks();
  park();
  for (int symmetric = 0; symmetric < 2; symmetric++) {
    stalled(symmetric);
    for (int i = 0; i < 4; i++)
      for (int spins = 0; spins <= ENOUGH_SPINS; spins += ENOUGH_SPINS)
        at_random(batch_limits[i], spins, symmetric);
  }
  printf("# seeds: 1 to %d, a thread each\n", THREADS);
  return done();
}
