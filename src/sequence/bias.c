/* How a lock is biased to the thread that has used it alone for long, and how that is revoked.
 *
 * Leaves that have nothing else to do are counted, whose ever they are. After BIAS_LEAVES of them
 * in a row, with nobody waiting, each of the next ones is looked at: if it is one thread that
 * leaves BIAS_STREAK times the lock is biased to it. From then on `lock` stays as it is while this
 * thread, the owner, comes and goes by plain stores to a word of its own, in `owners`.
 *
 * Whoever else comes revokes the bias: it marks `lock` as revoked, has all others fence, and looks
 * at that word; so it finds that the lock is the owner's, as if that had taken it, or free. The
 * owner looks at `lock` after each store to its word, without a fence: if the bias is revoked it
 * makes itself the holder, unless the lock is free by then.
 *
 *        FREE --bias--> BIASED --revoke--> REVOKED --revoke--> FREE, or the owner's id
 *
 * Invariants. All of them change `lock` by a compare-and-swap from the value that only this bias
 * has, by its number: so one of them decides, and nobody waits for another. A thread's word is its
 * own until it gives that back itself: one that has begun to look whether the lock is biased to it
 * may go on at any time, when it is biased to another. A thread gives its word back before it is
 * the holder in another way than by the bias: else it would take the lock for biased to it when it
 * calls from inside. verify/sequencer.pml is a model of this file, too.
 *
 * Each revocation has the next bias come later, so that threads that take turns hardly pay for it.
 */
#include "bias.h"

#include "pace.h"
#include "protocol.h"
#include "system/park.h"

enum {
  BIAS_LEAVES = 1 << 16, /* so many leaves come before it; twice as many after each revocation, */
  BIAS_DOUBLES = 8,      /* up to so many of these; */
  BIAS_STREAK = 8,       /* and then so many of one thread */
};

/* ---- How it comes about ---- */

void callseq_bias_init(struct callseq_sequencer *s) {
  struct callseq_bias *b = &s->bias;
  for (int i = 0; i < CALLSEQ_BIAS_OWNERS; i++)
    atomic_store_explicit(&b->owners[i], 0, memory_order_relaxed);
  atomic_store_explicit(&b->revocations, 0, memory_order_relaxed);
  b->number = 0;
}

void callseq_bias_forget(struct callseq_sequencer *s, uint32_t self) {
  if ((callseq_sequencer_owner(s, self) & ~CALLSEQ_BIAS_INSIDE) == self)
    /* release: pairs with the acquire in callseq_bias_holder */
    atomic_store_explicit(&s->bias.owners[self % CALLSEQ_BIAS_OWNERS], 0, memory_order_release);
}

void callseq_bias_count(struct callseq_sequencer *s, bool slow) {
  struct callseq_bias *b = &s->bias;
  uint32_t doubles = atomic_load_explicit(&b->revocations, memory_order_relaxed);
  b->counts = !slow;
  b->candidate = 0;
  s->leaves = slow ? 1 : (uint32_t)BIAS_LEAVES << (doubles < BIAS_DOUBLES ? doubles : BIAS_DOUBLES);
}

bool callseq_bias_is_due(struct callseq_sequencer *s, uint32_t self, bool alone) {
  struct callseq_bias *b = &s->bias;
  if (s->leaves || !b->counts || !alone || (b->candidate && b->candidate != self) ||
      callseq_sequencer_owner(s, self) || !self || self >> 29 != 0) {
    callseq_bias_count(s, false);
    return false;
  }
  b->streak = b->candidate ? b->streak + 1 : 1;
  b->candidate = self;
  s->leaves = 1; /* the next one shows whether it goes on */
  if (b->streak < BIAS_STREAK)
    return false;
  callseq_bias_count(s, false);
  return true;
}

uint32_t callseq_bias_to(struct callseq_sequencer *s, uint32_t self) {
  struct callseq_bias *b = &s->bias;
  atomic_store_explicit(&b->owners[self % CALLSEQ_BIAS_OWNERS], self, memory_order_relaxed);
  return BIASED(++b->number, self);
}

/* ---- Revoking ---- */

uint32_t callseq_bias_holder(struct callseq_sequencer *s, uint32_t biased) {
  /* acquire: pairs with the releases in callseq_sequencer_mark and callseq_bias_forget */
  uint32_t owner =
      atomic_load_explicit(&s->bias.owners[biased % CALLSEQ_BIAS_OWNERS], memory_order_acquire);
  return owner & CALLSEQ_BIAS_INSIDE ? owner & ~CALLSEQ_BIAS_INSIDE : FREE;
}

/* `biased` is what `lock` held when it was read, with acquire. */
static void revoke(struct callseq_sequencer *s, uint32_t biased) {
  uint32_t revoked = REVOKED(biased);
  atomic_compare_exchange_strong_explicit(&s->lock, &biased, revoked, memory_order_relaxed,
                                          memory_order_relaxed);
  if (!callseq_park_barrier())
    callseq_pace_without_barrier();
  uint32_t left = callseq_bias_holder(s, revoked);
  /* release: who takes what is free, by an acquire, sees what the owner has done */
  if (atomic_compare_exchange_strong_explicit(&s->lock, &revoked, left, memory_order_release,
                                              memory_order_relaxed))
    atomic_fetch_add_explicit(&s->bias.revocations, 1, memory_order_relaxed);
}

uint32_t callseq_bias_look(struct callseq_sequencer *s) {
  for (;;) {
    /* acquire: pairs with the release in give_up: whose it is is seen */
    uint32_t lock = atomic_load_explicit(&s->lock, memory_order_acquire);
    if (!CALLSEQ_LOCK_HAS_OWNER(lock))
      return lock;
    revoke(s, lock);
  }
}

bool callseq_bias_regain(struct callseq_sequencer *s, uint32_t self) {
  for (;;) {
    uint32_t lock = atomic_load_explicit(&s->lock, memory_order_relaxed);
    if (lock == self)
      return true;
    if (!CALLSEQ_LOCK_HAS_OWNER(lock) || lock % CALLSEQ_BIAS_OWNERS != self % CALLSEQ_BIAS_OWNERS)
      return false;
    atomic_compare_exchange_strong_explicit(&s->lock, &lock, self, memory_order_relaxed,
                                            memory_order_relaxed);
  }
}
