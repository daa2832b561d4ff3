/* The backlog: a ring of places, after Vyukov's bounded queue: each place says by its `turn` whose
 * it is, so that neither side reads what the other counts, in the usual case. verify/backlog.pml is
 * a model.
 *
 *   turn of the place of position p    2p                   free, for whoever gets position p
 *                                      2p + 1               filled
 *                                      2 (p + places)       free again, in the next round
 *                                      ABANDONED            the backlog was closed before it was
 *                                                           filled
 *
 * A thread that puts a thing gets a position by a compare-and-swap of `tail`, writes the thing, and
 * fills the place by one exchange of its turn. A thread that closes the backlog exchanges the turn,
 * too: the first of the two decides whether the thing is in. The exchange is seq_cst, so that it is
 * ordered before the putting thread's look whether anybody has to be woken.
 *
 * The limit counts things, not places: used = tail - taken - cancelled. Both subtrahends only grow,
 * so one that is read too early makes the backlog seem fuller, never emptier. `room` keeps what was
 * found last, so that the cache line of the taking side is not read for each thing.
 *
 * What is cancelled keeps its place in the ring until it is passed. For those there are `spare`
 * places, beyond the limit. When half of the spare ones are in use, the cancelling thread claims
 * the backlog, and moves the things that are left towards the tail: so the cancelled ones are the
 * oldest, and are passed. A thing that is moved keeps its ticket.
 *
 * Things are taken all the time, and by one thread at a time; claims are rare, and any thread's. So
 * the two exclude each other by an asymmetric handshake: who takes says so and then looks for a
 * claim, with no more than a compiler barrier in between; who claims says so, has all threads pass
 * a barrier, and then looks for who takes.
 *
 * A higher limit may need a larger ring. While the things are moved to that, `tail` is shut and
 * threads that put wait. The former ring is kept, since other threads may still look at it.
 *
 * Invariants. The positions from `head` to `tail` are filled or being filled. Tickets rise with
 * positions, and none is above its position; behind a place that is not filled yet they are equal.
 */
#include "backlog.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/relax.h"
#include "base/tools.h"
#include "pace.h"
#include "system/park.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define ABANDONED UINT64_MAX
#define SHUT 1u             /* in `tail` */
#define NOTHING ((void *)1) /* with which move_to fills a position; has been cancelled */

enum {
  MEASURED = 64, /* of one thing in so many the time is noted */
  AHEAD = 4      /* so many places ahead are prefetched: another processor has written them last */
};

/* The present ring, for a thread that is taking or has claimed it: no other one replaces it. */
static struct callseq_backlog_ring *ring_of(struct callseq_backlog *b) {
  return atomic_load_explicit(&b->ring, memory_order_relaxed);
}

static struct callseq_backlog_place *place_in(struct callseq_backlog_ring *ring,
                                              uint64_t position) {
  return &ring->places[position & ring->mask];
}

static struct callseq_backlog_place *place_of(struct callseq_backlog *b, uint64_t position) {
  return place_in(ring_of(b), position);
}

/* All of its places are free, for positions from `first` on. */
static void make_free(struct callseq_backlog_ring *ring, uint64_t first) {
  for (uint64_t p = first; p <= first + ring->mask; p++) {
    callseq_tools_release(place_in(ring, p));
    atomic_store_explicit(&place_in(ring, p)->turn, 2 * p, memory_order_relaxed);
  }
}

/* NULL: no memory. */
static struct callseq_backlog_ring *make_ring(uint64_t limit) {
  uint64_t places = 2;
  while (places < limit + limit / 2)
    places *= 2;
  size_t bytes = offsetof(struct callseq_backlog_ring, places) +
                 (size_t)places * sizeof(struct callseq_backlog_place);
  struct callseq_backlog_ring *ring =
      aligned_alloc(_Alignof(struct callseq_backlog_place), bytes); /* of which it is a multiple */
  if (!ring)
    return NULL;
  memset((void *)ring, 0, bytes); /* in memory before the first thing comes */
  ring->mask = places - 1;
  return ring;
}

static void begin(struct callseq_backlog *b) {
  make_free(ring_of(b), 0);
  atomic_store_explicit(&b->tail, 0, memory_order_relaxed);
  atomic_store_explicit(&b->room, 0, memory_order_relaxed);
  atomic_store_explicit(&b->cancelled, 0, memory_order_relaxed);
  atomic_store_explicit(&b->head, 0, memory_order_relaxed);
  atomic_store_explicit(&b->taken, 0, memory_order_relaxed);
  atomic_store_explicit(&b->moved, 0, memory_order_relaxed);
}

bool callseq_backlog_init(struct callseq_backlog *b, uint64_t limit, bool (*is_gone)(void *what),
                          void (*forget)(void *what)) {
  struct callseq_backlog_ring *ring = make_ring(limit);
  if (!ring)
    return false;
  atomic_store_explicit(&b->ring, ring, memory_order_relaxed);
  b->is_gone = is_gone;
  b->forget = forget;
  atomic_store_explicit(&b->limit, limit, memory_order_relaxed);
  atomic_store_explicit(&b->spare, ring->mask + 1 - limit, memory_order_relaxed);
  atomic_store_explicit(&b->moving, 0, memory_order_relaxed);
  atomic_store_explicit(&b->taking, 0, memory_order_relaxed);
  atomic_store_explicit(&b->claimed, 0, memory_order_relaxed);
  b->symmetric = !callseq_park_asymmetric();
  begin(b);
  return true;
}

static bool can_be_gone(const void *what) { return (uintptr_t)what & 1; }

/* Has what is there been cancelled? */
static bool is_gone(struct callseq_backlog *b, void *what) {
  return can_be_gone(what) && (what == NOTHING || b->is_gone(what));
}

static void forget(struct callseq_backlog *b, void *what) {
  if (what != NOTHING)
    b->forget(what);
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

/* The tail is shut: is it so for good? False: only until there is another ring. */
static bool is_closed(struct callseq_backlog *b) {
  /* acquire: pairs with the release in move_to */
  if (atomic_load_explicit(&b->moving, memory_order_acquire)) {
    sched_yield();
    return false;
  }
  return atomic_load_explicit(&b->tail, memory_order_relaxed) & SHUT;
}

enum callseq_backlog_answer callseq_backlog_put(struct callseq_backlog *b, void *what,
                                                const void *data, size_t words, bool measure,
                                                uint64_t *ticket) {
  struct callseq_backlog_ring *ring;
  struct callseq_backlog_place *place;
  uint64_t tail;
  for (;;) {
    /* acquire: pairs with the releases in move_to: the ring is as new as this */
    tail = atomic_load_explicit(&b->tail, memory_order_acquire);
    if (tail & SHUT) {
      if (is_closed(b))
        return CALLSEQ_BACKLOG_SHUT;
      continue;
    }
    if (!is_allowed(b, tail / 2))
      return CALLSEQ_BACKLOG_FULL;
    /* acquire: pairs with the store in move_to: a newer ring than the tail is whole */
    ring = atomic_load_explicit(&b->ring, memory_order_acquire);
    place = place_in(ring, tail / 2);
    /* acquire: pairs with the release in pass */
    if (atomic_load_explicit(&place->turn, memory_order_acquire) != tail) {
      if (atomic_load_explicit(&b->tail, memory_order_relaxed) == tail)
        return CALLSEQ_BACKLOG_FULL; /* cancelled ones are in the way */
    } else if (atomic_compare_exchange_weak_explicit(&b->tail, &tail, tail + 2,
                                                     memory_order_relaxed, memory_order_relaxed)) {
      break;
    }
  }
  __builtin_prefetch(place_in(ring, tail / 2 + AHEAD), 1);
  callseq_tools_acquire(place);
  place->ticket = tail / 2;
  if (ticket)
    *ticket = tail / 2;
  place->since = measure || tail / 2 % MEASURED == 0 ? callseq_clock_now() : 0;
  place->what = what;
  for (size_t i = 0; i < words; i++)
    memcpy(&place->words[i], (const uintptr_t *)data + i, sizeof place->words[i]);
  callseq_tools_release(place);
  /* release: pairs with the acquires in look, compact, move_to and drop_all. seq_cst: see backlog.h
   */
  uint64_t before = atomic_exchange_explicit(&place->turn, tail + 1, memory_order_seq_cst);
  return before == ABANDONED ? CALLSEQ_BACKLOG_SHUT : CALLSEQ_BACKLOG_PUT;
}

/* ---- Taking ---- */

/* False: another thread has claimed the backlog. */
CALLSEQ_INLINE bool try_to_take(struct callseq_backlog *b) {
  CALLSEQ_ASSERT(!atomic_load_explicit(&b->taking, memory_order_relaxed));
  atomic_store_explicit(&b->taking, 1, memory_order_relaxed);
  if (CALLSEQ_UNLIKELY(b->symmetric))
    /* seq_cst: pairs with the fence in try_to_claim */
    atomic_thread_fence(memory_order_seq_cst);
  else
    /* compiler only: pairs with callseq_park_barrier in try_to_claim */
    atomic_signal_fence(memory_order_seq_cst);
  /* acquire: pairs with the release in callseq_backlog_release */
  if (CALLSEQ_LIKELY(!atomic_load_explicit(&b->claimed, memory_order_acquire)))
    return true;
  callseq_backlog_leave(b);
  return false;
}

void callseq_backlog_leave(struct callseq_backlog *b) {
  CALLSEQ_ASSERT(atomic_load_explicit(&b->taking, memory_order_relaxed));
  /* release: pairs with the acquire in is_being_taken */
  atomic_store_explicit(&b->taking, 0, memory_order_release);
}

/* Frees the place of the head for the next round. Who sees it free sees the new head, too. */
CALLSEQ_INLINE void pass(struct callseq_backlog *b, uint64_t head) {
  struct callseq_backlog_ring *ring = ring_of(b);
  struct callseq_backlog_place *place = place_in(ring, head);
  callseq_tools_release(place);
  /* release, both: the head pairs with the acquire in callseq_backlog_is_empty, the turn with those
   * in callseq_backlog_put and callseq_backlog_is_empty */
  atomic_store_explicit(&b->head, head + 1, memory_order_release);
  atomic_store_explicit(&place->turn, 2 * (head + ring->mask + 1), memory_order_release);
}

/* The place of the head, or NULL if it is not filled; then `*left` is that position. */
CALLSEQ_INLINE struct callseq_backlog_place *look(struct callseq_backlog *b, uint64_t *left) {
  struct callseq_backlog_ring *ring = ring_of(b);
  uint64_t head = atomic_load_explicit(&b->head, memory_order_relaxed);
  struct callseq_backlog_place *place = place_in(ring, head);
  /* acquire: pairs with the exchange in callseq_backlog_put. seq_cst: see backlog.h */
  if (atomic_load_explicit(&place->turn, memory_order_seq_cst) != 2 * head + 1) {
    *left = head;
    callseq_backlog_leave(b);
    return NULL;
  }
  __builtin_prefetch(place_in(ring, head + AHEAD), 1);
  callseq_tools_acquire(place);
  return place;
}

/* The thing in `place` can have been cancelled: the oldest one that has not, as
 * callseq_backlog_look has it. */
static CALLSEQ_NOINLINE const struct callseq_backlog_place *
look_further(struct callseq_backlog *b, struct callseq_backlog_place *place, uint64_t *left) {
  while (place && is_gone(b, place->what)) {
    forget(b, place->what);
    uint64_t head = atomic_load_explicit(&b->head, memory_order_relaxed);
    pass(b, head);
    place = look(b, left);
  }
  return place;
}

const struct callseq_backlog_place *callseq_backlog_look(struct callseq_backlog *b,
                                                         uint64_t *left) {
  *left = CALLSEQ_BACKLOG_BUSY;
  if (!try_to_take(b))
    return NULL;
  struct callseq_backlog_place *place = look(b, left);
  return place && can_be_gone(place->what) ? look_further(b, place, left) : place;
}

void callseq_backlog_take(struct callseq_backlog *b) {
  uint64_t head = atomic_load_explicit(&b->head, memory_order_relaxed);
  pass(b, head);
  uint64_t taken = atomic_load_explicit(&b->taken, memory_order_relaxed);
  atomic_store_explicit(&b->taken, taken + 1, memory_order_relaxed);
  callseq_backlog_leave(b);
}

bool callseq_backlog_is_empty(struct callseq_backlog *b) {
  for (;;) {
    /* acquire: pairs with the release in pass: the ring is as new as this */
    uint64_t head = atomic_load_explicit(&b->head, memory_order_acquire);
    /* acquire: pairs with the store in move_to. seq_cst: see backlog.h; what is put in another ring
     * is looked for there */
    struct callseq_backlog_ring *ring = atomic_load_explicit(&b->ring, memory_order_seq_cst);
    /* acquire: pairs with the release in pass. seq_cst: see backlog.h */
    if (atomic_load_explicit(&place_in(ring, head)->turn, memory_order_seq_cst) == 2 * head + 1)
      return false;
    if (atomic_load_explicit(&b->head, memory_order_relaxed) == head)
      return true; /* else things have been moved together meanwhile */
  }
}

uint64_t callseq_backlog_ticket(struct callseq_backlog *b) {
  return atomic_load_explicit(&b->tail, memory_order_relaxed) / 2;
}

uint64_t callseq_backlog_count(struct callseq_backlog *b) {
  return callseq_backlog_ticket(b) - atomic_load_explicit(&b->moved, memory_order_relaxed);
}

/* ---- Claiming ---- */

/* False: another thread has claimed it. Else it is this one's as soon as nobody is taking. */
static bool try_to_claim(struct callseq_backlog *b) {
  /* acquire: pairs with the release in callseq_backlog_release */
  if (atomic_exchange_explicit(&b->claimed, 1, memory_order_acquire))
    return false;
  if (b->symmetric)
    /* seq_cst: pairs with the fence in try_to_take */
    atomic_thread_fence(memory_order_seq_cst);
  else if (!callseq_park_barrier())
    callseq_pace_without_barrier();
  return true;
}

static bool is_being_taken(struct callseq_backlog *b) {
  /* acquire: pairs with the release in callseq_backlog_leave */
  return atomic_load_explicit(&b->taking, memory_order_acquire);
}

static void let_pass(int times) {
  if (times < 100)
    callseq_relax();
  else
    sched_yield();
}

void callseq_backlog_hold(struct callseq_backlog *b) {
  for (int i = 0; !try_to_claim(b); i++)
    let_pass(i);
  for (int i = 0; is_being_taken(b); i++)
    let_pass(i);
}

void callseq_backlog_release(struct callseq_backlog *b) {
  /* release: pairs with the acquires in try_to_take and try_to_claim */
  atomic_store_explicit(&b->claimed, 0, memory_order_release);
}

/* ---- Cancelling ---- */

/* Moves what is left of the filled places together, towards the tail. This thread has claimed the
 * backlog. */
static void compact(struct callseq_backlog *b) {
  uint64_t head = atomic_load_explicit(&b->head, memory_order_relaxed), end = head;
  /* acquire: pairs with the exchange in callseq_backlog_put */
  while (end - head <= ring_of(b)->mask &&
         atomic_load_explicit(&place_of(b, end)->turn, memory_order_acquire) == 2 * end + 1)
    end++;
  uint64_t to = end;
  for (uint64_t from = end; from-- > head;) {
    struct callseq_backlog_place *old = place_of(b, from), *new;
    callseq_tools_acquire(old);
    if (is_gone(b, old->what)) {
      forget(b, old->what);
      continue;
    }
    new = place_of(b, --to);
    if (new == old)
      continue;
    new->ticket = old->ticket;
    new->since = old->since;
    new->what = old->what;
    memcpy(new->words, old->words, sizeof new->words);
    callseq_tools_release(new);
  }
  while (head < to)
    pass(b, head++);
}

void callseq_backlog_cancel(struct callseq_backlog *b) {
  uint64_t cancelled = 1 + atomic_fetch_add_explicit(&b->cancelled, 1, memory_order_relaxed);
  uint64_t passed = atomic_load_explicit(&b->head, memory_order_relaxed) -
                    atomic_load_explicit(&b->taken, memory_order_relaxed);
  if (2 * (cancelled - passed) < atomic_load_explicit(&b->spare, memory_order_relaxed) ||
      !try_to_claim(b))
    return;
  if (!is_being_taken(b))
    compact(b);
  callseq_backlog_release(b);
}

/* ---- Another limit ---- */

/* This thread has claimed it. One position is filled with nothing, so that whoever has seen the
 * tail before does not find it the same. False: it is closed. */
static bool move_to(struct callseq_backlog *b, struct callseq_backlog_ring *ring) {
  struct callseq_backlog_ring *old = ring_of(b);
  atomic_store_explicit(&b->moving, 1, memory_order_relaxed);
  /* release: pairs with the acquire of the tail in callseq_backlog_put, which then sees `moving` */
  uint64_t shut = atomic_fetch_or_explicit(&b->tail, SHUT, memory_order_release);
  uint64_t head = atomic_load_explicit(&b->head, memory_order_relaxed), tail = shut / 2;
  bool open = !(shut & SHUT);
  if (open) {
    make_free(ring, head);
    for (uint64_t p = head; p < tail; p++) {
      struct callseq_backlog_place *from = place_in(old, p), *to = place_in(ring, p);
      /* acquire: pairs with the exchange in callseq_backlog_put */
      while (atomic_load_explicit(&from->turn, memory_order_acquire) != 2 * p + 1)
        sched_yield();
      callseq_tools_acquire(from);
      memcpy((char *)to + sizeof to->turn, (char *)from + sizeof from->turn,
             sizeof *to - sizeof to->turn);
      callseq_tools_release(to);
      atomic_store_explicit(&to->turn, 2 * p + 1, memory_order_relaxed);
    }
    place_in(ring, tail)->ticket = tail;
    place_in(ring, tail)->what = NOTHING;
    atomic_store_explicit(&place_in(ring, tail)->turn, 2 * tail + 1, memory_order_relaxed);
    ring->before = old;
    /* release, seq_cst: pairs with the loads in callseq_backlog_put, callseq_backlog_is_empty */
    atomic_store_explicit(&b->ring, ring, memory_order_seq_cst);
    atomic_fetch_add_explicit(&b->cancelled, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&b->moved, 1, memory_order_relaxed);
    /* release: pairs with the acquire in callseq_backlog_put */
    atomic_store_explicit(&b->tail, 2 * (tail + 1), memory_order_release);
  }
  /* release: pairs with the acquire in is_closed */
  atomic_store_explicit(&b->moving, 0, memory_order_release);
  return open;
}

bool callseq_backlog_limit(struct callseq_backlog *b, uint64_t limit) {
  if (limit + limit / 2 > ring_of(b)->mask) {
    struct callseq_backlog_ring *ring = make_ring(limit + 1);
    if (!ring)
      return false;
    callseq_backlog_hold(b);
    if (!move_to(b, ring))
      free(ring);
    callseq_backlog_release(b);
  }
  atomic_store_explicit(&b->limit, limit, memory_order_relaxed);
  atomic_store_explicit(&b->spare, ring_of(b)->mask + 1 - limit, memory_order_relaxed);
  atomic_store_explicit(&b->room, 0, memory_order_relaxed);
  return true;
}

/* ---- The end, and fork ---- */

/* This thread has claimed it. */
static void drop_all(struct callseq_backlog *b, uint64_t tail,
                     void (*drop)(const struct callseq_backlog_place *place)) {
  for (uint64_t head; (head = atomic_load_explicit(&b->head, memory_order_relaxed)) < tail;) {
    struct callseq_backlog_place *place = place_of(b, head);
    /* acquire: pairs with the exchange in callseq_backlog_put */
    uint64_t before = atomic_exchange_explicit(&place->turn, ABANDONED, memory_order_acquire);
    callseq_tools_acquire(place);
    bool filled = before == 2 * head + 1;
    if (filled && is_gone(b, place->what))
      forget(b, place->what);
    else if (filled)
      drop(place);
    atomic_store_explicit(&b->head, head + 1, memory_order_relaxed);
  }
}

void callseq_backlog_close(struct callseq_backlog *b,
                           void (*drop)(const struct callseq_backlog_place *place)) {
  callseq_backlog_hold(b);
  uint64_t tail = atomic_fetch_or_explicit(&b->tail, SHUT, memory_order_relaxed);
  drop_all(b, tail / 2, drop);
  callseq_backlog_release(b);
}

void callseq_backlog_forked(struct callseq_backlog *b,
                            void (*drop)(const struct callseq_backlog_place *place)) {
  uint64_t tail = atomic_load_explicit(&b->tail, memory_order_relaxed);
  drop_all(b, tail / 2, drop);
  b->symmetric = !callseq_park_asymmetric();
  begin(b);
  atomic_store_explicit(&b->tail, tail & SHUT, memory_order_relaxed);
  callseq_backlog_release(b);
}
