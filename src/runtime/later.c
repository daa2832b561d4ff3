/* Calls that outlive their caller's frame: what they are made of, how they queue, who is woken.
 *
 * A *post* has no result, a *future* may be asked for one, a *notification* is a callback that is
 * to run because something has happened. Posts and futures queue in the backlog; notifications of
 * one callback are one, however many there are, and need no queue.
 *
 * They begin where batches are made (callseq_abi_next_slowly): a holder that has waited takes some
 * of them before its own turn, and the service all that there are. Each is then a request like any
 * other, whose reply goes to nobody (CALLSEQ_ABI_TO_NOBODY). One that waits has a resident of its
 * own as other suspended calls have, but no native thread: the service polls for it, and when its
 * wait is over it is *due*, and goes on where it could have begun.
 *
 *   later.c           the records, the backlog, waking the service
 *   later_flush.c     what has begun and not ended
 *   later_wait.c      threads that wait for that, or for a future
 *   later_future.c    the state of a future, and what its owner may ask
 *   later_post.c      posts, callseq_post
 *   later_notice.c    notifications
 *   later_run.c       what the holder takes next, and what it does at the end
 *   later_end.c       what becomes of them when the runtime is closed, or forked
 *
 * A call is in one of two forms. later_parts.h has the second, and what these files share.
 *
 *   the backlog's place         a post with few arguments: a callback and these. Nothing is
 *                               allocated for it until it begins
 *   struct callseq_future       every other call, and each that has begun
 *
 * Waking. `awake` says that somebody will look at what is here. Who queues something looks at it
 * afterwards, and tells the service if it is not set. The service unsets it when it finds nothing,
 * and then looks once more. So while it is busy nobody makes a system call.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "close.h"
#include "later_parts.h"
#include "system/park.h"
#include "thread.h"

#include <stdlib.h>
#include <string.h>

enum { SPARES = 64 /* so many are kept */ };

/* ---- Memory ---- */

static void clear(struct callseq_future *f, enum callseq_later_kind kind,
                  struct callseq_abi_callback *callback) {
  memset((void *)f, 0, sizeof *f);
  f->kind = kind;
  f->request.callback = callback;
}

static struct callseq_future *make(enum callseq_later_kind kind,
                                   struct callseq_abi_callback *callback) {
  size_t bytes = callseq_later_bytes_of_arguments(callback);
  struct callseq_future *f = malloc(sizeof *f + bytes);
  if (f)
    clear(f, kind, callback);
  return f;
}

void callseq_later_drop_values(struct callseq_abi_request *q) {
  if (q->callback->drop)
    q->callback->drop(q);
}

static void destroy(struct callseq_future *f) {
  callseq_later_drop_values(&f->request);
  free(f->request.message);
  free(f->request.trace);
  free(f);
}

void callseq_later_release(struct callseq_future *f) {
  callseq_tools_release(f);
  /* acq_rel: pairs with itself, of other threads */
  if (f->kind == CALLSEQ_LATER_FUTURE &&
      atomic_fetch_sub_explicit(&f->references, 1, memory_order_acq_rel) != 1)
    return;
  callseq_tools_acquire(f);
  destroy(f);
}

/* One that is spare is clear but for what is set here: to clear it takes as long as to execute a
 * short callback. And it is as large as any small call. */
struct callseq_future *callseq_later_take_spare(struct callseq_runtime *r,
                                                enum callseq_later_kind kind,
                                                struct callseq_abi_callback *callback) {
  struct callseq_future *f = r->later.spare;
  CALLSEQ_ASSERT_HOLDER(r);
  if (f) {
    r->later.spare = f->after;
    r->later.spares--;
    f->kind = kind;
    f->notice = NULL;
    f->request.callback = callback;
  } else {
    f = malloc(sizeof *f + CALLSEQ_BACKLOG_WORDS * sizeof(uintptr_t));
    if (f)
      clear(f, kind, callback);
  }
  return f;
}

void callseq_later_give_back(struct callseq_runtime *r, struct callseq_future *f, bool waited) {
  CALLSEQ_ASSERT_HOLDER(r);
  CALLSEQ_ASSERT(!f->request.status && !f->request.message && !f->request.trace);
  callseq_later_drop_values(&f->request);
  if (r->later.spares >= SPARES || !callseq_later_is_small(f->request.callback)) {
    free(f);
    return;
  }
  if (waited)
    clear(f, f->kind, f->request.callback);
  f->after = r->later.spare;
  r->later.spare = f;
  r->later.spares++;
}

struct callseq_future *callseq_later_copy(struct callseq_abi_request *q,
                                          enum callseq_later_kind kind) {
  struct callseq_future *f = make(kind, q->callback);
  if (f)
    memcpy(callseq_later_arguments_of(&f->request), callseq_later_arguments_of(q),
           callseq_later_bytes_of_arguments(q->callback));
  return f;
}

/* ---- Waking ---- */

static bool is_ready(struct callseq_runtime *r) {
  /* seq_cst: pairs with callseq_later_opened */
  return atomic_load_explicit(&r->setup.state, memory_order_seq_cst) == CALLSEQ_READY;
}

void callseq_later_wake(struct callseq_runtime *r) {
  /* seq_cst: pairs with callseq_later_go_to_sleep */
  if (atomic_load_explicit(&r->later.awake, memory_order_seq_cst) ||
      atomic_exchange_explicit(&r->later.awake, true, memory_order_seq_cst) || !is_ready(r))
    return;
  int cancel = callseq_thread_defer_cancel();
  callseq_service_tell(r);
  callseq_thread_allow_cancel(cancel);
}

/* Threads asleep on a word, and one that serves instead. */
void callseq_later_wake_all(struct callseq_runtime *r, const void *word) {
  callseq_park_wake_all(word);
  callseq_service_wake(r, word);
}

/* Is there something queued, or due? */
static bool is_pending(struct callseq_runtime *r) {
  return r->later.due || r->later.noticed || callseq_later_has_come(r);
}

bool callseq_later_is_pending(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_HOLDER(r);
  return atomic_load_explicit(&r->later.begun, memory_order_relaxed) && is_pending(r);
}

bool callseq_later_go_to_sleep(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_HOLDER(r);
  /* seq_cst, and in is_pending: pairs with callseq_later_wake, and with what queues before that */
  atomic_store_explicit(&r->later.awake, false, memory_order_seq_cst);
  if (!is_pending(r))
    return true;
  atomic_store_explicit(&r->later.awake, true, memory_order_seq_cst);
  return false;
}

void callseq_later_opened(struct callseq_runtime *r) {
  /* seq_cst: pairs with callseq_later_wake, which sets `awake` before it looks whether the runtime
   * is ready */
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load_explicit(&r->later.awake, memory_order_seq_cst))
    callseq_service_tell(r);
}

void callseq_later_ring(struct callseq_runtime *r, struct callseq_abi_request *q) {
  struct callseq_future *f = callseq_later_of(q);
  CALLSEQ_ASSERT_HOLDER(r);
  f->after = NULL;
  if (r->later.due)
    r->later.last_due->after = f;
  else
    r->later.due = f;
  r->later.last_due = f;
  callseq_later_wake(r);
}

/* ---- Beginning ---- */

static bool is_cancelled(void *what) {
  struct callseq_future *f = callseq_later_of_what(what);
  /* acquire: pairs with the release in callseq_future_cancel */
  return f && (atomic_load_explicit(&f->state, memory_order_acquire) & CALLSEQ_FUTURE_CANCELLED);
}

static void forget(void *what) { callseq_later_release(callseq_later_of_what(what)); }

bool callseq_later_begin(struct callseq_runtime *r) {
  /* acquire: pairs with the release below */
  if (atomic_load_explicit(&r->later.begun, memory_order_acquire))
    return true;
  pthread_mutex_lock(&r->later.mutex);
  bool begun = atomic_load_explicit(&r->later.begun, memory_order_relaxed);
  if (!begun) {
    begun = !r->suspend.never && callseq_service_start(r, "nothing can be executed later") &&
            callseq_backlog_init(&r->later.backlog, callseq_runtime_config(r)->post_limit,
                                 is_cancelled, forget);
    /* release: pairs with the acquires of who asks whether it has begun */
    atomic_store_explicit(&r->later.begun, begun, memory_order_release);
  }
  pthread_mutex_unlock(&r->later.mutex);
  return begun;
}

bool callseq_later_limit(struct callseq_runtime *r, unsigned limit) {
  /* acquire: pairs with the release above, as everywhere that asks so */
  if (atomic_load_explicit(&r->later.begun, memory_order_acquire))
    return callseq_backlog_limit(&r->later.backlog, limit);
  return true;
}

void callseq_abi_define_later(struct callseq_abi_callback *callback, C_word procedure) {
  callseq_later_begin(&callseq_runtime); /* what cannot be begun is refused */
  callseq_abi_define(callback, procedure);
}

/* ---- Queueing ---- */

bool callseq_later_is_open(struct callseq_runtime *r) {
  /* acquire: pairs with the releases of the state in setup.c, program.c and close.c */
  int state = atomic_load_explicit(&r->setup.state, memory_order_acquire);
  return !callseq_close_has_begun(r) &&
         (state == CALLSEQ_READY || (state == CALLSEQ_LOADING && callseq_runtime_inside(r)));
}

int callseq_later_refuse(struct callseq_runtime *r, int status) {
  callseq_count(&r->later.refused);
  return status;
}

int callseq_later_check(struct callseq_runtime *r, struct callseq_abi_callback *callback,
                        int whole) {
  return !callseq_abi_root(callback) || !callseq_later_is_open(r)
             ? callseq_later_refuse(r, CALLSEQ_CLOSED)
         : !whole || !callseq_later_begin(r) ? callseq_later_refuse(r, CALLSEQ_NOMEM)
                                             : CALLSEQ_OK;
}

int callseq_later_put(struct callseq_runtime *r, void *what, const void *data, size_t words,
                      uint64_t *ticket) {
  bool measure = !atomic_load_explicit(&r->later.awake, memory_order_relaxed);
  switch (callseq_backlog_put(&r->later.backlog, what, data, words, measure, ticket)) {
  case CALLSEQ_BACKLOG_PUT:
    callseq_later_wake(r);
    return CALLSEQ_OK;
  case CALLSEQ_BACKLOG_FULL:
    return callseq_later_refuse(r, CALLSEQ_FULL);
  case CALLSEQ_BACKLOG_SHUT:
    break;
  }
  return callseq_later_refuse(r, CALLSEQ_CLOSED);
}

/* ---- What the program is told ---- */

/* Is this thread in a function of the program's, as callseq_later_set_telling says? */
static __thread bool telling;

bool callseq_later_set_telling(bool is) {
  bool was = telling;
  telling = is;
  return was;
}

bool callseq_later_would_wait_for_itself(struct callseq_runtime *r) {
  return telling || callseq_runtime_inside(r);
}

void callseq_later_entrust(struct callseq_runtime *r, struct callseq_future *f,
                           void (*run)(struct callseq_chore *)) {
  f->chore.run = run;
  callseq_service_entrust(r, &f->chore);
}
