/* What the library asks of the system, parking excepted (park.c): numbers of threads are
 * not shared, a signal that is passed on interrupts a system call and is known for what it is, and
 * a forked child has all of it too. And what holds where the system refuses something. Built with
 * either version. */
#include "../support.h"

#include "../../src/system/bell.h"
#include "../../src/system/park.h"
#include "../../src/system/system.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/select.h>
#ifndef CALLSEQ_POSIX
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

enum { THREADS = 16, ROUNDS = 500, TURNS = 5000 };

/* ---- Numbers ---- */

static uint32_t numbers[THREADS];

static void get_number(int index) { numbers[index] = callseq_system_thread(); }

static pthread_barrier_t together;

static void take_number(int index) {
  get_number(index);
  pthread_barrier_wait(&together); /* all live now */
  callseq_system_forget_thread();
}

static bool distinct(void) {
  for (int i = 0; i < THREADS; i++)
    for (int j = 0; j < i; j++)
      if (numbers[i] == numbers[j])
        return false;
  return true;
}

static bool in_range(uint32_t number) { return number > 0 && number <= INT32_MAX; }

static void numbering(void) {
  uint32_t own = callseq_system_thread();
  bool right = true, shared = false;
  int rounds = often(ROUNDS);
  pthread_barrier_init(&together, NULL, THREADS);
  for (int round = 0; round < rounds; round++) {
    crew(THREADS, take_number);
    right = right && distinct();
    for (int i = 0; i < THREADS; i++) {
      right = right && in_range(numbers[i]);
      shared = shared || numbers[i] == own;
    }
  }
  ok(right, "%d times %d threads have numbers of their own", rounds, THREADS);
  ok(in_range(own) && !shared, "and none has that of a thread that lives on");
  ok(callseq_system_thread() == own, "which stays the same");
}

/* ---- Signals ---- */

static atomic_int anew, again; /* how often a signal came, and how often as passed on */
static sem_t asleep;
static atomic_bool interrupted, over;

static void note(int number, siginfo_t *info, void *context) {
  (void)context;
  atomic_fetch_add_explicit(callseq_system_passed_on(number, info) ? &again : &anew, 1,
                            memory_order_relaxed);
}

static uint32_t sleeper;

/* SIGUSR1 comes through inside the system call only: so it is what interrupts that. */
static void *sleep_in_a_call(void *unused) {
  sigset_t none;
  sigemptyset(&none);
  sleeper = callseq_system_thread();
  sem_post(&asleep);
  interrupted = pselect(0, NULL, NULL, NULL, NULL, &none) != 0;
  over = true;
  callseq_system_forget_thread();
  return unused;
}

static void signals(void) {
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
  pthread_t thread;
  sigset_t usr1, before;
  sigaction(SIGUSR1, &action, NULL);
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);

  sem_init(&asleep, 0, 0);
  callseq_system_thread();
  raise(SIGUSR1);
  ok(anew == 1 && again == 0, "a signal that comes is a new one");

  pthread_sigmask(SIG_BLOCK, &usr1, &before);
  pthread_create(&thread, NULL, sleep_in_a_call, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  while (sem_wait(&asleep) != 0) {
  }
  for (over = false; !over; sched_yield())
    callseq_system_pass_on(sleeper, SIGUSR1);
  pthread_join(thread, NULL);
  ok(interrupted, "one that is passed on interrupts the other thread's system call");
  ok(anew == 1 && again == 1, "and is known as such");
  raise(SIGUSR1);
  ok(anew == 2 && again == 1, "the next one is new");
  callseq_system_pass_on(sleeper, SIGUSR1);
  ok(anew == 2 && again == 1, "to a thread that has ended none goes");
}

/* A signal that cannot be sent leaves nothing behind. */
static void unsent(void) {
  struct rlimit none, before;
  siginfo_t info;
  memset(&info, 0, sizeof info);
  getrlimit(RLIMIT_SIGPENDING, &before);
  none = before;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_SIGPENDING, &none);
  callseq_system_pass_on(callseq_system_thread(), SIGRTMIN);
  int earlier = anew;
  again = 0;
  callseq_system_pass_on(callseq_system_thread(), SIGUSR1);
  setrlimit(RLIMIT_SIGPENDING, &before);
  ok(!callseq_system_passed_on(SIGRTMIN, &info), "where none could be sent, the next one is new");
  ok(again == 1 && anew == earlier, "one that comes through a full queue is known for what it is");
  raise(SIGUSR1);
  ok(again == 1 && anew == earlier + 1, "and the next one is new");
}

#ifndef CALLSEQ_POSIX
/* Nothing stays behind in a thread that blocks the signal. */
static void blocked(void) {
  if (!has_proc()) {
    ok(true, "a signal that is blocked # SKIP /proc, which is asked, is not mounted");
    return;
  }
  sigset_t set, before, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMAX);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  callseq_system_pass_on(callseq_system_thread(), SIGUSR1);
  callseq_system_pass_on(callseq_system_thread(), SIGRTMAX);
  sigpending(&pending);
  ok(!sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGRTMAX),
     "a signal that is blocked is not passed on");
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Sleeping briefly takes the thread's timer slack down, and leaves it as it was. */
static void slack(void) {
  static const unsigned long slacks[] = {50000, 3000000000ul, ~0ul >> 1, ~0ul - 5000, 1};
  for (size_t i = 0; i < sizeof slacks / sizeof *slacks; i++) {
    if (emulated() && slacks[i] > INT_MAX) /* it tells an int */
      continue;
    prctl(PR_SET_TIMERSLACK, slacks[i], 0, 0, 0);
    callseq_park_nap(1);
    unsigned long found = (unsigned long)syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
    ok(found == slacks[i], "a timer slack of %lu stays: %lu", slacks[i], found);
  }
  prctl(PR_SET_TIMERSLACK, 0ul, 0, 0, 0);
}
#endif

static int take_one(void) {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
  anew = again = 0;
  raise(SIGUSR1);
  return anew == 1 && again == 0 ? 0 : 1;
}

/* A signal that is under way to a thread that forks does not reach the child. */
static void forked_meanwhile(void) {
  sigset_t usr1, before;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, &before);
  callseq_system_pass_on(callseq_system_thread(), SIGUSR1);
  is_int(in_child(take_one).code, 0, "the first signal of a child is new");
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Each thread is sent one signal, as it ends. */
static _Atomic(uint32_t) victim;
static atomic_int sent;

static void *come_and_go(void *unused) {
  atomic_store_explicit(&victim, callseq_system_thread(), memory_order_release);
  while (atomic_load_explicit(&victim, memory_order_acquire))
    sched_yield();
  callseq_system_forget_thread();
  return unused;
}

static void come_or_signal(int index) {
  pthread_t thread;
  for (int i = 1; i <= TURNS; i++) {
    uint32_t other;
    if (index == 0) {
      pthread_create(&thread, NULL, come_and_go, NULL);
      pthread_join(thread, NULL);
      while (atomic_load_explicit(&sent, memory_order_acquire) < i)
        sched_yield();
    } else {
      while (!(other = atomic_load_explicit(&victim, memory_order_acquire)))
        sched_yield();
      atomic_store_explicit(&victim, 0, memory_order_release);
      callseq_system_pass_on(other, SIGUSR1);
      atomic_store_explicit(&sent, i, memory_order_release);
    }
  }
}

/* ---- Want ---- */

/* Whether there is memory. Not by a limit of the process: the memory of an emulator counts for that
 * too, and it ends where it gets none. */
static bool no_memory;

#if !WATCHED
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

void *malloc(size_t bytes) { return no_memory ? NULL : __libc_malloc(bytes); }
void *calloc(size_t n, size_t bytes) { return no_memory ? NULL : __libc_calloc(n, bytes); }
void *realloc(void *old, size_t bytes) { return no_memory ? NULL : __libc_realloc(old, bytes); }
#endif

/* Prints nothing itself: that would want memory. */
static int number_without_memory(void) {
  callseq_system_thread();
  callseq_system_forget_thread();
  no_memory = true;
  for (int i = 0; i < 100; i++) {
    uint32_t number = callseq_system_thread();
    if (!in_range(number) || number != callseq_system_thread())
      return 1;
    callseq_system_forget_thread();
  }
  return 0;
}

static int child(void) {
  tap_failures = 0;
  anew = again = 0;
  numbering();
  signals();
  return tap_failures ? 1 : 0;
}

/* ---- A sandbox ---- */

#if defined(__linux__) && !defined(CALLSEQ_POSIX)
#include "../sandbox.h"

static int number_in_a_sandbox(void) {
  tap_failures = 0;
  uint32_t before = callseq_system_thread();
  if (!refuse_system_call(SYS_gettid))
    return 77;
  numbering();
  return tap_failures || callseq_system_thread() != before ? 1 : 0;
}

static int bell_in_a_sandbox(void) {
  struct callseq_bell bell;
  if (!refuse_system_call(SYS_eventfd2))
    return 77;
  if (!callseq_bell_open(&bell))
    return 1;
  struct pollfd heard = {.fd = bell.heard, .events = POLLIN};
  callseq_bell_ring(&bell);
  callseq_bell_ring(&bell);
  if (poll(&heard, 1, 0) != 1)
    return 2;
  callseq_bell_quiet(&bell);
  return poll(&heard, 1, 0) != 0 ? 3 : 0;
}

static void sandboxes(void) {
  int code = in_child(number_in_a_sandbox).code;
  ok(code == 0 || code == 77, "threads have numbers where gettid is refused%s",
     code == 77 ? " # SKIP no system call can be refused here" : "");
  code = in_child(bell_in_a_sandbox).code;
  ok(code == 0 || code == 77, "a bell rings where eventfd is refused%s",
     code == 77 ? " # SKIP no system call can be refused here" : "");
}
#else
static void sandboxes(void) {}
#endif

int main(void) {
  pthread_atfork(callseq_system_before_fork, NULL, callseq_system_forked);
  numbering();
  signals();
  unsent();
#ifndef CALLSEQ_POSIX
  if (!emulated() && !under("valgrind")) /* whose own mask the system tells */
    blocked();
  slack();
#endif
  forked_meanwhile();
  anew = again = 0;
  crew(2, come_or_signal);
  if (!under("tsan"))
    is_int(anew, 0, "what is sent to a thread that ends is known as such, or does not come");
  if (!WATCHED)
    is_int(in_child(number_without_memory).code, 0, "threads have numbers without memory too");
  sandboxes();
  is_int(in_child(child).code, 0, "all that holds in a forked child");
  return done();
}
