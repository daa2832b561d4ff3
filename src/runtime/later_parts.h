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

#define CALLSEQ_LATER_NO_TICKET UINT64_MAX /* of what was not in the backlog */

/* ---- One call ---- */

static inline struct callseq_future *callseq_later_of(const struct callseq_abi_request *q) {
  return (struct callseq_future *)((char *)q - offsetof(struct callseq_future, request));
}

static inline size_t callseq_later_bytes_of_arguments(const struct callseq_abi_callback *callback) {
  return callback->bytes - sizeof(struct callseq_abi_request);
}

static inline void *callseq_later_arguments_of(struct callseq_abi_request *q) { return q + 1; }

/* Is it copied into its place of the backlog? */
static inline bool callseq_later_is_small(const struct callseq_abi_callback *callback) {
  return callseq_later_bytes_of_arguments(callback) <= CALLSEQ_BACKLOG_WORDS * sizeof(uintptr_t);
}

/* The `what` of a place of the backlog is a callback, if the call is small, else the address of its
 * record plus 1: that record, or NULL. */
static inline void *callseq_later_to_what(struct callseq_future *f) {
  return (void *)((uintptr_t)f | 1);
}
static inline struct callseq_future *callseq_later_of_what(void *what) {
  uintptr_t word = (uintptr_t)what;
  return word & 1 ? (struct callseq_future *)(word & ~(uintptr_t)1) : NULL;
}

/* ---- later.c ---- */

/* A record, or NULL: no memory. By any thread, of any size, with the arguments of `q`; or by the
 * holder, for small calls. */
struct callseq_future *callseq_later_copy(struct callseq_abi_request *q,
                                          enum callseq_later_kind kind);
struct callseq_future *callseq_later_take_spare(struct callseq_runtime *r,
                                                enum callseq_later_kind kind,
                                                struct callseq_abi_callback *callback);

/* Its end: one reference less to a future, or of the others the only one; or by the holder, which
 * keeps small ones as spare if they have not failed; `waited`: its callback was suspended. The last
 * drops only what the callback's call owns. */
void callseq_later_release(struct callseq_future *f);
void callseq_later_give_back(struct callseq_runtime *r, struct callseq_future *f, bool waited);
void callseq_later_drop_values(struct callseq_abi_request *q);

/* After something has been queued by a seq_cst access: somebody will look. Any thread, and signal
 * handlers. */
void callseq_later_wake(struct callseq_runtime *r);

/* Wakes threads that sleep on a word by callseq_service_wait. Any thread. */
void callseq_later_wake_all(struct callseq_runtime *r, const void *word);

/* For the service, as the holder: nobody looks any more. False: there is something. */
bool callseq_later_go_to_sleep(struct callseq_runtime *r);

/* May a call be queued? Not before the runtime is set up, nor after it is closed; while it loads,
 * by what it loads only. Any thread, and signal handlers. */
bool callseq_later_is_open(struct callseq_runtime *r);

/* Is there all that it takes to queue a call? A status; `whole` as callseq_abi_post has it. Any
 * thread. */
int callseq_later_check(struct callseq_runtime *r, struct callseq_abi_callback *callback,
                        int whole);

/* Counts a call that is not queued; returns the status, which says why. */
int callseq_later_refuse(struct callseq_runtime *r, int status);

/* Queues `what`, with `data`; `*ticket` as callseq_backlog_put has it. A status. Any thread, and
 * signal handlers. */
int callseq_later_put(struct callseq_runtime *r, void *what, const void *data, size_t bytes,
                      uint64_t *ticket);

/* Would what this thread waits for be executed by nobody, since it is inside, or the service in a
 * function of the program's? The second says whether it is that. */
bool callseq_later_would_wait_for_itself(struct callseq_runtime *r);
void callseq_later_set_telling(bool telling);

/* Has the service run `run`, with the record's chore. Any thread; once at a time. */
void callseq_later_entrust(struct callseq_runtime *r, struct callseq_future *f,
                           void (*run)(struct callseq_chore *));
static inline struct callseq_future *callseq_later_of_chore(struct callseq_chore *chore) {
  return (struct callseq_future *)((char *)chore - offsetof(struct callseq_future, chore));
}

/* ---- later_flush.c ---- */

/* All with lower tickets have begun. Holder, or who closes. */
void callseq_later_settle(struct callseq_runtime *r, uint64_t ticket);

/* It has begun and has not ended, or no error of its has been told. Holder; then any thread. */
void callseq_later_link_in(struct callseq_runtime *r, struct callseq_future *f);
void callseq_later_unlink(struct callseq_runtime *r, struct callseq_future *f);

/* The same for who has the mutex. */
void callseq_later_unlink_locked(struct callseq_future *f);

/* Something has been settled, or ended. Any thread. */
void callseq_later_tell_flushers(struct callseq_runtime *r);

/* Has everything with a lower ticket ended, and been reported? Any thread. */
bool callseq_later_is_flushed(struct callseq_runtime *r, uint64_t ticket);

/* ---- later_future.c ---- */

/* The status of a call that has ended, in this state. Whoever has it. */
int callseq_later_status_of(const struct callseq_future *f, uint32_t state);

/* False: it has been cancelled, perhaps in the last moment. Else it will not be. */
bool callseq_later_can_begin(struct callseq_future *f);

/* It has ended, by its callback. Holder. */
void callseq_later_end_future(struct callseq_runtime *r, struct callseq_future *f);

/* It never will: by CANCELLED or FORKED. Of what has begun whoever has it, of others who has asked
 * callseq_later_can_begin. */
void callseq_later_lose_future(struct callseq_runtime *r, struct callseq_future *f, uint32_t why);

/* ---- later_post.c ---- */

/* A place of the backlog is not executed: `dropped` of callseq_post is. */
void callseq_later_call_dropped(const struct callseq_backlog_place *place);

/* ---- later_notice.c ---- */

/* A run of the oldest notification; NULL: there is none, or no memory. And its end. Holder. */
struct callseq_abi_request *callseq_later_take_notice(struct callseq_runtime *r);
void callseq_later_end_notice(struct callseq_runtime *r, struct callseq_abi_notice *n);

/* In a forked child, where `running` (or NULL) goes on. */
void callseq_later_forget_notices(struct callseq_runtime *r, struct callseq_abi_notice *running);

#endif
