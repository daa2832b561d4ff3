/* The sequencer and what it sleeps on, by themselves: what turns.h asks of any design, and what
 * ours does besides.
 *
 * Where order matters, main is the holder while one thread after the other queues, so that what
 * follows can only go one way: the first one is the heir, whose state main knows, and the others
 * are followers. A thread that shall neither run nor be gone is held up in the report of its own
 * stall. A wake-up that is lost shows as a test that hangs; the runner's time limit ends it. */
#define _GNU_SOURCE
#include "turns.h"

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

/* The clock too: it stands still if a test says so. */
static _Atomic(bool) stopped;

int clock_gettime(clockid_t clock, struct timespec *t) {
  int result = (int)syscall(SYS_clock_gettime, clock, t);
  if (stopped)
    *t = (struct timespec){.tv_sec = 1000};
  return result;
}

/* A follower has marked that the heir does not come. */
static bool is_marked(void) {
  return atomic_load_explicit(&s.succession.demand, memory_order_relaxed) == OVERDUE;
}

/* Once nobody else is there: is the lock free, and nobody left in the queue? A mark may be left,
 * that came when it was no longer true. */
static bool is_idle(void) {
  return atomic_load_explicit(&s.lock, memory_order_acquire) == FREE &&
         !atomic_load_explicit(&s.arrivals, memory_order_relaxed) &&
         (!callseq_sequencer_wanted(&s) || is_marked()) && !s.brief.first && !s.turns.first &&
         !s.sleepers && !s.succession.vacant && !s.succession.overdue && !s.succession.absent;
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

/* The holder: the heir demands the lock. */
static void wait_for_demand(struct request *heir) {
  /* acquire: pairs with the release in wait_as_heir */
  while (atomic_load_explicit(&s.succession.demand, memory_order_acquire) != &heir->waiter)
    sched_yield();
}

static void wait_for_park(struct request *q) {
  while (!(atomic_load_explicit(&q->waiter.state, memory_order_relaxed) & PARKED))
    sched_yield();
}

/* The holder: and sleeps, until the holder does something. */
static void wait_for_sleep(struct request *heir) {
  wait_for_demand(heir);
  wait_for_park(heir);
}

static void join_queue(int count) {
  for (int i = 0; i < count; i++)
    pthread_join(queue_threads[i], NULL);
}

/* Who executed whom, in batches: "M:12 3:345" says that main executed 1 and 2, and 3 the rest. */
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

/* Main holds, `count` threads queue, main serves what it may and leaves. */
static void in_order(const char *what, int batch_limit, int alone, int busy, int count,
                     const char *asleep, const char *awake) {
  static const int spin_limits[] = {0, SOME_SPINS, NO_LIMIT};
  for (int symmetric = 0; symmetric < 2; symmetric++)
    for (int i = 0; i < 3; i++) {
      bool sleeps = spin_limits[i] != NO_LIMIT;
      set_up_patient(batch_limit, spin_limits[i], 0, symmetric);
      callseq_sequencer_try_enter(&s, MAIN);
      for (int k = 0; k < count; k++) {
        queue_up(k, call_once, k + 1 == alone, k + 1 == busy);
        if (k == 0 && sleeps)
          wait_for_sleep(&queue[0]);
        else if (k > 0 && k + 1 == busy)
          wait_for_park(&queue[k]);
      }
      serve(MAIN);
      callseq_sequencer_leave(&s);
      join_queue(count);
      is_str(batches(), sleeps ? asleep : awake, "%s, spin_limit %d, %s barrier", what,
             spin_limits[i], s.symmetric ? "symmetric" : "asymmetric");
      ok(is_idle(), "nobody is left");
    }
}

/* Followers are served in the order in which they came. An heir that sleeps is served first; one
 * that is awake serves itself, and others, when main has left. */
static void orders(void) {
  in_order("no limit", NO_LIMIT, 0, 0, QUEUE, "M:12345678", "M:2345678 1:1");
  in_order("batches of 3", 3, 0, 0, QUEUE, "M:123 4:4567 8:8", "M:234 1:1567 8:8");
  in_order("batches of 1", 1, 0, 0, QUEUE, "M:1 2:23 4:45 6:67 8:8", "M:2 1:13 4:45 6:67 8:8");
  in_order("no batches", 0, 0, 0, QUEUE, "1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8",
           "1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8");
  in_order("one alone", NO_LIMIT, 3, 0, 5, "M:1245 3:3", "M:245 1:1 3:3");
  in_order("the heir alone", NO_LIMIT, 1, 0, 3, "M:23 1:1", "M:23 1:1");
  in_order("the first follower alone", NO_LIMIT, 2, 0, 3, "M:13 2:2", "M:3 1:1 2:2");
  in_order("nobody but one alone", NO_LIMIT, 1, 0, 1, "1:1", "1:1");
  in_order("no batches, one alone", 0, 2, 0, 4, "1:1 2:2 3:3 4:4", "1:1 2:2 3:3 4:4");
}

/* A thread that calls a lot is not executed by others if it would have to be woken for that: it is
 * the heir in its turn, before those that batches did not reach. */
static void busy(void) {
  in_order("a busy heir", NO_LIMIT, 0, 1, 3, "M:23 1:1", "M:23 1:1");
  in_order("batches of 1, one busy", 1, 0, 4, 5, "M:1 4:42 3:35", "M:2 1:13 4:45");
  in_order("no batches, one busy", 0, 0, 3, 4, "1:1 2:2 3:3 4:4", "1:1 2:2 3:3 4:4");
}

/* Main holds; the first one is the heir, and the busy one after it sleeps, or does not yet. */
static void one_busy(const char *what, bool batch_busy, bool asleep, const char *expected) {
  set_up_patient(NO_LIMIT, asleep ? 0 : SOME_SPINS, 0, false);
  s.batch_busy = batch_busy;
  if (!asleep)
    s.pace.pauses *= 100000; /* 0.2 s from poll to poll: it polls for long enough to be seen to */
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(0, call_once, true, false);
  queue_up(1, call_once, false, true);
  if (asleep)
    wait_for_park(&queue[1]);
  serve(MAIN);
  callseq_sequencer_leave(&s);
  join_queue(2);
  is_str(batches(), expected, "%s", what);
  ok(is_idle(), "nobody is left");
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
    set_up_patient(way == 2 ? 0 : NO_LIMIT, 0, STALL_MS, symmetric);
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
    callseq_sequencer_try_enter(&s, MAIN);
    queue_up(0, call_once, false, false);
    wait_for_demand(&queue[0]);
    callseq_sequencer_leave(&s);
    while (!callseq_sequencer_try_enter(&s, MAIN))
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
  is_int(queue[0].executions, 0, "it is not served: it is awake");
  ok(callseq_sequencer_try_enter(&s, MAIN), "nor offered the lock again, before it demands it");
  sem_post(&let_go);
  wait_for_sleep(&queue[0]);
  serve(MAIN);
  callseq_sequencer_leave(&s);
  join_queue(1);
  is_int(queue[0].executor, MAIN, "then it demands it again");
  ok(is_idle(), "nobody is left");
}

/* The heir hears that its demand has been met, demands anew and falls asleep before it can see the
 * offer. Here the holder offers by hand, after all that. */
static void crossed(bool symmetric) {
  set_up_patient(NO_LIMIT, 0, 0, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up(0, call_once, false, false);
  wait_for_sleep(&queue[0]);
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
static void absent(bool served, bool symmetric) {
  enum { MANY = 100000 };
  set_up_patient(1, 0, STALL_MS, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  queue_up_late(0);
  queue_up_late(1);
  serve(MAIN);
  callseq_sequencer_leave(&s);
  is_str(batches(), "M:1", "the heir is served, a follower is appointed");
  int calls = 0;
  yields = 0;
  for (; !yields; calls++) {
    callseq_sequencer_try_enter(&s, MAIN);
    callseq_sequencer_leave(&s);
  }
  ok(calls > 1, "and another thread yields to it, after %d calls", calls);
  callseq_sequencer_try_enter(&s, MAIN);
  sem_post(&let_go);
  sem_post(&let_go);
  wait_for_sleep(&queue[1]);
  if (served)
    serve(MAIN);
  callseq_sequencer_leave(&s);
  join_queue(2);
  is_str(batches(), served ? "M:12" : "M:1 2:2", "until it has come");
  yields = 0;
  for (int i = 0; i < MANY; i++) {
    callseq_sequencer_try_enter(&s, MAIN);
    callseq_sequencer_leave(&s);
  }
  is_int(yields, 0, "then no more");
  ok(is_idle(), "nobody is left");
}

/* ---- Heirs that do not run ---- */

static sem_t frozen;

static void freeze(int number) {
  (void)number;
  sem_post(&frozen);
  while (sem_wait(&let_go) != 0) {
  }
}

/* Its thread is in a signal handler from now on, until `let_go`. */
static void freeze_thread(int i) {
  signal(SIGUSR1, freeze);
  pthread_kill(queue_threads[i], SIGUSR1);
  while (sem_wait(&frozen) != 0) {
  }
}

#ifndef CALLSEQ_POSIX
/* One of a batch, asleep, does not run when it is woken: the others return. */
static void batch_mate(int which, bool symmetric) {
  enum { BATCH = 4 };
  set_up_patient(NO_LIMIT, 0, 0, symmetric);
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < BATCH; i++) {
    queue_up(i, call_once, false, false);
    wait_for_park(&queue[i]);
  }
  wait_for_sleep(&queue[0]);
  freeze_thread(which);
  serve(MAIN);
  callseq_sequencer_leave(&s);
  for (int i = 0; i < BATCH; i++)
    if (i != which)
      pthread_join(queue_threads[i], NULL);
  is_str(batches(), "M:1234", "who has been executed returns, whether or not number %d runs",
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
  wait_for_demand(&queue[0]);
  freeze_thread(0);
}

/* The heir does not run, and the lock is taken whenever its followers look: main has it, and leaves
 * only when one of them has marked that. */
static void overdue_in_use(int batch_limit, bool symmetric) {
  struct request q = {.caller = MAIN};
  hold_without_heir(batch_limit, symmetric);
  callseq_sequencer_leave(&s); /* offers it to the heir, which demands nothing any more */
  take(&q);
  for (int i = 1; i < QUEUE; i++) {
    queue_up(i, call_once, i == 4, i == 5);
    wait_for_park(&queue[i]);
  }
  while (done_count < QUEUE - 1) {
    while (!is_marked())
      sched_yield();
    serve(MAIN);
    callseq_sequencer_end_batch(&s);
    take(&q);
  }
  callseq_sequencer_end_batch(&s);
  int here = 0;
  for (int i = 1; i < QUEUE; i++) {
    pthread_join(queue_threads[i], NULL);
    if (i != 5) /* behind the one that is alone: executed after that, or in time itself */
      here += queue[i].executor == MAIN;
  }
  is_int(queue[4].executor, 5, "the heir does not run, the lock is in use: one that is alone runs");
  is_int(here, batch_limit ? QUEUE - 3 : 0, "the others are executed there, batch limit %d",
         batch_limit);
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

static void forks(void) {
  set_up_patient(3, 0, 0, false);
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < QUEUE; i++)
    queue_up(i, call_once, false, false);
  for (int i = 0; i < 2; i++) { /* so that some are in every place where one can be */
    struct request *q = (struct request *)callseq_sequencer_next(&s);
    execute(q, MAIN);
    callseq_sequencer_finish(&s, &q->waiter);
  }
  is_int(in_child(forked).code, 0, "a forked child forgets the waiters that are not there");
  callseq_sequencer_leave(&s);
  join_queue(QUEUE);
  is_int(done_count, QUEUE, "and the parent serves them");
  ok(is_idle(), "nobody is left");
}

/* ---- Park ---- */

enum { PINGS = 20000 };

/* ---- Closing ---- */

static _Atomic(int) refusals;

static void *call_and_be_refused(void *argument) {
  refusals += call(argument, NULL) == CALLSEQ_ENTERED_CLOSED;
  return NULL;
}

/* The holder closes while others wait, and while more of them come. */
static void closed(int spin_limit, bool sleeps, bool vacant, bool symmetric) {
  set_up_patient(2, spin_limit, 0, symmetric);
  refusals = 0;
  callseq_sequencer_try_enter(&s, MAIN);
  int count = QUEUE, executed = 0;
  for (int i = 0; i < count; i++)
    queue_up(i, call_and_be_refused, i % 3 == 1, i % 3 == 2);
  if (sleeps)
    wait_for_sleep(&queue[0]);
  if (vacant) { /* the heir is executed, where it sleeps */
    struct callseq_waiter *w = callseq_sequencer_next(&s);
    execute((struct request *)w, MAIN);
    callseq_sequencer_finish(&s, w);
    executed++;
  }
  callseq_sequencer_close(&s);
  join_queue(count);
  is_int(refusals, count - executed, "closed: all that wait are told, %d polls, %s, %s barrier",
         spin_limit, vacant ? "no heir" : "an heir", s.symmetric ? "symmetric" : "asymmetric");
  is_int(done_count, executed, "and not executed");
  ok(!atomic_load(&s.arrivals) && !s.brief.first && !s.turns.first, "nobody is left");
}

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
  one_busy("a busy follower that sleeps waits for its turn", false, true, "1:1 2:2");
  one_busy("one that does not sleep is executed", false, false, "M:2 1:1");
  one_busy("so is a sleeping one if batches take busy threads", true, true, "M:2 1:1");
  forks();
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
    absent(false, symmetric);
    absent(true, symmetric);
#ifndef CALLSEQ_POSIX /* there a thread on its way to sleep holds a mutex, see doc/porting.md */
    for (int which = 0; which < 4 && !under("tsan"); which++) /* it puts handlers off */
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
    stopped = true;
    overdue(false, symmetric);
    stopped = false;
    interrupted(symmetric);
    all_at_random(symmetric);
  }
  printf("# seeds: 1 to %d, a thread each\n", THREADS);
  return done();
}
