/* A message for code that ran off the dedicated stack, where the host asked for it.
 *
 * The guard below the stack turns an overrun into SIGSEGV. The handler needs a stack of its own to
 * run on, so each thread that calls gets an alternate signal stack if it has none. The handler says
 * what happened if the address is in the guard, and in every case lets the fault take its default
 * course: an honest core. Nothing is installed where the host has a handler, or did not ask. */
#include "overrun.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNAL_STACK_BYTES = 32 << 10 };

static const struct callseq_stack *watched;
static __thread void *signal_stack;

static void overrun(int signal_number, siginfo_t *info, void *context) {
  static const char message[] =
      "callseq: C code called from Scheme ran off the Scheme stack; set a larger stack_bytes in "
      "callseq_config, or use less stack there\n";
  (void)context;
  if (callseq_stack_overrun(watched, info->si_addr) &&
      write(STDERR_FILENO, message, sizeof message - 1) < 0) {
    /* nothing left to tell it with */
  }
  /* Back to the default; the instruction faults again, and the core shows it. */
  signal(signal_number, SIG_DFL);
}

void callseq_overrun_watch(const struct callseq_stack *stack, int wanted) {
  struct sigaction present, action = {.sa_sigaction = overrun, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  if (!wanted || sigaction(SIGSEGV, NULL, &present) != 0 || (present.sa_flags & SA_SIGINFO) ||
      present.sa_handler != SIG_DFL)
    return;
  watched = stack;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, NULL);
}

void callseq_overrun_enter_thread(void) {
  stack_t present, mine = {.ss_size = SIGNAL_STACK_BYTES};
  if (!watched || sigaltstack(NULL, &present) != 0 || !(present.ss_flags & SS_DISABLE))
    return;
  mine.ss_sp = malloc(SIGNAL_STACK_BYTES);
  if (mine.ss_sp && sigaltstack(&mine, NULL) == 0)
    signal_stack = mine.ss_sp;
  else
    free(mine.ss_sp);
}

void callseq_overrun_leave_thread(void) {
  stack_t present, none = {.ss_flags = SS_DISABLE};
  if (!signal_stack)
    return;
  if (sigaltstack(NULL, &present) == 0 && present.ss_sp == signal_stack)
    sigaltstack(&none, NULL);
  free(signal_stack);
  signal_stack = NULL;
}
