/* Faults belong to the host. callseq_init changes the disposition of no signal, the mask and the
 * alternate stack of no thread. SIGSEGV, SIGBUS, SIGFPE and SIGILL, outside and in a callback,
 * reach the host's handler, which may mend the fault; where there is none the process dies of the
 * signal. A Scheme handler for them has those that are sent, and no fault.
 */
#include "../support.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

int fault_below(int), fault_nested(int), read_byte(void *), twice(int), wait_until_sent(int);
int fault_later(int), fault_in_green_thread(int);
void handle_in_scheme(int);

/* ---- Faults ---- */

static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
enum { FAULTS = sizeof faults / sizeof *faults };

static char *page_without_access(void) {
  return mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static char *page_beyond_file(void) {
  FILE *empty = tmpfile();
  void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fileno(empty), 0);
  fclose(empty);
  return page;
}

/* Real faults where the CPU has them, or the signal sent to this thread; also under Scheme. */
void fault(int which);
void fault(int which) {
  switch (faults[which]) {
  case SIGSEGV:
    (void)*(volatile char *)page_without_access();
    break;
  case SIGBUS:
    (void)*(volatile char *)page_beyond_file();
    break;
#if defined(__x86_64__)
  case SIGFPE: {
    int zero = 0;
    __asm__ volatile("idivl %0" : : "r"(zero), "a"(1), "d"(0) : "cc");
    break;
  }
  case SIGILL:
    __asm__ volatile("ud2");
    break;
#endif
  default:
    raise(faults[which]);
  }
}

void call_fault(int which);
void call_fault(int which) { fault_below(which); }

static void fault_outside(int which) { fault(which); }
static void fault_in_callback(int which) { fault_below(which); }
static void fault_in_nested_call(int which) { fault_nested(which); }
static void fault_in_scheme(int which) {
  if (faults[which] == SIGSEGV)
    read_byte((void *)8);
  else
    fault(which);
}

/* These two on threads of the library's. */
static void fault_in_post(int which) {
  fault_later(which);
  pause();
}
static void fault_in_errand(int which) {
  fault_in_green_thread(which);
  pause();
}

static const struct {
  void (*happens)(int which);
  const char *where;
} places[] = {{fault_outside, "outside"},
              {fault_in_callback, "in C code under Scheme"},
              {fault_in_nested_call, "in a nested call"},
              {fault_in_scheme, "in Scheme code"},
              {fault_in_post, "in a post"},
              {fault_in_errand, "in a green thread's blocking function"}};
enum { PLACES = sizeof places / sizeof *places };

/* What the scenario, a child, is to do. */
static int which, place;
static bool in_thread, on_alternate_stack, scheme_too, scheme_at_load;

static void happen(int index) {
  static _Thread_local char alternate[32768];
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  (void)index;
  if (on_alternate_stack)
    sigaltstack(&stack, NULL);
  twice(1);
  places[place].happens(which);
}

static int start_and_fault(void) {
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (scheme_at_load)
    setenv("HANDLE_AT_LOAD", "", 1);
  callseq_init();
  for (int i = 0; i < FAULTS; i++)
    if (scheme_too)
      handle_in_scheme(faults[i]);
  if (in_thread)
    crew(1, happen);
  else
    happen(0);
  return 99;
}

static int without_handler(void) { return start_and_fault(); }

static void leave(int number, siginfo_t *info, void *context) {
  (void)context;
  _exit(info->si_signo == number ? 100 + number : 98);
}

static void handle_all(void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  if (on_alternate_stack)
    action.sa_flags |= SA_ONSTACK;
  for (int i = 0; i < FAULTS; i++)
    sigaction(faults[i], &action, NULL);
}

static int with_handler(void) {
  handle_all(leave);
  return start_and_fault();
}

/* Elsewhere signals that are sent stand for these. */
static bool is_real(int number) {
#if defined(__x86_64__)
  (void)number;
  return true;
#else
  return number == SIGSEGV || number == SIGBUS;
#endif
}

static void all_faults_with_scheme(bool at_load) {
  scheme_too = !at_load;
  scheme_at_load = at_load;
  for (place = 0; place < PLACES; place++)
    for (which = 0; which < FAULTS; which++) {
      const char *name = strsignal(faults[which]);
      if (!is_real(faults[which]))
        continue;
      is_int(in_child(without_handler).signal, faults[which],
             "%s %s: with a handler of Scheme's, set %s, the process dies of it", name,
             places[place].where, at_load ? "at load" : "later");
      in_thread = !in_thread;
      is_int(in_child(with_handler).code, 100 + faults[which], "and a handler of the host sees it");
    }
  scheme_too = scheme_at_load = false;
}

static void all_faults(void) {
  for (place = 0; place < PLACES; place++)
    for (which = 0; which < FAULTS; which++) {
      const char *name = strsignal(faults[which]);
      is_int(in_child(without_handler).signal, faults[which],
             "%s %s: without a handler the process dies of it", name, places[place].where);
      in_thread = !in_thread;
      is_int(in_child(with_handler).code, 100 + faults[which], "and a handler of the host sees it");
      on_alternate_stack = true;
      is_int(in_child(with_handler).code, 100 + faults[which], "on an alternate stack too");
      on_alternate_stack = false;
    }
}

/* ---- Handlers that mend what is wrong ---- */

static char *page;
static volatile sig_atomic_t mended;
static _Thread_local sigjmp_buf back;

static void make_readable(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  if ((char *)info->si_addr != page)
    _exit(97);
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
  mended++;
}

static void jump_back(int number) {
  (void)number;
  siglongjmp(back, 1);
}

/* As a garbage collector's barrier does it: the access goes on where it was. */
static void mend_in_scheme(int index) {
  enum { TIMES = 500 };
  (void)index;
  struct sigaction action = {.sa_sigaction = make_readable, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *page = 42;
  int right = 0;
  for (int i = 0; i < TIMES; i++) {
    mprotect(page, 4096, PROT_NONE);
    right += read_byte(page) == 42 && twice(i) == 2 * i;
  }
  is_int(right, TIMES, "a handler mends a fault in a callback, which goes on");
  is_int(mended, TIMES, "it has run once for each");
  signal(SIGSEGV, SIG_DFL);
}

static void on_sent(int number) {
  (void)number;
  _exit(96);
}

/* The host's handler keeps its flags and what it blocks, under Scheme's. */
static volatile sig_atomic_t blocks_right;
static void mend_once(int number, siginfo_t *info, void *context) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  blocks_right = sigismember(&mask, SIGSEGV) == 1 && sigismember(&mask, SIGUSR1) == 1 &&
                 sigismember(&mask, SIGUSR2) == 0;
  make_readable(number, info, context);
}

static int sent_and_real(void) {
  struct sigaction action = {.sa_sigaction = mend_once, .sa_flags = SA_SIGINFO | SA_RESETHAND};
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  sigaddset(&action.sa_mask, SIGUSR1);
  sigaction(SIGSEGV, &action, NULL);
  signal(SIGFPE, on_sent);
  callseq_init();
  for (int i = 0; i < FAULTS; i++)
    handle_in_scheme(faults[i]);
  handle_in_scheme(SIGSEGV); /* once more: what was there before is still the host's */
  for (int i = 0; i < 100; i++) {
    raise(faults[i % FAULTS]);
    if (wait_until_sent(i + 1) != i + 1)
      return 1;
  }
  page = page_without_access();
  if (read_byte(page) != 0 || mended != 1 || !blocks_right)
    return 2;
  read_byte(page_without_access()); /* the handler was for one */
  return 3;
}

/* A handler of the host's that leads to what it has replaced, Scheme's, which then takes the signal
 * once more. At first it jumps out of the fault. */
enum { JUMPS = 20 };
static volatile sig_atomic_t chained;
static struct sigaction replaced;

static void chain(int number, siginfo_t *info, void *context) {
  if (chained++ < JUMPS)
    siglongjmp(back, 1);
  if (chained > JUMPS + 1 || write(STDOUT_FILENO, "chained", 7) != 7)
    _exit(95);
  replaced.sa_sigaction(number, info, context);
}

static int chain_to_scheme(void) {
  static char alternate[65536];
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  struct sigaction action = {.sa_sigaction = chain, .sa_flags = SA_SIGINFO};
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (on_alternate_stack) {
    action.sa_flags |= SA_ONSTACK;
    sigaltstack(&stack, NULL);
  }
  callseq_init();
  handle_in_scheme(SIGSEGV);
  sigaction(SIGSEGV, &action, &replaced);
  handle_in_scheme(SIGSEGV);
  page = page_without_access();
  for (volatile int i = 0; i < 2 * JUMPS; i++)
    if (!sigsetjmp(back, 1))
      *page = 1;
  return 3;
}

static void chains_end(bool alternate) {
  on_alternate_stack = alternate;
  struct outcome outcome = in_child(chain_to_scheme);
  is_int(outcome.signal, SIGSEGV,
         "a handler that leads back to Scheme's gets a fault once: code %d", outcome.code);
  is_str(outcome.out, "chained", "and each fault of those that it jumps out of");
  on_alternate_stack = false;
}

static void jump_out(int index) {
  enum { TIMES = 500 };
  volatile int right = 0;
  (void)index;
  for (volatile int i = 0; i < TIMES; i++) {
    if (!sigsetjmp(back, 1))
      fault(0);
    right += twice(i) == 2 * i;
  }
  is_int(right, TIMES, "a handler jumps out of a fault outside, and calls go on");
}

/* ---- What init leaves alone ---- */

struct state {
  struct sigaction actions[_NSIG];
  sigset_t mask;
  stack_t stack;
};

static void take(struct state *state) {
  memset(state, 0, sizeof *state);
  for (int i = 1; i < _NSIG; i++)
    sigaction(i, NULL, &state->actions[i]);
  pthread_sigmask(SIG_SETMASK, NULL, &state->mask);
  sigaltstack(NULL, &state->stack);
}

static void on_signal(int number) { (void)number; }

static bool set_same(const sigset_t *a, const sigset_t *b) {
  bool same = true;
  for (int i = 1; i < _NSIG; i++)
    same &= sigismember(a, i) == sigismember(b, i);
  return same;
}

static int compare(bool of_host, int report_overrun) {
  static struct state before, after;
  struct sigaction own = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigset_t some;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR2);
  if (of_host) {
    sigaddset(&own.sa_mask, SIGUSR1);
    for (int i = 1; i < SIGRTMIN; i += 2)
      sigaction(i, &own, NULL);
    pthread_sigmask(SIG_BLOCK, &some, NULL);
  }
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.report_overrun = report_overrun;
  take(&before);
  callseq_init_with(&config);
  if (twice(4) != 8)
    return 1;
  take(&after);
  for (int i = 1; i < _NSIG; i++)
    if (before.actions[i].sa_sigaction != after.actions[i].sa_sigaction ||
        before.actions[i].sa_flags != after.actions[i].sa_flags ||
        !set_same(&before.actions[i].sa_mask, &after.actions[i].sa_mask))
      printf("%s ", strsignal(i));
  if (!set_same(&before.mask, &after.mask))
    printf("mask ");
  if (before.stack.ss_sp != after.stack.ss_sp || before.stack.ss_flags != after.stack.ss_flags)
    printf("stack ");
  return 0;
}

static int of_the_system(void) { return compare(false, 0); }
static int of_the_host(void) { return compare(true, 0); }
static int reporting(void) { return compare(false, 1); }

static void init_leaves_alone(int (*scenario)(void), const char *changed, const char *what) {
  struct outcome outcome = in_child(scenario);
  is_int(outcome.code, 0, "%s: the scenario ends", what);
  is_str(outcome.out, changed, "what init changes of %s", what);
}

int main(void) {
  init_leaves_alone(of_the_system, "", "dispositions, mask and stack");
  init_leaves_alone(of_the_host, "", "those that the host has set");
  init_leaves_alone(reporting, "Segmentation fault stack ", "all that, with report_overrun");
  all_faults();
  all_faults_with_scheme(false);
  all_faults_with_scheme(true);
  struct outcome outcome = in_child(sent_and_real);
  is_int(outcome.signal, SIGSEGV, "sent ones are Scheme's, faults are the host's: code %d",
         outcome.code);
  chains_end(false);
  chains_end(true);

  start_quietly();
  mend_in_scheme(0);
  mended = 0;
  crew(1, mend_in_scheme);
  signal(SIGSEGV, jump_back);
  jump_out(0);
  crew(4, jump_out);
  return done();
}
