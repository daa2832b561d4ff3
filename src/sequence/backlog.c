/* A ring of places, after Vyukov's bounded queue: each place says by its `turn` whose it is, so
 * that neither side reads what the other counts, in the usual case. verify/backlog.pml is a model.
 *
 *   turn of the place of position p    2p                   free, for whoever gets position p
 *                                      2p + 1               filled
 *                                      2 (p + places)       free again, in the next round
 *                                      ABANDONED            the backlog was closed before it was
 *                                                           filled
 *
 * Who puts gets a position by a compare-and-swap of `tail`, writes, and fills the place by one
 * exchange of its turn. That exchange is also what tells a closing thread and the putting one
 * apart: the first of the two decides. And it is seq_cst, so that it is ordered before the putting
 * thread's look whether anybody has to be woken.
 *
 * The limit counts things, not places: used = tail - taken - cancelled. Both subtrahends only grow,
 * so one that is read too early makes the queue seem fuller, never emptier. `room` keeps what was
 * found last, that the line of the taking side is not read for each thing.
 *
 * What is cancelled keeps its place in the ring until it is passed. There are more places than the
 * limit, for those; and when half of them are in use, the cancelling thread moves the rest
 * together, as the thread that takes: towards the tail, so that the positions of the oldest are
 * free to be passed. A thing keeps its ticket then.
 *
 * Invariants. The positions from `head` to `tail` are filled or being filled. Tickets rise with
 * positions, and none is above its position; behind a place that is not filled yet they are equal.
 */
#include "backlog.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/relax.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define ABANDONED UINT64_MAX
#define SHUT 1u /* in `tail` */

enum { MEASURED = 16 }; /* one in so many */

static struct callseq_backlog_place *place_of(struct callseq_backlog *b, uint64_t position) {
  return &b->places[position & b->mask];
}

static void make_free(struct callseq_backlog *b) {
  for (uint64_t i = 0; i <= b->mask; i++)
    atomic_store_explicit(&b->places[i].turn, 2 * i, memory_order_relaxed);
  atomic_store_explicit(&b->tail, 0, memory_order_relaxed);
  atomic_store_explicit(&b->room, 0, memory_order_relaxed);
  atomic_store_explicit(&b->cancelled, 0, memory_order_relaxed);
  atomic_store_explicit(&b->head, 0, memory_order_relaxed);
  atomic_store_explicit(&b->taken, 0, memory_order_relaxed);
}

bool callseq_backlog_init(struct callseq_backlog *b, uint64_t limit, bool (*is_gone)(void *what),
                          void (*forget)(void *what)) {
  uint64_t places = 2;
  while (places < limit + limit / 2)
    places *= 2;
  b->places = aligned_alloc(_Alignof(struct callseq_backlog_place), places * sizeof *b->places);
  if (!b->places)
    return false;
  memset(b->places, 0, places * sizeof *b->places); /* in memory before the first thing comes */
  b->mask = places - 1;
  b->spare = places - limit;
  b->is_gone = is_gone;
  b->forget = forget;
  atomic_store_explicit(&b->limit, limit, memory_order_relaxed);
  atomic_store_explicit(&b->taking, 0, memory_order_relaxed);
  make_free(b);
  return true;
}

void callseq_backlog_limit(struct callseq_backlog *b, uint64_t limit) {
  atomic_store_explicit(&b->limit, limit, memory_order_relaxed);
  atomic_store_explicit(&b->room, 0, memory_order_relaxed);
}

/* ---- Putting ---- */

/* Does the limit allow for one at `position`? */
static bool is_allowed(struct callseq_backlog *b, uint64_t position) {
  if (position < atomic_load_explicit(&b->room, memory_order_relaxed))
    return true;
  uint64_t room = atomic_load_explicit(&b->limit, memory_order_relaxed) +
                  atomic_load_explicit(&b->taken, memory_order_relaxed) +
                  atomic_load_explicit(&b->cancelled, memory_order_relaxed);
  if (position >= room)
    return false;
  atomic_store_explicit(&b->room, room, memory_order_relaxed);
  return true;
}

enum callseq_backlog_answer callseq_backlog_put(struct callseq_backlog *b, void *what,
                                                const void *data, size_t bytes, bool measure) {
  uint64_t tail = atomic_load_explicit(&b->tail, memory_order_relaxed);
  struct callseq_backlog_place *place;
  for (;;) {
    if (tail & SHUT)
      return CALLSEQ_BACKLOG_SHUT;
    if (!is_allowed(b, tail / 2))
      return CALLSEQ_BACKLOG_FULL;
    place = place_of(b, tail / 2);
    /* acquire: pairs with the release in pass */
    if (atomic_load_explicit(&place->turn, memory_order_acquire) != tail) {
      uint64_t now = atomic_load_explicit(&b->tail, memory_order_relaxed);
      if (now == tail) /* cancelled ones are in the way */
        return CALLSEQ_BACKLOG_FULL;
      tail = now;
    } else if (atomic_compare_exchange_weak_explicit(&b->tail, &tail, tail + 2,
                                                     memory_order_relaxed, memory_order_relaxed)) {
      break;
    }
  }
  place->ticket = tail / 2;
  place->since = measure || tail / 2 % MEASURED == 0 ? callseq_clock_now() : 0;
  place->what = what;
  if (bytes)
    memcpy(place->words, data, bytes);
  /* release: pairs with the acquires in callseq_backlog_look, compact and drop_all. seq_cst: see
   * backlog.h */
  uint64_t before = atomic_exchange_explicit(&place->turn, tail + 1, memory_order_seq_cst);
  return before == ABANDONED ? CALLSEQ_BACKLOG_SHUT : CALLSEQ_BACKLOG_PUT;
}

/* ---- Taking ---- */

static bool try_to_take(struct callseq_backlog *b) {
  /* acquire: pairs with the release in callseq_backlog_leave */
  return !atomic_exchange_explicit(&b->taking, 1, memory_order_acquire);
}

void callseq_backlog_leave(struct callseq_backlog *b) {
  CALLSEQ_ASSERT(atomic_load_explicit(&b->taking, memory_order_relaxed));
  /* release: pairs with the acquire in try_to_take */
  atomic_store_explicit(&b->taking, 0, memory_order_release);
}

/* The place of the head is free in the next round. Who sees that sees the new head. */
static void pass(struct callseq_backlog *b, uint64_t head) {
  atomic_store_explicit(&b->head, head + 1, memory_order_relaxed);
  /* release: pairs with the acquires in callseq_backlog_put and callseq_backlog_is_empty */
  atomic_store_explicit(&place_of(b, head)->turn, 2 * (head + b->mask + 1), memory_order_release);
}

const struct callseq_backlog_place *callseq_backlog_look(struct callseq_backlog *b,
                                                         uint64_t *left) {
  *left = CALLSEQ_BACKLOG_BUSY;
  if (!try_to_take(b))
    return NULL;
  for (;;) {
    uint64_t head = atomic_load_explicit(&b->head, memory_order_relaxed);
    struct callseq_backlog_place *place = place_of(b, head);
    /* acquire: pairs with the exchange in callseq_backlog_put. seq_cst: see backlog.h */
    if (atomic_load_explicit(&place->turn, memory_order_seq_cst) != 2 * head + 1) {
      *left = head;
      callseq_backlog_leave(b);
      return NULL;
    }
    if (!b->is_gone(place->what))
      return place;
    b->forget(place->what);
    pass(b, head);
  }
}

void callseq_backlog_take(struct callseq_backlog *b) {
  pass(b, atomic_load_explicit(&b->head, memory_order_relaxed));
  atomic_store_explicit(&b->taken, atomic_load_explicit(&b->taken, memory_order_relaxed) + 1,
                        memory_order_relaxed);
  callseq_backlog_leave(b);
}

bool callseq_backlog_is_empty(struct callseq_backlog *b) {
  for (;;) {
    uint64_t head = atomic_load_explicit(&b->head, memory_order_relaxed);
    /* acquire: pairs with the release in pass. seq_cst: see backlog.h */
    if (atomic_load_explicit(&place_of(b, head)->turn, memory_order_seq_cst) == 2 * head + 1)
      return false;
    if (atomic_load_explicit(&b->head, memory_order_relaxed) == head)
      return true; /* else things have been moved together meanwhile */
  }
}

uint64_t callseq_backlog_ticket(struct callseq_backlog *b) {
  return atomic_load_explicit(&b->tail, memory_order_relaxed) / 2;
}

/* ---- Cancelling ---- */

/* Moves what is left of the filled places together, towards the tail. This thread is taking. */
static void compact(struct callseq_backlog *b) {
  uint64_t head = atomic_load_explicit(&b->head, memory_order_relaxed), end = head;
  /* acquire: pairs with the exchange in callseq_backlog_put */
  while (end - head <= b->mask &&
         atomic_load_explicit(&place_of(b, end)->turn, memory_order_acquire) == 2 * end + 1)
    end++;
  uint64_t to = end;
  for (uint64_t from = end; from-- > head;) {
    struct callseq_backlog_place *old = place_of(b, from), *new;
    if (b->is_gone(old->what)) {
      b->forget(old->what);
      continue;
    }
    new = place_of(b, --to);
    if (new == old)
      continue;
    new->ticket = old->ticket;
    new->since = old->since;
    new->what = old->what;
    memcpy(new->words, old->words, sizeof new->words);
  }
  while (head < to)
    pass(b, head++);
}

void callseq_backlog_cancel(struct callseq_backlog *b) {
  uint64_t cancelled = 1 + atomic_fetch_add_explicit(&b->cancelled, 1, memory_order_relaxed);
  uint64_t passed = atomic_load_explicit(&b->head, memory_order_relaxed) -
                    atomic_load_explicit(&b->taken, memory_order_relaxed);
  if (2 * (cancelled - passed) < b->spare || !try_to_take(b))
    return;
  compact(b);
  callseq_backlog_leave(b);
}

/* ---- The end, and fork ---- */

void callseq_backlog_hold(struct callseq_backlog *b) {
  for (int i = 0; !try_to_take(b); i++)
    if (i < 100)
      callseq_relax();
    else
      sched_yield();
}

void callseq_backlog_release(struct callseq_backlog *b) { callseq_backlog_leave(b); }

/* This thread is taking. */
static void drop_all(struct callseq_backlog *b, uint64_t tail,
                     void (*drop)(const struct callseq_backlog_place *place)) {
  for (uint64_t head; (head = atomic_load_explicit(&b->head, memory_order_relaxed)) < tail;) {
    struct callseq_backlog_place *place = place_of(b, head);
    /* acquire: pairs with the exchange in callseq_backlog_put */
    uint64_t before = atomic_exchange_explicit(&place->turn, ABANDONED, memory_order_acquire);
    bool filled = before == 2 * head + 1;
    if (filled && b->is_gone(place->what))
      b->forget(place->what);
    else if (filled)
      drop(place);
    atomic_store_explicit(&b->head, head + 1, memory_order_relaxed);
  }
}

void callseq_backlog_close(struct callseq_backlog *b,
                           void (*drop)(const struct callseq_backlog_place *place)) {
  uint64_t tail = atomic_fetch_or_explicit(&b->tail, SHUT, memory_order_relaxed) / 2;
  callseq_backlog_hold(b);
  drop_all(b, tail, drop);
  callseq_backlog_release(b);
}

void callseq_backlog_forked(struct callseq_backlog *b,
                            void (*drop)(const struct callseq_backlog_place *place)) {
  uint64_t tail = atomic_load_explicit(&b->tail, memory_order_relaxed);
  drop_all(b, tail / 2, drop);
  make_free(b);
  atomic_store_explicit(&b->tail, tail & SHUT, memory_order_relaxed);
  callseq_backlog_release(b);
}
