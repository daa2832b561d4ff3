/* Calls for later that have begun and not ended.
 *
 * Calls begin in the order of their tickets, and all below `settled` have begun. Those of them that
 * have not ended, or whose error has not been told, are `outstanding`: they are few, those that
 * wait and those whose error is to be told. So a ticket is flushed when it is settled, and no lower
 * one is outstanding.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/list.h"
#include "later_parts.h"

void callseq_later_settle(struct callseq_runtime *r, uint64_t ticket) {
  /* release: pairs with the acquire in callseq_later_is_flushed */
  if (ticket > atomic_load_explicit(&r->later.settled, memory_order_relaxed))
    atomic_store_explicit(&r->later.settled, ticket, memory_order_release);
}

void callseq_later_link_in(struct callseq_runtime *r, struct callseq_future *f) {
  CALLSEQ_ASSERT_HOLDER(r);
  pthread_mutex_lock(&r->later.mutex);
  CALLSEQ_LIST_ADD(r->later.outstanding, f, next, link);
  pthread_mutex_unlock(&r->later.mutex);
}

void callseq_later_unlink_locked(struct callseq_future *f) {
  CALLSEQ_LIST_REMOVE(f, next, link);
  f->link = NULL;
}

void callseq_later_unlink(struct callseq_runtime *r, struct callseq_future *f) {
  pthread_mutex_lock(&r->later.mutex);
  callseq_later_unlink_locked(f);
  pthread_mutex_unlock(&r->later.mutex);
  callseq_later_tell_flushers(r);
}

void callseq_later_tell_flushers(struct callseq_runtime *r) {
  if (!atomic_load_explicit(&r->later.flushers, memory_order_relaxed))
    return;
  /* release: pairs with the acquire in callseq_flush */
  atomic_fetch_add_explicit(&r->later.flushed, 1, memory_order_release);
  callseq_later_wake_all(r, &r->later.flushed);
}

bool callseq_later_is_flushed(struct callseq_runtime *r, uint64_t ticket) {
  /* acquire: pairs with the release in callseq_later_settle; what was outstanding then is in the
   * list
   */
  if (atomic_load_explicit(&r->later.settled, memory_order_acquire) < ticket)
    return false;
  bool flushed = true;
  pthread_mutex_lock(&r->later.mutex);
  for (struct callseq_future *f = r->later.outstanding; f; f = f->next)
    flushed = flushed && f->ticket >= ticket;
  pthread_mutex_unlock(&r->later.mutex);
  return flushed;
}
