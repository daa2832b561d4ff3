/* Suspension, on the side of the native thread whose call has been suspended; suspend.c has the
 * other.
 *
 * Each native thread waits for its own callback, by itself: for a descriptor, a deadline, or until
 * the callback has been made ready by another, which rings. Or it runs the blocking C function that
 * the callback has called. Then it calls in, as for any callback, with a request whose procedure
 * attaches its resident again. The reply goes to the old request.
 *
 * Invariant. Only a suspended call's own thread takes its request out of that state. It does so as
 * the holder; or without the runtime, once callseq_close waits no longer.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "base/list.h"
#include "batch.h"
#include "close.h"
#include "errands.h"
#include "failure.h"
#include "program.h"
#include "suspend.h"
#include "system/park.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

enum { LOOK_MS = 10 }; /* where no descriptor is left for a bell */

/* The residents whose C functions this thread is in, innermost first. */
static __thread struct callseq_resident *running;

/* ---- Waiting ---- */

static void wait_for_ring(struct callseq_resident *v) {
  while (!callseq_suspend_is_rung(v)) {
    int ms = callseq_clock_left(v->deadline);
    if (ms == 0) {
      v->timed_out = true;
      return;
    }
    callseq_park_wait(&v->rung, CALLSEQ_RUNG_NOT, ms < 0 ? 0 : (uint32_t)ms);
  }
}

static void wait_for_descriptor(struct callseq_resident *v) {
  if (fcntl(v->fd, F_GETFD) < 0) /* closed: the bell must not get its number */
    return;
  bool has_bell = !callseq_suspend_is_rung(v) && callseq_bell_open(&v->bell);
  uint32_t not_yet = CALLSEQ_RUNG_NOT;
  callseq_tools_release(v);
  /* release: pairs with the acquire in ring_for of suspend.c. One that has been rung for stays so.
   */
  if (has_bell)
    atomic_compare_exchange_strong_explicit(&v->rung, &not_yet, CALLSEQ_RUNG_HAS_BELL,
                                            memory_order_release, memory_order_relaxed);
  while (!callseq_suspend_is_rung(v)) {
    struct pollfd set[2] = {{.fd = v->fd, .events = v->events},
                            {.fd = v->bell.heard, .events = POLLIN}};
    int ms = callseq_clock_left(v->deadline);
    if (ms == 0) {
      v->timed_out = true;
      return;
    }
    if (!has_bell && (ms < 0 || ms > LOOK_MS))
      ms = LOOK_MS;
    if (poll(set, 2, ms) > 0 && set[0].revents)
      return;
  }
}

static void run_outside(struct callseq_resident *v) {
  v->around = running;
  running = v;
  v->callback =
      v->request->callback->name; /* the request may go, if the function does not return */
  callseq_suspend_run_outside(v->job, v->callback);
  running = v->around;
}

void callseq_suspend_thread_ends(void) {
  if (running)
    callseq_failure_left(running->callback);
  callseq_failure_thread_ends();
}

/* False: it need not wait. */
static bool begin_waiting(struct callseq_runtime *r, struct callseq_resident *v) {
  pthread_mutex_lock(&r->suspend.mutex);
  bool waits = !callseq_close_is_over(r) || callseq_program_is(r, v->request);
  if (waits)
    CALLSEQ_LIST_ADD(r->suspend.outside, v, next_outside, link_outside);
  pthread_mutex_unlock(&r->suspend.mutex);
  return waits;
}

static void end_waiting(struct callseq_runtime *r, struct callseq_resident *v) {
  pthread_mutex_lock(&r->suspend.mutex);
  CALLSEQ_LIST_REMOVE(v, next_outside, link_outside);
  pthread_mutex_unlock(&r->suspend.mutex);
}

static void wait_outside(struct callseq_runtime *r, struct callseq_resident *v) {
  if (v->job) {
    run_outside(v);
  } else if (v->at_once) {
    callseq_pace_hand_over(); /* with one processor those that it gives way to have none yet */
  } else if (begin_waiting(r, v)) {
    if (v->fd >= 0)
      wait_for_descriptor(v);
    else
      wait_for_ring(v);
    end_waiting(r, v);
  }
}

/* ---- Going on ---- */

/* Does a suspended call end because callseq_close does not wait for it any longer? Then nobody
 * rings for it from here on. */
static bool is_given_up(struct callseq_runtime *r, struct callseq_abi_request *q) {
  struct callseq_resident *v = q->resident;
  if (!callseq_close_is_over(r) || callseq_program_is(r, q))
    return false;
  pthread_mutex_lock(&r->suspend.mutex);
  v->given_up = true;
  pthread_mutex_unlock(&r->suspend.mutex);
  callseq_suspend_drop(&v->job);
  callseq_bell_close(&v->bell);
  q->status = 0;
  callseq_failure_closed(r, q);
  return true;
}

int callseq_suspend_settle(struct callseq_runtime *r, struct callseq_abi_request *q) {
  struct callseq_kept_mask own = {.kept = false};
  while (q->status == CALLSEQ_ABI_SUSPENDED) {
    CALLSEQ_ASSERT_OUTSIDE(r);
    CALLSEQ_ASSERT_ON_OWN_STACK(r);
    struct callseq_resumption call;
    callseq_masks_resume(&q->resident->mask, &own);
    wait_outside(r, q->resident);
    if (is_given_up(r, q))
      break;
    callseq_suspend_prepare(&call, q);
    if (!callseq_batch_run_alone(r, &call.request)) {
      callseq_program_await_end(r, q);
      q->status = 0;
      callseq_failure_closed(r, q);
    }
  }
  callseq_masks_restore(&own);
  return q->status;
}

CALLSEQ_NOINLINE int callseq_abi_settle(struct callseq_abi_request *q) {
  if (q->status == CALLSEQ_ABI_SUSPENDED) {
    int saved = errno, cancel = callseq_thread_defer_cancel();
    callseq_suspend_settle(&callseq_runtime, q);
    callseq_thread_allow_cancel(cancel);
    errno = saved;
  }
  return q->status;
}

/* ---- Where a thread is ---- */

CALLSEQ_NOINLINE enum callseq_blocks callseq_suspend_blocks(struct callseq_runtime *r) {
  for (struct callseq_resident *v = running; v; v = v->around)
    if (!callseq_program_is(r, v->request))
      return CALLSEQ_BLOCKS_IN_CALL;
  return running                    ? CALLSEQ_BLOCKS_IN_PROGRAM
         : callseq_errands_is_own() ? CALLSEQ_BLOCKS_IN_GREEN_THREAD
                                    : CALLSEQ_BLOCKS_NOT;
}

void callseq_suspend_forked(void) {
  pthread_mutex_init(&callseq_runtime.suspend.mutex, NULL);
  callseq_runtime.suspend.outside = NULL;
  for (struct callseq_resident *v = callseq_runtime.suspend.residents; v; v = v->next) {
    struct callseq_resident *own = running;
    while (own && own != v)
      own = own->around;
    if (v->away && !own) {
      v->request = NULL;
      callseq_suspend_drop(&v->job);
    }
    callseq_bell_close(&v->bell);
  }
}
