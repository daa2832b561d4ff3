/* The service does what no native thread waits for: in Scheme its signal handlers, and green
 * threads while nobody calls; and outside, with the runtime free, what calls that nobody waits for
 * leave to be done. It is a thread of the library's, of which there is none until one of these can
 * come; or the host's loop. Needs runtime.h before it. */
#ifndef CALLSEQ_SERVICE_H
#define CALLSEQ_SERVICE_H

#include <stdbool.h>

/* Something to be done outside. */
struct callseq_chore {
  struct callseq_chore *next;
  void (*run)(struct callseq_chore *chore); /* may free it */
};

/* Makes the service unless there is one. False if it cannot be had; the first time a line on
 * standard error says why, and what that means: `lacking`. Any thread. */
bool callseq_service_start(struct callseq_runtime *r, const char *lacking);

/* Has it make a call soon, which begins after this; it may make one call for all that it is told
 * before that. Nothing happens where there is no service. Any thread may tell it, and so may a
 * signal handler. */
void callseq_service_tell(struct callseq_runtime *r);

/* Has it run the chore soon, outside, by its own thread, after those that were entrusted to it
 * before. Any thread, also inside; never waits. */
void callseq_service_entrust(struct callseq_runtime *r, struct callseq_chore *chore);

/* For the holder, in the service's own batch, which finds nothing more and has executed calls for
 * later, or not: does the service look for others by itself for a moment? Then nobody need wake it
 * for them, and it calls again in any case. */
bool callseq_service_watches(struct callseq_runtime *r, bool executed);

/* Has it chores to run? Any thread. */
static inline bool callseq_service_has_chores(struct callseq_runtime *r) {
  return atomic_load_explicit(&r->service.chores, memory_order_relaxed);
}

/* For how many milliseconds a call of `callback`, one of the library's own, waits to begin; or
 * CALLSEQ_FOREVER. By the thread that calls. */
unsigned callseq_service_patience(struct callseq_runtime *r,
                                  const struct callseq_abi_callback *callback);

/* As callseq_park_wait and callseq_park_wake, for a thread that waits for what the service may have
 * to do: where the host is the service, this thread serves meanwhile. */
bool callseq_service_wait(struct callseq_runtime *r, _Atomic(uint32_t) *word, uint32_t expected,
                          uint32_t ms);
void callseq_service_wake(struct callseq_runtime *r, const void *word);

/* For the holder, which is about to leave after a call of `callback`: tells it if a green thread
 * has been made ready. */
void callseq_service_look(struct callseq_runtime *r, const struct callseq_abi_callback *callback);

/* Has the host's loop served for long enough? In its call. */
bool callseq_service_has_served(struct callseq_runtime *r);

/* Another thread wants to follow the service's call: does that keep the runtime all the same, since
 * the service has given way just before? Any thread. */
bool callseq_service_keeps(struct callseq_runtime *r);

/* Is this the service's callback? Any thread. */
bool callseq_service_is(const struct callseq_abi_callback *callback);

/* Is there one that is a thread of the library's? Any thread. */
bool callseq_service_has_thread(struct callseq_runtime *r);

/* The runtime has been closed: ends the service, after what it was entrusted with. False: it has
 * not ended by the deadline, a moment by callseq_clock_now. */
bool callseq_service_end(struct callseq_runtime *r, uint64_t deadline);

/* The calling thread is about to end. If it is the first one of a forked child, the service looks
 * from then on whether it is alone. */
void callseq_service_thread_ends(struct callseq_runtime *r);

/* In a forked child: makes a service for the child, if the parent had one, and forgets what the
 * parent's was told. */
void callseq_service_forked(struct callseq_runtime *r);

#endif
