/* callseq_invoke: a C function on the Scheme stack, as the body of a callback of the library's.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "levels.h"
#include "messages.h"
#include "roots.h"
#include "scheme.h"
#include "suspend.h"
#include "thread.h"

#include <limits.h>
#include <string.h>

/* So much of the nursery, at most, should the function find: a nested call, which wants up to half
 * of it (levels.c), and C frames before that. */
enum { ROOM = 192 << 10 };

struct invocation {
  struct callseq_abi_request request;
  void (*function)(void *);
  void *argument;
};

/* Makes room for C frames and the plain callbacks in them, by a collection of what will call
 * `again`, if little of the nursery is left: not before every call, as a foreign-safe-lambda does.
 * Deep in nested calls a collection does not give so much; then it has to do. */
static void make_room(void *again, C_word c, C_word *av) {
  struct callseq_runtime *r = callseq_runtime_here();
  ptrdiff_t half = r->setup.nursery / 2, room = half < ROOM ? half : ROOM;
  if (!r->made_room && !C_demand(C_bytestowords(room))) {
    r->made_room = true;
    C_save_and_reclaim(again, (int)c, av);
  }
  r->made_room = false;
}

/* (run-function request), a CHICKEN procedure: calls the function as a foreign-safe-lambda would.
 */
void callseq_scheme_run_function(C_word c, C_word *av) {
  make_room((void *)callseq_scheme_run_function, c, av);
  struct invocation *call = CALLSEQ_ABI_REQUEST(struct invocation, av[2]);
  C_word *a = C_alloc(C_SIZEOF_PAIR);
  int level = C_save_callback_continuation(&a, av[1]);
  call->function(call->argument);
  C_word k = C_restore_callback_continuation2(level);
  C_kontinue(k, C_SCHEME_UNDEFINED);
}

/* A job has ended, or its frames are left. Those that it has led to, by plain callbacks under it,
 * are left with it. NULL: it is not run in place above the level, or no longer. */
static struct callseq_in_place *end_in_place(struct callseq_level *level,
                                             struct callseq_abi_job *job) {
  struct callseq_in_place *place = level->jobs;
  while (place && place->job != job)
    place = place->around;
  while (place && level->jobs != place) {
    struct callseq_abi_job *inner = level->jobs->job;
    level->jobs = level->jobs->around;
    inner->drop(inner);
  }
  if (place)
    level->jobs = place->around;
  return place;
}

/* Runs a job in place, in a safe lambda. Its level drops it if the frames above are left by a
 * failure. */
static void run_in_place(struct callseq_runtime *r, struct callseq_abi_job *job) {
  struct callseq_level *level = r->levels.innermost;
  struct callseq_in_place place = {.job = job, .around = level->jobs};
  memcpy(&place.restart, &C_restart, sizeof C_restart);
  place.safe = callseq_roots_safe_lambdas(r, INT_MAX) - 1;
  level->jobs = &place;
  callseq_suspend_run(job);
  end_in_place(level, job);
}

/* The job has ended, or it has been left: by a failure, which has dropped it, or by a continuation.
 * Then collections return to where they did before: to the frames of a plain callback under the job
 * they would do so for ever, and the stack would have less room each time. */
C_word callseq_scheme_leave_job(C_word job) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_abi_job *left = CALLSEQ_ABI_REQUEST(struct callseq_abi_job, job);
  struct callseq_in_place *place = end_in_place(r->levels.innermost, left);
  if (place) {
    memcpy(&C_restart, &place->restart, sizeof C_restart);
    callseq_levels_pop(r, place->safe);
    left->drop(left);
  }
  return C_SCHEME_UNDEFINED;
}

/* (run-job job): the same for what would be run outside, but that frames are in the way. */
void callseq_scheme_run_job(C_word c, C_word *av) {
  make_room((void *)callseq_scheme_run_job, c, av);
  struct callseq_abi_job *job = CALLSEQ_ABI_REQUEST(struct callseq_abi_job, av[2]);
  C_word *a = C_alloc(C_SIZEOF_PAIR);
  int level = C_save_callback_continuation(&a, av[1]);
  run_in_place(callseq_runtime_here(), job);
  C_word k = C_restore_callback_continuation2(level);
  C_kontinue(k, C_SCHEME_UNDEFINED);
}

static struct callseq_abi_callback invoke = {
    CALLSEQ_SCHEME_CALLBACK("callseq_invoke", struct invocation)};

void callseq_scheme_define_invoke(C_word value) {
  callseq_abi_define(&invoke, value);
  callseq_scheme_define_post(value);
}

CALLSEQ_RETURN int callseq_invoke(void (*function)(void *), void *argument) {
  struct invocation call;
  if (!function)
    return callseq_thread_fail(CALLSEQ_INVALID,
                               callseq_format("callseq_invoke: the function is NULL"));
  call.function = function;
  call.argument = argument;
  if (callseq_abi_call(&call.request, &invoke) && callseq_abi_settle(&call.request))
    callseq_abi_failed(&call.request, 1);
  return call.request.status;
}
