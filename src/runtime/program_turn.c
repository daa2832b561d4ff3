/* Turns of a Scheme program that hosts native threads: how long it has had the runtime, and who
 * asks it to give way.
 *
 * A program that computes is asked by those that wait, with a ring, which acts where CHICKEN
 * preempts its own threads. It may keep the runtime for as long as the others had it before that:
 * so it gets half of the time. The service, which runs green threads, is asked too; see service.c.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "interrupts.h"
#include "program.h"
#include "scheme.h"
#include "service.h"

#include <unistd.h>

enum { SHARE_NS = 500000 }; /* the longest that a program keeps the runtime from others */

void callseq_program_comes(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_ON_STACK(r);
  uint64_t t = callseq_clock_now(), away = t - r->program.left;
  atomic_store_explicit(&r->program.share, away < SHARE_NS ? away : SHARE_NS, memory_order_relaxed);
  atomic_store_explicit(&r->program.since, t, memory_order_relaxed);
  callseq_sequencer_stay(&r->fast.sequencer);
  if (callseq_signals_are_pending(r)) /* for which it may have been woken */
    callseq_interrupts_ring();
}

void callseq_program_goes(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_IN_SCHEME(r);
  r->program.left = callseq_clock_now();
  atomic_store_explicit(&r->program.since, 0, memory_order_relaxed);
  if (callseq_signals_are_pending(r)) /* it has not looked: it is woken again */
    callseq_service_tell(r);
}

/* By threads that wait. */
int callseq_program_ask(void) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_abi_callback *callback =
      atomic_load_explicit(&r->fast.callback, memory_order_relaxed);
  if (callback && callback == r->program.request.callback) {
    uint64_t since = atomic_load_explicit(&r->program.since, memory_order_relaxed);
    if (!since)
      return 0;
    if (callseq_clock_now() - since < atomic_load_explicit(&r->program.share, memory_order_relaxed))
      return 1;
  } else if (!callseq_service_is(callback)) {
    return 0;
  } else if (callseq_service_keeps(r)) {
    return 1;
  }
  atomic_store_explicit(&r->program.asked, true, memory_order_relaxed);
  callseq_interrupts_ring();
  return 1;
}

/* Has somebody asked the present call to give way? 0: no, 1: and it is the program, 2: the service.
 */
C_word callseq_scheme_is_asked(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_abi_request *q = r->fast.current.request;
  if (!atomic_load_explicit(&r->program.asked, memory_order_relaxed) || !q)
    return C_fix(0);
  atomic_store_explicit(&r->program.asked, false, memory_order_relaxed);
  return C_fix(callseq_program_is(r, q) ? 1 : callseq_service_is(q->callback) ? 2 : 0);
}

void callseq_program_await_end(struct callseq_runtime *r, const struct callseq_abi_request *q) {
  CALLSEQ_ASSERT_OUTSIDE(r);
  while (callseq_program_is(r, q))
    pause();
}
