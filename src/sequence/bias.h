/* The bias of the sequencer's lock, for its parts; what it is says sequencer.h. Of the holder,
 * unless a function says otherwise. */
#ifndef CALLSEQ_BIAS_H
#define CALLSEQ_BIAS_H

#include "sequencer.h"

#include <stdbool.h>

/* The lock is not biased, and nobody is the owner. While no other thread knows of the sequencer. */
void callseq_bias_init(struct callseq_sequencer *s);

/* The thread with this id is the owner no more: it has the lock as any other, or is not inside. By
 * that thread. */
void callseq_bias_forget(struct callseq_sequencer *s, uint32_t self);

/* Begins to count leaves; or has the next one be slow, and counts nothing. */
void callseq_bias_count(struct callseq_sequencer *s, bool slow);

/* As the holder with this id leaves, `alone` if nobody waits: has it been the only one for long? */
bool callseq_bias_is_due(struct callseq_sequencer *s, uint32_t self, bool alone);

/* Returns what `lock` is to hold, if it is biased to this thread. */
uint32_t callseq_bias_to(struct callseq_sequencer *s, uint32_t self);

/* Who holds the lock that is biased, or being revoked, by what `lock` holds: the owner's id, or
 * FREE. Any thread; a guess, unless it has fenced between the two. */
uint32_t callseq_bias_holder(struct callseq_sequencer *s, uint32_t biased);

/* What `lock` holds, for a thread that wants it: it revokes a bias. Any thread. */
uint32_t callseq_bias_look(struct callseq_sequencer *s);

/* For the holder, or for the owner, which has found the bias revoked: is it a holder as any other
 * now? Else somebody has seen that it was leaving. */
bool callseq_bias_regain(struct callseq_sequencer *s, uint32_t self);

#endif
