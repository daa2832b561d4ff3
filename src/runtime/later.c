/* Calls that outlive their caller's frame.
 *
 * A *post* has no result, a *future* may be asked for one, a *notification* is a callback that is
 * to run because something has happened. Posts and futures queue in the backlog; notifications of
 * one callback are one, however many there are, and need no queue.
 *
 * They begin where batches are made (callseq_abi_next_slowly): a holder that has waited takes some
 * of them before its own turn, and the service all that there are. Each is then a request like any
 * other, whose reply goes to nobody (CALLSEQ_ABI_TO_NOBODY). One that waits has a server of its own
 * as other suspended calls have, but no native thread: the service polls for it, and when its wait
 * is over it is *due*, and goes on where it could have begun.
 *
 *   the backlog's place         a post with few arguments: a callback and these. Nothing is
 *                               allocated for it until it begins
 *   struct callseq_future       every other call, and each that has begun
 *
 * Waking. `awake` says that somebody will look at what is here. Who queues something looks at it
 * afterwards, and tells the service if it is not set. The service unsets it when it finds nothing,
 * and then looks once more. So while it is busy nobody makes a system call.
 *
 * Flushing. Calls begin in the order of their tickets, and all below `settled` have begun. Those of
 * them that have not ended, or whose error has not been told, are `outstanding`.
 *
 * The state of a future. BEGUN and CANCELLED exclude each other: who sets the one has not found the
 * other. What whoever sets ENDED wrote before is visible to who sees it, and so is what belongs to
 * THEN: of the two that set ENDED and THEN the later one sees to it that `then` runs.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "base/trace.h"
#include "close.h"
#include "later.h"
#include "scheme.h"
#include "system/park.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
  SERVED = CALLSEQ_LIMIT(256, 2), /* by the service in one call, and */
  WAITED = CALLSEQ_LIMIT(16, 1),  /* so many if somebody waits for the runtime */
  SPARES = 64                     /* so many are kept */
};

/* `state` of a future */
enum {
  BEGUN = 1,
  ENDED = 2,
  CANCELLED = 4, /* with ENDED */
  FORKED = 8,    /* with ENDED */
  THEN_CLAIMED = 16,
  THEN = 32,
  ASLEEP = 64 /* a thread sleeps on it */
};

#define NO_TICKET UINT64_MAX /* of what was not in the backlog */

/* `state` of a notice */
enum { PENDING = 1, RUNNING = 2 };

/* ---- Memory ---- */

static struct callseq_future *of(const struct callseq_abi_request *q) {
  return (struct callseq_future *)((char *)q - offsetof(struct callseq_future, request));
}

static size_t bytes_of_arguments(const struct callseq_abi_callback *callback) {
  return callback->bytes - sizeof(struct callseq_abi_request);
}

static void *arguments_of(struct callseq_abi_request *q) { return q + 1; }

/* Has it been copied into its place of the backlog? */
static bool is_small(const struct callseq_abi_callback *callback) {
  return bytes_of_arguments(callback) <= CALLSEQ_BACKLOG_WORDS * sizeof(uintptr_t);
}

static void clear(struct callseq_future *f, enum callseq_later_kind kind,
                  struct callseq_abi_callback *callback) {
  memset((void *)f, 0, sizeof *f);
  f->kind = kind;
  f->request.callback = callback;
}

static struct callseq_future *make(enum callseq_later_kind kind,
                                   struct callseq_abi_callback *callback) {
  size_t bytes = bytes_of_arguments(callback);
  struct callseq_future *f = malloc(sizeof *f + bytes);
  if (f)
    clear(f, kind, callback);
  return f;
}

/* What its callback's calls own, and no more. */
static void drop_values(struct callseq_abi_request *q) {
  if (q->callback->drop)
    q->callback->drop(q);
}

static void destroy(struct callseq_future *f) {
  drop_values(&f->request);
  free(f->request.message);
  free(f->request.trace);
  free(f);
}

static void release(struct callseq_future *f) {
  /* acq_rel: pairs with itself, of other threads */
  if (f->kind != CALLSEQ_LATER_FUTURE ||
      atomic_fetch_sub_explicit(&f->references, 1, memory_order_acq_rel) == 1)
    destroy(f);
}

/* Holder: as large as any small call. */
static struct callseq_future *take_spare(struct callseq_runtime *r) {
  struct callseq_future *f = r->later.spare;
  if (!f)
    return malloc(sizeof *f + CALLSEQ_BACKLOG_WORDS * sizeof(uintptr_t));
  r->later.spare = f->after;
  r->later.spares--;
  return f;
}

static void give_back(struct callseq_runtime *r, struct callseq_future *f) {
  if (r->later.spares >= SPARES || !is_small(f->request.callback)) {
    destroy(f);
    return;
  }
  drop_values(&f->request);
  free(f->request.message);
  free(f->request.trace);
  f->after = r->later.spare;
  r->later.spare = f;
  r->later.spares++;
}

/* ---- Waking ---- */

static bool is_ready(struct callseq_runtime *r) {
  /* seq_cst: pairs with callseq_later_opened */
  return atomic_load_explicit(&r->setup.state, memory_order_seq_cst) == CALLSEQ_READY;
}

/* After something has been queued by a seq_cst access. Signal handlers too. */
static void wake(struct callseq_runtime *r) {
  /* seq_cst: pairs with go_to_sleep */
  if (atomic_load_explicit(&r->later.awake, memory_order_seq_cst) ||
      atomic_exchange_explicit(&r->later.awake, true, memory_order_seq_cst) || !is_ready(r))
    return;
  int cancel = callseq_thread_defer_cancel();
  callseq_service_tell(r);
  callseq_thread_allow_cancel(cancel);
}

/* Threads asleep on a word, and one that serves instead. */
static void wake_all(struct callseq_runtime *r, const void *word) {
  callseq_park_wake_all(word);
  callseq_service_wake(r, word);
}

/* Is there something queued, or due? */
static bool is_pending(struct callseq_runtime *r) {
  return r->later.due || r->later.noticed ||
         atomic_load_explicit(&r->later.notices, memory_order_seq_cst) ||
         !callseq_backlog_is_empty(&r->later.backlog);
}

bool callseq_later_is_pending(struct callseq_runtime *r) {
  return atomic_load_explicit(&r->later.begun, memory_order_relaxed) && is_pending(r);
}

/* Nobody looks any more. False: there is something. */
static bool go_to_sleep(struct callseq_runtime *r) {
  /* seq_cst, and in is_pending: pairs with wake, and with what queues before that */
  atomic_store_explicit(&r->later.awake, false, memory_order_seq_cst);
  if (!is_pending(r))
    return true;
  atomic_store_explicit(&r->later.awake, true, memory_order_seq_cst);
  return false;
}

void callseq_later_opened(struct callseq_runtime *r) {
  /* seq_cst: pairs with wake, which looks whether the runtime is ready after it has set this */
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load_explicit(&r->later.awake, memory_order_seq_cst))
    callseq_service_tell(r);
}

/* ---- Beginning ---- */

static bool is_cancelled(void *what) {
  uintptr_t word = (uintptr_t)what;
  struct callseq_future *f = (struct callseq_future *)(word & ~(uintptr_t)1);
  /* acquire: pairs with the release in callseq_future_cancel */
  return (word & 1) && (atomic_load_explicit(&f->state, memory_order_acquire) & CANCELLED);
}

static void forget(void *what) {
  release((struct callseq_future *)((uintptr_t)what & ~(uintptr_t)1));
}

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
    atomic_store_explicit(&r->later.begun, begun, memory_order_release);
  }
  pthread_mutex_unlock(&r->later.mutex);
  return begun;
}

bool callseq_later_limit(struct callseq_runtime *r, unsigned limit) {
  if (atomic_load_explicit(&r->later.begun, memory_order_acquire))
    return callseq_backlog_limit(&r->later.backlog, limit);
  return true;
}

/* ---- Reports: by the service, outside ---- */

static struct callseq_future *of_chore(struct callseq_chore *chore) {
  return (struct callseq_future *)((char *)chore - offsetof(struct callseq_future, chore));
}

/* Is this thread the service, in a function of the program's that is told of something? */
static __thread bool telling;

/* Nobody would execute what this thread waits for. */
static bool would_wait_for_itself(struct callseq_runtime *r) {
  return telling || callseq_runtime_inside(r);
}

static void entrust(struct callseq_runtime *r, struct callseq_future *f,
                    void (*run)(struct callseq_chore *)) {
  f->chore.run = run;
  callseq_service_entrust(r, &f->chore);
}

/* Outstanding ones are few: those that wait, and those whose error is to be told. */
static void link_in(struct callseq_runtime *r, struct callseq_future *f) {
  pthread_mutex_lock(&r->later.mutex);
  f->next = r->later.outstanding;
  f->link = &r->later.outstanding;
  if (f->next)
    f->next->link = &f->next;
  r->later.outstanding = f;
  pthread_mutex_unlock(&r->later.mutex);
}

static void unlink_locked(struct callseq_future *f) {
  *f->link = f->next;
  if (f->next)
    f->next->link = f->link;
  f->link = NULL;
}

/* For threads that flush. */
static void tell_flushers(struct callseq_runtime *r) {
  if (!atomic_load_explicit(&r->later.flushers, memory_order_relaxed))
    return;
  /* release: pairs with the acquire in callseq_flush */
  atomic_fetch_add_explicit(&r->later.flushed, 1, memory_order_release);
  wake_all(r, &r->later.flushed);
}

static void unlink_from(struct callseq_runtime *r, struct callseq_future *f) {
  pthread_mutex_lock(&r->later.mutex);
  unlink_locked(f);
  pthread_mutex_unlock(&r->later.mutex);
  tell_flushers(r);
}

/* The thread's own last error is put aside: the service may be the host's. */
static void report_error(struct callseq_chore *chore) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_future *f = of_chore(chore);
  callseq_thread_lend();
  callseq_thread_remember(f->request.status, f->request.message, f->request.trace);
  f->request.message = f->request.trace = NULL;
  telling = true;
  callseq_thread_report(callseq_runtime_config(r));
  telling = false;
  callseq_thread_take_back();
  unlink_from(r, f);
  release(f);
}

static int status_of(const struct callseq_future *f, uint32_t state) {
  return state & CANCELLED ? CALLSEQ_CANCELLED
         : state & FORKED  ? CALLSEQ_FORKED
                           : f->request.status;
}

static void call_then(struct callseq_future *f) {
  f->then(f->data, status_of(f, atomic_load_explicit(&f->state, memory_order_acquire)));
  release(f);
}

static void run_then(struct callseq_chore *chore) {
  telling = true;
  call_then(of_chore(chore));
  telling = false;
}

/* A future has ended: `before` is the state that was replaced. */
static void tell_end(struct callseq_runtime *r, struct callseq_future *f, uint32_t before) {
  if (before & ASLEEP)
    wake_all(r, &f->state);
  if (before & THEN)
    entrust(r, f, run_then);
}

/* ---- The holder ---- */

/* One whose wait is over. */
static struct callseq_abi_request *take_due(struct callseq_runtime *r) {
  struct callseq_future *f = r->later.due;
  if (!f)
    return NULL;
  r->later.due = f->after;
  callseq_suspend_prepare(&f->resumption, &f->request);
  return &f->resumption.request;
}

void callseq_later_ring(struct callseq_runtime *r, struct callseq_abi_request *q) {
  struct callseq_future *f = of(q);
  f->after = NULL;
  if (r->later.due)
    r->later.last_due->after = f;
  else
    r->later.due = f;
  r->later.last_due = f;
  wake(r);
}

static struct callseq_abi_request *take_notice(struct callseq_runtime *r) {
  if (!r->later.noticed) {
    if (!atomic_load_explicit(&r->later.notices, memory_order_relaxed))
      return NULL;
    /* acquire: pairs with push_notice */
    struct callseq_abi_notice *n =
        atomic_exchange_explicit(&r->later.notices, NULL, memory_order_acquire);
    while (n) {
      struct callseq_abi_notice *next = n->next;
      n->next = r->later.noticed;
      r->later.noticed = n;
      n = next;
    }
  }
  struct callseq_abi_notice *n = r->later.noticed;
  struct callseq_future *f = take_spare(r);
  if (!f)
    return NULL;
  r->later.noticed = n->next;
  clear(f, CALLSEQ_LATER_NOTICE, n->callback);
  f->ticket = NO_TICKET;
  f->notice = n;
  /* acq_rel: pairs with callseq_abi_notify */
  atomic_exchange_explicit(&n->state, RUNNING, memory_order_acq_rel);
  return &f->request;
}

/* Has it been cancelled in the last moment? */
static bool can_begin(struct callseq_future *f) {
  uint32_t state = atomic_load_explicit(&f->state, memory_order_relaxed);
  while (!(state & CANCELLED))
    if (atomic_compare_exchange_weak_explicit(&f->state, &state, state | BEGUN,
                                              memory_order_relaxed, memory_order_relaxed))
      return true;
  return false;
}

static void note_queued(struct callseq_runtime *r, uint64_t since) {
  if (since)
    callseq_count_most(&r->later.longest, callseq_clock_now() - since);
}

static void settle(struct callseq_runtime *r, uint64_t ticket) {
  /* release: pairs with the acquire in is_flushed */
  if (ticket > atomic_load_explicit(&r->later.settled, memory_order_relaxed))
    atomic_store_explicit(&r->later.settled, ticket, memory_order_release);
}

/* A call in its place of the backlog, with a structure of its own; NULL: no memory. */
static struct callseq_future *unpack(struct callseq_runtime *r,
                                     const struct callseq_backlog_place *place) {
  struct callseq_future *f = take_spare(r);
  if (!f)
    return NULL;
  clear(f, CALLSEQ_LATER_POST, place->what);
  memcpy(arguments_of(&f->request), place->words, bytes_of_arguments(place->what));
  return f;
}

/* `*busy`: there may be one, but not just now. */
static struct callseq_abi_request *take_post(struct callseq_runtime *r, bool *busy) {
  struct callseq_backlog *b = &r->later.backlog;
  for (;;) {
    uint64_t left;
    const struct callseq_backlog_place *place = callseq_backlog_look(b, &left);
    *busy = !place && left == CALLSEQ_BACKLOG_BUSY;
    if (!place && !*busy)
      settle(r, left);
    if (!place)
      return NULL;
    uintptr_t word = (uintptr_t)place->what;
    struct callseq_future *f;
    if (word & 1) {
      f = (struct callseq_future *)(word & ~(uintptr_t)1);
      if (f->kind == CALLSEQ_LATER_FUTURE && !can_begin(f)) {
        callseq_backlog_leave(b);
        continue;
      }
    } else if (!(f = unpack(r, place))) {
      callseq_backlog_leave(b);
      *busy = true;
      return NULL;
    }
    f->ticket = place->ticket;
    note_queued(r, place->since);
    callseq_backlog_take(b);
    callseq_count_as_holder(&r->later.executed);
    return &f->request;
  }
}

/* May this batch go on? */
static bool has_turn(struct callseq_runtime *r, bool serving) {
  uint32_t served = r->later.served;
  if (!serving) /* nobody, under CALLSEQ_BATCH_NONE */
    return served < atomic_load_explicit(&r->fast.sequencer.batch_limit, memory_order_relaxed);
  return served < SERVED &&
         (served < WAITED || !callseq_sequencer_is_waited_for(&r->fast.sequencer));
}

struct callseq_abi_request *callseq_later_next(struct callseq_runtime *r, bool serving) {
  CALLSEQ_ASSERT_HOLDER(r);
  if (!atomic_load_explicit(&r->later.begun, memory_order_relaxed))
    return NULL;
  struct callseq_abi_request *q = NULL;
  bool busy = false, has = has_turn(r, serving);
  while (has) {
    q = take_due(r);
    if (!q)
      q = take_notice(r);
    if (!q)
      q = take_post(r, &busy);
    if (q || busy || !serving || go_to_sleep(r))
      break;
  }
  if (q) {
    r->later.serving = serving;
    r->later.served++;
    return q;
  }
  if (serving) {
    tell_flushers(r);
    if (!has || busy)
      callseq_service_tell(r);
  }
  r->later.serving = false;
  r->later.served = 0;
  return NULL;
}

static void push_notice(struct callseq_runtime *r, struct callseq_abi_notice *n) {
  n->next = atomic_load_explicit(&r->later.notices, memory_order_relaxed);
  /* release: pairs with the acquire in take_notice. seq_cst: with go_to_sleep */
  while (!atomic_compare_exchange_weak_explicit(&r->later.notices, &n->next, n,
                                                memory_order_seq_cst, memory_order_relaxed)) {
  }
  wake(r);
}

/* Was it notified again while it ran? */
static void end_notice(struct callseq_runtime *r, struct callseq_abi_notice *n) {
  /* acq_rel: pairs with callseq_abi_notify */
  if (atomic_fetch_and_explicit(&n->state, ~(uint32_t)RUNNING, memory_order_acq_rel) & PENDING)
    push_notice(r, n);
}

/* `f` has a status of its own. */
static void end_future(struct callseq_runtime *r, struct callseq_future *f) {
  /* acq_rel: pairs with the acquires of who waits, and with callseq_future_then */
  tell_end(r, f, atomic_fetch_or_explicit(&f->state, ENDED, memory_order_acq_rel));
  release(f);
}

static void has_ended(struct callseq_runtime *r, struct callseq_future *f) {
  bool waited = f->link;
  uint64_t ticket = f->ticket;
  if (f->notice)
    end_notice(r, f->notice);
  if (f->request.status && f->kind != CALLSEQ_LATER_FUTURE) {
    if (!waited)
      link_in(r, f);
    entrust(r, f, report_error);
  } else {
    if (waited)
      unlink_from(r, f);
    if (f->kind == CALLSEQ_LATER_FUTURE)
      end_future(r, f);
    else
      give_back(r, f);
  }
  if (!waited)
    settle(r, ticket + 1);
}

void callseq_later_end(struct callseq_runtime *r, struct callseq_abi_request *q) {
  struct callseq_future *f = of(q);
  CALLSEQ_ASSERT_IN_SCHEME(r);
  if (q->status != CALLSEQ_ABI_SUSPENDED) {
    has_ended(r, f);
  } else if (!f->link) {
    link_in(r, f);
    settle(r, f->ticket + 1);
  }
}

/* ---- Posting ---- */

/* Before it is set up, or after it is closed, nothing is queued; while it loads, by what it loads
 * only. */
static bool is_open(struct callseq_runtime *r) {
  /* acquire: pairs with the releases of the state in set_up */
  int state = atomic_load_explicit(&r->setup.state, memory_order_acquire);
  return !callseq_close_has_begun(r) &&
         (state == CALLSEQ_READY || (state == CALLSEQ_LOADING && callseq_runtime_inside(r)));
}

static int refuse(struct callseq_runtime *r, int status) {
  callseq_count(&r->later.refused);
  return status;
}

/* Queues `what`; `data` goes with it. */
static int put(struct callseq_runtime *r, void *what, const void *data, size_t bytes) {
  switch (callseq_backlog_put(&r->later.backlog, what, data, bytes,
                              !atomic_load_explicit(&r->later.awake, memory_order_relaxed))) {
  case CALLSEQ_BACKLOG_PUT:
    wake(r);
    return CALLSEQ_OK;
  case CALLSEQ_BACKLOG_FULL:
    return refuse(r, CALLSEQ_FULL);
  case CALLSEQ_BACKLOG_SHUT:
    break;
  }
  return refuse(r, CALLSEQ_CLOSED);
}

/* A call with its arguments copied to where it will be executed, or NULL. */
static struct callseq_future *copy(struct callseq_abi_request *q, enum callseq_later_kind kind) {
  struct callseq_future *f = make(kind, q->callback);
  if (f)
    memcpy(arguments_of(&f->request), arguments_of(q), bytes_of_arguments(q->callback));
  return f;
}

static int put_copy(struct callseq_runtime *r, struct callseq_future *f) {
  return put(r, (void *)((uintptr_t)f | 1), NULL, 0);
}

static int post(struct callseq_runtime *r, struct callseq_abi_request *q) {
  if (is_small(q->callback))
    return put(r, q->callback, arguments_of(q), bytes_of_arguments(q->callback));
  struct callseq_future *f = copy(q, CALLSEQ_LATER_POST);
  int status = f ? put_copy(r, f) : refuse(r, CALLSEQ_NOMEM);
  if (status)
    free(f);
  return status;
}

char **callseq_abi_copy_strings(char **list, int *whole) {
  size_t n = 0;
  while (list && list[n])
    n++;
  char **copy = list ? calloc(n + 1, sizeof *copy) : NULL;
  if (list && !copy)
    *whole = 0;
  for (size_t i = 0; copy && i < n; i++)
    copy[i] = callseq_abi_copy(list[i], whole);
  return copy;
}

static int check(struct callseq_runtime *r, struct callseq_abi_callback *callback, int whole) {
  return !callseq_abi_root(callback) || !is_open(r) ? refuse(r, CALLSEQ_CLOSED)
         : !whole || !callseq_later_begin(r)        ? refuse(r, CALLSEQ_NOMEM)
                                                    : CALLSEQ_OK;
}

int callseq_abi_post(struct callseq_abi_request *q, struct callseq_abi_callback *callback,
                     int whole) {
  struct callseq_runtime *r = &callseq_runtime;
  CALLSEQ_POINT1(post, callback->name);
  q->callback = callback;
  int status = check(r, callback, whole);
  if (!status)
    status = post(r, q);
  if (status) {
    CALLSEQ_POINT2(refused, callback->name, status);
    drop_values(q);
  }
  return status;
}

/* ---- callseq_post ---- */

struct posted {
  struct callseq_abi_request request;
  void (*function)(void *); /* as in a call of callseq_invoke */
  void *argument;
  void (*dropped)(void *);
};

static C_word reply_to_post(C_word serial, C_word value) {
  (void)value;
  return callseq_scheme_reply_void(serial);
}

static struct callseq_abi_callback posted = {.name = "callseq_post",
                                             .type = "void",
                                             .accepts = "anything",
                                             .reply = reply_to_post,
                                             .bytes = sizeof(struct posted),
                                             .later = 1};

void callseq_scheme_define_post(C_word procedure) { callseq_abi_define(&posted, procedure); }

static int complain(int status, char *message) {
  callseq_thread_enter();
  callseq_thread_remember(status, message, NULL);
  return status;
}

int callseq_post(void (*function)(void *), void *argument, void (*dropped)(void *)) {
  struct callseq_runtime *r = &callseq_runtime;
  struct posted call = {.function = function, .argument = argument, .dropped = dropped};
  if (!function)
    return complain(CALLSEQ_INVALID, callseq_format("callseq_post: the function is NULL"));
  if (r->suspend.never)
    return complain(CALLSEQ_INVALID,
                    callseq_format("callseq_post: the program is compiled with CALLSEQ_NO_LOCK, so "
                                   "nothing can be executed later"));
  call.request.callback = &posted;
  int status = check(r, &posted, 1);
  return status ? status : post(r, &call.request);
}

/* Until a deadline: milliseconds to sleep, 0: for ever; false: it has passed. */
static bool can_sleep(uint64_t deadline, uint32_t *milliseconds) {
  *milliseconds = 0;
  if (!deadline)
    return true;
  uint64_t t = callseq_clock_now();
  if (t >= deadline)
    return false;
  uint64_t ms = (deadline - t + 999999) / 1000000;
  *milliseconds = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
  return true;
}

static uint64_t deadline_in(unsigned ms) {
  return ms == CALLSEQ_FOREVER ? 0 : callseq_clock_now() + (uint64_t)ms * 1000000;
}

/* Has everything with a lower ticket ended, and been reported? */
static bool is_flushed(struct callseq_runtime *r, uint64_t ticket) {
  /* acquire: pairs with the release in settle; what was outstanding then is in the list */
  if (atomic_load_explicit(&r->later.settled, memory_order_acquire) < ticket)
    return false;
  bool flushed = true;
  pthread_mutex_lock(&r->later.mutex);
  for (struct callseq_future *f = r->later.outstanding; f; f = f->next)
    flushed = flushed && f->ticket >= ticket;
  pthread_mutex_unlock(&r->later.mutex);
  return flushed;
}

/* Notifications are not what was posted. */
int callseq_flush(unsigned ms) {
  struct callseq_runtime *r = &callseq_runtime;
  if (!atomic_load_explicit(&r->later.begun, memory_order_acquire))
    return CALLSEQ_OK;
  if (would_wait_for_itself(r))
    return complain(CALLSEQ_WOULD_DEADLOCK,
                    callseq_format("callseq_flush: a callback, or what the service tells, keeps "
                                   "what has been posted from being executed while it waits"));
  uint64_t ticket = callseq_backlog_ticket(&r->later.backlog), deadline = deadline_in(ms);
  int status = CALLSEQ_TIMEDOUT, cancel = callseq_thread_defer_cancel();
  uint32_t left;
  atomic_fetch_add_explicit(&r->later.flushers, 1, memory_order_relaxed);
  for (bool told = false;; told = true) {
    /* acquire: pairs with the release in tell_flushers */
    uint32_t word = atomic_load_explicit(&r->later.flushed, memory_order_acquire);
    if (is_flushed(r, ticket)) {
      status = CALLSEQ_OK;
      break;
    }
    if (!told)
      callseq_service_tell(r); /* which tells, whatever it finds */
    if (!can_sleep(deadline, &left))
      break;
    callseq_service_wait(r, &r->later.flushed, word, left);
  }
  atomic_fetch_sub_explicit(&r->later.flushers, 1, memory_order_relaxed);
  callseq_thread_allow_cancel(cancel);
  return status;
}

/* ---- Futures ---- */

struct callseq_future *callseq_abi_future(struct callseq_abi_request *q,
                                          struct callseq_abi_callback *callback, int whole) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_future *f = NULL;
  CALLSEQ_POINT1(post, callback->name);
  q->callback = callback;
  int status = check(r, callback, whole);
  if (!status && !(f = copy(q, CALLSEQ_LATER_FUTURE)))
    status = refuse(r, CALLSEQ_NOMEM);
  if (!status) {
    atomic_store_explicit(&f->references, 2, memory_order_relaxed); /* the caller's, the call's */
    status = put_copy(r, f);
  }
  if (!status)
    return f;
  CALLSEQ_POINT2(refused, callback->name, status);
  drop_values(q);
  free(f);
  complain(status, callseq_format("%s: %s", callback->name, callseq_strerror(status)));
  return NULL;
}

/* Waits for the end: the call's status, TIMEDOUT, or WOULD_DEADLOCK. */
static int await(struct callseq_runtime *r, struct callseq_future *f, unsigned ms) {
  uint64_t deadline = 0;
  uint32_t left;
  for (bool first = true;; first = false) {
    /* acquire: pairs with the release in end_future and callseq_future_cancel */
    uint32_t state = atomic_load_explicit(&f->state, memory_order_acquire);
    if (state & ENDED)
      return status_of(f, state);
    if (ms == 0)
      return CALLSEQ_TIMEDOUT;
    if (would_wait_for_itself(r))
      return CALLSEQ_WOULD_DEADLOCK;
    if (first)
      deadline = deadline_in(ms);
    if (!can_sleep(deadline, &left))
      return CALLSEQ_TIMEDOUT;
    if (!(state & ASLEEP) &&
        !atomic_compare_exchange_strong_explicit(&f->state, &state, state | ASLEEP,
                                                 memory_order_relaxed, memory_order_relaxed))
      continue;
    callseq_service_wait(r, &f->state, state | ASLEEP, left);
  }
}

static const char *name_of(const struct callseq_future *f) { return f->request.callback->name; }

static int would_deadlock(const struct callseq_future *f) {
  return complain(CALLSEQ_WOULD_DEADLOCK,
                  callseq_format("%s: a callback, or what the service tells, keeps this future's "
                                 "call from being executed while it waits; ask with 0 ms",
                                 name_of(f)));
}

int callseq_future_wait(callseq_future *future, unsigned ms) {
  if (!future)
    return complain(CALLSEQ_INVALID, callseq_format("callseq_future_wait: the future is NULL"));
  int cancel = callseq_thread_defer_cancel();
  int status = await(&callseq_runtime, future, ms);
  callseq_thread_allow_cancel(cancel);
  return status == CALLSEQ_WOULD_DEADLOCK ? would_deadlock(future) : status;
}

/* What a future without a message of its own has to say. */
static char *explain(const struct callseq_future *f, int status) {
  return callseq_format("%s: %s", name_of(f),
                        status == CALLSEQ_CANCELLED ? "the call was cancelled before it began"
                        : status == CALLSEQ_FORKED
                            ? "the call was made in the parent of this process, which has it"
                            : callseq_strerror(status));
}

int callseq_abi_await(struct callseq_future *f, struct callseq_abi_callback *callback,
                      struct callseq_abi_request **call) {
  *call = NULL;
  if (!f || f->request.callback != callback)
    return complain(CALLSEQ_INVALID, callseq_format("%s_result: the future is %s", callback->name,
                                                    f ? "another callback's" : "NULL"));
  int cancel = callseq_thread_defer_cancel();
  int status = await(&callseq_runtime, f, CALLSEQ_FOREVER);
  callseq_thread_allow_cancel(cancel);
  if (status == CALLSEQ_WOULD_DEADLOCK)
    return would_deadlock(f);
  callseq_thread_enter(); /* it may keep a string, or a message */
  *call = &f->request;
  if (status == CALLSEQ_OK)
    return status;
  char *message = f->request.message, *trace = f->request.trace;
  f->request.message = f->request.trace = NULL;
  return callseq_thread_remember(status, message ? message : explain(f, status), trace), status;
}

void callseq_abi_let_go(struct callseq_abi_request *call) {
  if (call)
    release(of(call));
}

int callseq_future_cancel(callseq_future *future) {
  struct callseq_runtime *r = &callseq_runtime;
  if (!future)
    return complain(CALLSEQ_INVALID, callseq_format("callseq_future_cancel: the future is NULL"));
  uint32_t state = atomic_load_explicit(&future->state, memory_order_relaxed);
  do {
    if (state & CANCELLED)
      return CALLSEQ_OK;
    if (state & (BEGUN | ENDED))
      return CALLSEQ_BUSY;
    /* acq_rel: pairs with is_cancelled, await and callseq_future_then */
  } while (!atomic_compare_exchange_weak_explicit(&future->state, &state, state | CANCELLED | ENDED,
                                                  memory_order_acq_rel, memory_order_relaxed));
  callseq_count(&r->later.cancelled);
  tell_end(r, future, state);
  callseq_backlog_cancel(&r->later.backlog);
  return CALLSEQ_OK;
}

int callseq_future_then(callseq_future *future, void (*f)(void *data, int status), void *data) {
  struct callseq_runtime *r = &callseq_runtime;
  if (!future || !f)
    return complain(CALLSEQ_INVALID, callseq_format("callseq_future_then: the %s is NULL",
                                                    future ? "function" : "future"));
  if (atomic_fetch_or_explicit(&future->state, THEN_CLAIMED, memory_order_relaxed) & THEN_CLAIMED)
    return complain(CALLSEQ_INVALID,
                    callseq_format("callseq_future_then: this future of %s has a function already",
                                   name_of(future)));
  future->then = f;
  future->data = data;
  atomic_fetch_add_explicit(&future->references, 1, memory_order_relaxed); /* run_then's */
  /* acq_rel: pairs with who sets ENDED */
  uint32_t before = atomic_fetch_or_explicit(&future->state, THEN, memory_order_acq_rel);
  if (!(before & ENDED))
    return CALLSEQ_OK;
  if (callseq_runtime_inside(r))
    entrust(r, future, run_then);
  else
    call_then(future);
  return CALLSEQ_OK;
}

void callseq_future_release(callseq_future *future) {
  if (future)
    release(future);
}

/* ---- Definitions ---- */

void callseq_abi_define_later(struct callseq_abi_callback *callback, C_word procedure) {
  callseq_later_begin(&callseq_runtime); /* what cannot be begun is refused */
  callseq_abi_define(callback, procedure);
}

/* ---- Notifications ---- */

void callseq_abi_define_notice(struct callseq_abi_notice *n, C_word procedure) {
  struct callseq_runtime *r = &callseq_runtime;
  if (!n->known) {
    n->known = 1;
    n->other = r->later.known;
    r->later.known = n;
  }
  callseq_abi_define_later(n->callback, procedure);
}

/* Any thread, and signal handlers. */
void callseq_abi_notify(struct callseq_abi_notice *n) {
  struct callseq_runtime *r = &callseq_runtime;
  if (!callseq_abi_root(n->callback) || !is_open(r))
    return;
  /* acq_rel: pairs with take_notice and end_notice. What was written before is visible to a run
   * that begins later, whether this notification is its first or not */
  if (!atomic_fetch_or_explicit(&n->state, PENDING, memory_order_acq_rel))
    push_notice(r, n);
}

/* ---- The end ---- */

/* A place of the backlog that will not be executed: by `state`, CANCELLED or FORKED. */
static void drop_place(const struct callseq_backlog_place *place, uint32_t why) {
  struct callseq_runtime *r = &callseq_runtime;
  uintptr_t word = (uintptr_t)place->what;
  if (word & 1) {
    struct callseq_future *f = (struct callseq_future *)(word & ~(uintptr_t)1);
    if (f->kind == CALLSEQ_LATER_FUTURE && can_begin(f)) /* not cancelled in the last moment */
      tell_end(r, f, atomic_fetch_or_explicit(&f->state, why | ENDED, memory_order_acq_rel));
    release(f);
    return;
  }
  struct {
    struct callseq_abi_request request;
    uintptr_t words[CALLSEQ_BACKLOG_WORDS];
  } call = {.request.callback = place->what};
  memcpy(call.words, place->words, bytes_of_arguments(place->what));
  drop_values(&call.request);
}

/* `dropped` of callseq_post. */
static void call_dropped(const struct callseq_backlog_place *place) {
  if (place->what != &posted)
    return;
  struct posted call;
  memcpy(arguments_of(&call.request), place->words, bytes_of_arguments(&posted));
  if (call.dropped)
    call.dropped(call.argument);
}

static void drop_closed(const struct callseq_backlog_place *place) {
  callseq_count(&callseq_runtime.later.dropped);
  drop_place(place, CANCELLED);
  call_dropped(place);
}

static void drop_forked(const struct callseq_backlog_place *place) { drop_place(place, FORKED); }

void callseq_later_close(struct callseq_runtime *r) {
  if (!atomic_load_explicit(&r->later.begun, memory_order_acquire))
    return;
  callseq_backlog_close(&r->later.backlog, drop_closed);
  settle(r, callseq_backlog_ticket(&r->later.backlog));
  tell_flushers(r);
}

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
  struct callseq_abi_now *at = &r->fast.now;
  if (!callseq_runtime_inside(r))
    return NULL;
  for (struct callseq_level *level = r->levels.innermost; level->outer; level = level->outer)
    at = &level->below;
  return at->reply_to == CALLSEQ_ABI_TO_NOBODY ? of(at->request) : NULL;
}

/* It has begun, and does not go on here. Its server has forgotten it. */
static void forget_outstanding(struct callseq_runtime *r, struct callseq_future *f) {
  unlink_locked(f);
  if (f->kind == CALLSEQ_LATER_FUTURE && f->request.status == CALLSEQ_ABI_SUSPENDED)
    tell_end(r, f, atomic_fetch_or_explicit(&f->state, FORKED | ENDED, memory_order_relaxed));
  if (f->kind == CALLSEQ_LATER_FUTURE)
    release(f);
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
  r->later.noticed = NULL;
  atomic_store_explicit(&r->later.notices, NULL, memory_order_relaxed);
  for (struct callseq_abi_notice *n = r->later.known; n; n = n->other)
    atomic_store_explicit(&n->state, own && own->notice == n ? RUNNING : 0, memory_order_relaxed);
  callseq_backlog_forked(&r->later.backlog, drop_forked);
  atomic_store_explicit(&r->later.settled, 0, memory_order_relaxed);
  atomic_store_explicit(&r->later.awake, false, memory_order_relaxed);
  atomic_store_explicit(&r->later.flushers, 0, memory_order_relaxed);
  if (own)
    own->ticket = NO_TICKET;
}
