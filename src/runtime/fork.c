/* fork: one table of what is done before it, after it, and in the child.
 *
 * The child must not be born while another thread is in the middle of something. So a thread that
 * forks takes everything first, in the order of `steps`, and gives it back in the opposite order. A
 * thread that is inside has the runtime, and takes nothing: set-up is over, or its own.
 *
 * In the child memory is as it was, but there is one thread. The steps say what has to be forgotten
 * of the others; the lowest layer begins.
 *
 * The handlers are registered when the library is loaded, before a thread could leave something
 * half done. The host's own handlers that are registered later run while nothing is taken: those
 * before fork run first, the others last. Those that were registered earlier run while the forking
 * thread holds the runtime; a call by one of them is executed as it is, and in the child everything
 * is done for the child first (callseq_fork_catch_up).
 *
 * Invariants. While a thread that is not inside forks, CALLSEQ_FORK_HOLDER holds the
 * sequencer: no thread is inside. `window` is open from before fork until the thread has given
 * everything back. */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "close.h"
#include "exit.h"
#include "fork.h"
#include "later.h"
#include "scheme.h"
#include "service.h"
#include "suspend.h"
#include "system/system.h"
#include "thread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The fork that this thread is at. */
static __thread struct {
  unsigned char depth; /* 1, or more: a handler or a callback in it forks too; 0: none */
  bool outside;        /* this thread is not inside: it has the mutex of set-up, */
  bool took;           /* and the runtime, if that is set up */
} window;

/* Is this the end of the outermost fork, and did this thread take something for it? */
static bool ends_outside(void) { return window.depth == 0 && window.outside; }

/* ---- Set-up ---- */

static void wait_for_setup(void) {
  window.outside = !callseq_runtime_inside(&callseq_runtime);
  if (window.outside)
    pthread_mutex_lock(&callseq_runtime.setup.mutex);
}

static void let_set_up(void) {
  if (ends_outside())
    pthread_mutex_unlock(&callseq_runtime.setup.mutex);
}

/* Forked inside: a thread that the child does not have may hold the mutex, in a fork of its own.
 * While the program loads it is this thread that holds it. */
static void let_child_set_up(void) {
  if (!window.outside &&
      atomic_load_explicit(&callseq_runtime.setup.state, memory_order_relaxed) != CALLSEQ_LOADING)
    pthread_mutex_init(&callseq_runtime.setup.mutex, NULL);
  let_set_up();
}

/* ---- The runtime ---- */

static void take_runtime(void) {
  struct callseq_sequencer *s = &callseq_runtime.fast.sequencer;
  struct callseq_waiter waiter = {.alone = 1}; /* nobody else can fork for this thread */
  window.took = window.outside && (callseq_sequencer_try_enter(s, CALLSEQ_FORK_HOLDER) ||
                                   callseq_sequencer_enter(s, &waiter, CALLSEQ_FORK_HOLDER, NULL,
                                                           NULL) == CALLSEQ_ENTERED_HOLDER);
}

static void give_up_runtime(void) {
  if (!ends_outside() || !window.took)
    return;
  window.took = false;
  callseq_sequencer_end_batch(&callseq_runtime.fast.sequencer);
}

static void forget_waiters(void) {
  if (!window.outside || window.took)
    callseq_sequencer_forked(&callseq_runtime.fast.sequencer,
                             window.outside ? CALLSEQ_FORK_HOLDER : callseq_abi_self);
}

static void forget_fibers(void) {
  callseq_tools_forked(&callseq_runtime.host_side, &callseq_runtime.scheme_side);
}

static void hold_queue(void) { callseq_later_before_fork(&callseq_runtime); }
static void let_queue(void) { callseq_later_after_fork(&callseq_runtime); }
static void forget_queue(void) { callseq_later_forked(&callseq_runtime); }
static void reopen(void) { callseq_close_forked(&callseq_runtime); }

static void make_service(void) { callseq_service_forked(&callseq_runtime); }

bool callseq_fork_holds_setup(void) { return window.depth && window.outside; }

bool callseq_fork_holds_runtime(void) {
  return window.took &&
         callseq_sequencer_holder(&callseq_runtime.fast.sequencer) == CALLSEQ_FORK_HOLDER;
}

void callseq_fork_enter(void) {
  callseq_sequencer_rename(&callseq_runtime.fast.sequencer, callseq_abi_self);
}

void callseq_fork_leave(void) {
  callseq_sequencer_rename(&callseq_runtime.fast.sequencer, CALLSEQ_FORK_HOLDER);
}

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
  struct callseq_abi_request **lent = window.outside ? NULL : callseq_levels_lent(r);
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

/* ---- Born by process-fork ----
 *
 * Such a child has been born in a call to be a process of its own, as in any CHICKEN program. It
 * goes on as a host only if the callback says so: if it was not born for a thunk, and the callback
 * returns without an error. */

static bool is_born_here(struct callseq_runtime *r) {
  return r->fork.birth.in_call && r->fork.birth.serial == r->fast.now.serial;
}

void callseq_scheme_born(int thunk) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_abi_now *now = &r->fast.now;
  r->fork.birth.in_call = true;
  r->fork.birth.thunk = thunk;
  r->fork.birth.serial = now->serial;
  if (now->reply_to == CALLSEQ_ABI_TO_CALLER)
    now->reply_to = CALLSEQ_ABI_TO_HOLDER; /* the slow path asks callseq_fork_returns */
}

void callseq_fork_returns(struct callseq_runtime *r) {
  if (!is_born_here(r) || r->fast.now.request->status == CALLSEQ_ABI_SUSPENDED)
    return;
  if (r->fork.birth.thunk)
    callseq_fork_fails(r,
                       "a child that process-fork has made for a thunk left the thunk otherwise "
                       "than by its end",
                       NULL);
  r->fork.birth.in_call = false;
}

void callseq_fork_fails(struct callseq_runtime *r, const char *message, const char *trace) {
  if (!is_born_here(r))
    return;
  fprintf(stderr, "\nError: %s: %s\n%s", r->fast.now.request->callback->name, message,
          trace ? trace : "");
  callseq_scheme_exit(CALLSEQ_SOFTWARE_ERROR);
}

/* ---- The table ---- */

static const struct {
  void (*before)(void);   /* downwards, */
  void (*after)(void);    /* upwards; */
  void (*in_child)(void); /* upwards */
} steps[] = {
    {wait_for_setup, let_set_up, let_child_set_up},
    {take_runtime, give_up_runtime, give_up_runtime},
    {copy_call, use_original, use_copy},
    {hold_queue, let_queue, forget_queue},
    {NULL, NULL, callseq_suspend_forked},
    {NULL, NULL, make_service},
    {NULL, NULL, reopen},
    {NULL, NULL, callseq_signals_forked},
    {NULL, NULL, forget_fibers},
    {NULL, NULL, forget_waiters},
    {NULL, NULL, callseq_thread_forked},
    {callseq_system_before_fork, NULL, callseq_system_forked},
};

enum { STEPS = sizeof steps / sizeof *steps };

static void before_fork(void) {
  if (window.depth++)
    return;
  atomic_store_explicit(&callseq_runtime.fork.process, getpid(), memory_order_relaxed);
  for (int i = 0; i < STEPS; i++)
    if (steps[i].before)
      steps[i].before();
}

static void after_fork(void) {
  if (!window.depth || --window.depth)
    return;
  for (int i = STEPS - 1; i >= 0; i--)
    if (steps[i].after)
      steps[i].after();
}

static void after_fork_in_child(void) {
  if (!window.depth) /* it has caught up */
    return;
  window.depth--;
  atomic_store_explicit(&callseq_runtime.fork.process, getpid(), memory_order_relaxed);
  for (int i = STEPS - 1; i >= 0; i--)
    if (steps[i].in_child)
      steps[i].in_child();
}

void callseq_fork_catch_up(void) {
  if (window.depth &&
      getpid() != atomic_load_explicit(&callseq_runtime.fork.process, memory_order_relaxed))
    after_fork_in_child();
}

/* ---- Registration ---- */

bool callseq_fork_ready(void) {
  bool *registered = &callseq_runtime.fork.registered;
  *registered = *registered || pthread_atfork(before_fork, after_fork, after_fork_in_child) == 0;
  return *registered;
}

/* Before other constructors of this program, which may register handlers that call. */
__attribute__((constructor(101))) static void begin(void) { callseq_fork_ready(); }
