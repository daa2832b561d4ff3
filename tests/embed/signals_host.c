/* Scheme signal handlers run soon, on the Scheme stack, whichever thread the kernel picks: while a
 * callback runs, while it sleeps in a system call, and while nobody is inside. The interrupted
 * calls are innocent and succeed; the host's own handlers are undisturbed. */
#include "../support.h"
#include <alloca.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

int raise_inside(int), twice(int), seen_so_far(void), run_until_seen(void), sleep_until_seen(void);
int go_deep(int, int, int), run_until_given_up(int), inner(int), outer(int), plain(int),
    apply_to_many(void);
void handle_deeply(int), sit_inside(void), let_it_fail(int), handle_also(int), handle_nesting(int),
    ignore_it(int), run_until_waiting(void);

static sem_t done_with[65]; /* posted by Scheme's handler of each signal */
static sem_t let_go;
static atomic_int not_inside;

static void wait_for(sem_t *semaphore) {
  while (sem_wait(semaphore) != 0) {
  }
}

/* Under Scheme; 0 is no signal, but says that a callback has begun. */
void handled(int number);
void handled(int number) {
  if (!callseq_inside())
    atomic_fetch_add_explicit(&not_inside, 1, memory_order_relaxed);
  if (number > 60 && twice(number) != 2 * number) /* of handle_nesting */
    atomic_fetch_add_explicit(&not_inside, 1, memory_order_relaxed);
  sem_post(&done_with[number]);
}

void sleep_until_interrupted(void);
void sleep_until_interrupted(void) {
  sem_post(&done_with[0]);
  poll(NULL, 0, -1);
}

static void interrupted(int index) {
  int right = 0;
  for (int i = 0; i < 200; i++) {
    raise(SIGUSR1);
    right += raise_inside(i) == 2 * i;
  }
  is_int(right, 200, "thread %d: results are right", index);
}

int nest(int);
int nest(int n) { return inner(n); }

static void call_plain(void *n) { *(int *)n = plain(*(int *)n); }

static void pending(void) {
  int nested = 0, plainly = 0, applied = 0;
  for (int i = 0; i < 2000; i++) {
    int n = i;
    nested += outer(i) == i;
    plainly += callseq_invoke(call_plain, &n) == CALLSEQ_OK && n == i;
    applied += apply_to_many() == 1000;
  }
  is_int(nested, 2000, "a signal is pending as a nested call returns");
  is_int(plainly, 2000, "a signal is pending as a plain callback returns");
  is_int(applied, 2000, "a signal comes as much room is needed");
}

/* ---- With little room ---- */

int enter_deep(int, int, int);
int enter_deep(int number, int kib, int levels) {
  volatile char *room = alloca((size_t)kib << 10);
  room[0] = 1;
  return go_deep(number, kib, levels) + room[0] - 1;
}

static void deep(void) {
  enum { LESS = sizeof(void *) < 8 ? 4 : 1 }; /* CHICKEN's nursery is a quarter with 32 bits */
  static const struct {
    int kib, levels;
#ifdef CALLSEQ_SHRUNKEN
  } places[] = {{10, 1}, {20, 1}, {4, 5}, {1, 10}, {1, 20}, {0, 0}};
#else
  } places[] = {{600 / LESS, 1}, {800 / LESS, 1}, {100 / LESS, 5},
                {1, 100 / LESS}, {1, 200 / LESS}, {0, 0}};
#endif
  handle_deeply(SIGRTMIN + 8);
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    is_int(go_deep(SIGRTMIN + 8, places[i].kib, places[i].levels), 2 * (int)i + 2,
           "signals during a handler, %d levels and %d KiB deep", places[i].levels, places[i].kib);
}

/* ---- From outside, to a callback that keeps the runtime ---- */

/* Under Scheme. */
void sit(void);
void sit(void) {
  sem_post(&done_with[0]);
  wait_for(&let_go);
}

/* The holder blocks the signal: what is passed on must not be left with it. */
static void block_or_signal(int index) {
  sigset_t set, pending;
  if (index == 1) {
    wait_for(&done_with[0]);
    raise(SIGUSR1);
    sem_post(&let_go);
    return;
  }
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  sit_inside();
  sigpending(&pending);
  ok(!sigismember(&pending, SIGUSR1) || !has_proc(),
     "a thread that blocks a signal has none after its call%s",
     has_proc() ? "" : " # SKIP the library asks /proc, which is not mounted");
}

static void sleep_or_signal(int index) {
  static atomic_bool over;
  if (index == 0) {
    ok(sleep_until_seen() >= 1, "a callback that sleeps in a system call is interrupted");
    atomic_store_explicit(&over, true, memory_order_relaxed);
    return;
  }
  wait_for(&done_with[0]);
  while (!atomic_load_explicit(&over, memory_order_relaxed)) { /* some may come before it sleeps */
    raise(SIGUSR1);
    sched_yield();
  }
}

static void run_or_signal(int index) {
  static atomic_bool over;
  if (index == 0) {
    ok(run_until_seen() >= 1, "a callback sees the handler's effect while it runs");
    atomic_store_explicit(&over, true, memory_order_relaxed);
    return;
  }
  while (!atomic_load_explicit(&over, memory_order_relaxed)) { /* some may come before it begins */
    raise(SIGUSR1);
    wait_for(&done_with[SIGUSR1]);
  }
}

static void give_up_or_signal(int index) {
  if (index == 0) {
    is_int(run_until_given_up(SIGALRM), 7, "a handler gives up the call that it interrupts");
    return;
  }
  wait_for(&done_with[0]);
  raise(SIGALRM);
}

/* ---- A storm ---- */

enum { RAISERS = 4, RAISES = 400, CALLERS = 3 };

static atomic_int host_count, raising;

static void host_handler(int number) {
  (void)number;
  atomic_fetch_add_explicit(&host_count, 1, memory_order_relaxed);
}

/* Raisers have a signal each, for any thread, and wait for Scheme's handler each time: so every one
 * is seen. */
static void storm(int index) {
  if (index >= RAISERS) {
    int right = 0, calls = 0;
    do {
      calls++;
      right += twice(calls) == 2 * calls;
    } while (atomic_load_explicit(&raising, memory_order_relaxed));
    ok(right == calls, "caller %d: %d of %d results are right", index, right, calls);
    return;
  }
  int number = SIGRTMIN + 1 + index;
  for (int i = 0; i < RAISES; i++) {
    if (under("tsan")) /* it merges a new signal with one that the library has passed on */
      raise(number);
    else
      kill(getpid(), number);
    wait_for(&done_with[number]);
    pthread_kill(pthread_self(), SIGUSR2);
  }
  ok(true, "raiser %d: each of its %d signals was handled", index, RAISES);
  atomic_fetch_sub_explicit(&raising, 1, memory_order_relaxed);
}

static int in_a_child(void) {
  raise(SIGUSR1);
  wait_for(&done_with[SIGUSR1]);
  return twice(4) == 8 ? 0 : 1;
}

/* The host blocks a signal in all its threads and waits for it. */
static int waits_for_a_signal(void) {
  sigset_t set;
  int got;
  callseq_init();
  raise(SIGUSR1);
  wait_for(&done_with[SIGUSR1]); /* the library's thread is there */
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  for (int i = 0; i < 100; i++)
    if (kill(getpid(), SIGTERM) || sigwait(&set, &got) || got != SIGTERM)
      return 1;
  return 0;
}

static void *be_interrupted(void *unused) {
  run_until_waiting();
  return unused;
}

/* A handler that waits is one of its callback's, and so the parent's. */
static int forks_while_one_waits(void) {
  struct callseq_stats stats = {0};
  pthread_t thread;
  int status;
  callseq_init();
  pthread_create(&thread, NULL, be_interrupted, NULL);
  wait_for(&done_with[0]);
  pthread_kill(thread, SIGUSR1);
  for (; !stats.suspended; callseq_stats(&stats))
    usleep(1000);
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    int before = seen_so_far();
    raise(SIGUSR1);
    while (seen_so_far() == before)
      usleep(1000);
    _exit(0);
  }
  _exit(waitpid(child, &status, 0) == child ? status : 1);
}

static pthread_barrier_t turn;

/* The first thread raises signals, and each must be seen. The others raise some beside it, and take
 * part in handling them. */
static void raise_and_see(int index) {
  unsigned random = (unsigned)index;
  int rounds = emulated() || under("valgrind") ? 300 : 8000;
  for (int round = 0; round < rounds; round++) {
    pthread_barrier_wait(&turn);
    for (int times = index ? 1 + rand_r(&random) % 3 : 3; times > 0; times--) {
      int before = seen_so_far();
      raise(SIGUSR1);
      while (index == 0 && seen_so_far() == before)
        sched_yield();
    }
    for (int times = index ? rand_r(&random) % 4 : 0; times > 0; times--)
      seen_so_far();
    pthread_barrier_wait(&turn);
  }
}

static int none_is_lost(void) {
  start_quietly();
  pthread_barrier_init(&turn, NULL, 3);
  crew(3, raise_and_see);
  return 0;
}

int main(void) {
  struct sigaction action = {.sa_handler = host_handler}, present;
  for (int i = 0; i < 65; i++)
    sem_init(&done_with[i], 0, 0);
  sem_init(&let_go, 0, 0);
  sigaction(SIGUSR2, &action, NULL);
  is_int(in_child(waits_for_a_signal).code, 0, "a host that waits for its signals gets them");
  if (!under("tsan")) /* it merges signals of one number that a thread is sent */
    is_int(in_child(none_is_lost).code, 0, "none is lost that a thread raises as it leaves");
  start_quietly();

  raise(SIGUSR1);
  wait_for(&done_with[SIGUSR1]);
  is_int(seen_so_far(), 1, "a signal while nobody is inside is handled without a call");
  is_int(raise_inside(21), 42, "a signal while its thread is inside");
  wait_for(&done_with[SIGUSR1]);
  is_int(seen_so_far(), 2, "has been handled");
  crew(4, interrupted);
  ok(seen_so_far() > 2, "signals from several threads are handled");

  pending();
  deep();
  crew(2, run_or_signal);
  crew(2, sleep_or_signal);
  const char *system = getenv("CALLSEQ_SYSTEM");
  if (emulated() || (system && *system))
    ok(true, "# SKIP it is not known here what another thread blocks");
  else
    crew(2, block_or_signal);
  crew(2, give_up_or_signal);
  is_int(twice(4), 8, "and the next call is right");

  for (int i = 0; i < RAISERS; i++)
    (i == 0 ? handle_nesting : handle_also)(SIGRTMIN + 1 + i);
  atomic_store_explicit(&raising, RAISERS, memory_order_relaxed);
  crew(RAISERS + CALLERS, storm);
  is_int(atomic_load_explicit(&host_count, memory_order_relaxed), RAISERS * RAISES,
         "the host's handler has had its signals");
  sigaction(SIGUSR2, NULL, &present);
  ok(present.sa_handler == host_handler, "and is still there");
  is_int(not_inside, 0, "handlers that did not run inside, or could not call");

  is_int(in_child(in_a_child).code, 0, "a forked child has its signals handled");
  if (!under("tsan")) /* as the case forked */
    is_int(in_child(forks_while_one_waits).code, 0, "also while a handler waits in its parent");

  ignore_it(SIGUSR1);
  sigaction(SIGUSR1, NULL, &present);
  ok(present.sa_handler == SIG_IGN, "a handler #f ignores the signal");
  handle_also(SIGUSR1);

  let_it_fail(1);
  is_int(raise_inside(21), 42, "an error in a handler does not fail the call that it interrupts");
  let_it_fail(0);
  is_int(callseq_last_status(), CALLSEQ_OK, "no call has failed");
  handle_also(65);
  failed("handle_also", "65");
  return done();
}
