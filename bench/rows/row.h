/* What a row of the benchmark provides, and what its main program gives it.
 *
 * A row is one program: one *_host.c, one Scheme file, and main.c for one thread or, compiled with
 * -DTHREADS, threads.c for many. Both call on threads that they created: with a single thread glibc
 * leaves out atomic instructions that every real caller pays for. */
#ifndef ROW_H
#define ROW_H

#include <stdbool.h>
#include <stdint.h>

/* Makes Scheme ready: calls succeed once this has returned. It runs on a thread that calls. */
void row_start(void);

#ifdef THREADS

/* Makes one call with argument x and returns its result, which is x + 100. Any thread. */
int row_call(int x);

#define ROW_CALLS(call)                                                                            \
  int row_call(int i) { return (call); }

/* What threads.c was asked for: whether callbacks take longer than an addition, and the batch limit
 * of rows that have one, 0 for its default. */
extern bool row_busy;
extern unsigned row_batch_limit;

/* What a longer callback does besides. */
void row_occupy(void);

/* Sleeps for a millisecond. */
void row_nap(void);

/* Of a Scheme program that computes: what it has done so far, and does in a second while nobody
 * calls. 0 of any other. */
long row_steps(void);
double row_steps_alone(void);

int foo(int x);
int busy(int x);
#define WORKLOAD(i) (row_busy ? busy(i) : foo(i))

#else

/* Makes `count` calls with arguments 0, 1, 2, ... and returns the sum of their results, which are
 * the argument + 100. */
int64_t row_calls(int count);

/* What row_calls has done that is not to be measured, and the clock for it, in nanoseconds. */
extern double row_aside_ns;
double row_now_ns(void);

/* Defines row_calls for a row that makes a call by evaluating the int expression `call` of `i`. */
#define ROW_CALLS(call)                                                                            \
  int64_t row_calls(int count) {                                                                   \
    int64_t sum = 0;                                                                               \
    for (int i = 0; i < count; i++)                                                                \
      sum += (call);                                                                               \
    return sum;                                                                                    \
  }

/* The call of the two workloads: the post's, and -DMIXED with four arguments of different types. */
#ifdef MIXED
int mixed(int a, double b, const char *c, void *d);
#define WORKLOAD(i) mixed(i, 0.5, "text", &i)
#else
int foo(int x);
#define WORKLOAD(i) foo(i)
#endif

#endif

/* Ends the program because the row cannot be measured, or not on this machine. */
_Noreturn void row_fail(const char *reason);
_Noreturn void row_unavailable(const char *reason);

/* Size of a stack for a thread or context that runs CHICKEN: its nursery is 1 MiB. */
enum { ROW_STACK_BYTES = 16 << 20 };

#endif
