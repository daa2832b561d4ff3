/* A simulated machine, which counts the cache lines that change hands: what `perf` counts where the
 * processor lets it, but on a machine of as many processors as one likes, and the same each time.
 *
 * Each thread has a processor of its own, with a cache that holds everything. A line is in one
 * cache to be written, or in any number to be read (MSI). An access whose line is not there as it
 * has to be *moves* it: that is what is counted, and what takes time. The processors go on in the
 * order of their clocks, one access at a time; so it is one of the executions that are possible,
 * without reordering.
 *
 * The programs that run on it are compiled for ThreadSanitizer, so that each access to memory calls
 * a function; machine.c has these functions, and what the sequencer asks of a system. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST_PROCESSORS = 64, LINE = 64 };

/* Runs work(processor) on so many processors, until each has returned. */
void machine_run(int processors, void (*work)(int processor));

/* The processor that is running, and its clock in nanoseconds. */
int machine_processor(void);
uint64_t machine_clock(void);

/* Lets time pass that is spent in this processor's own cache. */
void machine_work(uint64_t ns);

/* Lines that have been moved since the last call of machine_forget, in the memory that was named,
 * and elsewhere. */
void machine_name(const void *memory, size_t bytes);
struct machine_count {
  uint64_t named, others;
} machine_counted(void);
void machine_forget(void);

/* Sleeping on a word, as futex(2) has it. */
void machine_sleep(_Atomic(uint32_t) *word, uint32_t expected, uint64_t ns);
void machine_wake(const void *word, int processors);

#endif
