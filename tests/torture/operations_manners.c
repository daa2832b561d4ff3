/* Calls that are executed later, with patience, in a forked child, at a signal. See operations.h.
 */
#include "call.h"
#include "callbacks.h"
#include "ledger.h"
#include "operations.h"
#include "operations_parts.h"
#include "worker.h"
#include <errno.h>
#include <sched.h>

/*** Processes ***/

static void exit_child(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  torture_exit(call.id, CHILD_DONE);
  if (came_right(&call))
    fail(actor, "(exit) returned");
  _exit(CHILD_DONE); /* it was refused */
}

/* Nobody would flush it there. */
static bool can_post(const struct actor *actor) {
  return actor->index > 0 && !(callseq_inside() && getpid() != ledger->process);
}

/* TORTURE_BUG=unclosed: some that are executed while the process ends are lost. */
static bool is_lost(int id) {
  const char *bug = getenv("TORTURE_BUG");
  return bug && strcmp(bug, "unclosed") == 0 && id % 5 == 0 &&
         atomic_load_explicit(&ledger->exit_code, memory_order_relaxed) != NO_EXIT;
}

static void run_posted(void *what) {
  int id = (int)(intptr_t)what;
  if (!is_lost(id))
    count_execution(id);
}
static void drop_posted(void *id) { count_drop((int)(intptr_t)id); }

/* It was refused: properly? */
static void check_refusal(struct actor *actor, int id, int status) {
  if (status != CALLSEQ_FULL)
    mind_exit();
  if (status != CALLSEQ_FULL)
    fail(actor, "call %d is refused: %s", id, callseq_strerror(status));
  settle(id, 0);
}

void op_post(struct actor *actor) {
  if (!can_post(actor))
    return;
  for (unsigned n = 1 + pick(actor, 3) * pick(actor, 10); n > 0 && has_room(actor); n--) {
    char text[TAG_SIZE];
    int id = new_call(actor), how = (int)pick(actor, 8);
    /* Before it may be executed: then another thread looks at it. */
    note_posted(id, how == 2);
    int status = how == 3 ? callseq_post(run_posted, (void *)(intptr_t)id, drop_posted)
                          : torture_post(id, (char *)tag(text, id), how);
    if (status)
      check_refusal(actor, id, status);
    else if (how == 3)
      note_queued(id);
  }
}

void op_future(struct actor *actor) {
  if (!can_post(actor))
    return;
  char text[TAG_SIZE], end[] = "end", *got = NULL;
  int id = new_call(actor), how = (int)pick(actor, 5);
  note_posted(id, false);
  callseq_future *future = torture_future(id, end, how);
  if (!future) {
    check_refusal(actor, id, callseq_last_status());
    callseq_clear_error();
    return;
  }
  unsigned what = pick(actor, callseq_inside() ? 2 : 4);
  if (what == 0)
    callseq_future_release(future);
  if (what == 1) {
    int status = callseq_future_cancel(future);
    if (status == CALLSEQ_OK)
      settle(id, 0);
    else if (status != CALLSEQ_BUSY)
      fail(actor, "cancelling %d: %s", id, callseq_strerror(status));
    callseq_future_release(future);
  }
  if (what < 2)
    return;
  int status = torture_future_result(future, &got);
  if (status == CALLSEQ_CANCELLED || status == CALLSEQ_CLOSED)
    mind_exit();
  if (status != (how == 2 ? CALLSEQ_ERROR : CALLSEQ_OK) ||
      !strstr(how == 2 ? callseq_last_error() : got, tag(text, id)))
    fail(actor, "future of %d: %s, %s", id, callseq_strerror(status), got ? got : "nothing");
  callseq_clear_error();
  settle(id, 1);
}

void op_patience(struct actor *actor) {
  struct call call;
  int got = 0;
  unsigned ms = pick(actor, 4), former = callseq_set_patience(ms);
  begin(&call, actor);
  call.status = torture_try(call.id, 0, &got);
  callseq_set_patience(former);
  if (call.status == CALLSEQ_BUSY || call.status == CALLSEQ_TIMEDOUT)
    came_wrong(&call, ms ? CALLSEQ_TIMEDOUT : CALLSEQ_BUSY, 0, "torture_try");
  else if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
}

void op_notify(struct actor *actor) {
  (void)actor;
  torture_notify();
}

void op_flush(struct actor *actor) {
  int status = callseq_flush(pick(actor, 3));
  if (status != CALLSEQ_OK && status != CALLSEQ_TIMEDOUT)
    fail(actor, "flush: %s", callseq_strerror(status));
}

static _Noreturn void be_child(struct actor *actor) {
  bool inside = callseq_inside();
  if (atomic_load_explicit(&ledger->exit_code, memory_order_relaxed) != NO_EXIT)
    _exit(CHILD_DONE); /* an exit takes the fork handlers away */
  for (unsigned n = pick(actor, 4); n > 0; n--)
    perform(actor, inside ? INSIDE : OUTSIDE);
  if (!inside) {
    callseq_flush(CALLSEQ_FOREVER);
    check_count(actor);
  }
  if (pick(actor, 3) == 0)
    exit_child(actor);
  _exit(CHILD_DONE);
}

void op_fork(struct actor *actor) {
  int status, made = actor->made;
  if (getpid() != ledger->process || actor->green > 0)
    return; /* no children of children; and a child would go on in other green threads too */
  pid_t child = fork();
  if (child == 0)
    be_child(actor);
  if (child < 0)
    fail(actor, "fork: %s", strerror(errno));
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      fail(actor, "waitpid: %s", strerror(errno));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_DONE) {
    mind_exit();
    fail(actor, "a forked child ended with wait status %#x", (unsigned)status);
  }
  int last = actor->index * CALLS_EACH + actor->made - 1;
  if (actor->made > made && ledger->calls[last].progress == MADE)
    settle(last, 1); /* its (exit) */
}

void op_exit(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  torture_exit(call.id, ledger->exit_code);
  fail(actor, "(exit) returned");
}

/*** Signals ***/

void op_signal(struct actor *actor) { signal_somebody(actor, pick(actor, 2) ? SIGUSR1 : SIGUSR2); }

/* To this thread: its effect must be seen. */
void op_own_signal(struct actor *actor) {
  int host = host_signals();
  raise(SIGUSR1);
  if (host_signals() == host)
    fail(actor, "the host's signal handler did not run");
  int64_t scheme = torture_signals();
  raise(SIGUSR2);
  while (torture_signals() == scheme) {
    mind_exit();
    sched_yield();
  }
}
