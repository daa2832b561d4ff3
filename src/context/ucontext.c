/* The portable context switch, by ucontext(3): for CPUs without an assembly source, and everywhere
 * with CALLSEQ_UCONTEXT. Several times slower: each switch is a system call that sets the signal
 * mask. A context carries a mask of its own here, which must not leak from one thread to the next,
 * so each switch hands the running thread's mask on. */
#if defined(__APPLE__)
#define _XOPEN_SOURCE 700 /* else its <ucontext.h> refuses */
#endif
#pragma GCC visibility push(default)
#include "context.h"
#pragma GCC visibility pop

#ifdef CALLSEQ_UCONTEXT
#include <fenv.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

void callseq_context_fresh(void) {
  fesetenv(FE_DFL_ENV);
#if defined(__ALTIVEC__) /* VSCR, which fenv_t leaves out */
  __builtin_altivec_mtvscr((__vector signed int){0});
#endif
}

/* makecontext passes int arguments only: two halves of a pointer each. */
static void start(unsigned entry_high, unsigned entry_low, unsigned argument_high,
                  unsigned argument_low) {
  uintptr_t entry = (uintptr_t)((uint64_t)entry_high << 32 | entry_low);
  uintptr_t argument = (uintptr_t)((uint64_t)argument_high << 32 | argument_low);
  callseq_context_fresh(); /* makecontext took that of its caller */
  ((void (*)(void *))entry)((void *)argument);
  abort();
}

void callseq_context_make(struct callseq_context *context, void *stack, size_t bytes,
                          void (*entry)(void *), void *argument,
                          const struct callseq_context *outside) {
  (void)outside;
  ucontext_t *machine = stack; /* at the far end, which is used last */
  uint64_t e = (uintptr_t)entry, a = (uintptr_t)argument;
  size_t excess = ((uintptr_t)stack + bytes) % 16; /* not every makecontext aligns the end */
  getcontext(machine);
  machine->uc_stack.ss_sp = machine + 1;
  machine->uc_stack.ss_size = bytes - excess - sizeof *machine;
  machine->uc_link = NULL;
  makecontext(machine, (void (*)(void))start, 4, (unsigned)(e >> 32), (unsigned)e,
              (unsigned)(a >> 32), (unsigned)a);
  context->sp = machine;
}

void *callseq_context_switch(struct callseq_context *save, struct callseq_context *resume,
                             void *message) {
  ucontext_t here, *there = resume->sp;
  save->sp = &here;
  resume->message = message;
  pthread_sigmask(SIG_SETMASK, NULL, &there->uc_sigmask);
#if defined(__i386__) /* glibc's swapcontext leaves MXCSR out there, its fenv_t does not */
  fenv_t control;
  fegetenv(&control);
  swapcontext(&here, there);
  fesetenv(&control);
#else
  swapcontext(&here, there);
#endif
  return save->message;
}

void *callseq_context_switch_fresh(struct callseq_context *save, struct callseq_context *resume,
                                   void *message) {
  message = callseq_context_switch(save, resume, message);
  callseq_context_fresh();
  return message;
}

void *callseq_context_switch_plain(struct callseq_context *save, struct callseq_context *resume,
                                   void *message) {
  return callseq_context_switch(save, resume, message);
}
#else
typedef int callseq_context_by_assembly; /* ISO C wants a declaration in every source */
#endif
