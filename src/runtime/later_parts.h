/* What the files of calls for later share; see later.c. Needs runtime.h before it. */
#ifndef CALLSEQ_LATER_PARTS_H
#define CALLSEQ_LATER_PARTS_H

#include "later.h"

/* `state` of a future; see later_future.c. */
enum {
  CALLSEQ_FUTURE_BEGUN = 1,
  CALLSEQ_FUTURE_ENDED = 2,
  CALLSEQ_FUTURE_CANCELLED = 4, /* with ENDED */
  CALLSEQ_FUTURE_FORKED = 8,    /* with ENDED */
  CALLSEQ_FUTURE_THEN_CLAIMED = 16,
  CALLSEQ_FUTURE_THEN = 32,
  CALLSEQ_FUTURE_ASLEEP = 64 /* a thread sleeps on it */
};

#define CALLSEQ_LATER_NO_TICKET UINT64_MAX /* the ticket of what was not in the backlog */

/* ---- One call ---- */

/* The record of a request of a call for later. */
static inline struct callseq_future *callseq_later_of(const struct callseq_abi_request *q) {
  return (struct callseq_future *)((char *)q - offsetof(struct callseq_future, request));
}

static inline size_t callseq_later_bytes_of_arguments(const struct callseq_abi_callback *callback) {
  return callback->bytes - sizeof(struct callseq_abi_request);
}

/* They are whole words: a request has pointers, so the size of one with arguments is a multiple of
 * theirs. */
static inline size_t callseq_later_words_of_arguments(const struct callseq_abi_callback *callback) {
  return callseq_later_bytes_of_arguments(callback) / sizeof(uintptr_t);
}

static inline void *callseq_later_arguments_of(struct callseq_abi_request *q) { return q + 1; }

/* Does a call of this callback fit into a place of the backlog? */
static inline bool callseq_later_is_small(const struct callseq_abi_callback *callback) {
  return callseq_later_words_of_arguments(callback) <= CALLSEQ_BACKLOG_WORDS;
}

/* The `what` of a place of the backlog is the callback of a small call; or, plus 1, the address of
 * the record of any other. The first makes such a `what`; the second returns the record, or NULL.
 */
static inline void *callseq_later_to_what(struct callseq_future *f) {
  return (void *)((uintptr_t)f | 1);
}
static inline struct callseq_future *callseq_later_of_what(void *what) {
  uintptr_t word = (uintptr_t)what;
  return word & 1 ? (struct callseq_future *)(word & ~(uintptr_t)1) : NULL;
}

/* ---- later.c ---- */

/* Makes a record with the arguments of `q`; NULL: no memory. Any thread. */
struct callseq_future *callseq_later_copy(struct callseq_abi_request *q,
                                          enum callseq_later_kind kind);

/* Takes a record for a small call; NULL: no memory. Holder. */
struct callseq_future *callseq_later_take_spare(struct callseq_runtime *r,
                                                enum callseq_later_kind kind,
                                                struct callseq_abi_callback *callback);

/* Frees a record; a future only if this was the last reference to it. Any thread. */
void callseq_later_release(struct callseq_future *f);

/* Frees the record of a call that has ended without a failure, and is no future; or keeps it as
 * spare if the call was small. `waited`: its callback was suspended. Holder. */
void callseq_later_give_back(struct callseq_runtime *r, struct callseq_future *f, bool waited);

/* Frees what the call owns, such as copies of strings. */
void callseq_later_drop_values(struct callseq_abi_request *q);

/* After something has been queued by a seq_cst access: somebody will look. Any thread, and signal
 * handlers. */
void callseq_later_wake(struct callseq_runtime *r);

/* Wakes threads that sleep on a word by callseq_service_wait. Any thread. */
void callseq_later_wake_all(struct callseq_runtime *r, const void *word);

/* For the service, as the holder: from now on nobody looks. False: there is something to do. */
bool callseq_later_go_to_sleep(struct callseq_runtime *r);

/* May a call be queued? Not before the runtime is set up, nor after it is closed; while it loads,
 * by what it loads only. Any thread, and signal handlers. */
bool callseq_later_is_open(struct callseq_runtime *r);

/* Can a call be queued? Returns a status; `whole` as callseq_abi_post has it. Any thread. */
int callseq_later_check(struct callseq_runtime *r, struct callseq_abi_callback *callback,
                        int whole);

/* Counts a call that is not queued; returns the status, which says why. */
int callseq_later_refuse(struct callseq_runtime *r, int status);

/* Queues `what`, with `data`; `*ticket` as callseq_backlog_put has it. Returns a status. Any
 * thread, and signal handlers. */
int callseq_later_put(struct callseq_runtime *r, void *what, const void *data, size_t words,
                      uint64_t *ticket);

/* This thread, the service or one that closes, begins or ends a function of the program's that is
 * told of a call for later. Returns whether it was in one before. */
bool callseq_later_set_telling(bool telling);

/* Has the service call `run` with the record's chore. Any thread; not again before it has run. */
void callseq_later_entrust(struct callseq_runtime *r, struct callseq_future *f,
                           void (*run)(struct callseq_chore *));
static inline struct callseq_future *callseq_later_of_chore(struct callseq_chore *chore) {
  return (struct callseq_future *)((char *)chore - offsetof(struct callseq_future, chore));
}

/* ---- later_flush.c ---- */

/* Notes that all calls with lower tickets have begun. Holder, or whoever closes. */
void callseq_later_settle(struct callseq_runtime *r, uint64_t ticket);

/* The call is outstanding: it has begun and has not ended, or its error is still to be told.
 * Holder. */
void callseq_later_link_in(struct callseq_runtime *r, struct callseq_future *f);

/* It is outstanding no more. Any thread; the second is for one that has the mutex, and tells no
 * flushers. */
void callseq_later_unlink(struct callseq_runtime *r, struct callseq_future *f);
void callseq_later_unlink_locked(struct callseq_future *f);

/* Has threads in callseq_flush look again: something has been settled, or has ended. Any thread. */
void callseq_later_tell_flushers(struct callseq_runtime *r);

/* Has everything with a lower ticket ended, and been reported? Any thread. */
bool callseq_later_is_flushed(struct callseq_runtime *r, uint64_t ticket);

/* ---- later_future.c ---- */

/* The status of a future whose call has ended; `state` is the future's. Whoever refers to it. */
int callseq_later_status_of(const struct callseq_future *f, uint32_t state);

/* Marks a future as begun: it cannot be cancelled any more. False: it has been cancelled. */
bool callseq_later_can_begin(struct callseq_future *f);

/* The future's callback has ended. Holder. */
void callseq_later_end_future(struct callseq_runtime *r, struct callseq_future *f);

/* The future's callback will not end: `why` is CANCELLED or FORKED. If it has begun, by whoever has
 * it; if not, by whoever has called callseq_later_can_begin with success. */
void callseq_later_lose_future(struct callseq_runtime *r, struct callseq_future *f, uint32_t why);

/* ---- later_post.c ---- */

/* A place of the backlog will not be executed: if it is a callseq_post, calls its `dropped`. */
void callseq_later_call_dropped(const struct callseq_backlog_place *place);

/* ---- later_notice.c ---- */

/* Takes the oldest notification, and returns the request of its run; NULL: there is none, or no
 * memory. Holder. */
struct callseq_abi_request *callseq_later_take_notice(struct callseq_runtime *r);

/* That run has ended. Holder. */
void callseq_later_end_notice(struct callseq_runtime *r, struct callseq_abi_notice *n);

/* In a forked child: forgets all notifications; `running`, or NULL, is the one whose run goes on.
 */
void callseq_later_forget_notices(struct callseq_runtime *r, struct callseq_abi_notice *running);

#endif
