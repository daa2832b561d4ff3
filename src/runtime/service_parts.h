/* What the files of the service share; see service.c. Needs runtime.h before it. */
#ifndef CALLSEQ_SERVICE_PARTS_H
#define CALLSEQ_SERVICE_PARTS_H

#include "service.h"

/* What `state` is. */
enum callseq_service_state {
  CALLSEQ_SERVICE_NONE,
  CALLSEQ_SERVICE_BEGINS, /* some thread makes it */
  CALLSEQ_SERVICE_LIVES,
  CALLSEQ_SERVICE_GONE
};

/* Is it the host's loop, or else a thread of the library's? Any thread, once there is a
 * configuration. */
static inline bool callseq_service_is_hosts(struct callseq_runtime *r) {
  return r->setup.config.service == CALLSEQ_SERVICE_HOST;
}

/* Is there one? Any thread. */
static inline bool callseq_service_lives(struct callseq_runtime *r) {
  /* acquire: pairs with the release in start of service_life.c */
  return atomic_load_explicit(&r->service.state, memory_order_acquire) == CALLSEQ_SERVICE_LIVES;
}

/* ---- service.c ---- */

/* There is nothing to wait for yet but the bell. By whoever makes the service. */
void callseq_service_reset(struct callseq_runtime *r);

/* What there is to wait for by poll(2), the bell first: `service.descriptors` entries, until
 * `service.deadline`. `bell` is memory for the entry of the bell, used as long as there is no other
 * entry. By whoever serves. */
struct pollfd *callseq_service_watched(struct callseq_runtime *r, struct pollfd *bell);

/* Makes the service's call, and runs the chores before and after it. False: the runtime is closed.
 * By whoever serves, outside. */
bool callseq_service_call(struct callseq_runtime *r);

/* Runs what was entrusted to the service, in that order. By whoever serves or ends it, outside. */
void callseq_service_run_chores(struct callseq_runtime *r);

/* ---- service_host.c ---- */

/* Makes the front that the host's loop polls. Returns 0, or an error number. */
int callseq_service_make_front(struct callseq_runtime *r);

/* Ends the host's serving, after a call that is under way. False: that has not ended by the
 * deadline, a moment by callseq_clock_now. */
bool callseq_service_end_front(struct callseq_runtime *r, uint64_t deadline);

#endif
