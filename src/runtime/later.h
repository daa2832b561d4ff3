/* Calls that outlive their caller's frame: posts, futures, notifications. Needs runtime.h before
 * it. */
#ifndef CALLSEQ_LATER_H
#define CALLSEQ_LATER_H

#include "service.h"
#include "suspend.h"

enum callseq_later_kind {
  CALLSEQ_LATER_POST,
  CALLSEQ_LATER_FUTURE, /* somebody may ask how it has ended */
  CALLSEQ_LATER_NOTICE
};

/* One such call. It belongs, one after the other, to the thread that makes it, the backlog, the
 * holder that executes it, and the service that reports it; a future to whoever refers to it. */
struct callseq_future {
  struct callseq_chore chore;   /* a report, once */
  enum callseq_later_kind kind; /* constant */
  _Atomic(uint32_t) state;      /* of a future: see later_future.c; any thread */
  _Atomic(uint32_t) references; /* to a future; any thread */
  uint64_t ticket;              /* of the backlog. Holder; as `next` once it is in that list */
  uint64_t queued;              /* a future's ticket. Whoever refers to the future */
  struct callseq_future *next;  /* in the runtime's list `outstanding`; with that one's mutex */
  struct callseq_future *
      *link;   /* what points to it in that list; NULL: it is not there. As `next` */
  bool waited; /* its callback has been suspended. Holder */
  struct callseq_future *after;      /* in the list of those that are spare, or due. Holder */
  struct callseq_abi_notice *notice; /* the one that this is a run of, or NULL. Holder */
  /* `then` and its argument: whoever sets THEN_CLAIMED of a future's state writes them, whoever
   * runs `then` reads them. */
  void (*then)(void *data, int status);
  void *data;
  struct callseq_resumption
      resumption; /* with which its callback goes on that has waited. Holder */
  /* Arguments and result follow. As any request's. */
  struct callseq_abi_request request __attribute__((aligned(16)));
};

/* Is this request one of such a call? */
static inline bool callseq_later_is(const struct callseq_abi_request *q) {
  return q->callback->later;
}

/* Makes what such calls take, unless it is there: the backlog, and the service. False: no memory or
 * thread can be had. Any thread. */
bool callseq_later_begin(struct callseq_runtime *r);

/* The runtime has opened: has what came while it was loading executed. By the thread that set up.
 */
void callseq_later_opened(struct callseq_runtime *r);

/* For the holder: takes the next request that a batch executes. NULL: there is none, or the batch
 * has executed enough. `by_service`: it is the service's own batch, which ends only when there is
 * no more to do, or somebody waits for the runtime. */
struct callseq_abi_request *callseq_later_next(struct callseq_runtime *r, bool by_service);

/* For the holder: the same after a plain post has ended, see runtime.h, if another one follows;
 * which has the same request. If NULL is returned, the end of the former is as any call's. */
struct callseq_abi_request *callseq_later_next_plain(struct callseq_runtime *r);

/* For the holder: batches execute no call with a higher ticket than this, until it is UINT64_MAX.
 */
void callseq_later_bound(struct callseq_runtime *r, uint64_t ticket);

/* For the holder: a request of callseq_later_next has ended, or has been suspended. */
void callseq_later_end(struct callseq_runtime *r, struct callseq_abi_request *q);

/* For the holder: a suspended one need not wait any longer. */
void callseq_later_ring(struct callseq_runtime *r, struct callseq_abi_request *q);

/* Has something been queued, or notified? Any thread, once something can be: a guess. */
static inline bool callseq_later_has_come(struct callseq_runtime *r) {
  /* seq_cst, and in the second: for callseq_later_go_to_sleep */
  return atomic_load_explicit(&r->later.notices, memory_order_seq_cst) ||
         !callseq_backlog_is_empty(&r->later.backlog);
}

/* Is there anything that could begin or go on? For the holder, a guess. */
bool callseq_later_is_pending(struct callseq_runtime *r);

/* Another limit of the backlog; by the thread that has the mutex of set-up. False: no memory. */
bool callseq_later_limit(struct callseq_runtime *r, unsigned limit);

/* From now on nothing begins: what is queued is dropped, or cancelled, once. Functions `dropped` of
 * callseq_post run in this call; functions `then` of futures are run by the service. Any thread,
 * also inside, and more than once. */
void callseq_later_close(struct callseq_runtime *r);

/* The same, by the thread that ends the process by (exit). Threads that wait in callseq_flush or
 * for a future go on waiting, as callers do: one of them might end the process before, in its own
 * way. */
void callseq_later_exit(struct callseq_runtime *r);

/* For the holder, when nothing begins any more: those that are suspended end with CALLSEQ_CLOSED,
 * and memory that was kept for others is freed. */
void callseq_later_abandon(struct callseq_runtime *r);

/* Would this thread wait for ever for a call for later, or for a closing in progress? So it is if
 * it is inside; or in a function of the program's that the service, or a thread that closes, tells.
 */
bool callseq_later_would_wait_for_itself(struct callseq_runtime *r);

/* Before a fork, after it in the parent, and in the child, where what the parent has queued is
 * forgotten. By the thread that forks. */
void callseq_later_before_fork(struct callseq_runtime *r);
void callseq_later_after_fork(struct callseq_runtime *r);
void callseq_later_forked(struct callseq_runtime *r);

#endif
