/* fork: the one table of what is done before it, after it, and in the child, at the end of this
 * file; fork.c goes through it. And two of its steps: the call in which a process forks, and the
 * last thread of a child.
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
#include <unistd.h>

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

/* ---- The last thread of a child ----
 *
 * A process of C ends, by exit(0), when its last thread ends. In a child that is often the thread
 * that has forked, and that was made for something else: it returns, and the service alone would
 * keep the child for ever. */

static void watch_first_thread(void) {
  atomic_store_explicit(&callseq_runtime.fork.first_ended, false, memory_order_relaxed);
  if (callseq_service_has_thread(&callseq_runtime))
    callseq_thread_enter();
}

void callseq_fork_thread_ends(void) {
  struct callseq_runtime *r = &callseq_runtime;
  pid_t process = getpid();
  if (process == r->setup.process || !callseq_service_has_thread(r))
    return;
  unsigned threads = callseq_system_threads();
  if (callseq_system_thread() == (uint32_t)process)
    atomic_store_explicit(&r->fork.first_ended, true, memory_order_relaxed);
  else if (atomic_load_explicit(&r->fork.first_ended, memory_order_relaxed))
    threads--;
  if (threads == 2) /* this one, and the service's */
    exit(0);
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
    {NULL, NULL, watch_first_thread},
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
