/* Who follows whom in the sequencer, where somebody does not come: waiters that are reported as
 * stalled, heirs that come late, and heirs that do not run, which followers stand in for.
 *
 * A thread that shall neither run nor be gone is held up in the report of its own stall, or in a
 * signal handler. A wake-up that is lost shows as a test that hangs; the runner's time limit ends
 * it. */
#define _GNU_SOURCE
#include "queue.h"

#include "system/park.h"
#include <semaphore.h>
#include <signal.h>
#ifndef CALLSEQ_POSIX
#include "../sandbox.h"
#endif

enum { STALL_MS = 1 };

/* Main tries to become the holder. An offer that is left, which nobody demands, it takes back
 * first: other threads wait for a moment, and take it. */
static bool try_again(void) {
  uint32_t offered = OFFERED;
  if (!callseq_sequencer_wanted(&s))
    atomic_compare_exchange_strong_explicit(&s.lock, &offered, FREE, memory_order_relaxed,
                                            memory_order_relaxed);
  return callseq_sequencer_try_enter(&s, MAIN);
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
 * and again. Then main leaves, and every sleeper must wake up. */
static void stalled(bool symmetric) {
  for (int batches = 0; batches < 2; batches++) {
    int once = 0, executed = 0;
    set_up_patient(batches ? NO_LIMIT : 0, 0, STALL_MS, symmetric);
    memset(stalls, 0, sizeof stalls);
    callseq_sequencer_try_enter(&s, MAIN);
    for (int i = 0; i < QUEUE; i++) {
      queue[i] = (struct request){.caller = i + 1};
      start(&queue_threads[i], call_and_stall, &queue[i]);
      while (sem_wait(&stall) != 0) {
      }
    }
    callseq_sequencer_leave(&s, MAIN);
    join_queue(QUEUE);
    for (int i = 0; i < QUEUE; i++) {
      once += stalls[i] == 1;
      executed += queue[i].executions == 1;
    }
    is_int(once, QUEUE, "%s, %s: a stalled waiter is reported once",
           batches ? "in batches" : "one by one", s.symmetric ? "symmetric" : "asymmetric");
    is_int(executed, QUEUE, "and the sleepers wake up");
  }

  set_up_patient(NO_LIMIT, 0, STALL_MS, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(0, call_and_stall_unheard, false, false);
  start(&queue_threads[1], call_and_stall, &queue[1]); /* when it stalls, so has the other */
  while (sem_wait(&stall) != 0) {
  }
  callseq_sequencer_leave(&s, MAIN);
  join_queue(2);
  while (sem_wait(&stall) != 0) {
  }
  is_int(queue[0].executions, 1, "a stalled waiter need not be reported");
}

/* ---- Heirs that come late ---- */

static sem_t let_on[QUEUE]; /* each its own: one that comes to wait may be quicker than another */

static void hold_up(void *data) {
  sem_post(&stall);
  while (sem_wait(&let_on[(struct request *)data - queue]) != 0) {
  }
}

static void *call_late(void *argument) {
  call(argument, hold_up);
  return NULL;
}

/* The holder: one more thread is in the queue, asleep for all that others can see. */
static void queue_up_late(int i) {
  queue_up(i, call_late, false, false);
  while (sem_wait(&stall) != 0) {
  }
}

/* An heir that is awake and demands: the lock is for nobody else. */
static void heard(bool symmetric) {
  enum { TURNS = 50 };
  int own = 0, before_main = 0;
  set_up_patient(NO_LIMIT, NO_LIMIT, 0, symmetric);
  for (int i = 0; i < TURNS; i++) {
    try_again();
    queue_up(0, call_once, false, false);
    wait_for_demand();
    callseq_sequencer_leave(&s, MAIN);
    while (!try_again())
      sched_yield();
    before_main += queue[0].executions;
    callseq_sequencer_leave(&s, MAIN);
    join_queue(1);
    own += queue[0].executor == 1;
  }
  is_int(before_main, TURNS, "an heir that demands is next");
  is_int(own, TURNS, "and serves itself");
  ok(is_idle(), "nobody is left");
}

/* It is offered the lock and does not come: whoever wants it may have it, after a while. Here the
 * heir is one that calls all the time. */
static void stolen(int spin_limit, bool symmetric) {
  struct request q = {.caller = MAIN, .argument = 1};
  set_up_patient(NO_LIMIT, spin_limit, STALL_MS, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up_late(0);
  atomic_store_explicit(&s.succession.kept, 0, memory_order_relaxed);
  callseq_sequencer_leave(&s, MAIN);
  ok(atomic_load_explicit(&s.lock, memory_order_relaxed) == OFFERED &&
         callseq_sequencer_holder(&s) == 0,
     "the lock is offered to an heir that demands it");
  ok(!callseq_sequencer_try_enter(&s, MAIN), "and not free for others");
  yields = 0;
  ok(call(&q, NULL) == CALLSEQ_ENTERED_HOLDER && q.executor == MAIN,
     "until the heir has not come for a while");
  ok(yields > 0, "in which it could have run");
  is_int(queue[0].executions, 0, "it is not served");
  ok(callseq_sequencer_try_enter(&s, MAIN), "nor offered the lock again, before it demands it");
  sem_post(&let_on[0]);
  wait_for_demand();
  callseq_sequencer_leave(&s, MAIN);
  join_queue(1);
  is_int(queue[0].executor, 1, "then it demands it again");
  ok(is_idle(), "nobody is left");
}

/* The same of heirs that call seldom, the one that came first and the one that is appointed: who
 * comes after them queues. */
static void kept(int spin_limit, bool symmetric) {
  set_up_patient(NO_LIMIT, spin_limit, STALL_MS, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up_late(0);
  callseq_sequencer_leave(&s, MAIN);
  queue_up_late(1);
  is_int(done_count, 0, "an heir that calls seldom is not overtaken");
  sem_post(&let_on[0]);
  pthread_join(queue_threads[0], NULL);
  ok(!callseq_sequencer_try_enter(&s, MAIN), "nor is the next one");
  queue_up_late(2);
  is_str(batches(), "1:1", "that has been appointed");
  sem_post(&let_on[1]);
  sem_post(&let_on[2]);
  pthread_join(queue_threads[1], NULL);
  pthread_join(queue_threads[2], NULL);
  is_str(batches(), "1:1 2:2 3:3", "they are served as they came");
  ok(is_idle(), "nobody is left");
}

/* The heir falls asleep before it can see that the lock is offered, or free. Here the holder does
 * that by hand, after all that. */
static void crossed(bool symmetric) {
  set_up_patient(NO_LIMIT, 0, 0, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(0, call_once, false, false);
  wait_for_sleep();
  /* release: pairs with the acquire in callseq_sequencer_take */
  atomic_store_explicit(&s.lock, OFFERED, memory_order_release);
  callseq_sequencer_pass_on(&s);
  join_queue(1);
  is_int(queue[0].executor, 1, "an heir that falls asleep as the lock is offered is woken");
  ok(is_idle(), "nobody is left");
}

#ifndef CALLSEQ_POSIX
static _Atomic(bool) refused;

static void *call_in_sandbox(void *argument) {
  refused = refuse_system_call(SYS_membarrier);
  return call_once(argument);
}

/* The heir is not allowed the barrier any more. Here the holder frees the lock by hand, after it
 * has looked for a demand too early. */
static void sandboxed(void) {
  set_up_patient(NO_LIMIT, 0, 0, false);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(0, call_in_sandbox, false, false);
  while (!atomic_load(&s.counts.parks))
    sched_yield();
  if (s.symmetric || !refused) {
    callseq_sequencer_leave(&s, MAIN);
    join_queue(1);
    ok(true, "a sandbox # SKIP %s", refused ? "there is no barrier" : "there is none");
    return;
  }
  /* release: pairs with the acquire in callseq_sequencer_take */
  atomic_store_explicit(&s.lock, FREE, memory_order_release);
  join_queue(1);
  is_int(queue[0].executor, 1, "an heir that cannot be sure looks again");
  ok(is_idle(), "nobody is left");
}
#endif

/* A follower is appointed, woken, and does not come. */
static void absent(bool symmetric) {
  enum { MANY = 100000 };
  set_up_patient(1, 0, STALL_MS, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(0, call_once, false, false);
  queue_up_late(1);
  callseq_sequencer_leave(&s, MAIN);
  pthread_join(queue_threads[0], NULL);
  is_str(batches(), "1:1", "the heir comes, a follower is appointed");
  int calls = 0;
  yields = 0;
  for (; !yields; calls++) {
    try_again();
    callseq_sequencer_leave(&s, MAIN);
  }
  ok(calls > 1, "and another thread yields to it, after %d calls", calls);
  try_again();
  sem_post(&let_on[1]);
  wait_for_sleep();
  callseq_sequencer_leave(&s, MAIN);
  pthread_join(queue_threads[1], NULL);
  is_str(batches(), "1:1 2:2", "until it has come");
  yields = 0;
  for (int i = 0; i < MANY; i++) {
    try_again();
    callseq_sequencer_leave(&s, MAIN);
  }
  is_int(yields, 0, "then no more");
  ok(is_idle(), "nobody is left");
}

/* ---- Heirs that do not run ---- */

static sem_t frozen, let_go;
static atomic_bool freezing;

static void freeze(int number) {
  (void)number;
  if (!atomic_exchange(&freezing, false))
    return;
  sem_post(&frozen);
  while (sem_wait(&let_go) != 0) {
  }
}

/* Its thread is in a signal handler from now on, until `let_go`. ThreadSanitizer keeps a signal
 * that comes just before futex(2) until the thread wakes; the next one wakes it. */
static void freeze_thread(int i) {
  signal(SIGUSR1, freeze);
  atomic_store(&freezing, true);
  do {
    pthread_kill(queue_threads[i], SIGUSR1);
    sched_yield();
  } while (sem_trywait(&frozen) != 0);
}

#ifndef CALLSEQ_POSIX
/* One of a batch, asleep, does not run when it is woken: the others return. */
static void batch_mate(int which, bool symmetric) {
  enum { BATCH = 4 };
  set_up_patient(NO_LIMIT, 0, 0, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < BATCH; i++) {
    queue_up(i, call_once, false, false);
    if (i)
      wait_for_park(&queue[i]);
  }
  freeze_thread(which);
  callseq_sequencer_leave(&s, MAIN);
  for (int i = 0; i < BATCH; i++)
    if (i != which)
      pthread_join(queue_threads[i], NULL);
  is_str(batches(), "1:1 4:234", "who has been executed returns, whether or not number %d runs",
         which + 1);
  sem_post(&let_go);
  pthread_join(queue_threads[which], NULL);
  ok(is_idle(), "nobody is left");
}
#endif

/* Becomes the holder, whatever it takes. */
static void take(struct request *q) {
  q->waiter.alone = 1;
  if (!callseq_sequencer_try_enter(&s, MAIN))
    callseq_sequencer_enter(&s, &q->waiter, MAIN, NULL, NULL);
}

/* Main is the holder. The heir has demanded the lock, and does not run. */
static void hold_without_heir(int batch_limit, bool symmetric) {
  set_up(batch_limit, NO_LIMIT, 0, symmetric);
  s.pace.overdue_ms = 1;
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(0, call_once, true, false);
  wait_for_demand();
  freeze_thread(0);
}

/* The heir does not run, and the lock is taken whenever its followers look: main has it, and leaves
 * only when one of them has marked that. */
static void overdue_in_use(int batch_limit, bool symmetric) {
  struct request q = {.caller = MAIN};
  hold_without_heir(batch_limit, symmetric);
  callseq_sequencer_leave(&s, MAIN); /* offers it to the heir, which demands nothing after that */
  take(&q);
  for (int i = 1; i < QUEUE; i++) {
    queue_up(i, call_once, i == 4, i == 5);
    wait_for_park(&queue[i]);
  }
  while (done_count < QUEUE - 1) {
    while (!is_marked())
      sched_yield();
    callseq_sequencer_end_batch(&s);
    take(&q);
  }
  callseq_sequencer_end_batch(&s);
  int done = 0;
  for (int i = 1; i < QUEUE; i++) {
    pthread_join(queue_threads[i], NULL);
    done += queue[i].executions == 1;
  }
  is_int(done, QUEUE - 1, "the heir does not run, the lock is in use: all others are executed");
  ok(queue[4].executor == 5 && queue[5].executor == 6, "those that no batch takes by themselves");
  is_int(queue[0].executions, 0, "the heir is not");
  sem_post(&let_go);
  join_queue(1);
  is_int(queue[0].executor, 1, "before it runs again");
  ok(is_idle(), "nobody is left");
}

/* The heir polls, and a signal handler keeps it from that; followers sleep. The lock is offered to
 * it or, when somebody has stolen that, free. A follower stands in, and serves others. */
static void overdue(bool stolen, bool symmetric) {
  struct request q = {.caller = MAIN};
  hold_without_heir(NO_LIMIT, symmetric);
  for (int i = 1; i < QUEUE; i++) {
    queue_up(i, call_once, i == 4, i == 5);
    wait_for_park(&queue[i]);
  }
  callseq_sequencer_leave(&s, MAIN);
  if (stolen)
    call(&q, NULL);
  int done = 0;
  for (int i = 1; i < QUEUE; i++) {
    pthread_join(queue_threads[i], NULL);
    done += queue[i].executions == 1;
  }
  is_int(done, QUEUE - 1, "all followers of an heir that does not run are executed, %s, %s",
         stolen ? "the lock was free" : "the lock was offered to it",
         s.symmetric ? "symmetric" : "asymmetric");
  is_int(queue[4].executor, 5, "one that is alone by itself");
  is_int(queue[0].executions, 0, "the heir is not");
  sem_post(&let_go);
  join_queue(1);
  is_int(queue[0].executor, 1, "before it runs again");
  ok(is_idle(), "nobody is left");
}

/* The heir does not run, and the follower that would stand in for it gets one signal after the
 * other: each ends a sleep, none may begin its patience anew. */
static void hear(int number) { (void)number; }

static void impatient(bool symmetric) {
  hold_without_heir(NO_LIMIT, symmetric);
  s.pace.overdue_ms = 300;
  queue_up(1, call_once, true, false);
  wait_for_park(&queue[1]);
  signal(SIGUSR2, hear);
  /* Free, not offered: an offer is for any follower that wakes.
   * release: pairs with the acquire in callseq_sequencer_take */
  atomic_store_explicit(&s.lock, FREE, memory_order_release);
  while (pthread_tryjoin_np(queue_threads[1], NULL)) {
    pthread_kill(queue_threads[1], SIGUSR2);
    sched_yield();
  }
  is_int(queue[1].executor, 2, "a follower stands in, however many signals it gets");
  sem_post(&let_go);
  join_queue(1);
  ok(is_idle(), "nobody is left");
}

/* A forked child has none of the heirs before, who had no followers. */
static void forked(bool symmetric) {
  enum { MANY = 1000 };
  struct callseq_wait wait = {.busy = 1};
  set_up_patient(NO_LIMIT, SOME_SPINS, 0, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  atomic_store_explicit(&s.succession.heirs, MANY, memory_order_relaxed);
  callseq_pace_lead(&s.pace, &wait, MANY);
  ok(callseq_pace_alternates(&wait), "heirs whom nobody follows are one of two threads");
  callseq_sequencer_forked(&s, MAIN);
  callseq_pace_lead(&s.pace, &wait,
                    atomic_load_explicit(&s.succession.heirs, memory_order_relaxed));
  ok(!callseq_pace_alternates(&wait), "the first one of a forked child is not");
}

int main(void) {
  sem_init(&stall, 0, 0);
  sem_init(&let_go, 0, 0);
  for (int i = 0; i < QUEUE; i++)
    sem_init(&let_on[i], 0, 0);
  sem_init(&frozen, 0, 0);
#ifndef CALLSEQ_POSIX
  sandboxed();
#endif
  for (int symmetric = 0; symmetric < 2; symmetric++) {
    stalled(symmetric);
    heard(symmetric);
    stolen(0, symmetric);
    stolen(SOME_SPINS, symmetric);
    kept(0, symmetric);
    kept(SOME_SPINS, symmetric);
    crossed(symmetric);
    absent(symmetric);
#ifndef CALLSEQ_POSIX /* there a thread on its way to sleep holds a mutex, see doc/porting.md */
    for (int which = 1; which < 3 && !under("tsan"); which++) /* it puts handlers off */
      batch_mate(which, symmetric);
#endif
    overdue_in_use(NO_LIMIT, symmetric);
    overdue_in_use(0, symmetric);
    overdue(false, symmetric);
    overdue(true, symmetric);
    impatient(symmetric);
    forked(symmetric);
    stopped = 1;
    overdue(false, symmetric);
    stopped = 0;
  }
  return done();
}
