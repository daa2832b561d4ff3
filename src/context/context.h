/* Contexts: two stacks, one thread of control.
 *
 * A context is a place where execution stopped: everything that the CPU's calling convention says a
 * function must keep, on the stack that it belongs to. Switching saves the running code into one
 * context and goes on in another. The bottom layer: it knows nothing of locks, threads or Scheme.
 *
 * One source per CPU in context/, chosen by context/context.S and context/ucontext.c; ucontext(3)
 * serves CPUs without one, macOS, whose objects are not ELF, and every CPU when the library is
 * built with CALLSEQ_UCONTEXT defined.
 * Like sequencer.h this header is part of generated code: C11 and C++.
 */
#ifndef CALLSEQ_CONTEXT_H
#define CALLSEQ_CONTEXT_H

/* The ABIs that there is a source for; the same CPU may have others, as x32 is one of x86-64. */
#if !defined(CALLSEQ_UCONTEXT) &&                                                                  \
    !(defined(__ELF__) &&                                                                          \
      ((defined(__x86_64__) && !defined(__ILP32__)) || defined(__i386__) ||                        \
       (defined(__aarch64__) && !defined(__ILP32__)) || defined(__ARM_PCS_VFP) ||                  \
       (defined(__powerpc64__) && defined(__LITTLE_ENDIAN__) && _CALL_ELF == 2) ||                 \
       defined(__s390x__) || (defined(__riscv_float_abi_double) && __riscv_xlen == 64)))
#define CALLSEQ_UCONTEXT 1
#endif

#ifndef __ASSEMBLER__ /* context/context.S wants the choice above */
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One context. The caller owns it and keeps it in place while it is in use. */
struct callseq_context {
  void *sp; /* the rest lies on the context's stack, in the layout that the CPU's source draws */
  void *message; /* where registers cannot carry it */
};

/* Prepares `context` so that the first switch to it calls entry(argument) on the `bytes` bytes of
 * memory at `stack`, with default floating-point control. `entry` must never return.
 *
 * `outside`, where whoever switches to `context` saves itself, is for debuggers: see
 * context/outside.S. Not every implementation has that. */
void callseq_context_make(struct callseq_context *context, void *stack, size_t bytes,
                          void (*entry)(void *), void *argument,
                          const struct callseq_context *outside);

/* Saves the running code in `save` and goes on in `resume`; returns when something switches back to
 * `save`, with the message that it gave. Callee-saved registers and floating-point control belong
 * to a context and are kept; the signal mask, errno and thread-locals belong to the thread and stay
 * with it. A function that is active across a switch may go on in another thread: it must not use
 * thread-locals. */
void *callseq_context_switch(struct callseq_context *save, struct callseq_context *resume,
                             void *message);

/* The same, but `save` goes on with floating-point control at its initial value. */
void *callseq_context_switch_fresh(struct callseq_context *save, struct callseq_context *resume,
                                   void *message);

/* Sets floating-point control to its initial value. Exceptions that have been noted may go. */
void callseq_context_fresh(void);

/* The same as a switch, cheaper on some CPUs, for callers who know that floating-point control is
 * at its initial value on both sides. */
void *callseq_context_switch_plain(struct callseq_context *save, struct callseq_context *resume,
                                   void *message);

#ifdef __cplusplus
}
#endif
#endif
#endif
