/* Calls that wait, blocking C functions, time, and threads that come and go. See operations.h. */
#include "call.h"
#include "callbacks.h"
#include "ledger.h"
#include "operations.h"
#include "operations_parts.h"
#include "worker.h"
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <semaphore.h>

/*** Waiting ***/

enum { WAIT_MS = 4 };

/* Is a callback that waits here suspended? */
static bool lets_in(const struct call *call) { return suspends && !call->inside; }

void op_wait(struct actor *actor) {
  int ms = (int)pick(actor, WAIT_MS), got = 0;
  unsigned kind = pick(actor, 6);
  struct call call;
  begin(&call, actor);
  switch (kind) {
  case 0: {
    const char *text = torture_wait_text(call.id, ms);
    if (came_right(&call))
      check_string(&call, text);
    return;
  }
  case 1:
    got = torture_wait_handled(call.id, ms);
    break;
  case 2:
    got = torture_wait_capture(call.id, ms);
    break;
  case 3:
    got = torture_meet(call.id, ms);
    break;
  default:
    got = torture_wait(call.id, ms);
    break;
  }
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
}

void op_wait_raise(struct actor *actor) {
  int how = 1 + (int)pick(actor, HOWS), ms = (int)pick(actor, WAIT_MS);
  struct call call;
  begin(&call, actor);
  int zero = torture_wait_raise(call.id, ms, how);
  failed_somehow(&call, how);
  must(&call, zero == 0, "%d failed and gave a result", call.id);
}

void op_green_wait(struct actor *actor) {
  int n = (int)pick(actor, 6), ms = (int)pick(actor, WAIT_MS);
  struct call call;
  begin(&call, actor);
  int got = torture_green_wait(call.id, n, ms);
  if (came_right(&call))
    must(&call, got == answer(call.id) + n * (n - 1) / 2, "%d gave %d", call.id, got);
}

void op_exclusively(struct actor *actor) {
  int ms = (int)pick(actor, WAIT_MS), beside = (int)pick(actor, 2);
  struct call call;
  begin(&call, actor);
  int got = torture_exclusively(call.id, ms, beside);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d, exclusively, gave %d", call.id, got);
}

void op_lock(struct actor *actor) {
  int ms = (int)pick(actor, WAIT_MS);
  struct call call;
  begin(&call, actor);
  int got = torture_lock(call.id, ms);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d, locked, gave %d", call.id, got);
}

/* What a second thread does for a call that waits for it. */
struct helper {
  int yields, descriptor, id, key, got;
  unsigned char byte;
};

static void *write_later(void *argument) {
  struct helper *helper = argument;
  for (int i = 0; i < helper->yields; i++)
    sched_yield();
  while (write(helper->descriptor, &helper->byte, 1) != 1)
    continue;
  return NULL;
}

static void *call_later(void *argument) {
  struct helper *helper = argument;
  for (int i = 0; i < helper->yields; i++)
    sched_yield();
  helper->got = torture_call_for(helper->id, helper->key);
  return NULL;
}

void op_read(struct actor *actor) {
  int ends[2];
  struct helper helper = {.yields = (int)pick(actor, 50), .byte = (unsigned char)pick(actor, 256)};
  struct call call;
  pthread_t thread;
  if (pipe(ends))
    fail(actor, "pipe: %s", strerror(errno));
  helper.descriptor = ends[1];
  if (pthread_create(&thread, NULL, write_later, &helper))
    fail(actor, "pthread_create");
  begin(&call, actor);
  int got = torture_read(call.id, ends[0], !lets_in(&call));
  if (came_right(&call))
    must(&call, got == answer(call.id) + helper.byte, "%d gave %d", call.id, got);
  pthread_join(thread, NULL);
  close(ends[0]);
  close(ends[1]);
}

void op_await(struct actor *actor) {
  struct helper helper = {.yields = (int)pick(actor, 50)};
  struct call call;
  pthread_t thread;
  if (!suspends)
    return; /* nobody else could get in */
  helper.id = new_call(actor);
  begin(&call, actor);
  helper.key = call.id;
  if (pthread_create(&thread, NULL, call_later, &helper))
    fail(actor, "pthread_create");
  int got = torture_await(call.id);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
  pthread_join(thread, NULL);
  if (helper.got != answer(helper.id)) {
    mind_exit();
    fail(actor, "call %d gave %d", helper.id, helper.got);
  }
  settle(helper.id, 1);
}

/*** Blocking C functions ***/

/* On the thread that made the call, if that is suspended meanwhile; else in place. */
int torture_outside(int id) {
  struct actor *actor = actor_of(id);
  const struct call *call = call_in_progress();
  bool in_place = callseq_inside();
  if (!in_place && (!call || call->id != id))
    fail(actor, "call %d went on in another thread", id);
  if (!in_place && call->briefly)
    return 0; /* little stack */
  if (!in_place)
    be_usual(call);
  actor->depth++;
  if (actor->depth < DEPTH_MAX)
    perform(actor, in_place ? INSIDE : OUTSIDE);
  else
    op_types(actor);
  actor->depth--;
  actor->in_place = in_place;
  if (pick(actor, 4) == 0)
    usleep(pick(actor, 2000));
  if (!in_place)
    be_odd(call);
  return 0;
}

/* On a thread of the library's, for a green thread; in place if C code lies under that. */
int torture_elsewhere(int i) {
  if (!callseq_inside())
    usleep(100);
  return i;
}

static void block(struct actor *actor, bool briefly) {
  int how = 1 + (int)pick(actor, HOWS);
  unsigned kind = pick(actor, 4);
  struct call call;
  begin(&call, actor);
  call.briefly = briefly;
  actor->in_place = !lets_in(&call);
  if (kind == 0) {
    const char *text = torture_block_text(call.id);
    if (came_right(&call))
      check_string(&call, text);
  } else if (kind == 1) {
    torture_block_raise(call.id, how);
    failed_somehow(&call, how);
  } else {
    int got = torture_block(call.id);
    if (came_right(&call))
      must(&call, got == answer(call.id), "%d gave %d", call.id, got);
  }
  must(&call, actor->in_place == !lets_in(&call), "%d kept others out while it blocked", call.id);
}

void op_block(struct actor *actor) { block(actor, false); }
void op_block_briefly(struct actor *actor) { block(actor, true); }

void op_block_green(struct actor *actor) {
  int n = (int)pick(actor, 4);
  struct call call;
  begin(&call, actor);
  int got = torture_block_green(call.id, n);
  if (came_right(&call))
    must(&call, got == answer(call.id) + n * (n - 1) / 2, "%d gave %d", call.id, got);
}

/*** Time ***/

void op_stall(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  int got = torture_stall(call.id, 1 + (int)pick(actor, 4));
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
}

/*** Threads ***/

static pthread_key_t late;
static pthread_once_t late_once = PTHREAD_ONCE_INIT;

static void call_late(void *actor) { perform(actor, BRIEFLY); }
static void make_late(void) { pthread_key_create(&late, call_late); }

static void *call_once(void *actor) {
  perform(actor, BRIEFLY);
  if (pick(actor, 2))
    pthread_setspecific(late, actor);
  return NULL;
}

/* Short-lived threads, one after the other; some call in a destructor of a thread-local too. */
void op_churn(struct actor *actor) {
  static const size_t stacks[] = {LEAST_STACK, 4 * LEAST_STACK, 1 << 20};
  pthread_once(&late_once, make_late);
  for (unsigned n = 1 + pick(actor, 5); n > 0; n--) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stacks[pick(actor, 3)]);
    if (pthread_create(&thread, &attributes, call_once, actor))
      fail(actor, "pthread_create");
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
  }
}

struct victim {
  struct actor *actor;
  sem_t entering;
};

static void *call_cancelled(void *argument) {
  struct victim *victim = argument;
  sem_post(&victim->entering);
  for (int n = 0; n < 3; n++)
    perform(victim->actor, BRIEFLY);
  while (pause()) /* a signal may end it, before the cancellation does */
    continue;
  return NULL;
}

/* A thread that is cancelled while it calls: its calls come to their end before it does. */
void op_cancel(struct actor *actor) {
  struct victim victim = {.actor = actor};
  unsigned yields = pick(actor, 4);
  pthread_t thread;
  void *end;
  sem_init(&victim.entering, 0, 0);
  if (pthread_create(&thread, NULL, call_cancelled, &victim))
    fail(actor, "pthread_create");
  while (sem_wait(&victim.entering))
    continue;
  for (; yields > 0; yields--)
    sched_yield();
  pthread_cancel(thread);
  pthread_join(thread, &end);
  if (end != PTHREAD_CANCELED)
    fail(actor, "a cancelled thread ended otherwise");
  sem_destroy(&victim.entering);
}
