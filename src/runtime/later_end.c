/* What becomes of calls for later when nothing may begin any more, and in a forked child.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "later_parts.h"
#include "levels.h"

#include <string.h>

/* ---- Closing ---- */

/* A place of the backlog that will not be executed: by CANCELLED or FORKED. */
static void drop_place(const struct callseq_backlog_place *place, uint32_t why) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_future *f = callseq_later_of_what(place->what);
  if (f) {
    if (f->kind == CALLSEQ_LATER_FUTURE && callseq_later_can_begin(f))
      callseq_later_lose_future(r, f, why);
    callseq_later_release(f);
    return;
  }
  struct {
    struct callseq_abi_request request;
    uintptr_t words[CALLSEQ_BACKLOG_WORDS];
  } call = {.request.callback = place->what};
  memcpy(call.words, place->words, callseq_later_bytes_of_arguments(place->what));
  callseq_later_drop_values(&call.request);
}

static void drop_closed(const struct callseq_backlog_place *place) {
  callseq_count(&callseq_runtime.later.dropped);
  drop_place(place, CALLSEQ_FUTURE_CANCELLED);
  callseq_later_call_dropped(place);
}

static void drop_forked(const struct callseq_backlog_place *place) {
  drop_place(place, CALLSEQ_FUTURE_FORKED);
}

void callseq_later_close(struct callseq_runtime *r) {
  /* acquire: pairs with the release in callseq_later_begin */
  if (!atomic_load_explicit(&r->later.begun, memory_order_acquire))
    return;
  callseq_backlog_close(&r->later.backlog, drop_closed);
  callseq_later_settle(r, callseq_backlog_ticket(&r->later.backlog));
  callseq_later_tell_flushers(r);
}

void callseq_later_exit(struct callseq_runtime *r) {
  /* release: pairs with the acquire in stay_if_process_ends */
  atomic_store_explicit(&r->later.process_ends, true, memory_order_release);
  callseq_later_close(r);
}

/* ---- Fork ---- */

void callseq_later_before_fork(struct callseq_runtime *r) {
  pthread_mutex_lock(&r->later.mutex);
  if (atomic_load_explicit(&r->later.begun, memory_order_relaxed))
    callseq_backlog_hold(&r->later.backlog);
}

void callseq_later_after_fork(struct callseq_runtime *r) {
  if (atomic_load_explicit(&r->later.begun, memory_order_relaxed))
    callseq_backlog_release(&r->later.backlog);
  pthread_mutex_unlock(&r->later.mutex);
}

/* The call that this thread executes, and goes on with in the child; or NULL. */
static struct callseq_future *own_call(struct callseq_runtime *r) {
  if (!callseq_runtime_inside(r))
    return NULL;
  struct callseq_abi_current_call *at = callseq_levels_base(r);
  return at->reply_to == CALLSEQ_ABI_TO_NOBODY ? callseq_later_of(at->request) : NULL;
}

/* It has begun, and does not go on here. Its resident has forgotten it. */
static void forget_outstanding(struct callseq_runtime *r, struct callseq_future *f) {
  callseq_later_unlink_locked(f);
  if (f->kind == CALLSEQ_LATER_FUTURE && f->request.status == CALLSEQ_ABI_SUSPENDED)
    callseq_later_lose_future(r, f, CALLSEQ_FUTURE_FORKED);
  if (f->kind == CALLSEQ_LATER_FUTURE)
    callseq_later_release(f);
}

void callseq_later_forked(struct callseq_runtime *r) {
  struct callseq_future *own = own_call(r);
  pthread_mutex_unlock(&r->later.mutex); /* this thread has taken it, to fork */
  if (!atomic_load_explicit(&r->later.begun, memory_order_relaxed))
    return;
  for (struct callseq_future *f = r->later.outstanding, *next; f; f = next) {
    next = f->next;
    if (f != own)
      forget_outstanding(r, f);
  }
  r->later.due = NULL;
  callseq_later_forget_notices(r, own ? own->notice : NULL);
  callseq_backlog_forked(&r->later.backlog, drop_forked);
  atomic_store_explicit(&r->later.settled, 0, memory_order_relaxed);
  atomic_store_explicit(&r->later.awake, false, memory_order_relaxed);
  atomic_store_explicit(&r->later.flushers, 0, memory_order_relaxed);
  if (own)
    own->ticket = CALLSEQ_LATER_NO_TICKET;
}
