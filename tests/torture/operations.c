/* operations.c: see operations.h. The table is at the end. */
#include "operations.h"
#include "call.h"
#include "callbacks.h"
#include "worker.h"
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <semaphore.h>

enum { DEPTH_MAX = 6, HOWS = 10, UNPRINTABLE = 10, CHILD_DONE = 77 };

bool enabled[OPERATIONS_MAX], suspends;

/*** What Scheme calls ***/

/* Not atomic on purpose: only the owner of the runtime may touch it. */
static long executed_here;

void torture_executed(int), torture_nested(int), torture_nested_unsafe(int);
int torture_plain(int), torture_plain_raise(int, int);

void torture_executed(int id) {
  executed_here++;
  count_execution(id);
}

static void op_types(struct actor *), op_nest(struct actor *);

void torture_nested(int id) {
  struct actor *actor = actor_of(id);
  actor->depth++;
  if (actor->descend > 0) {
    actor->descend--;
    op_nest(actor);
  } else if (actor->depth < DEPTH_MAX) {
    perform(actor, INSIDE);
  } else {
    op_types(actor);
  }
  actor->depth--;
}

void torture_nested_unsafe(int id) {
  struct call call;
  int result = 0;
  begin(&call, actor_of(id));
  call.status = torture_try(call.id, 0, &result);
  came_wrong(&call, CALLSEQ_UNSAFE, 0, "foreign-safe-lambda");
}

void check_count(struct actor *actor) {
  long counted = (long)torture_count();
  mind_exit();
  if (counted != executed_here)
    fail(actor, "Scheme has counted %ld calls, C %ld", counted, executed_here);
}

/*** Types, and errors of all kinds ***/

static void check_string(struct call *call, const char *got) {
  char want[TAG_SIZE + 8];
  tag(want, call->id);
  strcat(want, "end");
  must(call, got && !strcmp(got, want), "%d gave \"%s\"", call->id, got);
}

static void op_types(struct actor *actor) {
  static const char *const list[] = {"one", "three", NULL};
  uint64_t large = UINT64_MAX - pick(actor, 1000);
  double x = pick(actor, 1000);
  char c = (char)pick(actor, 256);
  struct call call;
  switch (pick(actor, 12)) {
  case 0: {
    begin(&call, actor);
    int got = torture_int(call.id);
    if (came_right(&call))
      must(&call, got == answer(call.id), "%d gave %d", call.id, got);
    break;
  }
  case 1: {
    begin(&call, actor);
    double got = torture_double(call.id, x);
    if (came_right(&call))
      must(&call, got == call.id + x / 3, "%d gave %f", call.id, got);
    break;
  }
  case 2: {
    begin(&call, actor);
    const char *got = torture_text(call.id, "end");
    if (came_right(&call))
      check_string(&call, got);
    break;
  }
  case 3: {
    begin(&call, actor);
    char *got = torture_given(call.id, "end");
    if (came_right(&call))
      check_string(&call, got);
    free(got);
    break;
  }
  case 4: {
    begin(&call, actor);
    void *got = torture_pointer(call.id, x < 500 ? &call : NULL);
    if (came_right(&call))
      must(&call, got == (x < 500 ? &call : NULL), "%d gave %p", call.id, got);
    break;
  }
  case 5: {
    begin(&call, actor);
    uint64_t got = torture_wide(call.id, large);
    if (came_right(&call))
      must(&call, got == large - (uint64_t)call.id, "%d gave %ju", call.id, (uintmax_t)got);
    break;
  }
  case 6: {
    begin(&call, actor);
    char got = torture_char(call.id, c);
    if (came_right(&call))
      must(&call, got == c, "%d gave %d", call.id, got);
    break;
  }
  case 7: {
    begin(&call, actor);
    int got = torture_bool(call.id, x < 500);
    if (came_right(&call))
      must(&call, got == !(x < 500), "%d gave %d", call.id, got);
    break;
  }
  case 8:
    begin(&call, actor);
    torture_void(call.id);
    came_right(&call);
    break;
  case 9: {
    begin(&call, actor);
    int got = torture_list(call.id, (char **)list);
    if (came_right(&call))
      must(&call, got == 8, "%d gave %d", call.id, got);
    break;
  }
  case 10: {
    begin(&call, actor);
    int got = torture_mark(call.id);
    if (came_right(&call))
      must(&call, got == answer(call.id), "%d gave %d", call.id, got);
    break;
  }
  case 11: {
    int got = -1;
    begin(&call, actor);
    call.status = torture_try(call.id, 0, x < 500 ? &got : NULL);
    if (came_right(&call))
      must(&call, got == (x < 500 ? answer(call.id) : -1), "%d gave %d", call.id, got);
    break;
  }
  }
}

static void failed_somehow(struct call *call, int how) {
  char text[TAG_SIZE];
  came_wrong(call, CALLSEQ_ERROR, 1,
             how == UNPRINTABLE ? "cannot be printed" : tag(text, call->id));
}

static void op_raise(struct actor *actor) {
  int how = 1 + (int)pick(actor, HOWS), untouched = -7;
  double zero = 0;
  const void *none = NULL;
  struct call call;
  begin(&call, actor);
  switch (call.id % 4) {
  case 0:
    call.status = torture_try(call.id, how, &untouched);
    break;
  case 1:
    zero = torture_raise(call.id, how);
    break;
  case 2:
    none = torture_raise_text(call.id, how);
    break;
  case 3:
    zero = torture_raise_double(call.id, how);
    break;
  }
  failed_somehow(&call, how);
  must(&call, untouched == -7 && zero == 0 && !none, "%d failed and gave a result", call.id);
  if (actor->depth == 0) {
    begin(&call, actor);
    int winders = torture_balance(call.id);
    if (came_right(&call))
      must(&call, winders == 0, "%d: %d after thunks have not run", call.id, winders);
  }
}

static void op_mistype(struct actor *actor) {
  char text[96], own[TAG_SIZE];
  double zero = 0;
  const void *none = NULL;
  struct call call;
  unsigned type = pick(actor, 6);
  begin(&call, actor);
  switch (type) {
  case 0:
    zero = torture_no_int(call.id);
    break;
  case 1:
    zero = torture_no_short(call.id);
    break;
  case 2:
    zero = torture_no_double(call.id);
    break;
  case 3:
    none = torture_no_text(call.id);
    break;
  case 4:
    none = torture_no_pointer(call.id);
    break;
  case 5:
    zero = torture_no_char(call.id);
    break;
  }
  tag(own, call.id);
  switch (type) {
  case 0:
    snprintf(text, sizeof text, "the result \"%s\" is not of type int", own);
    break;
  case 1:
    snprintf(text, sizeof text, "the result %d is not of type short", call.id + 1000000);
    break;
  case 2:
    snprintf(text, sizeof text, "the result (\"%s\") is not of type double", own);
    break;
  case 3:
    snprintf(text, sizeof text, "the result %s is not of type c-string", own);
    break;
  case 4:
    snprintf(text, sizeof text, "the result \"%s\" is not of type c-pointer", own);
    break;
  case 5:
    snprintf(text, sizeof text, "the result \"%s\" is not of type char", own);
    break;
  }
  came_wrong(&call, CALLSEQ_ERROR, 1, text);
  must(&call, zero == 0 && !none, "%d failed and gave a result", call.id);
}

/*** Handles ***/

/* What Scheme has made and C keeps: whoever takes one out may use it, and has to release it. */
struct kept {
  callseq_handle *handle;
  int maker; /* the call that has made the object */
};

enum { SLOTS = 8 };
static _Atomic(struct kept *) slots[SLOTS];

static void drop_kept(struct kept *kept) {
  if (kept)
    callseq_handle_release(kept->handle);
  free(kept);
}

static struct kept *exchange_kept(unsigned slot, struct kept *kept) {
  return atomic_exchange_explicit(&slots[slot], kept, memory_order_acq_rel);
}

void torture_keep(int, callseq_handle *);
void torture_keep(int maker, callseq_handle *handle) {
  struct kept *kept = malloc(sizeof *kept);
  *kept = (struct kept){handle, maker};
  drop_kept(exchange_kept((unsigned)maker % SLOTS, kept));
}

/* What a call is to borrow, by its id. */
callseq_handle *torture_lent(int);
static callseq_handle *lent[ACTORS * CALLS_EACH];
callseq_handle *torture_lent(int id) { return lent[id]; }

void check_handles(struct actor *actor) {
  struct callseq_stats stats;
  for (unsigned slot = 0; slot < SLOTS; slot++)
    drop_kept(exchange_kept(slot, NULL));
  callseq_stats(&stats);
  if (stats.handles)
    fail(actor, "%ju handles are alive that nobody has", (uintmax_t)stats.handles);
}

static void make_handle(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  if (pick(actor, 3)) {
    callseq_handle *handle = torture_handle(call.id);
    bool right = came_right(&call);
    must(&call, right == (handle != NULL), "%d gave handle %p", call.id, (void *)handle);
    if (right)
      torture_keep(call.id, handle);
  } else {
    int got = torture_keep_handle(call.id, pick(actor, 2) == 0);
    if (came_right(&call))
      must(&call, got == answer(call.id), "%d gave %d", call.id, got);
  }
}

static void use_handle(struct actor *actor, const struct kept *kept) {
  struct call call;
  begin(&call, actor);
  lent[call.id] = kept->handle;
  int got = pick(actor, 3) ? torture_use_handle(call.id, kept->handle) : torture_use_lent(call.id);
  if (came_right(&call))
    must(&call, got == answer(kept->maker), "%d with the handle of %d gave %d", call.id,
         kept->maker, got);
}

static void pass_handle(struct actor *actor, const struct kept *kept) {
  callseq_handle *other = NULL;
  unsigned how = pick(actor, 3);
  char text[TAG_SIZE];
  struct call call;
  begin(&call, actor);
  call.status = torture_pass_handle(call.id, kept->handle, how == 0, how == 1 ? NULL : &other);
  if (how == 0)
    came_wrong(&call, CALLSEQ_ERROR, 1, tag(text, call.id));
  else if (came_right(&call) && how == 2)
    must(&call, other && other != kept->handle && callseq_handle_same(other, kept->handle),
         "%d gave another object", call.id);
  must(&call, how == 2 || !other, "%d failed, or discards its result, and gave one", call.id);
  callseq_handle_release(other);
}

static void op_handle(struct actor *actor) {
  unsigned slot = pick(actor, SLOTS), what = pick(actor, 4);
  struct kept *kept = what ? exchange_kept(slot, NULL) : NULL;
  if (!kept) {
    make_handle(actor);
    return;
  }
  callseq_handle *more = callseq_handle_retain(kept->handle);
  if (what == 1)
    pass_handle(actor, kept);
  else
    use_handle(actor, kept);
  callseq_handle_release(more);
  if (pick(actor, 4))
    kept = exchange_kept(slot, kept);
  drop_kept(kept);
}

/*** Continuations ***/

void op_capture(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  int got = torture_capture(call.id);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
}

/* Of a call that has ended, or is still below. */
static void op_enter(struct actor *actor) {
  int untouched = -7;
  struct call call;
  begin(&call, actor);
  switch (call.id % 4) {
  case 0:
    torture_enter_int(call.id);
    break;
  case 1:
    torture_enter_text(call.id);
    break;
  case 2:
    torture_enter_void(call.id);
    break;
  case 3:
    call.status = torture_enter_try(call.id, &untouched);
    break;
  }
  came_wrong(&call, CALLSEQ_ERROR, 1, "continuation");
  must(&call, untouched == -7, "%d failed and gave a result", call.id);
}

/* By a continuation from the loading of the program, which ends in (return-to-host). */
static void op_escape(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  torture_escape(call.id);
  came_wrong(&call, CALLSEQ_ERROR, 1, "return-to-host");
}

static void op_loop(struct actor *actor) {
  int n = 1 + (int)pick(actor, 20);
  struct call call;
  begin(&call, actor);
  int got = torture_loop(call.id, n);
  if (came_right(&call))
    must(&call, got == n + answer(call.id), "%d gave %d", call.id, got);
}

static void op_generate(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  int got = torture_next(call.id);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
}

/*** Evaluation ***/

static void op_evaluate(struct actor *actor) {
  static const char *const texts[] = {
      "(executed %d) (answer %d)",
      "(define (given id) (executed id) (answer id)) (given %d) (answer %d)",
      "(executed %d) (error (tag %d))",
      "(executed %d) (list 1 (answer %d",
  };
  enum { GOOD = 2, RAISES = 2 };
  char text[200], *printed = NULL, name[TAG_SIZE];
  unsigned how = pick(actor, 4);
  struct call call;
  begin(&call, actor);
  snprintf(text, sizeof text, texts[how], call.id, call.id);
  call.status = callseq_eval(text, &printed);
  if (how >= GOOD)
    came_wrong(&call, CALLSEQ_ERROR, 1, how == RAISES ? tag(name, call.id) : "unterminated list");
  else if (came_right(&call))
    must(&call, printed && atoi(printed) == answer(call.id), "%d gave %s", call.id, printed);
  free(printed);
}

/*** Nesting ***/

static void op_nest(struct actor *actor) {
  struct call call;
  if (pick(actor, 3) == 0) {
    int how = 1 + (int)pick(actor, HOWS);
    begin(&call, actor);
    torture_nest_raise(call.id, how);
    failed_somehow(&call, how);
  } else {
    bool deep = pick(actor, 2);
    begin(&call, actor);
    int got = deep ? torture_nest_deep_down(call.id) : torture_nest(call.id);
    if (came_right(&call))
      must(&call, got == answer(call.id), "%d gave %d", call.id, got);
  }
}

static void op_descend(struct actor *actor) {
  actor->descend = 20 + (int)pick(actor, 300);
  op_nest(actor);
  actor->descend = 0; /* a level may have been refused */
}

static void op_unsafe(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  int got = torture_unsafe(call.id);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
}

enum { PLAIN_CALLS = 6 };

struct job {
  struct call call;
  int ids[PLAIN_CALLS], count, done;
  int how; /* to raise in the end, or 0 */
};

static void do_job(void *argument) {
  struct job *job = argument;
  struct actor *actor = job->call.actor;
  if (!job->how)
    count_execution(job->call.id);
  for (; job->done < job->count; job->done++) {
    int id = job->ids[job->done], got = torture_plain(id);
    must(&job->call, got == answer(id), "%d, a plain one, gave %d", id, got);
    if (pick(actor, 4) == 0) {
      actor->depth++;
      if (actor->depth < DEPTH_MAX)
        perform(actor, INSIDE);
      actor->depth--;
    }
  }
  if (job->how) {
    torture_plain_raise(job->call.id, job->how);
    job->done = -1; /* never reached */
  }
}

static void op_invoke(struct actor *actor) {
  struct job job = {.count = (int)pick(actor, PLAIN_CALLS + 1)};
  for (int i = 0; i < job.count; i++)
    job.ids[i] = new_call(actor);
  job.how = pick(actor, 3) ? 0 : 1 + (int)pick(actor, HOWS);
  begin(&job.call, actor);
  job.call.status = callseq_invoke(do_job, &job);
  if (job.how)
    failed_somehow(&job.call, job.how);
  else
    came_right(&job.call);
  must(&job.call, job.done >= 0, "%d went on after an error", job.call.id);
  for (int i = 0; i < job.count; i++)
    settle(job.ids[i], i < job.done);
}

/*** Memory and green threads ***/

static void op_storm(struct actor *actor) {
  bool deep = pick(actor, 2);
  int n = (int)pick(actor, deep ? 100000 : 3000);
  struct call call;
  begin(&call, actor);
  int got = deep ? torture_deep(call.id, n) : torture_storm(call.id, n);
  if (came_right(&call))
    must(&call, got == n + answer(call.id), "%d gave %d", call.id, got);
}

static void op_green(struct actor *actor) {
  int n = (int)pick(actor, 8);
  struct call call;
  begin(&call, actor);
  int got = torture_green(call.id, n);
  if (came_right(&call))
    must(&call, got == answer(call.id) + n * (n - 1) / 2, "%d gave %d", call.id, got);
}

static void op_green_nest(struct actor *actor) {
  struct call call;
  actor->green++;
  begin(&call, actor);
  int got = torture_green_nest(call.id, 1 + (int)pick(actor, 3));
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
  actor->green--;
}

/*** Waiting ***/

enum { WAIT_MS = 4 };

/* Is a callback that waits here suspended? */
static bool lets_in(const struct call *call) { return suspends && !call->inside; }

static void op_wait(struct actor *actor) {
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

static void op_wait_raise(struct actor *actor) {
  int how = 1 + (int)pick(actor, HOWS), ms = (int)pick(actor, WAIT_MS);
  struct call call;
  begin(&call, actor);
  int zero = torture_wait_raise(call.id, ms, how);
  failed_somehow(&call, how);
  must(&call, zero == 0, "%d failed and gave a result", call.id);
}

static void op_green_wait(struct actor *actor) {
  int n = (int)pick(actor, 6), ms = (int)pick(actor, WAIT_MS);
  struct call call;
  begin(&call, actor);
  int got = torture_green_wait(call.id, n, ms);
  if (came_right(&call))
    must(&call, got == answer(call.id) + n * (n - 1) / 2, "%d gave %d", call.id, got);
}

static void op_exclusively(struct actor *actor) {
  int ms = (int)pick(actor, WAIT_MS);
  struct call call;
  begin(&call, actor);
  int got = torture_exclusively(call.id, ms);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d, exclusively, gave %d", call.id, got);
}

static void op_lock(struct actor *actor) {
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

static void op_read(struct actor *actor) {
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

static void op_await(struct actor *actor) {
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

static void op_block(struct actor *actor) { block(actor, false); }
static void op_block_briefly(struct actor *actor) { block(actor, true); }

static void op_block_green(struct actor *actor) {
  int n = (int)pick(actor, 4);
  struct call call;
  begin(&call, actor);
  int got = torture_block_green(call.id, n);
  if (came_right(&call))
    must(&call, got == answer(call.id) + n * (n - 1) / 2, "%d gave %d", call.id, got);
}

/*** Time ***/

static void op_stall(struct actor *actor) {
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
static void op_churn(struct actor *actor) {
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
static void op_cancel(struct actor *actor) {
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

static void op_post(struct actor *actor) {
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

static void op_future(struct actor *actor) {
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

static void op_patience(struct actor *actor) {
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

static void op_notify(struct actor *actor) {
  (void)actor;
  torture_notify();
}

static void op_flush(struct actor *actor) {
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

static void op_fork(struct actor *actor) {
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

static void op_signal(struct actor *actor) {
  signal_somebody(actor, pick(actor, 2) ? SIGUSR1 : SIGUSR2);
}

/* To this thread: its effect must be seen. */
static void op_own_signal(struct actor *actor) {
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

/*** The table ***/

const struct operation operations[] = {
    {"types", 100, OUTSIDE | INSIDE | BRIEFLY, op_types},
    {"raise", 30, OUTSIDE | INSIDE | BRIEFLY, op_raise},
    {"mistype", 20, OUTSIDE | INSIDE | BRIEFLY, op_mistype},
    {"handle", 40, OUTSIDE | INSIDE, op_handle},
    {"capture", 10, OUTSIDE | INSIDE, op_capture},
    {"enter", 20, OUTSIDE | INSIDE, op_enter},
    {"escape", 10, OUTSIDE, op_escape},
    {"escape-nested", 10, INSIDE, op_escape},
    {"loop", 10, OUTSIDE | INSIDE | BRIEFLY, op_loop},
    {"generate", 10, OUTSIDE | INSIDE | BRIEFLY, op_generate},
    {"nest", 40, OUTSIDE | INSIDE, op_nest},
    {"descend", 2, OUTSIDE, op_descend},
    {"unsafe", 10, OUTSIDE | INSIDE, op_unsafe},
    {"invoke", 30, OUTSIDE | INSIDE, op_invoke},
    {"evaluate", 10, OUTSIDE | INSIDE, op_evaluate},
    {"storm", 3, OUTSIDE | INSIDE, op_storm},
    {"green", 5, OUTSIDE | INSIDE, op_green},
    {"green-nest", 3, OUTSIDE | INSIDE, op_green_nest},
    {"wait", 20, OUTSIDE | BRIEFLY, op_wait},
    {"wait-nested", 2, INSIDE, op_wait},
    {"wait-raise", 5, OUTSIDE | BRIEFLY, op_wait_raise},
    {"green-wait", 4, OUTSIDE, op_green_wait},
    {"exclusively", 2, OUTSIDE | BRIEFLY, op_exclusively},
    {"lock", 5, OUTSIDE | BRIEFLY, op_lock},
    {"read", 5, OUTSIDE | INSIDE, op_read},
    {"await", 5, OUTSIDE, op_await},
    {"block", 20, OUTSIDE | INSIDE, op_block},
    {"block-briefly", 20, BRIEFLY, op_block_briefly},
    {"block-green", 2, OUTSIDE, op_block_green},
    {"stall", 1, OUTSIDE | INSIDE, op_stall},
    {"churn", 10, OUTSIDE, op_churn},
    {"cancel", 5, OUTSIDE, op_cancel},
    {"post", 20, OUTSIDE | INSIDE | BRIEFLY, op_post},
    {"future", 20, OUTSIDE | INSIDE | BRIEFLY, op_future},
    {"notify", 10, OUTSIDE | INSIDE | BRIEFLY, op_notify},
    {"flush", 3, OUTSIDE, op_flush},
    {"patience", 20, OUTSIDE | BRIEFLY, op_patience},
    {"fork", 3, OUTSIDE | INSIDE, op_fork},
    {"signal", 20, OUTSIDE | INSIDE, op_signal},
    {"own-signal", 10, OUTSIDE, op_own_signal},
    {NULL, 0, 0, NULL},
};

int operation_named(const char *name, size_t length) {
  for (int i = 0; operations[i].name; i++)
    if (strlen(operations[i].name) == length && !strncmp(operations[i].name, name, length))
      return i;
  return -1;
}

void perform(struct actor *actor, int place) {
  unsigned total = 0;
  int i = 0, before = actor->operation;
  for (int j = 0; operations[j].name; j++)
    if (enabled[j] && (operations[j].places & place))
      total += operations[j].weight;
  if (total == 0)
    return;
  unsigned dice = pick(actor, total);
  for (;; i++)
    if (enabled[i] && (operations[i].places & place)) {
      if (dice < operations[i].weight)
        break;
      dice -= operations[i].weight;
    }
  actor->operation = i;
  operations[i].run(actor);
  actor->operation = before;
}
