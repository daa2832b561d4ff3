/* Scheme's signal handlers.
 *
 * The kernel delivers a signal to any thread; a handler of Scheme has to run on the Scheme stack,
 * by whoever holds the runtime. CHICKEN's own C handler takes it for granted that both are the same
 * thread. So signals that Scheme handles get a handler of ours instead. It notes the signal in
 * `pending`, and then sees to it that somebody looks there, in two ways:
 *
 *   busy   It fakes a full nursery. The next check of the running Scheme code collects, and then
 *          the holder itself has CHICKEN's interrupt handled (callseq_signals_look). A holder that
 *          sleeps in a system call is interrupted by passing the signal on to it.
 *   idle   It wakes the runner, a thread that does nothing but call a callback which looks.
 *
 * Whichever is first takes the signal out of `pending`, and runs Scheme's handler once.
 *
 * The interrupt is not raised right after the collection: that would fake a full nursery once more,
 * and a procedure that has just collected to get its room, and again finds none, fails (C_apply).
 *
 * Invariants. CHICKEN's queue of interrupts is the holder's, as is all but `pending`, `told` and
 * `wake`. A bit that the looker misses was set after the looker had put the stack limit back, so
 * the limit that the handler sets afterwards stands, and there is another look.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "exports.h"

#include "binding.h"
#include "scheme.h"
#include "system/system.h"
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
  SIGNALS = 64,
  DOORBELL = 254 /* as an interrupt of CHICKEN's, a number that no signal has */
};

static struct {
  _Atomic(uint32_t) pending[SIGNALS / 32]; /* bit n - 1: signal n has come */
  _Atomic(bool) told;                      /* the runner, since it last began to look */
  sem_t *wake;                             /* the runner's */
  void *handlers;                          /* GC root of Scheme's vector of handlers */
  bool runner;                             /* there is one; the holder's */
  sigset_t mask;                           /* of the thread that made it */
  pthread_t thread;                        /* the runner */
  void *interrupted;                       /* CHICKEN's trampoline that was to go on */
} signals;

/* ---- Noting ---- */

/* CHICKEN's limit is a plain variable, which generated code reads at every step; so ThreadSanitizer
 * is not told of this write. */
__attribute__((noinline, no_sanitize("thread"))) static void fake_full_nursery(void) {
  __atomic_store_n(&C_stack_limit, callseq_setup.stack_top, __ATOMIC_RELAXED);
}

static void note(int number, siginfo_t *info, void *context) {
  int saved = errno;
  uint32_t holder = callseq_sequencer_holder(&callseq_abi_runtime.sequencer);
  (void)context;
  if (callseq_system_passed_on(number, info))
    return;
  atomic_fetch_or_explicit(&signals.pending[(number - 1) / 32], 1u << (number - 1) % 32,
                           memory_order_relaxed);
  /* seq_cst: pairs with the fence in callseq_signals_look */
  atomic_thread_fence(memory_order_seq_cst);
  fake_full_nursery();
  if (holder && holder != callseq_abi_self)
    callseq_system_pass_on(holder, number);
  /* release: pairs with the acquire in run */
  if (!atomic_exchange_explicit(&signals.told, true, memory_order_release) && signals.wake)
    sem_post(signals.wake);
  errno = saved;
}

/* ---- Looking ---- */

static bool any_pending(void) {
  for (int i = 0; i < SIGNALS / 32; i++)
    if (atomic_load_explicit(&signals.pending[i], memory_order_relaxed))
      return true;
  return false;
}

bool callseq_signals_asks_twice(void *procedure) {
  return procedure == (void *)C_apply || procedure == (void *)C_apply_values;
}

/* Is there what it asks for, room for its arguments and those in a list? */
static bool is_room_for(C_word c, C_word list) {
  enum { FRAMES = 1024 }; /* words, at most, of calls between here and there */
  C_word room = (C_word *)&c - C_stack_hard_limit;
  return room > c + C_unfix(C_u_i_length(list)) + C_scratch_usage + FRAMES;
}

/* What a collection goes on with instead of `interrupted`: it raises CHICKEN's interrupt, which the
 * attempt to collect once more then handles instead. After that nobody remembers the first one. */
static void interrupt(C_word c, C_word *av) {
  if (callseq_signals_asks_twice(signals.interrupted) && !is_room_for(c, av[c - 1]))
    ((C_proc)signals.interrupted)(c, av);
  C_raise_interrupt(DOORBELL);
  C_save_and_reclaim(signals.interrupted, (int)c, av);
}

void callseq_signals_look(void) {
  void *next = C_restart_trampoline;
  C_stack_limit = C_stack_hard_limit;
  /* seq_cst: pairs with the fence in note */
  atomic_thread_fence(memory_order_seq_cst);
  if (!signals.runner || !C_interrupts_enabled || next == interrupt)
    return;
  bool wanted = any_pending();
  if (!next || next == callseq_setup.return_to_host) { /* on its way to C: soon after */
    if (wanted)
      C_stack_limit = callseq_setup.stack_top;
  } else if (wanted || callseq_signals_asks_twice(next)) { /* or a signal may come now, */
    signals.interrupted = next;                            /* and fake a full nursery */
    C_restart_trampoline = interrupt;
  }
}

/* Takes a signal out of those that have come: its number, or #f. */
C_word callseq_scheme_next_signal(void) {
  for (int i = 0; i < SIGNALS / 32; i++) {
    uint32_t bits = atomic_load_explicit(&signals.pending[i], memory_order_relaxed);
    if (bits) {
      int n = __builtin_ctz(bits);
      atomic_fetch_and_explicit(&signals.pending[i], ~(1u << n), memory_order_relaxed);
      return C_fix(32 * i + n + 1);
    }
  }
  return C_SCHEME_FALSE;
}

/* ---- The runner ---- */

static C_word reply(C_word serial, C_word value) {
  (void)value;
  return callseq_scheme_reply_void(serial);
}

static struct callseq_abi_callback deliver = {
    .name = "(signal handlers)", .type = "void", .accepts = "anything", .reply = reply};

static void *run(void *unused) {
  (void)unused;
  callseq_system_name_thread("callseq-signals");
  signals.thread = pthread_self();
  for (;;) {
    struct callseq_abi_request q;
    while (sem_wait(signals.wake) != 0) {
    }
    /* acquire: pairs with the release in note */
    atomic_exchange_explicit(&signals.told, false, memory_order_acquire);
    if (callseq_abi_call(&q, &deliver)) {
      callseq_abi_failed(&q, 1);
      fprintf(stderr, "callseq: %s\n", callseq_last_error());
      callseq_clear_error();
    }
  }
  return NULL;
}

/* The runner takes no signals: it is not one of the host's threads, which may block a signal in all
 * of them and wait for it. */
static void start_runner(void) {
  static bool reported;
  pthread_t thread;
  sigset_t all;
  int error = 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &signals.mask); /* no handler posts meanwhile */
  if (!signals.wake || signals.runner)
    signals.wake = callseq_system_semaphore();
  if (!signals.wake)
    error = errno;
  atomic_store_explicit(&signals.told, false, memory_order_relaxed);
  signals.runner = signals.wake && (error = pthread_create(&thread, NULL, run, NULL)) == 0;
  pthread_sigmask(SIG_SETMASK, &signals.mask, NULL);
  if (signals.runner) {
    pthread_detach(thread);
  } else if (!reported) {
    fprintf(stderr, "callseq: Scheme's signal handlers do not run: no %s for them (%s)\n",
            signals.wake ? "thread" : "semaphore", strerror(error));
    reported = true;
  }
}

bool callseq_signals_is_ours(const struct callseq_abi_callback *callback) {
  return callback == &deliver;
}

/* What had come belongs to the parent. */
void callseq_signals_forked(void) {
  if (!signals.runner)
    return;
  for (int i = 0; i < SIGNALS / 32; i++)
    atomic_store_explicit(&signals.pending[i], 0, memory_order_relaxed);
  if (pthread_equal(pthread_self(), signals.thread)) /* by a handler: it has an ordinary child */
    pthread_sigmask(SIG_SETMASK, &signals.mask, NULL);
  start_runner();
}

/* ---- Which signals ---- */

/* Has Scheme's handler for signal `number`, 1 to 64, run from now on when it comes. As with
 * CHICKEN's own, other signals are blocked while it is noted, and system calls are not restarted.
 */
void callseq_scheme_catch_signal(int number) {
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  if (!signals.runner)
    start_runner();
  sigfillset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

void callseq_scheme_provide_signals(C_word handlers, C_word procedure) {
  signals.handlers = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(signals.handlers, handlers);
  callseq_abi_define(&deliver, procedure);
}

void callseq_signals_take_over(void) {
  for (int n = 1; n <= SIGNALS; n++)
    if (C_block_item(CHICKEN_gc_root_ref(signals.handlers), n) != C_SCHEME_FALSE)
      callseq_scheme_catch_signal(n);
}
