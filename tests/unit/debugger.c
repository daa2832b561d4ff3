/* Threads that switch to a context, for a debugger to look at: debuggers.t. The context's stack
 * lies between those of the threads. */
#include "../../src/context/context.h"
#include "../support.h"

#define NOINLINE __attribute__((noinline))

enum { STACK_BYTES = 1 << 20, TURNS = 2 };

static _Alignas(16) char stacks[3][STACK_BYTES];
static struct callseq_context inside, outside;
static volatile long words[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
static volatile double reals[] = {11, 12, 13, 14, 15, 16, 17, 18};

/* Where breakpoints are. */
NOINLINE void begun(void) { __asm__ volatile("" ::: "memory"); }
NOINLINE void deepest(void) { __asm__ volatile("" ::: "memory"); }
NOINLINE void ended(void) { __asm__ volatile("" ::: "memory"); }

NOINLINE static void answer(void) {
  deepest();
  __asm__ volatile("" ::: "memory"); /* no tail call, here and below */
}

static void serve(void *unused) {
  (void)unused;
  for (;;) {
    answer();
    callseq_context_switch_fresh(&inside, &outside, NULL);
  }
}

/* Has at least as many values alive across the switch as there are callee-saved registers. */
NOINLINE static void ask(void) {
  long a = words[0], b = words[1], c = words[2], d = words[3], e = words[4];
  long f = words[5], g = words[6], h = words[7], i = words[8], j = words[9];
  double k = reals[0], l = reals[1], m = reals[2], n = reals[3];
  double o = reals[4], p = reals[5], q = reals[6], r = reals[7];
  callseq_context_switch(&outside, &inside, NULL);
  words[0] = a, words[1] = b, words[2] = c, words[3] = d, words[4] = e;
  words[5] = f, words[6] = g, words[7] = h, words[8] = i, words[9] = j;
  reals[0] = k, reals[1] = l, reals[2] = m, reals[3] = n;
  reals[4] = o, reals[5] = p, reals[6] = q, reals[7] = r;
}

static void *work(void *unused) {
  begun();
  for (int turn = 0; turn < TURNS; turn++)
    ask();
  ended();
  return unused;
}

static void in_thread_on(char *stack) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, STACK_BYTES);
  if (pthread_create(&thread, &attributes, work, NULL) || pthread_join(thread, NULL))
    exit(2);
}

int main(void) {
  callseq_context_make(&inside, stacks[1], STACK_BYTES, serve, NULL, &outside);
  in_thread_on(stacks[0]);
  in_thread_on(stacks[2]);
  return 0;
}
