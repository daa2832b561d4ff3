/* Types, errors of all kinds, and handles. See operations.h. */
#include "call.h"
#include "callbacks.h"
#include "ledger.h"
#include "operations.h"
#include "operations_parts.h"
#include "worker.h"
#include <limits.h>

/*** Types, and errors of all kinds ***/

void check_string(struct call *call, const char *got) {
  char want[TAG_SIZE + 8];
  tag(want, call->id);
  strcat(want, "end");
  must(call, got && !strcmp(got, want), "%d gave \"%s\"", call->id, got);
}

void op_types(struct actor *actor) {
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

void failed_somehow(struct call *call, int how) {
  char text[TAG_SIZE];
  came_wrong(call, CALLSEQ_ERROR, 1,
             how == UNPRINTABLE ? "cannot be printed" : tag(text, call->id));
}

void op_raise(struct actor *actor) {
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

void op_mistype(struct actor *actor) {
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

void op_handle(struct actor *actor) {
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
