/* What the library asks of the operating system beyond ISO C and POSIX threads. Sleeping and waking
 * are in park.h, the other half of this.
 *
 * There are two versions of both: linux.c with elf.c; and posix.c, for any other system, and for
 * Linux when the library is built with CALLSEQ_POSIX defined. This layer is at the bottom: it knows
 * nothing of the sequencer or Scheme. */
#ifndef CALLSEQ_SYSTEM_H
#define CALLSEQ_SYSTEM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#if !defined(CALLSEQ_POSIX) && !defined(__linux__)
#define CALLSEQ_POSIX 1
#endif

/* The calling thread's number: from 1 to INT32_MAX, and no other living thread has it; or 0 where
 * the system refuses one. In a forked child it may be another one than before. */
uint32_t callseq_system_thread(void);

/* The calling thread ends: its number may be given to others. */
void callseq_system_forget_thread(void);

/* Can a thread of this process be cancelled at all? Calls defer cancellation, which takes two
 * atomic operations of the C library each time. So it is done only where somebody could cancel. Any
 * thread may ask, at any time. Where the system cannot tell, the answer is true; so it is in the
 * child of a process that had several threads when it forked. */
bool callseq_system_can_cancel(void);

/* Sends signal `number`, 1 to 64, to `thread`, which is not the calling one: if it is in a system
 * call, that ends with EINTR. Nothing happens if there is no such thread any more, nor, where the
 * system can tell, if it blocks the signal, which would stay pending there. Signal handlers may
 * call it. */
void callseq_system_pass_on(uint32_t thread, int number);

/* For the handler of a signal: has it been sent by callseq_system_pass_on? Then it is no new one.
 */
bool callseq_system_passed_on(int number, const siginfo_t *info);

/* For a handler: has the signal been raised by the instruction that it interrupts, and not sent? */
bool callseq_system_is_fault(const siginfo_t *info);

/* Blocks the calling thread's signals while it makes a thread that is none of the host's, and gives
 * the mask that it had. What a fault raises stays as it is: if that is blocked, the system ends the
 * process and asks no handler. */
static inline void callseq_system_block_signals(sigset_t *before) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  sigset_t wanted;
  sigfillset(&wanted);
  for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
    sigdelset(&wanted, faults[i]);
  pthread_sigmask(SIG_BLOCK, &wanted, before);
}

/* By the thread that forks: the first before fork, the second in the child, before anything else of
 * the library runs there. The child has one thread; what the parent's others held or waited for
 * does not concern it. */
void callseq_system_before_fork(void);
void callseq_system_forked(void);

/* The shared object with this address in it stays loaded from now on, even if the program that has
 * opened it closes it; any thread may say so, as often as it likes. Where the system cannot do
 * that, nothing happens. */
void callseq_system_stay_loaded(const void *address);

/* Writes out what stdio holds, as C's exit does: for as long as it takes. But a stream that another
 * thread has locked is given up after a quarter of a second. */
void callseq_system_write_out(void);

/* Names the calling thread for debuggers, where the system can do that. */
void callseq_system_name_thread(const char *name);

/* How many processors this process may use; 2 if unknown. */
int callseq_system_processors(void);

/* How many threads the process has that have not ended; 0: not known. */
unsigned callseq_system_threads(void);

#endif
