/* fork: what a thread takes that forks, and how it goes through the table of what is done before
 * fork, after it, and in the child. The table is in fork_steps.c.
 *
 * The child must not be born while another thread is in the middle of something. So a thread that
 * forks takes everything first, in the order of the table, and gives it back in the opposite order.
 * A thread that is inside has the runtime, and takes nothing: set-up is over, or its own.
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

#include "fork.h"
#include "thread.h"

#include <pthread.h>
#include <unistd.h>

/* The fork that this thread is at. */
static __thread struct {
  unsigned char depth; /* 1, or more: a handler or a callback in it forks too; 0: none */
  bool outside;        /* this thread is not inside: it has the mutex of set-up, */
  bool took;           /* and the runtime, if that is set up */
} window;

/* Constant, once it is registered. */
static struct {
  const struct callseq_fork_step *steps;
  int count;
} table;

/* Is this the end of the outermost fork, and did this thread take something for it? */
static bool ends_outside(void) { return window.depth == 0 && window.outside; }

/* ---- Set-up ---- */

void callseq_fork_wait_for_setup(void) {
  window.outside = !callseq_runtime_inside(&callseq_runtime);
  if (window.outside)
    pthread_mutex_lock(&callseq_runtime.setup.mutex);
}

void callseq_fork_let_set_up(void) {
  if (ends_outside())
    pthread_mutex_unlock(&callseq_runtime.setup.mutex);
}

/* Forked inside: a thread that the child does not have may hold the mutex, in a fork of its own.
 * While the program loads it is this thread that holds it. */
void callseq_fork_let_child_set_up(void) {
  if (!window.outside &&
      atomic_load_explicit(&callseq_runtime.setup.state, memory_order_relaxed) != CALLSEQ_LOADING)
    pthread_mutex_init(&callseq_runtime.setup.mutex, NULL);
  callseq_fork_let_set_up();
}

/* ---- The runtime ---- */

void callseq_fork_take_runtime(void) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_waiter waiter = {.alone = 1}; /* nobody else can fork for this thread */
  window.took =
      window.outside && (callseq_runtime_try_enter(r, CALLSEQ_FORK_HOLDER) ||
                         callseq_sequencer_enter(&r->fast.sequencer, &waiter, CALLSEQ_FORK_HOLDER,
                                                 NULL, NULL) == CALLSEQ_ENTERED_HOLDER);
}

void callseq_fork_give_up_runtime(void) {
  if (!ends_outside() || !window.took)
    return;
  window.took = false;
  callseq_sequencer_end_batch(&callseq_runtime.fast.sequencer);
}

void callseq_fork_forget_waiters(void) {
  if (!window.outside || window.took)
    callseq_sequencer_forked(&callseq_runtime.fast.sequencer,
                             window.outside ? CALLSEQ_FORK_HOLDER : callseq_abi_self);
}

bool callseq_fork_holds_setup(void) { return window.depth && window.outside; }

bool callseq_fork_holds_runtime(void) {
  return window.took &&
         callseq_sequencer_holder(&callseq_runtime.fast.sequencer) == CALLSEQ_FORK_HOLDER;
}

void callseq_fork_enter(void) {
  CALLSEQ_ASSERT(callseq_fork_holds_runtime());
  callseq_sequencer_rename(&callseq_runtime.fast.sequencer, callseq_abi_self);
}

void callseq_fork_leave(void) {
  CALLSEQ_ASSERT_HOLDER(&callseq_runtime);
  callseq_sequencer_rename(&callseq_runtime.fast.sequencer, CALLSEQ_FORK_HOLDER);
}

/* ---- Walking through the table ---- */

static void before_fork(void) {
  if (window.depth++)
    return;
  atomic_store_explicit(&callseq_runtime.fork.process, getpid(), memory_order_relaxed);
  for (int i = 0; i < table.count; i++)
    if (table.steps[i].before)
      table.steps[i].before();
}

static void after_fork(void) {
  if (!window.depth || --window.depth)
    return;
  for (int i = table.count - 1; i >= 0; i--)
    if (table.steps[i].after)
      table.steps[i].after();
}

static void after_fork_in_child(void) {
  if (!window.depth) /* it has caught up */
    return;
  window.depth--;
  atomic_store_explicit(&callseq_runtime.fork.process, getpid(), memory_order_relaxed);
  for (int i = table.count - 1; i >= 0; i--)
    if (table.steps[i].in_child)
      table.steps[i].in_child();
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

void callseq_fork_register(const struct callseq_fork_step *steps, int count) {
  CALLSEQ_ASSERT(!table.steps);
  table.steps = steps;
  table.count = count;
  callseq_fork_ready();
}
