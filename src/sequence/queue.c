/* The queue: who waits, in which order, and who is the next heir. sequencer.c tells what it is for.
 *
 * `arrivals` is NULL while there is no heir, and otherwise a stack of followers that ends in
 * HEIR_ONLY. So one word says who becomes the heir: the thread that replaces NULL. The holder takes
 * the whole stack at once and sorts it into two queues, both oldest first: `brief`, the waiters
 * that batches take, and `turns`, the heirs to be.
 *
 * A thread whose patience is over, or that is refused, *withdraws* (waiting.c): it takes its waiter
 * out of the queue, or steps down as the heir and appoints another, unless its request is being
 * executed. For that it has to keep the holder from the queue. Withdrawals are rare, so it pays for
 * that: the holder says that it is at the queue and looks whether a thread withdraws, without a
 * fence; the thread says so, has all others fence, and waits until the holder is not there.
 *
 * Invariants. Who is at the queue is alone there: the holder, or a thread that withdraws, or the
 * heir once the lock is CLOSED. A waiter is in `arrivals`, `brief` or `turns` from its push until
 * it is appointed or taken into a batch, and its thread does not return before. The rules of the
 * succession are in sequencer.h, at struct callseq_succession.
 */
#include "sequencer_parts.h"

#include "base/relax.h"
#include "pace.h"
#include "protocol.h"
#include "system/park.h"

#include <stddef.h>

/* ---- Waking ---- */

void callseq_queue_wake(struct callseq_sequencer *s, const void *word) {
  callseq_count(&s->counts.wakes);
  callseq_park_wake(word);
}

void callseq_queue_ring(struct callseq_sequencer *s) {
  /* release: pairs with the acquire in sleep_as_heir */
  atomic_fetch_add_explicit(&s->succession.bell, 1, memory_order_release);
  callseq_queue_wake(s, &s->succession.bell);
}

/* ---- Who is at the queue ---- */

void callseq_queue_begin(struct callseq_sequencer *s) {
  for (;;) {
    atomic_store_explicit(&s->at_queue, 1, memory_order_relaxed);
    if (s->symmetric)
      /* seq_cst: pairs with the fence in callseq_queue_begin_withdrawal */
      atomic_thread_fence(memory_order_seq_cst);
    else
      /* compiler only: pairs with callseq_park_barrier in callseq_queue_begin_withdrawal */
      atomic_signal_fence(memory_order_seq_cst);
    /* acquire: pairs with the release in callseq_queue_end_withdrawal */
    if (!atomic_load_explicit(&s->withdrawing, memory_order_acquire))
      return;
    atomic_store_explicit(&s->at_queue, 0, memory_order_release); /* as in callseq_queue_end */
    while (atomic_load_explicit(&s->withdrawing, memory_order_relaxed))
      callseq_pace_moment(0);
  }
}

void callseq_queue_end(struct callseq_sequencer *s) {
  /* release: pairs with the acquire in callseq_queue_begin_withdrawal */
  atomic_store_explicit(&s->at_queue, 0, memory_order_release);
}

void callseq_queue_begin_withdrawal(struct callseq_sequencer *s) {
  uint32_t nobody = 0, times = 0;
  /* acquire: pairs with the release in callseq_queue_end_withdrawal */
  while (!atomic_compare_exchange_strong_explicit(&s->withdrawing, &nobody, 1, memory_order_acquire,
                                                  memory_order_relaxed)) {
    nobody = 0;
    callseq_pace_moment(times++);
  }
  if (s->symmetric)
    /* seq_cst: pairs with the fence in callseq_queue_begin */
    atomic_thread_fence(memory_order_seq_cst);
  else if (!callseq_park_barrier())
    callseq_pace_without_barrier();
  /* acquire: pairs with the release in callseq_queue_end */
  while (atomic_load_explicit(&s->at_queue, memory_order_acquire))
    callseq_pace_moment(0);
}

void callseq_queue_end_withdrawal(struct callseq_sequencer *s) {
  /* release: pairs with the acquires in callseq_queue_begin and callseq_queue_begin_withdrawal */
  atomic_store_explicit(&s->withdrawing, 0, memory_order_release);
}

/* ---- Those that wait ---- */

bool callseq_queue_push(struct callseq_sequencer *s, struct callseq_waiter *w) {
  struct callseq_waiter *top = atomic_load_explicit(&s->arrivals, memory_order_relaxed);
  for (;;) {
    struct callseq_waiter *pushed = top ? w : HEIR_ONLY;
    w->next = top == HEIR_ONLY ? NULL : top;
    /* release: pairs with the acquire in callseq_queue_collect; acquire: with the releases in
     * callseq_queue_appoint and callseq_queue_inherit */
    if (atomic_compare_exchange_weak_explicit(&s->arrivals, &top, pushed, memory_order_acq_rel,
                                              memory_order_relaxed))
      return pushed != w;
    callseq_relax();
  }
}

static void append(struct callseq_queue *q, struct callseq_waiter *w) {
  w->next = NULL;
  if (q->first)
    q->last->next = w;
  else
    q->first = w;
  q->last = w;
}

/* How many came before it; -1: it is not there. */
static int remove_from(struct callseq_queue *q, struct callseq_waiter *w) {
  int before = 0;
  struct callseq_waiter *last = NULL, *at = q->first;
  while (at && at != w) {
    last = at;
    at = at->next;
    before++;
  }
  if (!at)
    return -1;
  if (last)
    last->next = w->next;
  else
    q->first = w->next;
  if (q->last == w)
    q->last = last;
  return before;
}

static struct callseq_waiter *take_first(struct callseq_queue *q) {
  struct callseq_waiter *w = q->first;
  if (w)
    q->first = w->next;
  return w;
}

/* Can another thread execute it, and is that worth a wake-up? */
static bool is_brief(const struct callseq_sequencer *s, const struct callseq_waiter *w) {
  return atomic_load_explicit(&s->batch_limit, memory_order_relaxed) && !w->alone &&
         (!w->busy || atomic_load_explicit(&s->batch_busy, memory_order_relaxed));
}

void callseq_queue_collect(struct callseq_sequencer *s) {
  struct callseq_waiter *top = atomic_load_explicit(&s->arrivals, memory_order_relaxed);
  if (!top || top == HEIR_ONLY)
    return;
  /* acquire: pairs with the release in callseq_queue_push */
  top = atomic_exchange_explicit(&s->arrivals, HEIR_ONLY, memory_order_acquire);
  struct callseq_waiter *oldest = NULL;
  while (top) {
    struct callseq_waiter *next = top->next;
    top->next = oldest;
    oldest = top;
    top = next;
  }
  while (oldest) {
    struct callseq_waiter *next = oldest->next;
    append(is_brief(s, oldest) ? &s->brief : &s->turns, oldest);
    oldest = next;
  }
}

bool callseq_queue_remove(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t *ahead) {
  struct callseq_succession *next = &s->succession;
  int before = remove_from(&s->brief, w);
  *ahead = before > 0 ? (uint32_t)before : 0;
  if (before < 0)
    return remove_from(&s->turns, w) >= 0;
  if ((uint32_t)before < next->ahead)
    next->ahead--;
  if ((uint32_t)before < s->batch) /* an heir that withdraws may take the next one out of a batch */
    s->batch--;
  return true;
}

void callseq_queue_begin_batch(struct callseq_sequencer *s, uint32_t count) {
  uint32_t limit = atomic_load_explicit(&s->batch_limit, memory_order_relaxed);
  s->batch = count < limit ? count : limit;
}

struct callseq_waiter *callseq_queue_take(struct callseq_sequencer *s) {
  callseq_queue_begin(s);
  struct callseq_waiter *w = s->batch ? take_first(&s->brief) : NULL;
  if (w) {
    s->batch--;
    if (s->succession.ahead)
      s->succession.ahead--;
  }
  callseq_queue_end(s);
  return w;
}

/* ---- The succession ---- */

struct callseq_waiter *callseq_queue_choose(struct callseq_sequencer *s) {
  callseq_queue_collect(s);
  struct callseq_waiter *w = s->brief.first, *chosen = w;
  if (s->turns.first && (!w || s->succession.turn_due))
    return s->turns.first;
  uint32_t left = atomic_load_explicit(&s->batch_limit, memory_order_relaxed);
  for (; left && w && w->next; left--) {
    w = w->next;
    if (callseq_queue_executes_others(w))
      chosen = w;
  }
  return chosen;
}

/* The holder has changed who is the heir. */
static void count_heir(struct callseq_sequencer *s) {
  atomic_store_explicit(&s->succession.heirs,
                        atomic_load_explicit(&s->succession.heirs, memory_order_relaxed) + 1,
                        memory_order_relaxed);
}

/* For an heir that calls seldom; but those that are `alone` are the library's own, and come in any
 * order. */
void callseq_queue_keep_for(struct callseq_sequencer *s, const struct callseq_waiter *heir) {
  atomic_store_explicit(&s->succession.kept, heir->seldom && !heir->alone, memory_order_relaxed);
}

bool callseq_queue_is_kept(struct callseq_sequencer *s) {
  return atomic_load_explicit(&s->succession.kept, memory_order_relaxed);
}

struct callseq_waiter *callseq_queue_appoint(struct callseq_sequencer *s) {
  s->succession.vacant = 0;
  for (;;) {
    struct callseq_waiter *heir = callseq_queue_choose(s), *only = HEIR_ONLY;
    uint32_t ahead;
    if (heir) {
      s->succession.turn_due = heir != s->turns.first;
      callseq_queue_remove(s, heir, &ahead);
      s->succession.ahead = ahead;
      count_heir(s);
      atomic_store_explicit(&s->succession.absent, 1,
                            memory_order_relaxed); /* until it says otherwise */
      callseq_queue_keep_for(s, heir);
      /* release: pairs with the acquire loads of the waiting thread */
      uint32_t before = atomic_exchange_explicit(&heir->state, HEIR, memory_order_release);
      return before & PARKED ? heir : NULL;
    }
    atomic_store_explicit(&s->succession.kept, 0, memory_order_relaxed);
    /* release: pairs with the acquire in callseq_queue_push, whose thread is the heir then: it
     * finds `demand` empty, and what it says of itself stays */
    if (atomic_compare_exchange_strong_explicit(&s->arrivals, &only, NULL, memory_order_release,
                                                memory_order_relaxed))
      return NULL;
  }
}

void callseq_queue_step_down(struct callseq_sequencer *s) {
  count_heir(s);
  atomic_store_explicit(&s->succession.demand, NONE, memory_order_relaxed);
}

void callseq_queue_inherit(struct callseq_sequencer *s) {
  struct callseq_waiter *only = HEIR_ONLY;
  callseq_queue_begin(s);
  callseq_queue_step_down(s);
  /* release: pairs with the acquire in callseq_queue_push, as in callseq_queue_appoint */
  s->succession.vacant = s->brief.first || s->turns.first ||
                         !atomic_compare_exchange_strong_explicit(
                             &s->arrivals, &only, NULL, memory_order_release, memory_order_relaxed);
  callseq_queue_begin_batch(s, s->succession.ahead);
  s->succession.ahead = 0;
  callseq_queue_end(s);
}
