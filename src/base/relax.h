/* Tells the processor that this thread polls: it may save power, or let another thread of the same
 * core go ahead. Where it has no such hint, something at least that keeps the compiler from leaving
 * out a loop that does nothing else. */
#ifndef CALLSEQ_RELAX_H
#define CALLSEQ_RELAX_H

static inline void callseq_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#elif defined(__powerpc__)
  __asm__ volatile("or 27, 27, 27"); /* also called yield */
#elif defined(__riscv)
  __asm__ volatile(".insn i 0x0f, 0, x0, x0, 16"); /* pause; to older CPUs an empty fence */
#else
  __asm__ volatile("");
#endif
}

#endif
