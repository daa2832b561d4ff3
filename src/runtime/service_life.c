/* The service's beginning and end: of a thread of the library's, or of the host's loop as the
 * service.
 *
 * The thread takes no signals but those of faults: it is not one of the host's threads, which may
 * block a signal in all of them and wait for it.
 *
 * A process of C ends, by exit(0), when its last thread ends, and the service is none of the
 * program's. In a forked child the first thread often was made for something else: it has forked,
 * and returns. From then on the service looks now and then whether it is alone, and ends the
 * process: threads that never call end too, and tell nobody. The first thread may even be the
 * service, if it has forked in a callback: then the child ends when it has nothing left to wait
 * for.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "later.h"
#include "messages.h"
#include "service_parts.h"
#include "system/bell.h"
#include "system/front.h"
#include "system/park.h"
#include "system/system.h"
#include "thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  KEEN_NS = 50000, /* calls for later that come so soon after others are looked for */
  LOOK_MS = 128    /* so often at least, in such a child; at first more often */
};

/* ---- The library's thread ---- */

/* It may be told of something by the code that is being loaded. */
static void wait_for_setup(struct callseq_runtime *r) {
  if (atomic_load_explicit(&r->setup.state, memory_order_relaxed) != CALLSEQ_LOADING)
    return;
  pthread_mutex_lock(&r->setup.mutex);
  pthread_mutex_unlock(&r->setup.mutex);
}

static bool is_first_of_child(struct callseq_runtime *r) {
  pid_t process = getpid();
  return process != r->setup.process && callseq_system_thread() == (uint32_t)process;
}

/* Could it be the only thread left of a forked child, which need not go on for its sake? */
static bool may_be_alone(struct callseq_runtime *r, bool told) {
  bool idle = !told && r->service.descriptors == 1 && !r->service.deadline;
  return atomic_load_explicit(&r->service.first_ended, memory_order_relaxed) ||
         (idle && is_first_of_child(r));
}

static void end_if_alone(struct callseq_runtime *r) {
  if (callseq_system_threads() != 1)
    return;
  pthread_sigmask(SIG_SETMASK, &r->service.mask, NULL); /* the host's atexit functions run */
  exit(0);
}

/* Until there is something to do. */
static void sleep_for_work(struct callseq_runtime *r) {
  struct pollfd bell;
  struct pollfd *set = callseq_service_watched(r, &bell); /* a fork has replaced the bell */
  for (int look_ms = 1;; look_ms = look_ms < LOOK_MS ? 2 * look_ms : look_ms) {
    /* Who has told it before it had its bell has not rung. */
    bool told = atomic_load_explicit(&r->service.told, memory_order_relaxed);
    bool looks = may_be_alone(r, told);
    if (looks)
      end_if_alone(r);
    if (told)
      return;
    int left = callseq_clock_left(r->service.deadline);
    bool again = looks && (left < 0 || left > look_ms);
    int ready = poll(set, r->service.descriptors, again ? look_ms : left);
    if (ready > 0 || (ready == 0 && !again) || (ready < 0 && errno != EINTR))
      return;
  }
}

/* Looks for calls for later, for a moment. */
static bool watch(struct callseq_runtime *r) {
  uint32_t watched = 0;
  while (!atomic_load_explicit(&r->service.told, memory_order_relaxed) &&
         !callseq_later_has_come(r))
    if (!callseq_pace_watch(&r->fast.sequencer.pace, &watched, 0))
      return false;
  return true;
}

static void wait_for_work(struct callseq_runtime *r) {
  if (r->service.watches) {
    r->service.keen = watch(r);
  } else {
    sleep_for_work(r);
    r->service.keen = callseq_clock_now() - r->service.idle < KEEN_NS;
  }
}

static void *run(void *runtime) {
  struct callseq_runtime *r = runtime;
  callseq_system_name_thread("callseq-service");
  do {
    wait_for_work(r);
    wait_for_setup(r);
  } while (callseq_service_call(r));
  /* release: pairs with the acquire in callseq_park_wait_past */
  atomic_store_explicit(&r->service.ended, 1, memory_order_release);
  callseq_park_wake(&r->service.ended);
  return NULL;
}

/* ---- The beginning ---- */

static int make_thread(struct callseq_runtime *r) {
  return pthread_create(&r->service.thread, NULL, run, r);
}

static bool start(struct callseq_runtime *r) {
  int error = 0;
  callseq_system_block_signals(&r->service.mask); /* no handler rings meanwhile */
  callseq_service_reset(r);
  if (r->service.bell.heard < 0 && !callseq_bell_open(&r->service.bell))
    error = errno;
  else
    error = callseq_service_is_hosts(r) ? callseq_service_make_front(r) : make_thread(r);
  /* release: pairs with the acquire in callseq_service_start and callseq_service_lives */
  atomic_store_explicit(&r->service.state, error ? CALLSEQ_SERVICE_NONE : CALLSEQ_SERVICE_LIVES,
                        memory_order_release);
  pthread_sigmask(SIG_SETMASK, &r->service.mask, NULL);
  errno = error;
  return !error;
}

bool callseq_service_start(struct callseq_runtime *r, const char *lacking) {
  int none = CALLSEQ_SERVICE_NONE;
  if (r->suspend.never)
    return false;
  /* acquire, both: pairs with the release in start */
  if (!atomic_compare_exchange_strong_explicit(&r->service.state, &none, CALLSEQ_SERVICE_BEGINS,
                                               memory_order_acquire, memory_order_acquire))
    return true;
  if (start(r))
    return true;
  int error = errno;
  if (!atomic_exchange_explicit(&r->service.reported, true, memory_order_relaxed))
    callseq_print("callseq: %s: no %s for the %s (%s)\n", lacking,
                  r->service.bell.heard >= 0 ? "room" : "descriptor",
                  callseq_service_is_hosts(r) ? "host's service" : "library's own thread",
                  strerror(error));
  return false;
}

void callseq_service_look(struct callseq_runtime *r, const struct callseq_abi_callback *callback) {
  bool ready = r->service.ready;
  CALLSEQ_ASSERT_HOLDER(r);
  r->service.ready = false;
  if (ready && !callseq_service_is(callback) &&
      callseq_service_start(r, "green threads run only while callbacks do"))
    callseq_service_tell(r);
}

/* ---- The end ---- */

static bool end_thread(struct callseq_runtime *r, uint64_t deadline) {
  bool own = pthread_equal(pthread_self(), r->service.thread); /* in a chore; it ends after that */
  callseq_service_tell(r);
  if (own || !callseq_park_wait_past(&r->service.ended, 0, deadline)) {
    pthread_detach(r->service.thread);
    return own;
  }
  pthread_join(r->service.thread, NULL);
  callseq_service_run_chores(r);
  free(r->service.set);
  r->service.set = NULL;
  return true;
}

bool callseq_service_has_thread(struct callseq_runtime *r) {
  return !callseq_service_is_hosts(r) && callseq_service_lives(r);
}

bool callseq_service_end(struct callseq_runtime *r, uint64_t deadline) {
  int state = CALLSEQ_SERVICE_NONE;
  /* acquire: pairs with the release in start */
  while (!atomic_compare_exchange_strong_explicit(&r->service.state, &state, CALLSEQ_SERVICE_GONE,
                                                  memory_order_acquire, memory_order_acquire)) {
    if (state != CALLSEQ_SERVICE_BEGINS)
      break;
    callseq_park_nap(100000);
    state = CALLSEQ_SERVICE_NONE;
  }
  if (state != CALLSEQ_SERVICE_LIVES)
    return true;
  return callseq_service_is_hosts(r) ? callseq_service_end_front(r, deadline)
                                     : end_thread(r, deadline);
}

/* ---- fork ---- */

/* Is the present thread the library's service? */
static bool is_thread(struct callseq_runtime *r, int state) {
  return state == CALLSEQ_SERVICE_LIVES && !callseq_service_is_hosts(r) &&
         pthread_equal(pthread_self(), r->service.thread);
}

void callseq_service_thread_ends(struct callseq_runtime *r) {
  if (!is_first_of_child(r))
    return;
  atomic_store_explicit(&r->service.first_ended, true, memory_order_relaxed);
  if (callseq_service_has_thread(r))
    callseq_service_tell(r);
}

void callseq_service_forked(struct callseq_runtime *r) {
  callseq_bell_close(&r->service.bell);
  callseq_front_close(&r->service.front, true);
  atomic_store_explicit(&r->service.serving, 0, memory_order_relaxed);
  atomic_store_explicit(&r->service.chores, NULL, memory_order_relaxed);
  atomic_store_explicit(&r->service.told, false, memory_order_relaxed);
  int state = atomic_load_explicit(&r->service.state, memory_order_relaxed);
  atomic_store_explicit(&r->service.state, CALLSEQ_SERVICE_NONE, memory_order_relaxed);
  atomic_store_explicit(&r->service.ended, 0, memory_order_relaxed);
  atomic_store_explicit(&r->service.first_ended, false, memory_order_relaxed);
  if (r->setup.process)
    callseq_thread_enter(); /* its end is noticed */
  if (state == CALLSEQ_SERVICE_NONE || state == CALLSEQ_SERVICE_GONE)
    return;
  if (is_thread(r, state)) {
    /* It stays the service, and takes signals: it is the child's only thread. */
    pthread_sigmask(SIG_SETMASK, &r->service.mask, NULL);
    if (callseq_bell_open(&r->service.bell))
      atomic_store_explicit(&r->service.state, CALLSEQ_SERVICE_LIVES, memory_order_relaxed);
  }
  if (callseq_service_start(
          r, "Scheme's signal handlers and green threads run only while callbacks do"))
    callseq_service_tell(r);
}
