/* The one runtime of this image, and who is where in it. */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "thread.h"

struct callseq_runtime callseq_runtime = {
    .fast = {.sequencer = CALLSEQ_SEQUENCER_INITIALIZER,
             .current = {.serial = C_fix(0)},
             .left_errno = C_SCHEME_FALSE},
    .setup = {.mutex = PTHREAD_MUTEX_INITIALIZER},
    .service = {.bell = CALLSEQ_BELL_NONE, .front = CALLSEQ_FRONT_NONE},
    .later = {.mutex = PTHREAD_MUTEX_INITIALIZER, .bound = UINT64_MAX},
    .suspend = {.mutex = PTHREAD_MUTEX_INITIALIZER},
    .laps = {.left = CALLSEQ_LAPS},
    .levels = {.innermost = &callseq_runtime.levels.base, .serial = C_fix(-1)}};

CALLSEQ_NOINLINE bool callseq_runtime_inside(struct callseq_runtime *r) {
  return callseq_abi_self && callseq_sequencer_holder(&r->fast.sequencer) == callseq_abi_self;
}

CALLSEQ_NOINLINE bool callseq_runtime_on_stack(struct callseq_runtime *r) {
  return callseq_stack_has(&r->setup.stack, __builtin_frame_address(0));
}

bool callseq_runtime_is_here(struct callseq_runtime *r) {
  int state = atomic_load_explicit(&r->setup.state, memory_order_relaxed);
  return (state != CALLSEQ_LOADING && state != CALLSEQ_READY) ||
         (callseq_runtime_inside(r) && callseq_runtime_on_stack(r));
}

bool callseq_inside(void) { return callseq_runtime_inside(&callseq_runtime); }
