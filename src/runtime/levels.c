/* Levels: calls by C code that Scheme called.
 *
 * The resident loop (src/scheme/residents.scm) is level 0. A call from C code under Scheme adds a
 * level, by C_callback, on the same stack, with the same Scheme procedures. `fast.current` is the
 * call of the innermost level, which keeps the one below. Serials of level 0 count up, those above
 * it down, so that no two are the same.
 *
 * Invariant. Levels end in the opposite order of their beginning: their C frames lie on one
 * another.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "birth.h"
#include "failure.h"
#include "levels.h"
#include "messages.h"
#include "roots.h"
#include "scheme.h"

#include <fenv.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL_ROOM = 96 << 10 }; /* see level_room */

/* ---- Beginning and ending ---- */

/* How many bytes of the nursery must be left for a nested call: LEVEL_ROOM, or an eighth of a small
 * nursery. What runs in the call may demand a part of that for itself, never all: the path there
 * uses some, and a demand that a collection cannot meet is repeated for ever. */
static ptrdiff_t level_room(struct callseq_runtime *r) {
  ptrdiff_t part = r->setup.nursery / 8;
  return part < LEVEL_ROOM ? part : LEVEL_ROOM;
}

/* CHICKEN can be re-entered only from a safe lambda, and each level needs one of its own: one that
 * has begun since the innermost level has. That is more than a count of levels: plain callbacks
 * under callseq_invoke take safe lambdas too. */
static bool is_unsafe(struct callseq_runtime *r) {
  int taken = r->levels.depth ? r->levels.innermost->safe : 0;
  return callseq_roots_safe_lambdas(r, taken + 1) <= taken;
}

CALLSEQ_NOINLINE void callseq_levels_nest(struct callseq_runtime *r,
                                          struct callseq_abi_request *q) {
  struct callseq_level level = {
      .outer = r->levels.innermost, .below = r->fast.current, .begins = true};
  fenv_t control; /* of floating point: Scheme has the initial one, whatever C code under it set */
  callseq_failure_check_stack(r);
  CALLSEQ_ASSERT_IN_SCHEME(r);
  if (!r->roots.procedures[CALLSEQ_PROCEDURE_run_level] || is_unsafe(r)) {
    callseq_failure_set(
        q, CALLSEQ_UNSAFE,
        callseq_format("%s: called from C code under a plain foreign-lambda, where CHICKEN cannot "
                       "be re-entered; make it a foreign-safe-lambda",
                       q->callback->name),
        NULL);
    return;
  }
  if ((char *)&level - (char *)C_stack_hard_limit < level_room(r)) {
    callseq_failure_set(
        q, CALLSEQ_ERROR,
        callseq_format("%s: no room in the nursery for a call nested so deeply, %d levels and "
                       "their C code; set a larger nursery_bytes",
                       q->callback->name, r->levels.depth + 1),
        NULL);
    return;
  }
  if (!r->levels.depth)
    callseq_abi_set(&r->levels.base_serial, level.below.serial);
  r->levels.innermost = &level;
  r->levels.depth++;
  callseq_abi_set(&r->levels.serial, r->levels.serial - 2); /* takes 1 from a fixnum */
  r->fast.current.request = q;
  callseq_abi_set(&r->fast.current.serial, r->levels.serial);
  r->fast.current.reply_to = CALLSEQ_ABI_TO_LEVEL;
  int interrupts = C_interrupts_enabled;
  callseq_scheme_hold_interrupts();
  fegetenv(&control);
  fesetenv(FE_DFL_ENV);
  C_callback(callseq_roots_procedure(r, CALLSEQ_PROCEDURE_run_level), 0);
  fesetenv(&control);
  C_interrupts_enabled = interrupts;
  callseq_masks_restore(&level.caller);
  r->levels.innermost = level.outer;
  r->levels.depth--;
  r->fast.current.request = level.below.request;
  callseq_abi_set(&r->fast.current.serial, level.below.serial);
  r->fast.current.reply_to = level.below.reply_to;
  if (level.below.request)
    atomic_store_explicit(&r->fast.callback, level.below.request->callback, memory_order_relaxed);
}

struct callseq_abi_request **callseq_levels_lent(struct callseq_runtime *r) {
  struct callseq_abi_current_call *at = callseq_levels_base(r);
  return at->reply_to == CALLSEQ_ABI_TO_WAITER ? &at->request : NULL;
}

/* A level begins: remembers where collections in it return to, and how many safe lambdas are below.
 */
C_word callseq_scheme_enter_level(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_level *level = r->levels.innermost;
  memcpy(&level->restart, &C_restart, sizeof C_restart);
  level->safe = callseq_roots_safe_lambdas(r, INT_MAX);
  return C_SCHEME_UNDEFINED;
}

/* The procedure to go on with where a level or a spare resident begins, or where a request has
 * failed or been suspended. */
C_word callseq_scheme_begin(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_abi_request *came = r->suspend.came;
  callseq_scheme_allow_interrupts();
  if (r->levels.innermost->begins)
    came = r->fast.current.request;
  if (!came)
    return callseq_abi_next();
  r->levels.innermost->begins = false;
  r->suspend.came = NULL;
  return callseq_abi_dispatch(came, __builtin_frame_address(0));
}

/* The level's request fails, by an error in Scheme. */
void callseq_scheme_fail(char *message, char *trace) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_abi_request *q = r->fast.current.request;
  callseq_birth_fails(r, message, trace);
  callseq_failure_set(q, CALLSEQ_ERROR, callseq_format("%s: %s", q->callback->name, message),
                      trace ? strdup(trace) : NULL);
}

void callseq_levels_pop(struct callseq_runtime *r, int safe) {
  while (callseq_roots_safe_lambdas(r, safe + 1) > safe)
    C_restore_callback_continuation();
}

/* Drops the C frames above the innermost level: calls of plain define-external functions that a
 * failure leaves, and the jobs that are run there. */
void callseq_scheme_abandon(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_level *level = r->levels.innermost;
  memcpy(&C_restart, &level->restart, sizeof C_restart);
  callseq_levels_pop(r, level->safe);
  while (level->jobs) {
    struct callseq_abi_job *job = level->jobs->job;
    level->jobs = level->jobs->around;
    job->drop(job);
  }
}

/* ---- Replies that are not delivered at once ---- */

/* Returns the procedure to go on with, which gets the serial and value that the reply was given. */
static C_word go_on(enum callseq_procedure which, C_word serial, C_word value) {
  struct callseq_runtime *r = callseq_runtime_here();
  r->fast.next.serial = serial;
  r->fast.next.value = value;
  return callseq_roots_procedure(r, which);
}

CALLSEQ_NOINLINE C_word callseq_abi_misdelivered(C_word serial, C_word value) {
  return go_on(CALLSEQ_PROCEDURE_misdelivered, serial, value);
}

CALLSEQ_NOINLINE C_word callseq_abi_bad_result(C_word serial, C_word value) {
  return go_on(CALLSEQ_PROCEDURE_bad_result, serial, value);
}

CALLSEQ_NOINLINE C_word callseq_abi_real_result(C_word serial, C_word value) {
  return go_on(CALLSEQ_PROCEDURE_real_result, serial, value);
}

/* The result of the reply just given is not delivered: frees it. */
C_word callseq_scheme_withdraw(void) {
  struct callseq_abi_request *q = callseq_runtime_here()->fast.current.request;
  if (q->callback->withdraw)
    q->callback->withdraw(q);
  return C_SCHEME_UNDEFINED;
}

C_word callseq_scheme_serial(void) { return callseq_runtime.fast.current.serial | C_FIXNUM_BIT; }

/* Other green threads may run in the present call: its reply, by the slow path, looks whose it is.
 */
C_word callseq_scheme_share(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  callseq_runtime_reply_slowly(r);
  return C_SCHEME_UNDEFINED;
}

/* Tries a delivery again, when the levels above it have ended or its value has been converted. */
C_word callseq_scheme_redeliver(C_word serial, C_word value) {
  callseq_scheme_allow_interrupts();
  if (!callseq_abi_is_current(serial))
    return callseq_abi_misdelivered(serial, value);
  return callseq_runtime_here()->fast.current.request->callback->reply(serial, value);
}
