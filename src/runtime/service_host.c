/* The host's own loop as the service: it polls a front (front.h), and calls callseq_serve for what
 * the library's thread would do. Or one of the host's threads waits for something that only the
 * service can bring, and does its work meanwhile.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "fork.h"
#include "messages.h"
#include "service_parts.h"
#include "system/front.h"
#include "system/park.h"
#include "thread.h"

#include <errno.h>
#include <poll.h>

enum {
  SERVE_NS = 10000000, /* so long the host's loop runs green threads that compute */
  SLICE_MS = 10        /* so long a thread waits for another one that serves */
};

/* ---- Serving, one thread at a time ---- */

/* False: another thread serves, or this one does, further up. */
static bool begin_serving(struct callseq_runtime *r) {
  uint32_t nobody = 0;
  /* acquire: pairs with the release in end_serving */
  if (!atomic_compare_exchange_strong_explicit(&r->service.serving, &nobody, 1,
                                               memory_order_acquire, memory_order_relaxed))
    return false;
  callseq_tools_acquire(&r->service.serving);
  return true;
}

static void end_serving(struct callseq_runtime *r) {
  callseq_tools_release(&r->service.serving);
  /* release: pairs with the acquire in begin_serving */
  atomic_store_explicit(&r->service.serving, 0, memory_order_release);
}

/* False: nothing has come in so many milliseconds. */
static bool wait_for_something(struct callseq_runtime *r, uint32_t ms) {
  struct pollfd front = {.fd = r->service.front.fd, .events = POLLIN};
  uint64_t deadline = callseq_clock_deadline(ms);
  int found;
  while ((found = poll(&front, 1, callseq_clock_left(deadline))) < 0 && errno == EINTR) {
  }
  return found > 0;
}

/* By the thread that serves: the front stands for what there is to wait for now. */
static void show(struct callseq_runtime *r) {
  struct pollfd bell;
  callseq_front_show(&r->service.front, callseq_service_watched(r, &bell), r->service.descriptors,
                     r->service.deadline);
}

/* By the thread that serves. In a child of process-fork it serves until the thunk ends the process.
 */
static int serve_for(struct callseq_runtime *r, uint32_t ms) {
  CALLSEQ_ASSERT(atomic_load_explicit(&r->service.serving, memory_order_relaxed));
  if (!wait_for_something(r, ms))
    return CALLSEQ_TIMEDOUT;
  bool open;
  do {
    r->service.until = callseq_clock_now() + SERVE_NS;
    open = callseq_service_call(r);
    show(r);
  } while (open && r->fork.birth.serves && wait_for_something(r, UINT32_MAX));
  return open ? CALLSEQ_OK : CALLSEQ_CLOSED;
}

/* ---- For the host ---- */

static int refuse(int status, const char *message) {
  return callseq_thread_fail(status, callseq_format("callseq_serve: %s", message));
}

int callseq_service_fd(void) {
  struct callseq_runtime *r = &callseq_runtime;
  /* acquire: pairs with the release in set_up of setup.c */
  bool set_up = atomic_load_explicit(&r->setup.state, memory_order_acquire) != CALLSEQ_LOADING;
  return set_up && callseq_service_lives(r) && callseq_service_is_hosts(r) ? r->service.front.fd
                                                                           : -1;
}

int callseq_serve(unsigned ms) {
  struct callseq_runtime *r = &callseq_runtime;
  callseq_fork_catch_up();
  if (callseq_service_fd() < 0)
    return refuse(CALLSEQ_INVALID, "the host is not the service; set callseq_config.service to "
                                   "CALLSEQ_SERVICE_HOST");
  if (atomic_load_explicit(&r->setup.state, memory_order_relaxed) == CALLSEQ_ENDED)
    return refuse(CALLSEQ_CLOSED, "callseq_close has closed Scheme");
  if (callseq_runtime_inside(r))
    return refuse(CALLSEQ_WOULD_DEADLOCK, "called inside, where what it serves cannot run");
  if (!begin_serving(r))
    return CALLSEQ_BUSY;
  int saved = errno, cancel = callseq_thread_defer_cancel();
  int status = serve_for(r, ms);
  end_serving(r);
  callseq_thread_allow_cancel(cancel);
  errno = saved;
  return status;
}

/* ---- For threads that wait ---- */

bool callseq_service_wait(struct callseq_runtime *r, _Atomic(uint32_t) *word, uint32_t expected,
                          uint32_t ms) {
  if (!callseq_service_is_hosts(r) || callseq_runtime_inside(r))
    return callseq_park_wait(word, expected, ms);
  if (!begin_serving(r)) { /* whoever serves may stop */
    uint32_t slice = ms && ms < SLICE_MS ? ms : SLICE_MS;
    return callseq_park_wait(word, expected, slice) || slice != ms;
  }
  /* seq_cst: pairs with the fence in callseq_service_wake */
  atomic_thread_fence(memory_order_seq_cst);
  int status = CALLSEQ_OK;
  if (atomic_load_explicit(word, memory_order_relaxed) == expected)
    status = serve_for(r, ms ? ms : UINT32_MAX);
  end_serving(r);
  return status != CALLSEQ_TIMEDOUT;
}

void callseq_service_wake(struct callseq_runtime *r, const void *word) {
  callseq_park_wake(word);
  /* seq_cst: pairs with the fence in callseq_service_wait */
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load_explicit(&r->service.serving, memory_order_relaxed))
    callseq_service_tell(r);
}

bool callseq_service_has_served(struct callseq_runtime *r) {
  return callseq_service_is_hosts(r) && callseq_clock_now() >= r->service.until;
}

/* ---- Beginning and end ---- */

int callseq_service_make_front(struct callseq_runtime *r) {
  if (!callseq_front_open(&r->service.front))
    return errno;
  show(r);
  return 0;
}

bool callseq_service_end_front(struct callseq_runtime *r, uint64_t deadline) {
  while (!begin_serving(r)) {
    if (!callseq_clock_left(deadline))
      return false;
    callseq_service_tell(r);
    callseq_park_wait_past(&r->service.serving, 1, callseq_clock_now() + 1000000);
  }
  callseq_service_run_chores(r);
  callseq_front_stop(&r->service.front);
  end_serving(r);
  return true;
}
