/* The service: what it does; service_life.c has its beginning and end, service_host.c the host's
 * loop as the service.
 *
 * It waits in poll(2): for its bell, which a signal handler may ring too, for the descriptors that
 * green threads wait for, and until the next of their deadlines. Then it calls, and its callback
 * (service.scm) runs what is ready and says what to wait for next. So nobody polls with the runtime
 * held, and where there is nothing to do it sleeps.
 *
 * Green threads that compute, and threads that call all the time, take turns. Each change costs a
 * collection, some 60 us: so when its callback has given way, the service stays away for a while in
 * which many short calls are made, and then does not give way again at once.
 *
 * Invariants. One thread at a time serves. What the callback publishes is read by the service
 * alone, whose call that was.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "interrupts.h"
#include "messages.h"
#include "scheme.h"
#include "service_parts.h"
#include "system/bell.h"
#include "system/park.h"

#include <poll.h>
#include <stdlib.h>

enum {
  PATIENCE_MS = 20, /* so long it waits for the runtime, before it looks what is to do outside */
  AWAY_NS = 800000, /* so long others have the runtime when green threads have given way; */
  SHARE_NS = 100000 /* so long these have it then, before they do so again */
};

/* ---- What it is told by any thread ---- */

void callseq_service_tell(struct callseq_runtime *r) {
  /* release: pairs with the acquire in callseq_service_call */
  if (!atomic_exchange_explicit(&r->service.told, true, memory_order_release))
    callseq_bell_ring(&r->service.bell);
}

void callseq_service_entrust(struct callseq_runtime *r, struct callseq_chore *chore) {
  callseq_tools_release(&r->service.chores);
  chore->next = atomic_load_explicit(&r->service.chores, memory_order_relaxed);
  /* release: pairs with the acquire in callseq_service_run_chores */
  while (!atomic_compare_exchange_weak_explicit(&r->service.chores, &chore->next, chore,
                                                memory_order_release, memory_order_relaxed)) {
  }
  callseq_service_tell(r);
}

void callseq_service_run_chores(struct callseq_runtime *r) {
  /* acquire: pairs with the release in callseq_service_entrust */
  struct callseq_chore *newest =
      atomic_exchange_explicit(&r->service.chores, NULL, memory_order_acquire);
  struct callseq_chore *oldest = NULL;
  callseq_tools_acquire(&r->service.chores);
  while (newest) {
    struct callseq_chore *next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest) {
    struct callseq_chore *chore = oldest;
    oldest = chore->next;
    chore->run(chore);
  }
}

/* ---- Its call ---- */

static struct callseq_abi_callback serve = {
    CALLSEQ_SCHEME_CALLBACK("(service)", struct callseq_abi_request), .internal = 1};

void callseq_scheme_define_service(C_word procedure) { callseq_abi_define(&serve, procedure); }

bool callseq_service_is(const struct callseq_abi_callback *callback) { return callback == &serve; }

static C_word serial_now(struct callseq_runtime *r) {
  return __atomic_load_n(&r->fast.current.serial, __ATOMIC_RELAXED);
}

/* A callback may keep the runtime for long. What is to be done outside does not wait for that. But
 * whoever asks anew is the last one again: so while others get their turns, it waits longer each
 * time. */
unsigned callseq_service_patience(struct callseq_runtime *r,
                                  const struct callseq_abi_callback *callback) {
  if (callback != &serve)
    return CALLSEQ_FOREVER;
  r->service.serial = serial_now(r);
  return r->service.patience;
}

/* Calls again, soon: with how much patience? */
static void lose_patience(struct callseq_runtime *r) {
  callseq_interrupts_remind(r);
  if (serial_now(r) != r->service.serial && r->service.patience < UINT32_MAX / 2)
    r->service.patience *= 2;
  callseq_service_tell(r);
}

bool callseq_service_call(struct callseq_runtime *r) {
  struct callseq_abi_request q;
  CALLSEQ_ASSERT_OUTSIDE(r);
  if (r->service.yields)
    callseq_park_nap(AWAY_NS);
  callseq_bell_quiet(&r->service.bell);
  /* acquire: pairs with the release in callseq_service_tell */
  atomic_exchange_explicit(&r->service.told, false, memory_order_acquire);
  if (callseq_service_has_chores(r))
    callseq_service_run_chores(r);
  int status = callseq_abi_call(&q, &serve) ? callseq_abi_settle(&q) : CALLSEQ_OK;
  if (status == CALLSEQ_TIMEDOUT)
    lose_patience(r);
  else
    r->service.patience = PATIENCE_MS;
  if (status) { /* the thread's last error is not of this */
    if (status != CALLSEQ_CLOSED && status != CALLSEQ_TIMEDOUT)
      callseq_print("callseq: %s\n", q.message ? q.message : callseq_strerror(status));
    free(q.message);
    free(q.trace);
  }
  callseq_service_run_chores(r);
  return status != CALLSEQ_CLOSED;
}

bool callseq_service_watches(struct callseq_runtime *r, bool executed) {
  CALLSEQ_ASSERT_HOLDER(r);
  if (executed)
    r->service.idle = callseq_clock_now();
  r->service.watches = executed && r->service.keen;
  return r->service.watches;
}

/* ---- What it waits for, by its callback ---- */

void callseq_service_reset(struct callseq_runtime *r) {
  r->service.descriptors = 1;
  r->service.deadline = 0;
  r->service.patience = PATIENCE_MS;
  r->service.keen = r->service.watches = false;
}

struct pollfd *callseq_service_watched(struct callseq_runtime *r, struct pollfd *bell) {
  struct pollfd *set = r->service.set ? r->service.set : bell;
  set[0] = (struct pollfd){.fd = r->service.bell.heard, .events = POLLIN};
  return set;
}

void callseq_scheme_publish_deadline(double milliseconds) {
  struct callseq_runtime *r = callseq_runtime_here();
  r->service.descriptors = 1;
  r->service.deadline = callseq_clock_deadline_in(milliseconds);
}

void callseq_scheme_publish_descriptor(int fd, int input, int output) {
  struct callseq_runtime *r = callseq_runtime_here();
  if (r->service.descriptors + 1 > r->service.room) {
    nfds_t room = r->service.room ? 2 * r->service.room : 16;
    struct pollfd *set = realloc(r->service.set, room * sizeof *set);
    if (!set) /* looked for again when it wakes */
      return;
    r->service.set = set;
    r->service.room = room;
  }
  r->service.set[r->service.descriptors++] =
      (struct pollfd){.fd = fd, .events = (short)((input ? POLLIN : 0) | (output ? POLLOUT : 0))};
}

/* ---- What it is told on the Scheme stack ---- */

/* The service stays until somebody else wants to call. When it has done what is to be done in
 * Scheme, the slow path of its reply executes what others have left (later.c). */
C_word callseq_scheme_stay(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  atomic_store_explicit(&r->service.keeps, r->service.yields ? callseq_clock_now() + SHARE_NS : 0,
                        memory_order_relaxed);
  r->service.yields = false;
  callseq_sequencer_stay(&r->fast.sequencer);
  callseq_runtime_reply_slowly(r);
  return C_SCHEME_UNDEFINED;
}

bool callseq_service_keeps(struct callseq_runtime *r) {
  uint64_t until = atomic_load_explicit(&r->service.keeps, memory_order_relaxed);
  return until && callseq_clock_now() < until;
}

C_word callseq_scheme_serve_again(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  r->service.yields =
      !callseq_service_is_hosts(r) && callseq_sequencer_is_waited_for(&r->fast.sequencer);
  callseq_service_tell(r);
  return C_SCHEME_UNDEFINED;
}

C_word callseq_scheme_note_ready(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  r->service.ready = true;
  callseq_runtime_reply_slowly(r); /* the slow path looks */
  return C_SCHEME_UNDEFINED;
}
