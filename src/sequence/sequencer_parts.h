/* What the parts of the sequencer share: sequencer.c is the lock and its holder, queue.c who waits
 * and who is next, waiting.c one thread's wait. Functions are for the holder, and for whoever else
 * is at the queue, unless they say otherwise. */
#ifndef CALLSEQ_SEQUENCER_PARTS_H
#define CALLSEQ_SEQUENCER_PARTS_H

#pragma GCC visibility push(default) /* inline in generated code */
#include "sequencer.h"
#pragma GCC visibility pop

#include <stdbool.h>

/* ---- sequencer.c ---- */

/* Becomes the holder, with the id `self`, if `lock` is `from`. Any thread. */
bool callseq_sequencer_take(struct callseq_sequencer *s, uint32_t from, uint32_t self);

/* ---- queue.c: waking. Any thread ---- */

/* Wakes who sleeps on this word. That is only an address: the waiter may be gone. */
void callseq_queue_wake(struct callseq_sequencer *s, const void *word);

/* Wakes the heir, which sees what this thread has done to `lock`. */
void callseq_queue_ring(struct callseq_sequencer *s);

/* ---- queue.c: who is at the queue ---- */

/* These two enclose what the holder does to its own, or the heir once the lock is CLOSED. No more
 * than moments pass between them. */
void callseq_queue_begin(struct callseq_sequencer *s);
void callseq_queue_end(struct callseq_sequencer *s);

/* The same for any thread that withdraws: in between the holder, and others that withdraw, are kept
 * from the queue. */
void callseq_queue_begin_withdrawal(struct callseq_sequencer *s);
void callseq_queue_end_withdrawal(struct callseq_sequencer *s);

/* ---- queue.c: those that wait ---- */

/* Joins the queue: true as the heir, false as a follower. Any thread, which is not at the queue. */
bool callseq_queue_push(struct callseq_sequencer *s, struct callseq_waiter *w);

/* Takes over those that have arrived. While there is an heir, or a vacancy. */
void callseq_queue_collect(struct callseq_sequencer *s);

/* Takes a waiter out; false: it is not there. `ahead`: how many of `brief` came before it. */
bool callseq_queue_remove(struct callseq_sequencer *s, struct callseq_waiter *w, uint32_t *ahead);

/* The batch is the first `count` of `brief`, within the limit. */
void callseq_queue_begin_batch(struct callseq_sequencer *s, uint32_t count);

/* Takes the next one of the batch, or NULL. By the holder, which is not at the queue. */
struct callseq_waiter *callseq_queue_take(struct callseq_sequencer *s);

/* May its thread execute others first? How long that takes nobody knows: not if its own call has to
 * begin by some time. */
static inline bool callseq_queue_executes_others(const struct callseq_waiter *w) {
  return !w->alone && !w->until;
}

/* ---- queue.c: the succession ---- */

/* Who is to be the heir, or the heir's deputy: the oldest of those that wait for a turn, or the
 * last one of a batch that may execute it; NULL: nobody waits. */
struct callseq_waiter *callseq_queue_choose(struct callseq_sequencer *s);

/* Keeps what will be offered for the heir, if that calls seldom. Is what is offered kept? Any
 * thread. */
void callseq_queue_keep_for(struct callseq_sequencer *s, const struct callseq_waiter *heir);
bool callseq_queue_is_kept(struct callseq_sequencer *s);

/* Fills the vacancy, if there are followers; without any there will be no heir. Returns the heir if
 * it has to be woken. */
struct callseq_waiter *callseq_queue_appoint(struct callseq_sequencer *s);

/* The heir is that no more. */
void callseq_queue_step_down(struct callseq_sequencer *s);

/* The heir has become the holder, and is not at the queue: the next heir is the first to come, or
 * to be appointed. */
void callseq_queue_inherit(struct callseq_sequencer *s);

#endif
