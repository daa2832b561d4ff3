/* The sequencer and what it sleeps on, by themselves: what turns.h asks of any design, and what
 * ours does besides.
 *
 * Where order matters, main is the holder while one thread after the other queues, so that what
 * follows can only go one way: the first one is the heir, whose state main knows, and the others
 * are followers. A thread that shall neither run nor be gone is held up in the report of its own
 * stall. A wake-up that is lost shows as a test that hangs; the runner's time limit ends it. */
#define _GNU_SOURCE
#include "turns.h"

#include "base/clock.h"
#include "sequence/protocol.h"
#include "system/park.h"
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#ifndef CALLSEQ_POSIX
#include "../sandbox.h"
#endif

enum { STALL_MS = 1 };

/* Instead of libc's, so that a test knows that the sequencer has yielded. */
static _Thread_local int yields;

int sched_yield(void) {
  yields++;
  return (int)syscall(SYS_sched_yield);
}

/* The clock too: unless this is 0 it stands still, at so many seconds. */
static _Atomic(int) stopped;

int clock_gettime(clockid_t clock, struct timespec *t) {
  int result = (int)syscall(SYS_clock_gettime, clock, t);
  int seconds = stopped;
  if (seconds)
    *t = (struct timespec){.tv_sec = seconds};
  return result;
}

/* A follower has marked that the heir does not come. */
static bool is_marked(void) {
  return atomic_load_explicit(&s.succession.demand, memory_order_relaxed) == OVERDUE;
}

/* Once nobody else is there: can the lock be had, and is nobody left in the queue? A mark may be
 * left, that came when it was no longer true, and an offer, made by a thread that had seen a demand
 * and was slower than the heir: that has come and gone. */
static bool is_idle(void) {
  uint32_t lock = atomic_load_explicit(&s.lock, memory_order_acquire);
  return (lock == FREE || lock == OFFERED) &&
         !atomic_load_explicit(&s.arrivals, memory_order_relaxed) &&
         (!callseq_sequencer_wanted(&s) || is_marked()) && !s.brief.first && !s.turns.first &&
         !s.batch && !s.succession.ahead && !s.succession.vacant && !s.succession.absent;
}

/* Main tries to become the holder. An offer that is left, which nobody demands, it takes back
 * first: other threads wait for a moment, and take it. */
static bool try_again(void) {
  uint32_t offered = OFFERED;
  if (!callseq_sequencer_wanted(&s))
    atomic_compare_exchange_strong_explicit(&s.lock, &offered, FREE, memory_order_relaxed,
                                            memory_order_relaxed);
  return callseq_sequencer_try_enter(&s, MAIN);
}

/* For tests of order: the heir comes, however long that takes. */
static void set_up_patient(int batch_limit, int spin_limit, int stall_ms, bool symmetric) {
  set_up(batch_limit, spin_limit, stall_ms, symmetric);
  s.pace.overdue_ms = 0;
}

/* ---- Queued one by one ---- */

enum { QUEUE = 8 };

static struct request queue[QUEUE];
static pthread_t queue_threads[QUEUE];

/* Of a thread that has used a processor a lot, whatever its clock says. */
static struct callseq_habit calls_a_lot = {.cpu = -((uint64_t)1 << 60)};

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

/* The holder: one more thread calls, and is in the queue. */
static void queue_up(int i, void *(*work)(void *), bool alone, bool busy) {
  static struct callseq_habit habits[QUEUE];
  queue[i] = (struct request){.caller = i + 1};
  queue[i].waiter.alone = alone;
  habits[i] = calls_a_lot;
  if (busy)
    queue[i].waiter.habit = &habits[i];
  bool first = !atomic_load_explicit(&s.arrivals, memory_order_relaxed);
  start(&queue_threads[i], work, &queue[i]);
  for (;;) {
    struct callseq_waiter *top = atomic_load_explicit(&s.arrivals, memory_order_relaxed);
    if (first ? top != NULL : top == &queue[i].waiter)
      return;
    sched_yield();
  }
}

/* The holder: the heir demands the lock, */
static void wait_for_demand(void) {
  while (!callseq_sequencer_wanted(&s))
    sched_yield();
}

/* and sleeps, until the bell rings. */
static void wait_for_sleep(void) {
  while (atomic_load_explicit(&s.succession.demand, memory_order_relaxed) != ASLEEP)
    sched_yield();
}

static void wait_for_park(struct request *q) {
  while (!(atomic_load_explicit(&q->waiter.state, memory_order_relaxed) & PARKED))
    sched_yield();
}

static void join_queue(int count) {
  for (int i = 0; i < count; i++)
    pthread_join(queue_threads[i], NULL);
}

/* Who executed whom, in batches: "1:1 3:23" says that 1 executed itself, and 3 the rest. */
static const char *batches(void) {
  static char text[256];
  size_t length = 0;
  text[0] = '\0';
  for (int i = 0; i < done_count && i < LOG; i++) {
    struct request *q = done_log[i];
    if (i == 0 || q->executor != done_log[i - 1]->executor)
      length += (size_t)snprintf(text + length, sizeof text - length,
                                 q->executor == MAIN ? "%sM:" : "%s%d:", i ? " " : "", q->executor);
    length += (size_t)snprintf(text + length, sizeof text - length, "%d", q->caller);
  }
  return text;
}

/* Main holds, `count` threads queue, main leaves. */
static void in_order(const char *what, int batch_limit, int alone, int busy, int count,
                     const char *expected) {
  static const int spin_limits[] = {0, SOME_SPINS, NO_LIMIT};
  for (int symmetric = 0; symmetric < 2; symmetric++)
    for (int i = 0; i < 3; i++) {
      set_up_patient(batch_limit, spin_limits[i], 0, symmetric);
      callseq_sequencer_try_enter(&s, MAIN);
      for (int k = 0; k < count; k++)
        queue_up(k, call_once, k + 1 == alone, k + 1 == busy);
      if (spin_limits[i] != NO_LIMIT)
        wait_for_sleep();
      serve(MAIN); /* nobody: it came first */
      callseq_sequencer_leave(&s);
      join_queue(count);
      is_str(batches(), expected, "%s, spin_limit %d, %s barrier", what, spin_limits[i],
             s.symmetric ? "symmetric" : "asymmetric");
      ok(is_idle(), "nobody is left");
    }
}

/* Threads are served in the order in which they came, the last of a batch by itself and the others
 * by that one. */
static void orders(void) {
  in_order("no limit", NO_LIMIT, 0, 0, QUEUE, "1:1 8:2345678");
  in_order("batches of 3", 3, 0, 0, QUEUE, "1:1 5:2345 8:678");
  in_order("batches of 1", 1, 0, 0, QUEUE, "1:1 3:23 5:45 7:67 8:8");
  in_order("no batches", 0, 0, 0, QUEUE, "1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8");
  in_order("one alone", NO_LIMIT, 3, 0, 5, "1:1 5:245 3:3");
  in_order("the heir alone", NO_LIMIT, 1, 0, 3, "1:1 3:23");
  in_order("the first follower alone", NO_LIMIT, 2, 0, 3, "1:1 3:3 2:2");
  in_order("nobody but one alone", NO_LIMIT, 1, 0, 1, "1:1");
  in_order("no batches, one alone", 0, 2, 0, 4, "1:1 2:2 3:3 4:4");
}

/* A thread that calls a lot is not executed by others, since it would have to be woken for that: it
 * is the heir in its turn, which comes after one batch. */
static void busy(void) {
  in_order("a busy heir", NO_LIMIT, 0, 1, 3, "1:1 3:23");
  in_order("batches of 1, one busy", 1, 0, 2, 6, "1:1 4:34 2:2 6:56");
  in_order("no batches, one busy", 0, 0, 3, 4, "1:1 2:2 3:3 4:4");
}

static void busy_too(void) {
  set_up_patient(NO_LIMIT, 0, 0, false);
  s.batch_busy = 1;
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < 4; i++)
    queue_up(i, call_once, false, i == 1);
  callseq_sequencer_leave(&s);
  join_queue(4);
  is_str(batches(), "1:1 4:234", "unless batches take busy threads");
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
    callseq_sequencer_leave(&s);
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
  callseq_sequencer_leave(&s);
  join_queue(2);
  while (sem_wait(&stall) != 0) {
  }
  is_int(queue[0].executions, 1, "a stalled waiter need not be reported");
}

/* ---- Heirs that come late ---- */

static sem_t let_go;

static void hold_up(void *data) {
  (void)data;
  sem_post(&stall);
  while (sem_wait(&let_go) != 0) {
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
    callseq_sequencer_leave(&s);
    while (!try_again())
      sched_yield();
    before_main += queue[0].executions;
    callseq_sequencer_leave(&s);
    join_queue(1);
    own += queue[0].executor == 1;
  }
  is_int(before_main, TURNS, "an heir that demands is next");
  is_int(own, TURNS, "and serves itself");
  ok(is_idle(), "nobody is left");
}

/* It is offered the lock and does not come: whoever wants it may have it, after a while. */
static void stolen(int spin_limit, bool symmetric) {
  struct request q = {.caller = MAIN, .argument = 1};
  set_up_patient(NO_LIMIT, spin_limit, STALL_MS, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up_late(0);
  callseq_sequencer_leave(&s);
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
  sem_post(&let_go);
  wait_for_demand();
  callseq_sequencer_leave(&s);
  join_queue(1);
  is_int(queue[0].executor, 1, "then it demands it again");
  ok(is_idle(), "nobody is left");
}

/* The heir falls asleep before it can see that the lock is offered, or free. Here the holder does
 * that by hand, after all that. */
static void crossed(bool symmetric) {
  set_up_patient(NO_LIMIT, 0, 0, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(0, call_once, false, false);
  wait_for_sleep();
  /* release: pairs with the acquire in try_take */
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
    callseq_sequencer_leave(&s);
    join_queue(1);
    ok(true, "a sandbox # SKIP %s", refused ? "there is no barrier" : "there is none");
    return;
  }
  /* release: pairs with the acquire in try_take */
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
  callseq_sequencer_leave(&s);
  pthread_join(queue_threads[0], NULL);
  is_str(batches(), "1:1", "the heir comes, a follower is appointed");
  int calls = 0;
  yields = 0;
  for (; !yields; calls++) {
    try_again();
    callseq_sequencer_leave(&s);
  }
  ok(calls > 1, "and another thread yields to it, after %d calls", calls);
  try_again();
  sem_post(&let_go);
  wait_for_sleep();
  callseq_sequencer_leave(&s);
  pthread_join(queue_threads[1], NULL);
  is_str(batches(), "1:1 2:2", "until it has come");
  yields = 0;
  for (int i = 0; i < MANY; i++) {
    try_again();
    callseq_sequencer_leave(&s);
  }
  is_int(yields, 0, "then no more");
  ok(is_idle(), "nobody is left");
}

/* ---- Heirs that do not run ---- */

static sem_t frozen;
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
  callseq_sequencer_leave(&s);
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
  callseq_sequencer_leave(&s); /* offers it to the heir, which demands nothing after that */
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
  callseq_sequencer_leave(&s);
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
   * release: pairs with the acquire in try_take */
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

/* Threads at random, each of which now and then is in a signal handler for some milliseconds. */
static void rest(int number) {
  struct timespec t = {.tv_nsec = 2000000};
  (void)number;
  nanosleep(&t, NULL);
}

static void take_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void interrupted(bool symmetric) {
  struct itimerval often = {{0, 4000}, {0, 4000}}, never = {{0, 0}, {0, 0}};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  signal(SIGALRM, rest);
  begin_thread = take_signals;
  setitimer(ITIMER_REAL, &often, NULL);
  at_random(3, SOME_SPINS, symmetric);
  at_random(0, 0, symmetric);
  setitimer(ITIMER_REAL, &never, NULL);
  begin_thread = NULL;
}

/* ---- Forks ---- */

/* In the child, whose only thread is the holder. */
static int forked(void) {
  callseq_sequencer_forked(&s, MAIN + 1);
  bool forgot = callseq_sequencer_holder(&s) == MAIN + 1 && !callseq_sequencer_next(&s);
  callseq_sequencer_leave(&s);
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
  callseq_sequencer_leave(&s);
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
    callseq_sequencer_leave(&s);
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
  stopped = 1000;
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < QUEUE; i++)
    queue_up(i, patience ? call_for_a_while : call_and_be_refused, i % 3 == 1, i % 3 == 2);
  if (sleeps)
    wait_for_sleep();
  if (patience)
    stopped = 2000;
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
  sem_init(&stall, 0, 0);
  sem_init(&let_go, 0, 0);
  sem_init(&frozen, 0, 0);
  states();
  orders();
  busy();
  busy_too();
  forks();
  others_refused();
  park();
#ifndef CALLSEQ_POSIX
  sandboxed();
#endif
  for (int symmetric = 0; symmetric < 2; symmetric++) {
    stalled(symmetric);
    heard(symmetric);
    stolen(0, symmetric);
    stolen(SOME_SPINS, symmetric);
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
    closed(0, true, false, symmetric);
    closed(0, true, true, symmetric);
    closed(NO_LIMIT, false, false, symmetric);
    held(true, false, symmetric);
    held(false, false, symmetric);
    held(false, true, symmetric);
    with_patience(5, 0, symmetric);
    with_patience(NO_LIMIT, SOME_SPINS, symmetric);
    with_patience(0, 1, symmetric);
    stopped = 1000;
    overdue(false, symmetric);
    stopped = 0;
    interrupted(symmetric);
    all_at_random(symmetric);
  }
  printf("# seeds: 1 to %d, a thread each\n", THREADS);
  return done();
}
