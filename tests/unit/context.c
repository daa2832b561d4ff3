/* The context switch by itself, without CHICKEN: compiled with src/context and src/stack, once for
 * each implementation, which all pass the same tests.
 *
 * Most scenarios talk to a partner: a context that answers each message with step(message). A
 * function that is active across a switch may go on in another thread, so what a step needs of its
 * thread it gets from functions that are not inlined. */
#define _GNU_SOURCE
#include "../../src/context/context.h"
#include "../../src/system/stack.h"
#include "../support.h"
#include "control.h"
#include "registers.h"
#include <errno.h>
#include <fenv.h>
#include <signal.h>

enum { ROUND_TRIPS = 100000, TURNS = 1000, STACK_BYTES = 64 << 10 };

/* What memory has that a context is made in or saved in: no zeroes, and no valid control words. */
enum { DIRT = 0xa5, DIRTY_BYTES = 2048 };

/* Whatever has been below the caller's frame. */
NOINLINE static void dirty_below(void) {
  volatile unsigned char below[DIRTY_BYTES];
  for (int i = 0; i < DIRTY_BYTES; i++)
    below[i] = DIRT;
  (void)below;
}

struct partner {
  struct callseq_context inside, outside;
  struct callseq_stack stack;
  void *(*step)(void *message);
};

static void serve(void *argument) {
  struct partner *p = argument;
  void *answer = p;
  for (;;)
    answer = p->step(callseq_context_switch(&p->inside, &p->outside, answer));
}

static void *ask(struct partner *p, void *message) {
  return callseq_context_switch(&p->outside, &p->inside, message);
}

static void map_or_exit(struct callseq_stack *stack, size_t bytes) {
  if (!callseq_stack_map(stack, bytes)) {
    perror("callseq_stack_map");
    exit(2);
  }
  memset(stack->base, DIRT, stack->bytes);
}

/* Makes a partner and has it wait for its first message. */
static void begin(struct partner *p, void *(*step)(void *), size_t stack_bytes) {
  map_or_exit(&p->stack, stack_bytes);
  p->step = step;
  callseq_context_make(&p->inside, p->stack.base, p->stack.bytes, serve, p, &p->outside);
  ok(ask(p, NULL) == p, "a new context gets its argument, and answers");
}

static void end(struct partner *p) { callseq_stack_unmap(&p->stack); }

/* ---- Messages ---- */

static void *next(void *message) { return (void *)((uintptr_t)message + 1); }

static void round_trips(void) {
  struct partner p;
  char origin;
  int right = 0;
  begin(&p, next, STACK_BYTES);
  for (uintptr_t i = 0; i < ROUND_TRIPS; i++)
    right += (uintptr_t)ask(&p, (void *)i) == i + 1;
  is_int(right, ROUND_TRIPS, "round trips with a message each way");
  right = 0;
  for (uintptr_t i = 0; i < TURNS; i++)
    right += (uintptr_t)callseq_context_switch_plain(&p.outside, &p.inside, (void *)i) == i + 1;
  is_int(right, TURNS, "what a plain switch left, the full switch resumes");
  ok(ask(&p, &origin) == &origin + 1 && ask(&p, (void *)-1) == NULL,
     "a message is any pointer, NULL and all bits set included");
  end(&p);
}

static void serve_plainly(void *argument) {
  struct partner *p = argument;
  void *answer = p;
  for (;;)
    answer = next(callseq_context_switch_plain(&p->inside, &p->outside, answer));
}

static void plain_round_trips(void) {
  struct partner p;
  int right = 0;
  map_or_exit(&p.stack, STACK_BYTES);
  callseq_context_make(&p.inside, p.stack.base, p.stack.bytes, serve_plainly, &p, &p.outside);
  ok(callseq_context_switch_plain(&p.outside, &p.inside, NULL) == &p,
     "a plain switch starts a new context");
  for (uintptr_t i = 0; i < ROUND_TRIPS; i++)
    right += (uintptr_t)callseq_context_switch_plain(&p.outside, &p.inside, (void *)i) == i + 1;
  is_int(right, ROUND_TRIPS, "round trips by plain switches");
  right = 0;
  for (uintptr_t i = 0; i < TURNS; i++)
    right += (uintptr_t)ask(&p, (void *)i) == i + 1;
  is_int(right, TURNS, "what the full switch left, a plain switch resumes");
  end(&p);
}

/* ---- Registers ---- */

static struct partner registers_partner;
static switch_function *registers_switch;
static int kept_inside;

static void keep_registers_inside(void *argument) {
  struct partner *p = argument;
  for (int turn = 0;; turn++)
    kept_inside += keep_registers(2, turn, &p->inside, &p->outside, registers_switch);
}

static void registers(switch_function *by, const char *which) {
  struct partner *p = &registers_partner;
  int kept_outside = 0;
  map_or_exit(&p->stack, STACK_BYTES);
  registers_switch = by;
  kept_inside = 0;
  callseq_context_make(&p->inside, p->stack.base, p->stack.bytes, keep_registers_inside, p,
                       &p->outside);
  for (int turn = 0; turn <= TURNS; turn++)
    kept_outside += keep_registers(1, turn, &p->outside, &p->inside, by);
  is_int(kept_outside, (TURNS + 1) * REGISTERS, "%d callee-saved words are kept, %s", REGISTERS,
         which);
  is_int(kept_inside, TURNS * REGISTERS, "on both sides, %s", which);
  end(p);
}

/* ---- Floating-point control ---- */

static uint64_t found_inside;

/* Tells in found_inside what it finds, and sets what it is asked to. */
static void *exchange_control(void *message) {
  found_inside = control();
  set_control(*(const uint64_t *)message);
  return NULL;
}

NOINLINE static double third(void) {
  volatile double one = 1, three = 3, quotient = one / three; /* in memory no more than a double */
  return quotient;
}

static void *third_inside(void *result) {
  *(double *)result = third();
  return NULL;
}

static void floating_point_control(void) {
  struct partner p;
  int kept_outside = 0, inside_as_set = 0, turns = 0, initial = 0, initial_again = 0;
#if defined(__i386__)
  if (!__builtin_cpu_supports("sse")) /* then there is no MXCSR, and control() has 0 for it */
    for (int i = 0; i < CONTROLS; i++)
      controls[i] &= ~(uint64_t)UINT32_MAX;
#endif
  begin(&p, exchange_control, STACK_BYTES);
  ask(&p, (void *)&controls[0]);
  dirty_below();
  callseq_context_switch_plain(&p.outside, &p.inside, (void *)&controls[0]);
  ok(control() == controls[0], "the full switch finds initial control where a plain one left");
  uint64_t set_before = controls[0];
  for (int outside = 0; outside < CONTROLS; outside++)
    for (int inside = 0; inside < CONTROLS; inside++) {
      set_control(controls[outside]);
      ask(&p, (void *)&controls[inside]);
      kept_outside += control() == controls[outside];
      inside_as_set += found_inside == set_before;
      set_before = controls[inside];
      turns++;
    }
  for (int outside = 0; outside < CONTROLS; outside++)
    for (int inside = 0; inside < CONTROLS; inside++) {
      set_control(controls[outside]);
      dirty_below();
      callseq_context_switch_fresh(&p.outside, &p.inside, (void *)&controls[inside]);
      initial += control() == controls[0];
      inside_as_set += found_inside == set_before;
      set_before = controls[inside];
      set_control(controls[inside]);
      callseq_context_fresh();
      initial_again += control() == controls[0];
    }
  is_int(initial, turns, "after a fresh switch the caller has the initial one, whatever it had");
  is_int(initial_again, turns, "and after callseq_context_fresh");
  is_int(kept_outside, turns, "the caller's floating-point control is kept, whatever the other's");
  is_int(inside_as_set, 2 * turns, "and the other's, whatever the caller's");
  end(&p);

  double outside, inside;
  begin(&p, third_inside, STACK_BYTES);
  fesetround(FE_UPWARD);
  outside = third();
  ask(&p, &inside);
  ok(third() == outside, "the caller computes with its own rounding after a switch");
  fesetround(FE_TONEAREST);
  ok(inside == third() && inside < outside, "and the context with its own");
  end(&p);

  set_control(controls[1]);
  begin(&p, exchange_control, STACK_BYTES);
  ask(&p, (void *)&controls[0]);
  set_control(controls[0]);
  ok(found_inside == controls[0],
     "a new context has default floating-point control, whatever its maker's: %#jx, want %#jx",
     (uintmax_t)found_inside, (uintmax_t)controls[0]);
  end(&p);
}

/* ---- Exceptions ---- */

#if defined(__x86_64__) || defined(__i386__)
/* An exception of x87 strikes at the unit's next instruction, if it is not masked then. */
static const uint64_t DIVISION_STRIKES = 0x037b00001f80;

NOINLINE static void *divide(void *message) {
  volatile long double one = 1, zero = 0, quotient = one / zero;
  (void)quotient;
  return message;
}

static void serve_fresh(void *argument) {
  struct partner *p = argument;
  for (;;)
    divide(callseq_context_switch_fresh(&p->inside, &p->outside, p));
}

static void exceptions(void) {
  struct partner p;
  begin(&p, divide, STACK_BYTES);
  set_control(DIVISION_STRIKES);
  ask(&p, NULL);
  __asm__ volatile("fwait");
  set_control(controls[0]);
  ok(1, "an exception that a context masks does not strike the caller");
  end(&p);

  map_or_exit(&p.stack, STACK_BYTES);
  callseq_context_make(&p.inside, p.stack.base, p.stack.bytes, serve_fresh, &p, &p.outside);
  ask(&p, NULL);
  set_control(DIVISION_STRIKES);
  ask(&p, NULL);
  __asm__ volatile("fwait");
  set_control(controls[0]);
  ok(1, "nor after a fresh switch");
  end(&p);

  divide(NULL);
  set_control(DIVISION_STRIKES);
  callseq_context_fresh();
  __asm__ volatile("fwait");
  ok(1, "a pending exception does not strike in callseq_context_fresh");
}
#else
static void exceptions(void) {}
#endif

/* ---- Alignment ---- */

#if defined(__s390x__) /* where the ABI aligns stacks to less than a vector */
typedef float vector __attribute__((vector_size(16), aligned(8)));
#else
typedef float vector __attribute__((vector_size(16)));
#endif
enum { ALIGNMENT = __alignof__(vector) };

/* A frame with a vector, which the compiler places by what the ABI says of sp. Where it is stored
 * with an instruction that wants it aligned, that faults if sp was not. */
NOINLINE static void *frame(void *message) {
  volatile vector stored = {1, 2, 3, 4};
  vector loaded = stored;
  *(uintptr_t *)message = (uintptr_t)&stored;
  return loaded[3] == 4 ? message : NULL;
}

static struct partner alignment_partner;

static void frame_at_entry(void *message) {
  struct partner *p = &alignment_partner;
  callseq_context_switch(&p->inside, &p->outside, frame(message));
}

static void alignment(void) {
  struct partner *p = &alignment_partner;
  uintptr_t address = 1;
  int aligned = 0, right = 0;
  map_or_exit(&p->stack, STACK_BYTES);
  for (size_t less = 0; less < 16; less++) {
    callseq_context_make(&p->inside, p->stack.base, p->stack.bytes - less, frame_at_entry, &address,
                         &p->outside);
    right += ask(p, NULL) == &address;
    aligned += address % ALIGNMENT == 0;
  }
  is_int(right, 16, "aligned vectors can be stored on a stack that ends anywhere");
  is_int(aligned, 16, "they are aligned to %d bytes", ALIGNMENT);
  end(p);
}

/* ---- Frame pointers ---- */

/* Where the ABI chains frames by a register: x86 and AArch64. ucontext(3) does not end the chain.
 */
#if !defined(CALLSEQ_UCONTEXT) && (defined(__x86_64__) || defined(__i386__) || defined(__aarch64__))
static struct partner chain_partner;

static void look_at_chain(void *argument) {
  void **frame = __builtin_frame_address(0);
  *(void **)argument = *frame;
  callseq_context_switch(&chain_partner.inside, &chain_partner.outside, NULL);
}

static void frame_pointers(void) {
  struct partner *p = &chain_partner;
  void *before = p;
  map_or_exit(&p->stack, STACK_BYTES);
  callseq_context_make(&p->inside, p->stack.base, p->stack.bytes, look_at_chain, &before,
                       &p->outside);
  ask(p, NULL);
  ok(before == NULL, "the chain of frame pointers ends where a context begins");
  end(p);
}
#else
static void frame_pointers(void) {}
#endif

/* ---- Threads ---- */

static __thread int thread_number;

NOINLINE static int number_of_this_thread(void) { return thread_number; }
NOINLINE static int *errno_of_this_thread(void) { return &errno; }

/* The signals that the running thread blocks, as bits; the first 64. */
NOINLINE static uint64_t blocked(void) {
  sigset_t set;
  uint64_t bits = 0;
  pthread_sigmask(SIG_SETMASK, NULL, &set);
  for (int i = 1; i < 64; i++)
    bits |= (uint64_t)(sigismember(&set, i) == 1) << i;
  return bits;
}

NOINLINE static void block(int how, int signal_number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal_number);
  pthread_sigmask(how, &set, NULL);
}

/* What a context sees of the thread that it runs in, and changes there. */
struct sight {
  int number, error;
  uint64_t blocked;
};

static void *look_around(void *message) {
  struct sight *sight = message;
  sight->number = number_of_this_thread();
  sight->error = *errno_of_this_thread();
  sight->blocked = blocked();
  *errno_of_this_thread() = 1000 + sight->number;
  block(SIG_BLOCK, SIGUSR2);
  return NULL;
}

static struct partner traveller;
static const int own_signal[] = {SIGUSR1, SIGHUP, SIGALRM, SIGURG};
enum { THREADS = sizeof own_signal / sizeof *own_signal };

static void *visit(void *argument) {
  int index = (int)(intptr_t)argument, right = 0, mask_right = 0;
  thread_number = index + 1;
  block(SIG_BLOCK, own_signal[index]);
  for (int turn = 0; turn < TURNS; turn++) {
    struct sight sight;
    block(SIG_UNBLOCK, SIGUSR2);
    uint64_t before = blocked();
    *errno_of_this_thread() = turn;
    ask(&traveller, &sight);
    right += sight.number == index + 1 && sight.error == turn && errno == 1000 + thread_number;
    mask_right += sight.blocked == before && blocked() == (before | UINT64_C(1) << SIGUSR2);
  }
  is_int(right, TURNS, "thread %d: thread-locals and errno stay the thread's", index);
  is_int(mask_right, TURNS, "thread %d: and so does the signal mask", index);
  return NULL;
}

static void *begin_traveller(void *unused) {
  block(SIG_BLOCK, SIGTERM);
  begin(&traveller, look_around, STACK_BYTES);
  return unused;
}

static void in_thread(void *(*work)(void *), void *argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, argument)) {
    perror("pthread_create");
    exit(2);
  }
  pthread_join(thread, NULL);
}

/* One context, resumed by one thread after the other; the thread that made it has ended. */
static void threads(void) {
  in_thread(begin_traveller, NULL);
  for (int round = 0; round < 2; round++)
    for (intptr_t i = 0; i < THREADS; i++)
      in_thread(visit, (void *)i);
  end(&traveller);
}

/* ---- Depth and number ---- */

enum { DEEP_BYTES = 8 << 20, FRAME_BYTES = 1 << 10, SPARE_BYTES = 64 << 10 };

static struct partner deep_partner;
static int frames, frames_kept;

/* Goes down to the last SPARE_BYTES of the stack, with a switch in every 64th frame. */
NOINLINE static void dig(void) {
  volatile char own[FRAME_BYTES];
  struct partner *p = &deep_partner;
  int level = frames++;
  own[0] = own[FRAME_BYTES - 1] = (char)level;
  if (level % 64 == 0)
    callseq_context_switch(&p->inside, &p->outside, NULL);
  if ((char *)own - (char *)p->stack.base > SPARE_BYTES)
    dig();
  frames_kept += own[0] == (char)level && own[FRAME_BYTES - 1] == (char)level;
}

static void dig_down(void *argument) {
  dig();
  callseq_context_switch(&deep_partner.inside, &deep_partner.outside, argument);
}

static void depth(void) {
  struct partner *p = &deep_partner;
  int switches = 0;
  map_or_exit(&p->stack, DEEP_BYTES);
  callseq_context_make(&p->inside, p->stack.base, p->stack.bytes, dig_down, p, &p->outside);
  while (ask(p, NULL) == NULL)
    switches++;
  ok(switches >= 16, "%d switches out of deeper and deeper frames", switches);
  is_int(frames_kept, frames, "which are all as they were");
  end(p);
}

enum { RING = 100, ROUNDS = 100 };

static struct link {
  struct callseq_context context;
  struct callseq_stack stack;
  int visits;
} ring[RING];
static struct callseq_context ring_outside;
static int visits_left = RING * ROUNDS;

static void pass_on(void *argument) {
  struct link *self = argument, *successor = &ring[(self - ring + 1) % RING];
  for (;;) {
    self->visits++;
    callseq_context_switch(&self->context, --visits_left ? &successor->context : &ring_outside,
                           NULL);
  }
}

static void many(void) {
  int right = 0;
  for (int i = 0; i < RING; i++) {
    map_or_exit(&ring[i].stack, STACK_BYTES);
    callseq_context_make(&ring[i].context, ring[i].stack.base, ring[i].stack.bytes, pass_on,
                         &ring[i], &ring[(i + RING - 1) % RING].context);
  }
  callseq_context_switch(&ring_outside, &ring[0].context, NULL);
  for (int i = 0; i < RING; i++) {
    right += ring[i].visits == ROUNDS;
    callseq_stack_unmap(&ring[i].stack);
  }
  is_int(right, RING, "%d contexts in a ring get %d turns each", RING, ROUNDS);
}

int main(void) {
  round_trips();
  plain_round_trips();
  registers(callseq_context_switch, "full switch");
  registers(callseq_context_switch_fresh, "fresh switch");
  registers(callseq_context_switch_plain, "plain switch");
  floating_point_control();
  exceptions();
  alignment();
  frame_pointers();
  threads();
  depth();
  many();
  return done();
}
