/* fork: the one table of what is done before it, after it, and in the child, at the end of this
 * file; fork.c goes through it. And one of its steps: the call in which a process forks.
 *
 * The steps before fork go down the table, the others up. So the lowest layer is held last, and is
 * the first one that is in order in the child.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "close.h"
#include "errands.h"
#include "fork.h"
#include "later.h"
#include "levels.h"
#include "scheme.h"
#include "service.h"
#include "suspend.h"
#include "system/system.h"
#include "thread.h"

#include <stdlib.h>
#include <string.h>

/* ---- The call in progress ----
 *
 * A callback that forks may be executed for a thread that the child does not have. The call lies on
 * that thread's stack, which the child's C library gives to the next thread. So the child goes on
 * with a copy. */

bool callseq_fork_make_room(struct callseq_runtime *r, size_t bytes) {
  struct callseq_call_at_fork *call = &r->fork.call;
  if (bytes <= call->bytes)
    return true;
  struct callseq_abi_request *copy = malloc(bytes);
  if (!copy)
    return false;
  if (!call->in_use)
    free(call->copy);
  call->in_use = false;
  call->copy = copy;
  call->bytes = bytes;
  return true;
}

static void copy_call(void) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_call_at_fork *call = &r->fork.call;
  struct callseq_abi_request **lent = callseq_fork_holds_setup() ? NULL : callseq_levels_lent(r);
  size_t after_waiter = offsetof(struct callseq_abi_request, callback);
  if (!lent || *lent == call->copy)
    return;
  call->original = *lent;
  /* The waiting thread may write its part, and nobody reads that in the child. */
  memset((void *)&call->copy->waiter, 0, sizeof call->copy->waiter);
  memcpy((char *)call->copy + after_waiter, (char *)call->original + after_waiter,
         call->original->callback->bytes - after_waiter);
  *lent = call->copy;
}

static void use_original(void) {
  struct callseq_runtime *r = &callseq_runtime;
  if (r->fork.call.original)
    *callseq_levels_lent(r) = r->fork.call.original;
  r->fork.call.original = NULL;
}

static void use_copy(void) {
  struct callseq_call_at_fork *call = &callseq_runtime.fork.call;
  call->in_use = call->in_use || call->original;
  call->original = NULL;
}

/* ---- The table ---- */

static void forget_fibers(void) {
  callseq_tools_forked(&callseq_runtime.outside_tools, &callseq_runtime.inside_tools);
}

static void hold_queue(void) { callseq_later_before_fork(&callseq_runtime); }
static void let_queue(void) { callseq_later_after_fork(&callseq_runtime); }
static void forget_queue(void) { callseq_later_forked(&callseq_runtime); }
static void reopen(void) { callseq_close_forked(&callseq_runtime); }
static void make_service(void) { callseq_service_forked(&callseq_runtime); }

static void count_forks(void) { callseq_runtime.fork.forks++; }
C_word callseq_scheme_forks(void) { return C_fix(callseq_runtime.fork.forks); }

static void tell_evaluation(void) {
  if (callseq_runtime.fork.in_child)
    callseq_runtime.fork.in_child();
}

void callseq_scheme_tell_children(void *function) {
  callseq_runtime.fork.in_child = (void (*)(void))function;
}

static const struct callseq_fork_step steps[] = {
    {callseq_fork_wait_for_setup, callseq_fork_let_set_up, callseq_fork_let_child_set_up},
    {callseq_fork_take_runtime, callseq_fork_give_up_runtime, callseq_fork_give_up_runtime},
    {copy_call, use_original, use_copy},
    {hold_queue, let_queue, forget_queue},
    {NULL, NULL, callseq_suspend_forked},
    {NULL, NULL, make_service},
    {NULL, NULL, tell_evaluation},
    {NULL, NULL, count_forks},
    {NULL, NULL, callseq_errands_forked},
    {NULL, NULL, reopen},
    {NULL, NULL, callseq_signals_forked},
    {NULL, NULL, forget_fibers},
    {NULL, NULL, callseq_fork_forget_waiters},
    {NULL, NULL, callseq_thread_forked},
    {callseq_system_before_fork, NULL, callseq_system_forked},
};

/* Before other constructors of this program, which may register handlers that call. */
__attribute__((constructor(101))) static void begin(void) {
  callseq_fork_register(steps, sizeof steps / sizeof *steps);
}
