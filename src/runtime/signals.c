/* Scheme's signal handlers.
 *
 * A signal may come on any thread; a handler of Scheme's has to run on the Scheme stack, by whoever
 * holds the runtime. CHICKEN's own C handler takes it for granted that both are the same thread. So
 * a signal that Scheme handles gets a C handler of ours instead: `note`. It notes the signal in
 * `pending`, and sees to it that somebody looks there soon.
 *
 * If the holder computes in Scheme, a ring has it run the interrupt hook, which looks
 * (interrupts.h). If nobody is inside, the service calls, and looks. If it cannot, for a while, and
 * nobody has looked, the holder may be in a system call: the service passes the signal on to its
 * thread, so that the call ends with EINTR.
 *
 * It does not do so at once. The holder may be about to look and to leave, and the system would
 * merge with what is under way a new signal that its thread is sent then, or raises: that one would
 * be lost. Only where the library has no service of its own there is no later.
 *
 * Whoever looks first takes the signal out of `pending` (callseq_scheme_next_signal), and runs
 * Scheme's handler, once: (handle-signals) of src/scheme/signals.scm.
 *
 * A fault is no signal to note: the instruction would fault again, for ever, before anybody looked.
 * It goes to the handler that was there before, the host's, or takes its default course. A host's
 * handler may itself lead here, to what it has replaced, and Scheme may then have taken the signal
 * once more. So a fault that comes here again goes to what was there before all of this.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "interrupts.h"
#include "scheme.h"
#include "service.h"
#include "system/system.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

/* Signals that stand for faults. */
static const int faults[CALLSEQ_FAULTS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/* ---- Faults ---- */

/* NULL: it is no such signal. */
static struct callseq_fault *fault_of(int number) {
  for (int i = 0; i < CALLSEQ_FAULTS; i++)
    if (faults[i] == number)
      return &callseq_runtime.signals.faults[i];
  return NULL;
}

/* The last fault of this thread: its context, and the frame of the handler that it came to. */
static CALLSEQ_THREAD_LOCAL(const void *, last_context);
static CALLSEQ_THREAD_LOCAL(uintptr_t, last_frame);

/* Has the handler that got this fault from us handed it back? It runs deeper in the stack then. A
 * handler may have been left by a jump, and a later fault's context lie at the same address: so
 * does the frame then. */
static bool is_back(const void *context, uintptr_t frame) {
  if (context == last_context && frame < last_frame)
    return true;
  last_context = context;
  last_frame = frame;
  return false;
}

/* Blocks what would be blocked if the earlier handler were the only one. */
static void set_mask(const struct sigaction *before, int number, const ucontext_t *context) {
  sigset_t mask;
  sigemptyset(&mask);
  for (int n = 1; n <= CALLSEQ_SIGNALS; n++)
    if (sigismember(&context->uc_sigmask, n) == 1 || sigismember(&before->sa_mask, n) == 1 ||
        (n == number && !(before->sa_flags & SA_NODEFER)))
      sigaddset(&mask, n);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* What had the signal before Scheme has the fault. If that is nobody, the instruction faults again,
 * and the core shows it. */
static void hand_on(struct sigaction *earlier, int number, siginfo_t *info, void *context) {
  struct sigaction before = *earlier;
  bool detailed = before.sa_flags & SA_SIGINFO;
  if (!detailed && (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN)) {
    signal(number, SIG_DFL);
    return;
  }
  if ((unsigned)before.sa_flags & SA_RESETHAND)
    *earlier = (struct sigaction){.sa_handler = SIG_DFL};
  set_mask(&before, number, context);
  if (detailed)
    before.sa_sigaction(number, info, context);
  else
    before.sa_handler(number);
}

/* ---- Noting ---- */

static void note(int number, siginfo_t *info, void *context) {
  int saved = errno;
  struct callseq_fault *fault = callseq_system_is_fault(info) ? fault_of(number) : NULL;
  if (fault) {
    bool back = is_back(context, (uintptr_t)__builtin_frame_address(0));
    hand_on(back ? &fault->first : &fault->before, number, info, context);
  } else if (!callseq_system_passed_on(number, info)) {
    uint32_t holder = callseq_sequencer_holder(&callseq_runtime.fast.sequencer);
    atomic_fetch_or_explicit(&callseq_runtime.signals.pending[(number - 1) / 32],
                             1u << (number - 1) % 32, memory_order_relaxed);
    /* seq_cst: pairs with the fences where it is looked for */
    atomic_thread_fence(memory_order_seq_cst);
    callseq_interrupts_ring();
    if (holder && holder != callseq_abi_self && !callseq_service_has_thread(&callseq_runtime))
      callseq_system_pass_on(holder, number);
    callseq_service_tell(&callseq_runtime);
  }
  errno = saved;
}

/* ---- Looking ---- */

/* Takes a signal out of those that have come: its number, or #f. */
C_word callseq_scheme_next_signal(void) {
  CALLSEQ_ASSERT_HERE(&callseq_runtime);
  /* seq_cst: pairs with the fence in note. CHICKEN has just set its counter: either that is before
   * the ring, and there is another look, or the signal is seen here. */
  atomic_thread_fence(memory_order_seq_cst);
  for (int i = 0; i < CALLSEQ_SIGNALS / 32; i++) {
    uint32_t bits = atomic_load_explicit(&callseq_runtime.signals.pending[i], memory_order_relaxed);
    if (bits) {
      int n = __builtin_ctz(bits);
      atomic_fetch_and_explicit(&callseq_runtime.signals.pending[i], ~(1u << n),
                                memory_order_relaxed);
      return C_fix(32 * i + n + 1);
    }
  }
  return C_SCHEME_FALSE;
}

bool callseq_signals_are_pending(struct callseq_runtime *r) {
  for (int i = 0; i < CALLSEQ_SIGNALS / 32; i++)
    if (atomic_load_explicit(&r->signals.pending[i], memory_order_relaxed))
      return true;
  return false;
}

/* Is there one? */
C_word callseq_scheme_signals_pending(void) {
  atomic_thread_fence(memory_order_seq_cst); /* seq_cst: as in callseq_scheme_next_signal */
  return C_mk_bool(callseq_signals_are_pending(&callseq_runtime));
}

void callseq_scheme_take_over_signals(void) { callseq_signals_take_over(); }

void callseq_signals_begin(void) {
  for (int i = 0; i < CALLSEQ_FAULTS; i++)
    sigaction(faults[i], NULL, &callseq_runtime.signals.faults[i].before);
}

/* What had come belongs to the parent. */
void callseq_signals_forked(void) {
  for (int i = 0; i < CALLSEQ_SIGNALS / 32; i++)
    atomic_store_explicit(&callseq_runtime.signals.pending[i], 0, memory_order_relaxed);
}

/* ---- Which signals ---- */

static void catch (int number) {
  struct callseq_fault *fault = fault_of(number);
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  callseq_service_start(&callseq_runtime, "Scheme's signal handlers run only while callbacks do");
  sigfillset(&action.sa_mask);
  if (fault && !fault->taken) {
    fault->first = fault->before;
    fault->taken = true;
  }
  sigaction(number, &action, NULL);
}

/* Has Scheme's handler for signal `number`, 1 to 64, run from now on when it comes. As with
 * CHICKEN's own, other signals are blocked while it is noted, and system calls are not restarted.
 */
void callseq_scheme_catch_signal(int number) {
  struct callseq_fault *fault = fault_of(number);
  struct sigaction before;
  if (fault && sigaction(number, NULL, &before) == 0 &&
      !((before.sa_flags & SA_SIGINFO) && before.sa_sigaction == note))
    fault->before = before;
  catch (number);
}

void callseq_scheme_provide_signals(C_word handlers) {
  callseq_runtime.signals.handlers = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(callseq_runtime.signals.handlers, handlers);
}

/* While the program was being loaded, CHICKEN's C handler has replaced what was there. */
void callseq_signals_take_over(void) {
  for (int n = 1; n <= CALLSEQ_SIGNALS; n++)
    if (C_block_item(CHICKEN_gc_root_ref(callseq_runtime.signals.handlers), n) != C_SCHEME_FALSE)
      catch (n);
}
