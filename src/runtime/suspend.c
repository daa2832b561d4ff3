/* Suspension, on the side of the holder; settle.c has that of the native thread whose call it is.
 *
 * CHICKEN's continuations are objects of the heap: a computation that waits needs nothing on the
 * stack, unless C frames are there. So a callback that waits is suspended: its green thread keeps
 * the continuation, its native thread waits outside, and the runtime is free.
 *
 * A *resident* is a green thread that runs the resident loop. One is attached at any time: its
 * request is the current one, it is running or ready. Others are suspended, each with its request,
 * or spare. When the attached resident waits, suspension.scm takes down here what it waits for, and
 * attaches a spare one; that ends the batch's step as a reply does, so that the request's thread
 * gets its request back with the status CALLSEQ_ABI_SUSPENDED, and settles it.
 *
 * A resident that calls a blocking C function leaves at once, attached as it is: if its own thread
 * is the next to come, it goes on as if it had not left, at hardly more than the price of a call.
 * Only if another comes before is a spare one attached, for that one's request (`suspend.came`).
 *
 * The serial of a resumed request is the old one, so that a delivery is still for the request that
 * it was made for. `suspend.above` keeps the last serial meanwhile, from which those that follow
 * count on.
 *
 * verify/suspension.pml is a model of this.
 *
 * Invariants. A resident that is not attached never runs. A request is suspended exactly while its
 * status says so. Whoever rings is the holder, so a bell that its own thread closes as the holder
 * is rung by nobody.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "birth.h"
#include "close.h"
#include "failure.h"
#include "fork.h"
#include "later.h"
#include "levels.h"
#include "messages.h"
#include "program.h"
#include "roots.h"
#include "scheme.h"
#include "service.h"
#include "suspend.h"
#include "system/park.h"

#include <poll.h>
#include <stdlib.h>

/* ---- Going on ---- */

static struct callseq_abi_callback resume = {
    CALLSEQ_SCHEME_CALLBACK("(resumption)", struct callseq_resumption), .internal = 1};

void callseq_scheme_define_resume(C_word procedure) { callseq_abi_define(&resume, procedure); }

void callseq_suspend_prepare(struct callseq_resumption *call, struct callseq_abi_request *q) {
  call->request.callback = &resume;
  call->request.status = 0;
  call->request.message = call->request.trace = NULL;
  call->suspended = q;
}

/* ---- Residents ---- */

static struct callseq_resident *resident_of(C_word word) {
  return (struct callseq_resident *)(word & ~(C_word)C_FIXNUM_BIT);
}

/* A resident's record, as a fixnum; `level` is what residents.scm has of it. */
C_word callseq_scheme_make_resident(C_word level) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_resident *v = calloc(1, sizeof *v);
  if (!v) {
    callseq_print("callseq: no memory for one more callback that waits\n");
    abort();
  }
  v->bell = (struct callseq_bell)CALLSEQ_BELL_NONE;
  v->root = callseq_roots_take(r, level);
  v->next = r->suspend.residents;
  r->suspend.residents = v;
  return (C_word)v | C_FIXNUM_BIT;
}

/* May the current request be suspended? Not where C frames lie on the Scheme stack, nor in a
 * handler of fork, which holds the runtime for another reason, nor when nobody could resume it. */
static bool can_suspend(struct callseq_runtime *r) {
  struct callseq_level *level = r->levels.innermost;
  return !level->outer && !r->suspend.exclusive && !r->suspend.never &&
         (callseq_runtime_config(r)->suspend != CALLSEQ_SUSPEND_NONE ||
          callseq_program_is(r, r->fast.current.request)) && /* which others wait for, for ever */
         atomic_load_explicit(&r->setup.state, memory_order_relaxed) == CALLSEQ_READY &&
         callseq_roots_safe_lambdas(r, level->safe + 1) <= level->safe &&
         !callseq_fork_holds_setup();
}

C_word callseq_scheme_can_suspend(void) { return C_mk_bool(can_suspend(callseq_runtime_here())); }

/* Has no native thread made the current request? */
C_word callseq_scheme_is_later(void) {
  return C_mk_bool(callseq_later_is(callseq_runtime_here()->fast.current.request));
}

/* Of (exclusively ...) so many more are being evaluated, or fewer. */
C_word callseq_scheme_exclude(C_word change) {
  callseq_runtime_here()->suspend.exclusive += (int)C_unfix(change);
  return C_SCHEME_UNDEFINED;
}

/* Takes the current request from the attached resident, which waits for `fd` (-1: none) or for so
 * many milliseconds (negative: for ever), or until it is rung for; or for nothing, if it gives way;
 * or has `job` run. Another one is attached then. */
CALLSEQ_INLINE void suspend(int fd, short events, double milliseconds, bool at_once,
                            struct callseq_abi_job *job) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_resident *v = r->suspend.attached;
  struct callseq_abi_request *q = r->fast.current.request;
  CALLSEQ_ASSERT_IN_SCHEME(r);
  CALLSEQ_ASSERT(v && !r->levels.depth && !r->suspend.exclusive);
  v->request = q;
  v->serial = r->fast.current.serial;
  v->away = true;
  callseq_masks_suspend(&v->mask, &r->levels.base.caller,
                        r->fast.current.reply_to > CALLSEQ_ABI_TO_HOLDER);
  v->job = job;
  v->fd = fd;
  v->events = events;
  v->at_once = at_once;
  v->timed_out = false;
  v->deadline = callseq_clock_deadline_in(milliseconds);
  atomic_store_explicit(&v->rung, CALLSEQ_RUNG_NOT, memory_order_relaxed);
  q->resident = v;
  q->status = CALLSEQ_ABI_SUSPENDED;
  if (callseq_program_is(r, q))
    callseq_program_goes(r);
  if (!q->callback->internal)
    callseq_count_as_holder(&r->counts.suspended);
}

void callseq_scheme_suspend(int fd, int input, int output, double milliseconds) {
  suspend(fd, (short)((input ? POLLIN : 0) | (output ? POLLOUT : 0)), milliseconds, false, NULL);
}

C_word callseq_scheme_give_way(void) {
  suspend(-1, 0, -1, true, NULL);
  return C_SCHEME_UNDEFINED;
}

/* Attaches `v` again, with its request: what is said of the current call is said of that one from
 * now on. */
CALLSEQ_INLINE void attach(struct callseq_runtime *r, struct callseq_resident *v,
                           struct callseq_abi_request *q) {
  r->fast.current.request = q;
  if (r->fast.current.serial != v->serial) {
    callseq_abi_set(&r->suspend.above, r->fast.current.serial);
    callseq_runtime_reply_slowly(r);
    /* release: pairs with the fence in callseq_stats */
    __atomic_store_n(&r->fast.current.serial, v->serial, __ATOMIC_RELEASE);
    atomic_store_explicit(&r->fast.callback, q->callback, memory_order_relaxed);
  }
  q->status = 0;
  v->away = false;
  v->done = v->job;
  v->job = NULL;
  r->suspend.attached = v;
  if (callseq_later_is(q))
    callseq_masks_resume(&v->mask, &r->levels.base.caller);
  if (callseq_program_is(r, q))
    callseq_program_comes(r);
}

/* Leaves the runtime, which nobody waits for; returns the request that it is entered with next. */
static struct callseq_abi_request *leave(struct callseq_runtime *r) {
  struct callseq_abi_current_call *at = &r->fast.current;
  if (at->reply_to == CALLSEQ_ABI_TO_HOLDER) {
    callseq_birth_returns(r);
    callseq_masks_restore(&r->levels.base.caller);
    callseq_suspend_leave(r);
    callseq_service_look(r, r->fast.current.request->callback);
    at->reply_to = CALLSEQ_ABI_TO_CALLER;
  }
  callseq_tools_release(at->request);
  struct callseq_abi_request *q = callseq_runtime_switch_out(r);
  callseq_tools_acquire(q);
  return q;
}

/* #t: the job has been run, and its result is the caller's; interrupts are held until
 * callseq_abi_end. #f: nothing has been done, because there is no job, this green thread may not be
 * suspended, or no native thread has made its call. The unspecified value: it is suspended, and
 * another resident has to be attached, because somebody else has come or is next; interrupts are
 * held. */
CALLSEQ_NOINLINE C_word callseq_abi_go_outside(C_word job, C_word thread) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_resident *v = r->suspend.attached;
  if (job == C_SCHEME_FALSE || !v || C_u_i_car(CHICKEN_gc_root_ref(v->root)) != thread ||
      !can_suspend(r) || callseq_later_is(r->fast.current.request))
    return C_SCHEME_FALSE;
  callseq_suspend_drop(&v->done);
  suspend(-1, 0, -1, false, CALLSEQ_ABI_REQUEST(struct callseq_abi_job, job));
  if (r->fast.current.reply_to <= CALLSEQ_ABI_TO_HOLDER) {
    struct callseq_abi_request *q = leave(r);
    if (q->callback == &resume && ((struct callseq_resumption *)q)->suspended == v->request) {
      attach(r, v, v->request);
      v->done = NULL;
      callseq_scheme_hold_interrupts();
      return C_SCHEME_TRUE;
    }
    r->suspend.came = q;
  }
  callseq_scheme_hold_interrupts();
  return C_SCHEME_UNDEFINED;
}

/* What the last blocking C function has left in errno, or #f if CHICKEN has read errno since. */
C_word callseq_scheme_left_errno(void) { return callseq_runtime_here()->fast.left_errno; }

C_word callseq_scheme_forget_errno(void) {
  callseq_runtime_here()->fast.left_errno = C_SCHEME_FALSE;
  return C_SCHEME_UNDEFINED;
}

/* The job has been run, and its result is wanted by the attached resident; #f: not by this one any
 * more. */
C_word callseq_scheme_take_job(C_word job) {
  struct callseq_resident *v = callseq_runtime_here()->suspend.attached;
  if (v->done != CALLSEQ_ABI_REQUEST(struct callseq_abi_job, job))
    return C_SCHEME_FALSE;
  v->done = NULL;
  return C_SCHEME_TRUE;
}

static void ring_for(struct callseq_resident *v) {
  /* acquire: pairs with the release in wait_for_descriptor of settle.c; release: with the acquire
   * in callseq_suspend_is_rung */
  if (atomic_exchange_explicit(&v->rung, CALLSEQ_RUNG, memory_order_acq_rel) ==
      CALLSEQ_RUNG_HAS_BELL) {
    callseq_tools_acquire(v);
    callseq_bell_ring(&v->bell);
  } else {
    callseq_park_wake(&v->rung);
  }
}

/* The resident has been made ready, or its green thread has been terminated: its native thread need
 * not wait any longer. */
static void ring(struct callseq_resident *v) {
  CALLSEQ_ASSERT_IN_SCHEME(&callseq_runtime);
  if (!v->request) /* of the parent of this process */
    return;
  pthread_mutex_lock(&callseq_runtime.suspend.mutex);
  bool later = !v->given_up && v->away && callseq_later_is(v->request);
  if (!later && !v->given_up)
    ring_for(v);
  /* acquire and release: as in ring_for */
  else if (later &&
           atomic_exchange_explicit(&v->rung, CALLSEQ_RUNG, memory_order_acq_rel) != CALLSEQ_RUNG)
    callseq_later_ring(&callseq_runtime, v->request);
  pthread_mutex_unlock(&callseq_runtime.suspend.mutex);
}

C_word callseq_scheme_ring(C_word resident) {
  ring(resident_of(resident));
  return C_SCHEME_UNDEFINED;
}

C_word callseq_scheme_end_resident(C_word resident) {
  resident_of(resident)->ended = true;
  ring(resident_of(resident));
  return C_SCHEME_UNDEFINED;
}

/* Is the resident in this call, be it suspended or attached with no level above it? */
C_word callseq_scheme_is_in_call(C_word resident, C_word serial) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_resident *v = resident_of(resident);
  if (v->away)
    return C_mk_bool(v->request && v->serial == serial);
  return C_mk_bool(v == r->suspend.attached && !r->levels.depth &&
                   r->fast.current.serial == serial);
}

/* Can the wait of the suspended resident be ended? Not a blocking C function, nor what a thread of
 * the parent of this process has left. */
C_word callseq_scheme_can_wake(C_word resident) {
  return C_mk_bool(resident_of(resident)->request && !resident_of(resident)->job);
}

/* Is the resident suspended for good, since the native thread of its call has given it up, or is
 * one of the parent of this process? */
C_word callseq_scheme_is_left(C_word resident) {
  return C_mk_bool(resident_of(resident)->away && !resident_of(resident)->request);
}

/* A spare resident is attached, or the first one: it begins where the last request has been
 * answered or suspended. */
C_word callseq_scheme_attach_spare(C_word resident) {
  struct callseq_runtime *r = callseq_runtime_here();
  CALLSEQ_ASSERT(!r->suspend.attached || r->suspend.attached->away);
  r->suspend.attached = resident_of(resident);
  resident_of(resident)->request = NULL;
  return C_SCHEME_UNDEFINED;
}

/* The level of the resident whose request `request`, a resumption, goes on with. */
C_word callseq_scheme_resumed(C_word request) {
  struct callseq_resumption *call = CALLSEQ_ABI_REQUEST(struct callseq_resumption, request);
  return CHICKEN_gc_root_ref(call->suspended->resident->root);
}

/* Attaches that resident. #t if its wait is over by its own thread's finding, and by a deadline; #f
 * if by that otherwise; the unspecified value if it has been rung for. */
C_word callseq_scheme_attach(C_word request) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_abi_request *q =
      CALLSEQ_ABI_REQUEST(struct callseq_resumption, request)->suspended;
  struct callseq_resident *v = q->resident;
  bool told = callseq_suspend_is_rung(v) || v->job;
  callseq_bell_close(&v->bell);
  callseq_count_as_holder(&r->counts.internal);
  attach(r, v, q);
  return told ? C_SCHEME_UNDEFINED : C_mk_bool(v->timed_out);
}

/* The attached resident's green thread was terminated, in a wait or by itself: its call fails, and
 * the record goes. */
void callseq_scheme_drop_resident(C_word resident) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_resident *v = resident_of(resident), **link = &r->suspend.residents;
  callseq_failure_set(r->fast.current.request, CALLSEQ_ERROR,
                      callseq_format("%s: the green thread that executed it was terminated",
                                     r->fast.current.request->callback->name),
                      NULL);
  while (*link != v)
    link = &(*link)->next;
  *link = v->next;
  callseq_suspend_drop(&v->job);
  callseq_suspend_drop(&v->done);
  callseq_roots_give_back(r, v->root);
  r->suspend.attached = NULL;
  free(v);
}

void callseq_suspend_end(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_HOLDER(r);
  for (struct callseq_resident *v = r->suspend.residents; v; v = v->next)
    if (v != r->suspend.attached)
      ring(v);
}

void callseq_suspend_forget(struct callseq_runtime *r, struct callseq_abi_request *q) {
  CALLSEQ_ASSERT_HOLDER(r);
  for (struct callseq_resident *v = r->suspend.residents; v; v = v->next)
    if (v->request == q)
      v->request = NULL;
}

void callseq_suspend_give_up(struct callseq_runtime *r) {
  pthread_mutex_lock(&r->suspend.mutex);
  for (struct callseq_resident *v = r->suspend.outside; v; v = v->next_outside)
    if (!callseq_program_is(r, v->request))
      ring_for(v);
  pthread_mutex_unlock(&r->suspend.mutex);
}

bool callseq_suspend_is_any(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_HOLDER(r);
  for (struct callseq_resident *v = r->suspend.residents; v; v = v->next)
    if (v->away && v->request && !v->given_up && !callseq_program_is(r, v->request))
      return true;
  return false;
}

void callseq_suspend_leave(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_HOLDER(r);
  if (!r->suspend.above)
    return;
  callseq_abi_set(&r->fast.current.serial, r->suspend.above);
  /* release: pairs with the fence in callseq_stats */
  __atomic_store_n(&r->suspend.above, 0, __ATOMIC_RELEASE);
}
