/* What debuggers find below a context's stack: the thread that switched to it.
 *
 * The function that begins a context has a return address, that of callseq_context_outside. It never
 * returns, but who walks up the stack finds a frame of callseq_context_outside there, with the words
 * that the CPU's source has drawn: the address of the context outside, where whoever switches in
 * saves itself, and one at which callseq_context_switch has saved everything. So the next frame is
 * that of callseq_context_switch, called by the thread, with the stack pointer that it has stored.
 *
 * Debuggers read this in .debug_frame. The process itself unwinds by .eh_frame, for exceptions,
 * pthread_exit and backtrace(3): it finds nothing about this function, which is the end of the
 * stack. So C code on the new stack never unwinds frames of the thread's own.
 *
 * The frame is marked as that of a signal handler: only then may the next frame have a lower
 * address, as it may on another stack, and the stack not be broken. An unwinder looks for the byte
 * before a return address, hence the first nop.
 */
#include "context.h"
#include "asm.h"

#ifndef CALLSEQ_UCONTEXT
.cfi_sections .debug_frame

/* DWARF, byte by byte: a frame's CFA, here the next one's stack pointer, and the place of a register
 * are computed by expressions, whose length comes first. Offsets are from the CFA of
 * callseq_context_start, which is the stack pointer here. */
#define DEF_CFA_EXPRESSION 0x0f
#define EXPRESSION 0x10
#define DEREF 0x06

#if defined(__x86_64__)
#define RSP_PLUS 0x77
#define RIP 16
FUNCTION(callseq_context_outside)
  .cfi_signal_frame
  .cfi_escape DEF_CFA_EXPRESSION, 4, RSP_PLUS, -32 & 0x7f, DEREF, DEREF
  .cfi_escape EXPRESSION, RIP, 2, RSP_PLUS, -24 & 0x7f
  nop
  ud2
END(callseq_context_outside)
.hidden callseq_context_outside

#elif defined(__aarch64__)
#define SP_PLUS 0x8f
#define X30 30
FUNCTION(callseq_context_outside)
  .cfi_signal_frame
  .cfi_escape DEF_CFA_EXPRESSION, 4, SP_PLUS, -32 & 0x7f, DEREF, DEREF
  .cfi_escape EXPRESSION, X30, 2, SP_PLUS, -24 & 0x7f
  nop
  brk #1
END(callseq_context_outside)
.hidden callseq_context_outside
#endif
#endif

END_OBJECT
