/* Interrupts by the counter with which CHICKEN preempts its threads.
 *
 * At the entry of each procedure that takes a continuation, compiled Scheme counts
 * C_timer_interrupt_counter down. Where it finds it at 0 or below and C_interrupts_enabled set, it
 * raises an interrupt and gives up the stack at once; CHICKEN then calls the interrupt hook with
 * the procedure and its arguments, which is all that there is to go on with. So a ring stores 0
 * there.
 *
 * It acts nowhere else: not in C, nor in Scheme code that is compiled without interrupts, as
 * CHICKEN's own library and scheduler are, and what csc -O5 makes. Those may take it for granted
 * that nobody comes between two of their steps. The counter stays at 0 until the next place that
 * looks.
 *
 * Invariants. The counter is a plain variable of the holder's, which others only ever set to 0. A
 * ring may be lost if the holder is just storing what it has counted. The counter then runs out by
 * itself, as it does all the time: after as many procedure calls as a green thread's quantum has,
 * 10000 unless the program changes it. So whoever rings leaves a note first, and every run of the
 * hook looks for notes.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "interrupts.h"
#include "scheme.h"
#include "system/system.h"

/* ThreadSanitizer is not told of this write to what generated code counts. */
__attribute__((noinline, no_sanitize("thread"))) void callseq_interrupts_ring(void) {
  __atomic_store_n(&C_timer_interrupt_counter, 0, __ATOMIC_RELAXED);
}

void callseq_interrupts_remind(struct callseq_runtime *r) {
  uint32_t holder = callseq_sequencer_holder(&r->fast.sequencer);
  for (int i = 0; holder && i < CALLSEQ_SIGNALS / 32; i++) {
    uint32_t bits = atomic_load_explicit(&r->signals.pending[i], memory_order_relaxed);
    if (bits)
      callseq_system_pass_on(holder, 32 * i + __builtin_ctz(bits) + 1);
  }
}

/* Interrupts wait, and come at the next place that looks. */
C_word callseq_scheme_hold_interrupts(void) {
  CALLSEQ_ASSERT_HERE(&callseq_runtime);
  C_interrupts_enabled = 0;
  return C_SCHEME_UNDEFINED;
}

C_word callseq_scheme_allow_interrupts(void) {
  CALLSEQ_ASSERT_HERE(&callseq_runtime);
  C_interrupts_enabled = 1;
  return C_SCHEME_UNDEFINED;
}

/* Is half of the nursery free? */
C_word callseq_scheme_has_room(void) {
  return C_mk_bool(C_demand(C_bytestowords(callseq_runtime_here()->setup.nursery / 2)));
}
