/* The values of the words that threads share, for the parts of the sequencer, for the designs that
 * are compared with it, for tests, and for the model in verify/. The model is preprocessed as C is:
 * here is nothing but #define. The model's words are narrower, so it defines CALLSEQ_LOCK_FREE,
 * CALLSEQ_LOCK_CLOSED, MARK, BIASED and REVOKED itself. */
#ifndef CALLSEQ_PROTOCOL_H
#define CALLSEQ_PROTOCOL_H

#ifndef CALLSEQ_MODEL
#include "sequencer.h"
#define MARK(n) ((struct callseq_waiter *)(n))
#endif

/* `lock`: one of these, or else the holder's id, another number than that of any other thread. */
#define FREE CALLSEQ_LOCK_FREE
#define CLOSED CALLSEQ_LOCK_CLOSED
#define PASSING (CLOSED - 1) /* taken, by a thread that only looks after waiters */
#define OFFERED (CLOSED - 2) /* free for the heir, or for its deputy */
#ifndef CALLSEQ_MODEL
/* Biased to the thread with this id, of which it has what its word is found by, and the number of
 * the bias; and the same, revoked. */
#define BIASED(number, id) (0x40000000 | (uint32_t)(number) % (1u << 26) * 8 | (id) % 8)
#define REVOKED(biased) ((biased) | 0x20000000)
#endif

/* `state` of a waiter: one of these, the first with PARKED while its thread sleeps, or is about to.
 */
#define WAITING 0 /* a follower */
#define HEIR 1
#define DONE 2 /* has been executed: it is its thread's again */
#define PARKED 4
#define LEFT 8 /* no state of a waiter: its thread has withdrawn it */

/* `arrivals`: NULL, or a stack of followers that ends in this. */
#define HEIR_ONLY MARK(1)

/* `demand` */
#define NONE 0
#define DEMANDED 1 /* by the heir */
#define ASLEEP 2   /* by the heir, which sleeps until the bell rings, or is about to */
#define OVERDUE 3  /* the heir does not come, and others wait */

#endif
