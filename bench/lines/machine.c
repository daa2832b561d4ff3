/* The simulated machine: processors as coroutines, a table of lines, and the functions that the
 * compiler has accesses call.
 *
 * What takes how long, in nanoseconds, is that of a usual server: it decides in which order the
 * processors go on, and so how long queues are, not what a moved line is. */
#define _GNU_SOURCE
#include "machine.h"

#include "system/park.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum {
  HIT_NS = 1,
  MOVE_NS = 70,  /* a line from another processor */
  LOCKED_NS = 5, /* more for a read-modify-write */
  FENCE_NS = 10,
  CALL_NS = 300,   /* of the system, that does not sleep */
  WAKE_NS = 2000,  /* for the thread that wakes, */
  AWAKE_NS = 5000, /* and until the other runs */
  STACK = 256 << 10
};

enum state { RUNS, SLEEPS, ENDED };

static struct processor {
  ucontext_t start;
  jmp_buf context; /* once it has begun: swapcontext would make a system call for each access */
  int begun;
  char *stack;
  enum state state;
  uint64_t clock; /* when it goes on; asleep: when its sleep is over, UINT64_MAX: never */
  const void *word;
  int timed_out;
} processors[MOST_PROCESSORS];

static int count, running; /* 0: the machine does not run */
static ucontext_t outside;
static void (*work)(int);

/* ---- Lines ---- */

enum { LINES = 1 << 16 };
static struct line {
  uintptr_t number;
  uint64_t holders; /* processors whose cache has it: one only, if it may be written there */
} lines[LINES];

static uintptr_t named_from, named_to;
static uint64_t named, others;

static struct line *find(uintptr_t number) {
  size_t i = (number * 0x9e3779b97f4a7c15u) >> 48;
  while (lines[i].number && lines[i].number != number)
    i = (i + 1) % LINES;
  lines[i].number = number;
  return &lines[i];
}

/* True: nothing had to be asked of another processor. */
static int bring(uintptr_t number, int write) {
  struct line *line = find(number);
  uint64_t self = (uint64_t)1 << running, before = line->holders;
  line->holders = write ? self : before | self;
  if (before && !(before & self)) { /* in nobody's cache, it does not change hands */
    if (number * LINE >= named_from && number * LINE < named_to)
      named++;
    else
      others++;
  }
  return !before || before == self || (!write && (before & self));
}

/* ---- Time ---- */

static int next_processor(void) {
  int next = -1;
  for (int i = 0; i < count; i++)
    if (processors[i].state != ENDED && processors[i].clock != UINT64_MAX &&
        (next < 0 || processors[i].clock < processors[next].clock))
      next = i;
  return next;
}

static _Noreturn void enter(int next) {
  struct processor *p = &processors[next];
  running = next;
  if (!p->begun) {
    p->begun = 1;
    setcontext(&p->start);
  }
  _longjmp(p->context, 1);
}

/* The processor that is furthest behind goes on. */
static void go_on(void) {
  int next = next_processor();
  if (next < 0) {
    fprintf(stderr, "lines: every processor sleeps for ever\n");
    exit(1);
  }
  if (processors[next].state == SLEEPS) {
    processors[next].state = RUNS;
    processors[next].timed_out = 1;
  }
  if (next != running && !_setjmp(processors[running].context))
    enter(next);
}

static void pass(uint64_t ns) {
  processors[running].clock += ns;
  go_on();
}

static void at(const volatile void *address, size_t bytes, int write, uint64_t more) {
  uintptr_t first = (uintptr_t)address / LINE, last = ((uintptr_t)address + bytes - 1) / LINE;
  uint64_t ns = more;
  if (!count) /* before the machine runs */
    return;
  for (uintptr_t line = first; line <= last; line++)
    ns += bring(line, write) ? HIT_NS : MOVE_NS;
  pass(ns);
}

int machine_processor(void) { return running; }
uint64_t machine_clock(void) { return processors[running].clock; }
void machine_work(uint64_t ns) {
  if (count)
    pass(ns);
}

static void run_processor(void) {
  work(running);
  processors[running].state = ENDED;
  if (next_processor() < 0)
    setcontext(&outside);
  go_on(); /* for good */
}

void machine_run(int processor_count, void (*function)(int)) {
  work = function;
  count = processor_count;
  memset(lines, 0, sizeof lines);
  for (int i = 0; i < count; i++) {
    struct processor *p = &processors[i];
    char *stack = p->stack ? p->stack : malloc(STACK);
    *p = (struct processor){.state = RUNS, .clock = (uint64_t)i * 7 + 1, .stack = stack};
    getcontext(&p->start);
    p->start.uc_stack = (stack_t){.ss_sp = stack, .ss_size = STACK};
    makecontext(&p->start, run_processor, 0);
  }
  processors[0].begun = 1;
  running = 0;
  swapcontext(&outside, &processors[0].start);
  count = 0;
}

void machine_name(const void *memory, size_t bytes) {
  named_from = (uintptr_t)memory;
  named_to = named_from + bytes;
}

struct machine_count machine_counted(void) {
  return (struct machine_count){named, others};
}

void machine_forget(void) { named = others = 0; }

/* ---- The system ---- */

void machine_sleep(_Atomic(uint32_t) *word, uint32_t expected, uint64_t ns) {
  struct processor *self = &processors[running];
  pass(CALL_NS);
  if (__atomic_load_n((uint32_t *)word, __ATOMIC_RELAXED) != expected)
    return;
  self->word = word;
  self->state = SLEEPS;
  self->timed_out = 0;
  self->clock = ns ? self->clock + ns : UINT64_MAX;
  go_on();
  self->word = NULL;
}

void machine_wake(const void *word, int most) {
  uint64_t now = processors[running].clock;
  for (int i = 0; i < count && most > 0; i++) {
    struct processor *p = &processors[i];
    if (p->state != SLEEPS || p->word != word)
      continue;
    p->state = RUNS;
    p->word = NULL;
    p->clock = now + AWAKE_NS;
    most--;
  }
  pass(WAKE_NS);
}

bool callseq_park_wait(_Atomic(uint32_t) *word, uint32_t expected, uint32_t milliseconds) {
  machine_sleep(word, expected, (uint64_t)milliseconds * 1000000);
  return !processors[running].timed_out;
}

void callseq_park_nap(uint32_t nanoseconds) {
  static _Atomic(uint32_t) word;
  machine_sleep(&word, 0, nanoseconds);
}

void callseq_park_wake(const void *word) { machine_wake(word, 1); }
void callseq_park_wake_all(const void *word) { machine_wake(word, MOST_PROCESSORS); }
bool callseq_park_asymmetric(void) { return true; }
bool callseq_park_barrier(void) {
  pass(WAKE_NS);
  return true;
}

/* Instead of the C library's, by the linker. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *t) {
  uint64_t ns = count ? processors[running].clock : 0;
  (void)clock; /* a thread uses its processor for all the time */
  *t = (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
  machine_work(20);
  return 0;
}

int __wrap_sched_yield(void) {
  pass(CALL_NS);
  return 0;
}

/* ---- What accesses call ---- */

void __tsan_init(void) {}
void __tsan_func_entry(void *from) { (void)from; }
void __tsan_func_exit(void) {}

#define PLAIN(bytes)                                                                               \
  void __tsan_read##bytes(void *a) { at(a, bytes, 0, 0); }                                         \
  void __tsan_write##bytes(void *a) { at(a, bytes, 1, 0); }                                        \
  void __tsan_unaligned_read##bytes(void *a) { at(a, bytes, 0, 0); }                               \
  void __tsan_unaligned_write##bytes(void *a) { at(a, bytes, 1, 0); }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_read_range(void *a, size_t bytes) { at(a, bytes, 0, 0); }
void __tsan_write_range(void *a, size_t bytes) { at(a, bytes, 1, 0); }

/* A read-modify-write; the access itself comes after its time, and nothing else runs in between. */
#define CHANGE(bits, type, name, after)                                                            \
  type __tsan_atomic##bits##_##name(volatile type *a, type x, int order) {                         \
    (void)order;                                                                                   \
    at(a, sizeof *a, 1, LOCKED_NS);                                                                \
    type before = *a;                                                                              \
    *a = after;                                                                                    \
    return before;                                                                                 \
  }

#define ATOMIC(bits, type)                                                                         \
  CHANGE(bits, type, exchange, x)                                                                  \
  CHANGE(bits, type, fetch_add, before + x)                                                        \
  CHANGE(bits, type, fetch_sub, before - x)                                                        \
  CHANGE(bits, type, fetch_or, before | x)                                                         \
  type __tsan_atomic##bits##_load(const volatile type *a, int order) {                             \
    (void)order;                                                                                   \
    at(a, sizeof *a, 0, 0);                                                                        \
    return *a;                                                                                     \
  }                                                                                                \
  void __tsan_atomic##bits##_store(volatile type *a, type x, int order) {                          \
    at(a, sizeof *a, 1, order == __ATOMIC_SEQ_CST ? FENCE_NS : 0);                                 \
    *a = x;                                                                                        \
  }                                                                                                \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile type *a, type *expected, type x,      \
                                                    int order, int failed) {                       \
    (void)order, (void)failed;                                                                     \
    at(a, sizeof *a, 1, LOCKED_NS);                                                                \
    int same = *a == *expected;                                                                    \
    if (same)                                                                                      \
      *a = x;                                                                                      \
    else                                                                                           \
      *expected = *a;                                                                              \
    return same;                                                                                   \
  }                                                                                                \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile type *a, type *expected, type x,        \
                                                  int order, int failed) {                         \
    return __tsan_atomic##bits##_compare_exchange_strong(a, expected, x, order, failed);           \
  }

ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

void __tsan_atomic_thread_fence(int order) {
  if (order == __ATOMIC_SEQ_CST)
    machine_work(FENCE_NS);
}
void __tsan_atomic_signal_fence(int order) { (void)order; }
