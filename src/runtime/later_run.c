/* Calls for later, by the holder: which one it takes next, and what it does when that has ended.
 *
 * The oldest one that waited and can go on is first, then notifications, then the backlog.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "base/trace.h"
#include "failure.h"
#include "later_parts.h"
#include "scheme.h"
#include "suspend.h"
#include "thread.h"

#include <stdlib.h>
#include <string.h>

enum {
  AT_ONCE = CALLSEQ_LIMIT(256, 2), /* by the service in one call, and */
  WAITED = CALLSEQ_LIMIT(16, 1)    /* so many if somebody waits for the runtime */
};

/* ---- What comes next ---- */

/* One whose wait is over. */
static struct callseq_abi_request *take_due(struct callseq_runtime *r) {
  struct callseq_future *f = r->later.due;
  if (!f)
    return NULL;
  r->later.due = f->after;
  callseq_suspend_prepare(&f->resumption, &f->request);
  return &f->resumption.request;
}

static void note_queued(struct callseq_runtime *r, uint64_t since) {
  if (since)
    callseq_count_most(&r->later.longest, callseq_clock_now() - since);
}

/* `f` gets the arguments of the small call in this place of the backlog. */
static void unpack_arguments(struct callseq_future *f, const struct callseq_backlog_place *place) {
  size_t words = callseq_later_words_of_arguments(place->what);
  uintptr_t *arguments = callseq_later_arguments_of(&f->request);
  for (size_t i = 0; i < words; i++)
    memcpy(&arguments[i], &place->words[i], sizeof *arguments);
}

/* A call in its place of the backlog, with a structure of its own; NULL: no memory. */
static struct callseq_future *unpack(struct callseq_runtime *r,
                                     const struct callseq_backlog_place *place) {
  struct callseq_future *f = callseq_later_take_spare(r, CALLSEQ_LATER_POST, place->what);
  if (f)
    unpack_arguments(f, place);
  return f;
}

/* The call of this place, which `f` has now, leaves the backlog. */
CALLSEQ_INLINE void take(struct callseq_runtime *r, struct callseq_future *f,
                         const struct callseq_backlog_place *place) {
  f->ticket = place->ticket;
  note_queued(r, place->since);
  callseq_backlog_take(&r->later.backlog);
  callseq_count_as_holder(&r->later.executed);
}

static bool has_notices(struct callseq_runtime *r) {
  return r->later.noticed || atomic_load_explicit(&r->later.notices, memory_order_relaxed);
}

/* `*busy`: there may be one, but not just now. */
static struct callseq_abi_request *take_post(struct callseq_runtime *r, bool *busy) {
  struct callseq_backlog *b = &r->later.backlog;
  for (;;) {
    uint64_t left;
    const struct callseq_backlog_place *place = callseq_backlog_look(b, &left);
    *busy = !place && left == CALLSEQ_BACKLOG_BUSY;
    if (!place && !*busy)
      callseq_later_settle(r, left);
    if (!place)
      return NULL;
    struct callseq_future *f = callseq_later_of_what(place->what);
    if (f) {
      if (f->kind == CALLSEQ_LATER_FUTURE && !callseq_later_can_begin(f)) {
        callseq_backlog_leave(b);
        continue;
      }
    } else if ((f = unpack(r, place))) {
      r->later.plain = !callseq_tools_watching();
    } else {
      callseq_backlog_leave(b);
      *busy = true;
      return NULL;
    }
    take(r, f, place);
    return &f->request;
  }
}

void callseq_later_bound(struct callseq_runtime *r, uint64_t ticket) {
  CALLSEQ_ASSERT_HOLDER(r);
  r->later.bound = ticket;
}

/* May this batch go on? The service tells of what has ended, before it goes on: nobody knows how
 * long the next one takes. */
CALLSEQ_INLINE bool has_turn(struct callseq_runtime *r, bool by_service) {
  uint32_t executed = r->later.in_batch;
  if (atomic_load_explicit(&r->later.settled, memory_order_relaxed) > r->later.bound)
    return false;
  if (!by_service) /* nobody, under CALLSEQ_BATCH_NONE */
    return executed < atomic_load_explicit(&r->fast.sequencer.batch_limit, memory_order_relaxed);
  return executed < AT_ONCE && !callseq_service_has_chores(r) &&
         (executed < WAITED || !callseq_sequencer_is_waited_for(&r->fast.sequencer));
}

struct callseq_abi_request *callseq_later_next(struct callseq_runtime *r, bool by_service) {
  CALLSEQ_ASSERT_HOLDER(r);
  if (!atomic_load_explicit(&r->later.begun, memory_order_relaxed))
    return NULL;
  struct callseq_abi_request *q = NULL;
  bool busy = false, has = has_turn(r, by_service);
  r->later.plain = false;
  while (has) {
    q = take_due(r);
    if (!q && has_notices(r))
      q = callseq_later_take_notice(r);
    if (!q)
      q = take_post(r, &busy);
    if (q || busy || !by_service || callseq_service_watches(r, r->later.in_batch) ||
        callseq_later_go_to_sleep(r))
      break;
  }
  if (q) {
    r->later.by_service = by_service;
    r->later.in_batch++;
    return q;
  }
  if (by_service) {
    callseq_later_tell_flushers(r);
    if (!has || busy)
      callseq_service_tell(r);
  }
  r->later.by_service = false;
  r->later.in_batch = 0;
  return NULL;
}

struct callseq_abi_request *callseq_later_next_plain(struct callseq_runtime *r) {
  struct callseq_abi_request *q = r->fast.current.request;
  struct callseq_backlog *b = &r->later.backlog;
  struct callseq_future *f = callseq_later_of(q);
  uint64_t left;
  CALLSEQ_ASSERT_HOLDER(r);
  CALLSEQ_ASSERT(r->later.plain && !f->waited);
  if (q->status || q->callback->drop)
    return NULL;
  callseq_later_settle(r, f->ticket + 1); /* by which the turn may be over */
  if (!has_turn(r, r->later.by_service) || r->later.due || has_notices(r))
    return NULL;
  const struct callseq_backlog_place *place = callseq_backlog_look(b, &left);
  if (!place)
    return NULL;
  if (callseq_later_of_what(place->what)) {
    callseq_backlog_leave(b);
    return NULL;
  }
  CALLSEQ_POINT1(leave, q->callback->name);
  q->callback = place->what;
  unpack_arguments(f, place);
  take(r, f, place);
  r->later.in_batch++;
  CALLSEQ_POINT1(enter, q->callback->name);
  return q;
}

/* ---- What has ended ---- */

/* The thread's own last error is put aside: the service may be the host's. */
static void report_error(struct callseq_chore *chore) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_future *f = callseq_later_of_chore(chore);
  callseq_thread_lend();
  callseq_thread_remember(f->request.status, f->request.message, f->request.trace);
  f->request.message = f->request.trace = NULL;
  bool telling = callseq_later_set_telling(true);
  callseq_failure_report(r);
  callseq_later_set_telling(telling);
  callseq_thread_take_back();
  callseq_tools_release(&r->later.flushed);
  callseq_later_unlink(r, f);
  callseq_later_release(f);
}

static void has_ended(struct callseq_runtime *r, struct callseq_future *f) {
  bool waited = f->waited;
  uint64_t ticket = f->ticket;
  if (f->notice)
    callseq_later_end_notice(r, f->notice);
  if (f->request.status && f->kind != CALLSEQ_LATER_FUTURE) {
    if (!waited)
      callseq_later_link_in(r, f);
    callseq_later_entrust(r, f, report_error);
  } else {
    if (waited)
      callseq_later_unlink(r, f);
    if (f->kind == CALLSEQ_LATER_FUTURE)
      callseq_later_end_future(r, f);
    else
      callseq_later_give_back(r, f, waited);
  }
  if (!waited)
    callseq_later_settle(r, ticket + 1);
}

void callseq_later_end(struct callseq_runtime *r, struct callseq_abi_request *q) {
  struct callseq_future *f = callseq_later_of(q);
  CALLSEQ_ASSERT_IN_SCHEME(r);
  callseq_tools_release(&r->later.flushed);
  if (q->status != CALLSEQ_ABI_SUSPENDED) {
    has_ended(r, f);
  } else if (!f->waited) {
    f->waited = true;
    callseq_later_link_in(r, f);
    callseq_later_settle(r, f->ticket + 1);
  }
}

/* ---- What never will ---- */

/* A suspended one, or NULL. Only the holder takes these out of the list. */
static struct callseq_future *find_suspended(struct callseq_runtime *r) {
  pthread_mutex_lock(&r->later.mutex);
  struct callseq_future *f = r->later.outstanding;
  while (f && f->request.status != CALLSEQ_ABI_SUSPENDED)
    f = f->next;
  pthread_mutex_unlock(&r->later.mutex);
  return f;
}

void callseq_later_abandon(struct callseq_runtime *r) {
  struct callseq_future *f;
  CALLSEQ_ASSERT_HOLDER(r);
  while ((f = find_suspended(r))) {
    callseq_suspend_forget(r, &f->request);
    f->request.status = 0;
    callseq_failure_closed(r, &f->request);
    has_ended(r, f);
  }
  r->later.due = NULL;
  for (struct callseq_future *next; (f = r->later.spare); r->later.spare = next) {
    next = f->after;
    free(f);
  }
  r->later.spares = 0;
}
