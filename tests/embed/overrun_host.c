/* Running off the dedicated stack meets its guard page: a segmentation fault, which the host's own
 * handler sees, and with report_overrun a message. Deep recursion in Scheme needs no stack. */
#include "../support.h"
#include <alloca.h>
#include <signal.h>
#include <sys/mman.h>

int dig_in_c(int), dig_in_scheme(int), leap_in_c(int);

int dig(int n);
__attribute__((noinline)) int dig(int n) {
  volatile char page[1024];
  page[n % 1024] = (char)n;
  return n == 0 ? 0 : dig(n - 1) + (page[n % 1024] == (char)n);
}

static __attribute__((noinline)) int touch(volatile char *byte) { return *byte = 1; }

/* One frame, touched only at its far end. */
int leap(int megabytes);
__attribute__((noinline)) int leap(int megabytes) { return touch(alloca((size_t)megabytes << 20)); }

static int start(int report) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.report_overrun = report;
  return callseq_init_with(&config);
}

static int deep_but_fine(void) {
  start(1);
  printf("%d %d", dig_in_c(1000), dig_in_scheme(3000000));
  return 0;
}

static int off_the_stack(void) {
  start(0);
  return dig_in_c(1 << 30);
}

/* The kernel puts a new mapping below the last one: the frame would end in it. */
static int over_the_guard(void) {
  start(0);
  void *neighbour = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return neighbour == MAP_FAILED ? 99 : leap_in_c(30);
}

static int off_the_stack_reported(void) {
  start(1);
  return dig_in_c(1 << 30);
}

static void dig_in_thread(int index) {
  (void)index;
  dig_in_c(1 << 30);
}

static int off_the_stack_in_a_thread(void) {
  start(1);
  crew(1, dig_in_thread);
  return 0;
}

/* Threads whose first call came too early: before init, or while it loads the code. */
static pthread_barrier_t step;

static void *dig_after_calling(void *unused) {
  if (unused) /* while it loads: from the load itself */
    pthread_barrier_wait(&step);
  dig_in_c(1);
  pthread_barrier_wait(&step);
  pthread_barrier_wait(&step);
  dig_in_c(1 << 30);
  return unused;
}

static bool loading;

/* Under the program's top level. */
void while_loading(void);
void while_loading(void) {
  if (loading) {
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
  }
}

static int off_the_stack_in_an_early_thread(void) {
  pthread_t thread;
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.report_overrun = 1;
  config.on_error = keep_quiet;
  pthread_barrier_init(&step, NULL, 2);
  pthread_create(&thread, NULL, dig_after_calling, loading ? &thread : NULL);
  if (!loading)
    pthread_barrier_wait(&step);
  callseq_init_with(&config);
  pthread_barrier_wait(&step);
  pthread_join(thread, NULL);
  return 0;
}

static int off_the_stack_in_a_loading_thread(void) {
  loading = true;
  return off_the_stack_in_an_early_thread();
}

static void on_fault(int signal) {
  (void)signal;
  _exit(55);
}

static int off_the_stack_handled(void) {
  static char alternate[65536];
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
  sigaltstack(&stack, NULL);
  sigaction(SIGSEGV, &action, NULL);
  start(1); /* the host's handler stays */
  return dig_in_c(1 << 30);
}

/* A fault that has nothing to do with the stack is not taken for an overrun. */
static int other_fault(void) {
  start(1);
  dig_in_c(1);
  volatile int *volatile nowhere = (volatile int *)64;
  return *nowhere;
}

/* Without the line by which an emulator itself tells of a signal that ends a program. */
static const char *said(const struct outcome *o) {
  const char *line_end = strchr(o->err, '\n');
  bool its_own = emulated() && line_end && !strncmp(o->err, "qemu: uncaught target signal", 28);
  return its_own ? line_end + 1 : o->err;
}

int main(void) {
  struct outcome fine = in_child(deep_but_fine);
  is_int(fine.code, 0, "deep recursion ends well");
  is_str(fine.out, "1000 3000000", "1 MB of C frames, 3 000 000 levels of Scheme");

  struct outcome fault = in_child(off_the_stack);
  is_int(fault.signal, SIGSEGV, "off the stack: a segmentation fault");
  is_str(said(&fault), "", "which the library does not comment unasked");

  if (sizeof(void *) == 8) /* with fewer addresses to spare the guard is smaller */
    is_int(in_child(over_the_guard).signal, SIGSEGV, "a frame of 30 MB does not pass the guard");

  int (*const reported[])(void) = {off_the_stack_reported, off_the_stack_in_a_thread,
                                   off_the_stack_in_an_early_thread,
                                   off_the_stack_in_a_loading_thread};
  for (int i = 0; i < 4; i++) {
    fault = in_child(reported[i]);
    is_int(fault.signal, SIGSEGV, "with report_overrun too, for an honest core");
    ok(strstr(fault.err, "stack_bytes"), "with a message that names the remedy: %s", fault.err);
  }
  is_int(in_child(off_the_stack_handled).code, 55, "the host's own handler sees the fault");
  fault = in_child(other_fault);
  is_int(fault.signal, SIGSEGV, "another fault stays what it is");
  ok(!strstr(fault.err, "stack_bytes"), "and is not reported: %s", fault.err);
  return done();
}
