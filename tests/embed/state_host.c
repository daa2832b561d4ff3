/* What a caller keeps over a call: errno, the signal mask, the rounding mode, floating-point
 * control; Scheme computes with the defaults whatever the caller has set. And callers with small
 * stacks. */
#define _GNU_SOURCE
#include "../support.h"
#include <errno.h>
#include <fenv.h>
#include <float.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

double divide(double, double), divide_plus(double, double), multiply(double, double);
int block_usr1(int), block_and_fail(void), block_below(int), block_often(int), block_wrongly(void);
int block_and_wait(int), block_and_wait_and_fail(void), block_what_comes(void);
callseq_future *block_later(int);
int block_later_result(callseq_future *, int *);
callseq_future *set_later(void);
int set_later_result(callseq_future *, int *);
int look_for_file(const char *), fail(void), deep(int), try_fail(int *);
int rounding_and_fail(void), all_exceptions(void);
double exceptions_in_c(void), raise_exceptions(void);
void signal_in_c(void);
void errno_in_c(void), rounding_in_c(void), divide_below(void);

/* Called by Scheme. */
void set_errno(void), round_down(void);
void set_errno(void) { errno = ENOTTY; }
void round_down(void) { fesetround(FE_DOWNWARD); }

static void keeps_errno(const char *what) {
  errno = EXDEV;
  look_for_file("/no/such/file");
  is_int(errno, EXDEV, "errno is kept, %s", what);
  errno_in_c();
  is_int(errno, EXDEV, "errno is kept when C code under Scheme sets it, %s", what);
  fail();
  is_int(errno, EXDEV, "errno is kept over a failure, %s", what);
}

static void keeps_mask(const char *what) {
  sigset_t set, before, after;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  deep(1000);
  fail();
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  is_int(sigismember(&after, SIGUSR1), 1, "a blocked signal stays blocked, %s", what);
  is_int(sigismember(&after, SIGUSR2), sigismember(&before, SIGUSR2), "others as before, %s", what);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void keeps_rounding(const char *what) {
  static const struct {
    int mode;
    const char *name;
  } modes[] = {{FE_UPWARD, "up"},
               {FE_DOWNWARD, "down"},
               {FE_TOWARDZERO, "toward zero"},
               {FE_TONEAREST, "to nearest"}};
  const double third = 1.0 / 3.0, ten_thirds = 10.0 / 3.0;
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    fesetround(modes[i].mode);
    double one = divide(1, 3), ten = divide_plus(10, 3);
    int mode = fegetround();
    fail();
    int mode_later = fegetround();
    fesetround(FE_TONEAREST);
    ok(one == third && ten == ten_thirds, "Scheme rounds to nearest under %s, %s", modes[i].name,
       what);
    is_int(mode, modes[i].mode, "rounding %s is kept, %s", modes[i].name, what);
    is_int(mode_later, modes[i].mode, "also over a failure, %s", what);
  }
}

static void keeps_control(const char *what) {
#if defined(__x86_64__)
  enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x40, SINGLE = 0x007f };
  unsigned saved = _mm_getcsr(), changed = saved | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO;
  unsigned short x87_saved, x87 = SINGLE, x87_after;
  __asm__ volatile("fnstcw %0" : "=m"(x87_saved));
  __asm__ volatile("fldcw %0" : : "m"(x87));
  _mm_setcsr(changed);
  double tiny = multiply(DBL_MIN, 0.5);
  fail();
  unsigned after = _mm_getcsr();
  __asm__ volatile("fnstcw %0" : "=m"(x87_after));
  _mm_setcsr(saved);
  __asm__ volatile("fldcw %0" : : "m"(x87_saved));
  ok(tiny == DBL_MIN / 2, "Scheme has denormals under flush-to-zero, %s", what);
  is_int(after & 0xffc0, changed & 0xffc0, "MXCSR's control bits are kept, %s", what);
  is_int(x87_after, x87, "the x87 control word is kept, %s", what);
#elif defined(__aarch64__)
  const uint64_t flush_to_zero = 1 << 24;
  uint64_t saved, after;
  __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
  __asm__ volatile("msr fpcr, %0" : : "r"(saved | flush_to_zero));
  double tiny = multiply(DBL_MIN, 0.5);
  fail();
  __asm__ volatile("mrs %0, fpcr" : "=r"(after));
  __asm__ volatile("msr fpcr, %0" : : "r"(saved));
  ok(tiny == DBL_MIN / 2, "Scheme has denormals under flush-to-zero, %s", what);
  ok(after == (saved | flush_to_zero), "FPCR is kept, %s", what);
#else
  ok(true, "control registers # SKIP not known for this CPU, %s", what);
#endif
}

#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__i386__))
/* Under Scheme: every exception, in both of the CPU's units. */
double raise_exceptions(void) {
  volatile long double zero = 0, huge = LDBL_MAX, one = 1;
  volatile double small_zero = 0, third = 1;
  huge = huge * huge + one / zero + zero / zero;
  third = third / 3 + 1 / small_zero;
  return (double)huge + third;
}

/* A host that wants to be told of such operations: nothing that Scheme does is told to it, and what
 * it does itself still is. */
static void keeps_exceptions(const char *what) {
  enum { WANTED = FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW };
  volatile double one = 1, three = 3;
  feclearexcept(FE_ALL_EXCEPT);
  feenableexcept(WANTED);
  double infinite = divide(1, 0);
  int length = all_exceptions(), enabled = fegetexcept();
  fail();
  int enabled_later = fegetexcept();
  exceptions_in_c();
  volatile long double extended = one;
  extended = extended * 2;
  one = one / three;
  fedisableexcept(FE_ALL_EXCEPT);
  ok(infinite > DBL_MAX && length > 10, "Scheme raises no SIGFPE under unmasked exceptions, %s",
     what);
  is_int(enabled, WANTED, "they stay unmasked, %s", what);
  is_int(enabled_later, WANTED, "also over a failure, %s", what);
}

static int dies_of_its_own(void) {
  start_quietly();
  feenableexcept(FE_DIVBYZERO);
  divide(1, 0);
  volatile double zero = 0;
  return 1 / zero > 0;
}
#else
double raise_exceptions(void) { return 0; }
static void keeps_exceptions(const char *what) { (void)what; }
static int dies_of_its_own(void) { return raise(SIGFPE); }
#endif

static char alternate[65536];
static bool on_alternate;

static void note_stack(int number) {
  const char *here = __builtin_frame_address(0);
  (void)number;
  on_alternate = here >= alternate && here < alternate + sizeof alternate;
}

/* Under Scheme. */
void signal_host(void);
void signal_host(void) { raise(SIGUSR2); }

static void keeps_alternate_stack(int index) {
  stack_t mine = {.ss_sp = alternate, .ss_size = sizeof alternate}, after, none = {0};
  struct sigaction action = {.sa_handler = note_stack, .sa_flags = SA_ONSTACK}, before;
  sigaltstack(&mine, NULL);
  sigaction(SIGUSR2, &action, &before);
  on_alternate = false;
  signal_in_c();
  ok(on_alternate, "thread %d: a handler in a callback runs on the alternate stack", index);
  fail();
  deep(100000);
  sigaltstack(NULL, &after);
  ok(after.ss_sp == alternate && after.ss_flags == 0, "thread %d: which is still the one", index);
  sigaction(SIGUSR2, &before, NULL);
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, NULL);
}

static void keeps_all(const char *what) {
  keeps_errno(what);
  keeps_mask(what);
  keeps_rounding(what);
  keeps_control(what);
  keeps_exceptions(what);
}

/* Threads whose calls are executed by each other, each with settings of its own. */
static void settings_of_its_own(int index) {
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
  const double third = 1.0 / 3.0;
  int right = 0;
  fesetround(modes[index]);
  for (int i = 0; i < 5000; i++) {
    errno = 1000 + index;
    right += divide(1, 3) == third && fegetround() == modes[index] && errno == 1000 + index;
    right += look_for_file("/no/such/file") == 0 && errno == 1000 + index;
  }
  fesetround(FE_TONEAREST);
  is_int(right, 10000, "thread %d among others keeps errno and rounding", index);
  char what[32];
  snprintf(what, sizeof what, "thread %d", index);
  keeps_errno(what);
}

/* One of the two is another number in every mode but to nearest. */
static bool to_nearest(void) { return divide(1, 3) == 1.0 / 3.0 && divide(10, 3) == 10.0 / 3.0; }

static void callbacks_change_rounding(int index) {
  int right = 0;
  for (int i = 0; i < 5000; i++) {
    rounding_in_c();
    right += to_nearest();
    rounding_and_fail();
    right += to_nearest();
  }
  is_int(right, 10000, "thread %d: callbacks round to nearest whatever others have set", index);
}

static bool nearest_below;
static int mode_below;

/* Under Scheme. */
void call_divide(void);
void call_divide(void) {
  fesetround(FE_UPWARD);
  double one = divide(1, 3), ten = divide(10, 3);
  rounding_in_c();
  fail();
  mode_below = fegetround();
  fesetround(FE_TONEAREST);
  nearest_below = one == 1.0 / 3.0 && ten == 10.0 / 3.0;
  fesetround(FE_UPWARD); /* left for the next callback */
}

static void *on_a_small_stack(void *argument) {
  int *right = argument, result = 0;
  *right += deep(100000) == 100000;
  *right += divide_plus(1, 2) == 0.5;
  *right += try_fail(&result) == CALLSEQ_ERROR && callseq_last_error() != NULL;
  return NULL;
}

static bool blocks(int signal) {
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, NULL, &now);
  return sigismember(&now, signal);
}

/* Called by Scheme, too. */
bool blocks_usr1(void);
bool blocks_usr1(void) { return blocks(SIGUSR1); }
bool blocks_usr2(void);
bool blocks_usr2(void) { return blocks(SIGUSR2); }
void raise_usr2(void);
void raise_usr2(void) { pthread_kill(pthread_self(), SIGUSR2); }

static bool blocked_after_nested_call;

/* Under Scheme. */
void call_block(void);
void call_block(void) {
  block_usr1(4);
  blocked_after_nested_call = blocks_usr1();
}

static void callbacks_change_the_mask(int index) {
  int right = 0;
  for (int i = 0; i < 500; i++) {
    right += block_usr1(i) == 2 * i && !blocks_usr1();
    right += block_and_fail() == 0 && !blocks_usr1();
    right += divide(1, 2) == 0.5 && !blocks_usr1();
  }
  is_int(right, 1500, "thread %d: a mask that callbacks change is the caller's again", index);
}

/* Its own thread blocks another signal; those that execute its call do not. */
static void callbacks_wait_with_a_mask(int index) {
  sigset_t usr2, before;
  int right = 0;
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &usr2, &before);
  for (int i = 0; i < 40; i++) {
    right += block_and_wait(i) == i && !blocks_usr1() && blocks(SIGUSR2);
    right += block_and_wait_and_fail() == 0 && !blocks_usr1() && blocks(SIGUSR2);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  is_int(right, 80, "thread %d: it holds while they wait, and no longer", index);
}

/* Executed by the service, which blocks all signals, or by any of these threads, from wait to wait.
 */
static void futures_wait_with_a_mask(int index) {
  enum { MANY = 8 };
  callseq_future *futures[MANY];
  int right = 0, result;
  for (int i = 0; i < 20; i++) {
    for (int n = 0; n < MANY; n++)
      futures[n] = block_later(n);
    right += divide(1, 2) == 0.5 && !blocks_usr1();
    for (int n = 0; n < MANY; n++)
      right += block_later_result(futures[n], &result) == CALLSEQ_OK && result == n;
  }
  is_int(right, 20 * (MANY + 1), "thread %d: it is the same for futures", index);
}

static void tell(void *ended, int status) {
  (void)status;
  atomic_store((atomic_bool *)ended, true);
}

/* Nobody else executes it: this thread does not call while it waits. */
static void set_by_the_service(void) {
  int right = 0;
  static atomic_bool ended;
  callseq_future *future = set_later();
  callseq_future_then(future, tell, &ended);
  while (!atomic_load(&ended))
    usleep(1000);
  is_int(set_later_result(future, &right), CALLSEQ_OK, "a future that sets a mask");
  ok(right, "what it has left out is unblocked, also after a wait");
}

static void callbacks_change_the_mask_often(int index) {
  int right = 0;
  for (int i = 0; i < 20; i++)
    right += block_often(500) == 500 && !blocks_usr1();
  is_int(right, 20, "thread %d: each change is known as the call's", index);
}

int main(void) {
  is_int(in_child(dies_of_its_own).signal, SIGFPE, "what the caller computes itself is told to it");
  start_quietly();
  keeps_all("alone");
  keeps_alternate_stack(0);
  crew(1, keeps_alternate_stack);
  crew(4, settings_of_its_own);

  int right = 0;
  pthread_attr_t small;
  pthread_t thread;
  pthread_attr_init(&small);
  size_t kb = 16; /* glibc allows less than 128 only on some CPUs */
  while (kb < 128 && pthread_attr_setstacksize(&small, kb << 10))
    kb *= 2;
  is_int(pthread_attr_setstacksize(&small, kb << 10), 0, "a stack of %zu KB", kb);
  is_int(pthread_create(&thread, &small, on_a_small_stack, &right), 0, "a thread on it");
  pthread_join(thread, NULL);
  is_int(right, 3, "calls deep recursion, prints a number, fails");

  fesetround(FE_UPWARD);
  rounding_in_c();
  int mode = fegetround();
  fesetround(FE_TONEAREST);
  is_int(mode, FE_UPWARD, "rounding is kept when C code under Scheme changes it");
  callbacks_change_rounding(0);
  crew(3, callbacks_change_rounding);
  divide_below();
  ok(nearest_below, "a nested call rounds to nearest under FE_UPWARD");
  is_int(mode_below, FE_UPWARD, "its caller under Scheme keeps that mode");
  ok(to_nearest(), "the next callback rounds to nearest");
  callbacks_change_the_mask(0);
  crew(3, callbacks_change_the_mask);
  callbacks_wait_with_a_mask(0);
  crew(6, callbacks_wait_with_a_mask);
  crew(6, futures_wait_with_a_mask);
  set_by_the_service();
  callbacks_change_the_mask_often(0);
  crew(4, callbacks_change_the_mask_often);
  ok(block_wrongly() && !blocks_usr1(), "a change that is refused is none");
  is_int(block_what_comes(), 0, "a signal that is blocked does not come while they wait");
  is_int(block_below(4), 8, "a nested call that changes the mask");
  ok(!blocked_after_nested_call, "its caller under Scheme has its mask again");
  ok(!blocks_usr1(), "and so has the thread");
  return done();
}
