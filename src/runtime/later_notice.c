/* Notifications: a callback that is to run because something has happened, however often.
 *
 * A notice is PENDING from its first notification until a run of its callback begins, and RUNNING
 * meanwhile. One that is notified while it runs is queued again when that run ends.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "later_parts.h"

/* `state` of a notice */
enum { PENDING = 1, RUNNING = 2 };

static void push_notice(struct callseq_runtime *r, struct callseq_abi_notice *n) {
  n->next = atomic_load_explicit(&r->later.notices, memory_order_relaxed);
  /* release: pairs with the acquire in callseq_later_take_notice. seq_cst: with
   * callseq_later_go_to_sleep */
  while (!atomic_compare_exchange_weak_explicit(&r->later.notices, &n->next, n,
                                                memory_order_seq_cst, memory_order_relaxed)) {
  }
  callseq_later_wake(r);
}

struct callseq_abi_request *callseq_later_take_notice(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_HOLDER(r);
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
  struct callseq_future *f = callseq_later_take_spare(r, CALLSEQ_LATER_NOTICE, n->callback);
  if (!f)
    return NULL;
  r->later.noticed = n->next;
  f->ticket = CALLSEQ_LATER_NO_TICKET;
  f->notice = n;
  /* acq_rel: pairs with callseq_abi_notify */
  atomic_exchange_explicit(&n->state, RUNNING, memory_order_acq_rel);
  callseq_tools_acquire(n);
  return &f->request;
}

/* Was it notified again while it ran? */
void callseq_later_end_notice(struct callseq_runtime *r, struct callseq_abi_notice *n) {
  CALLSEQ_ASSERT_HOLDER(r);
  /* acq_rel: pairs with callseq_abi_notify */
  if (atomic_fetch_and_explicit(&n->state, ~(uint32_t)RUNNING, memory_order_acq_rel) & PENDING)
    push_notice(r, n);
}

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
  if (!callseq_abi_root(n->callback) || !callseq_later_is_open(r))
    return;
  callseq_tools_release(n);
  /* acq_rel: pairs with callseq_later_take_notice and callseq_later_end_notice. What was written
   * before is visible to a run that begins later, whether this notification is its first or not */
  if (!atomic_fetch_or_explicit(&n->state, PENDING, memory_order_acq_rel))
    push_notice(r, n);
}

void callseq_later_forget_notices(struct callseq_runtime *r, struct callseq_abi_notice *running) {
  r->later.noticed = NULL;
  atomic_store_explicit(&r->later.notices, NULL, memory_order_relaxed);
  for (struct callseq_abi_notice *n = r->later.known; n; n = n->other)
    atomic_store_explicit(&n->state, n == running ? RUNNING : 0, memory_order_relaxed);
}
