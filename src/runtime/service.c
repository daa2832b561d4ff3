/* The service waits in poll(2): for its bell, which a signal handler may ring too, for the
 * descriptors that green threads wait for, and until the next of their deadlines. Then it calls,
 * and its callback (service.scm) runs what is ready and says what to wait for next. So nobody polls
 * with the runtime held, and where there is nothing to do it sleeps.
 *
 * The thread takes no signals: it is not one of the host's threads, which may block a signal in all
 * of them and wait for it.
 *
 * The service is a thread of the library's, or the host's own loop. That has a front (front.h) to
 * poll, and calls callseq_serve for what the thread would do; or one of the host's threads waits
 * for something that only the service can bring, and does its work meanwhile. One thread at a time
 * serves.
 *
 * Invariants. What the callback publishes is read by the service alone, whose call that was.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "fork.h"
#include "scheme.h"
#include "service.h"
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

enum {
  SERVE_NS = 10000000, /* so long the host's loop runs green threads that compute */
  SLICE_MS = 10,       /* so long a thread waits for another one that serves */
  PATIENCE_MS = 20     /* so long it waits for the runtime, before it looks what is to do outside */
};

/* What `state` is. */
enum callseq_service_state {
  NONE,
  BEGINS, /* some thread makes it */
  LIVES,
  GONE
};

/* ---- Waiting and calling ---- */

static struct callseq_abi_callback serve = {
    CALLSEQ_SCHEME_CALLBACK("(service)", struct callseq_abi_request), .internal = 1};

void callseq_scheme_define_service(C_word procedure) { callseq_abi_define(&serve, procedure); }

bool callseq_service_is(const struct callseq_abi_callback *callback) { return callback == &serve; }

/* What was entrusted to it, in that order. */
static void run_chores(struct callseq_runtime *r) {
  /* acquire: pairs with the release in callseq_service_entrust */
  struct callseq_chore *newest =
      atomic_exchange_explicit(&r->service.chores, NULL, memory_order_acquire);
  struct callseq_chore *oldest = NULL;
  callseq_tools_acquire(&r->service.chores);
  while (newest) {
    struct callseq_chore *next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest) {
    struct callseq_chore *chore = oldest;
    oldest = chore->next;
    chore->run(chore);
  }
}

bool callseq_service_has_chores(struct callseq_runtime *r) {
  return atomic_load_explicit(&r->service.chores, memory_order_relaxed);
}

static C_word serial_now(struct callseq_runtime *r) {
  return __atomic_load_n(&r->fast.now.serial, __ATOMIC_RELAXED);
}

/* A callback may keep the runtime for long. What is to be done outside does not wait for that. But
 * whoever asks anew is the last one again: so while others get their turns, it waits longer each
 * time. */
unsigned callseq_service_patience(struct callseq_runtime *r,
                                  const struct callseq_abi_callback *callback) {
  if (callback != &serve)
    return CALLSEQ_FOREVER;
  r->service.serial = serial_now(r);
  return r->service.patience;
}

/* Calls again, soon: with how much patience? */
static void lose_patience(struct callseq_runtime *r) {
  if (serial_now(r) != r->service.serial && r->service.patience < UINT32_MAX / 2)
    r->service.patience *= 2;
  callseq_service_tell(r);
}

/* Calls, before and after which it does what is to be done outside. False: the runtime is closed.
 */
static bool serve_once(struct callseq_runtime *r) {
  struct callseq_abi_request q;
  callseq_bell_quiet(&r->service.bell);
  /* acquire: pairs with the release in callseq_service_tell */
  atomic_exchange_explicit(&r->service.told, false, memory_order_acquire);
  if (callseq_service_has_chores(r))
    run_chores(r);
  int status = callseq_abi_call(&q, &serve) ? callseq_abi_settle(&q) : CALLSEQ_OK;
  if (status == CALLSEQ_TIMEDOUT)
    lose_patience(r);
  else
    r->service.patience = PATIENCE_MS;
  if (status) { /* the thread's last error is not of this */
    if (status != CALLSEQ_CLOSED && status != CALLSEQ_TIMEDOUT)
      callseq_print("callseq: %s\n", q.message ? q.message : callseq_strerror(status));
    free(q.message);
    free(q.trace);
  }
  run_chores(r);
  return status != CALLSEQ_CLOSED;
}

/* ---- As a thread ---- */

/* It may be told of something by the code that is being loaded. */
static void wait_for_setup(struct callseq_runtime *r) {
  if (atomic_load_explicit(&r->setup.state, memory_order_relaxed) != CALLSEQ_LOADING)
    return;
  pthread_mutex_lock(&r->setup.mutex);
  pthread_mutex_unlock(&r->setup.mutex);
}

static void *run(void *runtime) {
  struct callseq_runtime *r = runtime;
  callseq_system_name_thread("callseq-service");
  do {
    /* A fork in its callback has replaced the bell. */
    struct pollfd bell = {.fd = r->service.bell.heard, .events = POLLIN};
    struct pollfd *set = r->service.set ? r->service.set : &bell;
    set[0] = bell;
    /* Who has told it before it had its bell has not rung. */
    while (!atomic_load_explicit(&r->service.told, memory_order_relaxed) &&
           poll(set, r->service.set ? r->service.descriptors : 1,
                callseq_clock_left(r->service.deadline)) < 0 &&
           errno == EINTR) {
    }
    wait_for_setup(r);
  } while (serve_once(r));
  /* release: pairs with the acquire in wait_for_end */
  atomic_store_explicit(&r->service.ended, 1, memory_order_release);
  callseq_park_wake(&r->service.ended);
  return NULL;
}

/* ---- As the host's loop ---- */

static bool is_hosts(struct callseq_runtime *r) {
  return r->setup.config.service == CALLSEQ_SERVICE_HOST;
}

/* False: another thread serves, or this one does, further up. */
static bool begin_serving(struct callseq_runtime *r) {
  uint32_t nobody = 0;
  /* acquire: pairs with the release in end_serving */
  return atomic_compare_exchange_strong_explicit(&r->service.served, &nobody, 1,
                                                 memory_order_acquire, memory_order_relaxed);
}

static void end_serving(struct callseq_runtime *r) {
  /* release: pairs with the acquire in begin_serving */
  atomic_store_explicit(&r->service.served, 0, memory_order_release);
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

static void show(struct callseq_runtime *r) {
  struct pollfd bell = {.fd = r->service.bell.heard, .events = POLLIN};
  struct pollfd *set = r->service.set ? r->service.set : &bell;
  set[0] = bell;
  callseq_front_show(&r->service.front, set, r->service.set ? r->service.descriptors : 1,
                     r->service.deadline);
}

/* By the thread that serves. */
static int serve_for(struct callseq_runtime *r, uint32_t ms) {
  if (!wait_for_something(r, ms))
    return CALLSEQ_TIMEDOUT;
  r->service.until = callseq_clock_now() + SERVE_NS;
  bool open = serve_once(r);
  show(r);
  return open ? CALLSEQ_OK : CALLSEQ_CLOSED;
}

static int refuse(int status, const char *message) {
  callseq_thread_enter();
  callseq_thread_remember(status, callseq_format("callseq_serve: %s", message), NULL);
  return status;
}

int callseq_service_fd(void) {
  struct callseq_runtime *r = &callseq_runtime;
  /* acquire: pairs with the releases in start and in set_up */
  bool lives = atomic_load_explicit(&r->setup.state, memory_order_acquire) != CALLSEQ_LOADING &&
               atomic_load_explicit(&r->service.state, memory_order_acquire) == LIVES;
  return lives && is_hosts(r) ? r->service.front.fd : -1;
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

bool callseq_service_wait(struct callseq_runtime *r, _Atomic(uint32_t) *word, uint32_t expected,
                          uint32_t ms) {
  if (!is_hosts(r) || callseq_runtime_inside(r))
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
  if (atomic_load_explicit(&r->service.served, memory_order_relaxed))
    callseq_service_tell(r);
}

bool callseq_service_has_served(struct callseq_runtime *r) {
  return is_hosts(r) && callseq_clock_now() >= r->service.until;
}

/* ---- What it is told on the Scheme stack ---- */

void callseq_scheme_publish_deadline(double milliseconds) {
  struct callseq_runtime *r = &callseq_runtime;
  r->service.descriptors = 1;
  r->service.deadline =
      milliseconds < 0
          ? 0
          : callseq_clock_now() + (uint64_t)(milliseconds < 1e12 ? milliseconds * 1e6 : 1e18);
}

void callseq_scheme_publish_descriptor(int fd, int input, int output) {
  struct callseq_runtime *r = &callseq_runtime;
  if (r->service.descriptors + 1 > r->service.room) {
    nfds_t room = r->service.room ? 2 * r->service.room : 16;
    struct pollfd *set = realloc(r->service.set, room * sizeof *set);
    if (!set) /* looked for again when it wakes */
      return;
    r->service.set = set;
    r->service.room = room;
  }
  r->service.set[r->service.descriptors++] =
      (struct pollfd){.fd = fd, .events = (short)((input ? POLLIN : 0) | (output ? POLLOUT : 0))};
}

/* The service stays until somebody else wants to call. When it has done what is to be done in
 * Scheme, the slow path of its reply executes what others have left (later.c). */
C_word callseq_scheme_stay(void) {
  struct callseq_runtime *r = &callseq_runtime;
  callseq_sequencer_stay(&r->fast.sequencer);
  if (r->fast.now.reply_to == CALLSEQ_ABI_TO_CALLER)
    r->fast.now.reply_to = CALLSEQ_ABI_TO_HOLDER;
  return C_SCHEME_UNDEFINED;
}

C_word callseq_scheme_serve_again(void) {
  callseq_service_tell(&callseq_runtime);
  return C_SCHEME_UNDEFINED;
}

/* ---- Starting and telling ---- */

/* The host's service. An error number, or 0. */
static int make_front(struct callseq_runtime *r) {
  if (!callseq_front_open(&r->service.front))
    return errno;
  show(r);
  return 0;
}

/* The library's. */
static int make_thread(struct callseq_runtime *r) {
  return pthread_create(&r->service.thread, NULL, run, r);
}

static bool start(struct callseq_runtime *r) {
  sigset_t all;
  int error = 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &r->service.mask); /* no handler rings meanwhile */
  r->service.descriptors = 1;
  r->service.deadline = 0;
  r->service.patience = PATIENCE_MS;
  if (r->service.bell.heard < 0 && !callseq_bell_open(&r->service.bell))
    error = errno;
  else
    error = is_hosts(r) ? make_front(r) : make_thread(r);
  /* release: pairs with the acquire in callseq_service_start and callseq_service_fd */
  atomic_store_explicit(&r->service.state, error ? NONE : LIVES, memory_order_release);
  pthread_sigmask(SIG_SETMASK, &r->service.mask, NULL);
  errno = error;
  return !error;
}

bool callseq_service_start(struct callseq_runtime *r, const char *lacking) {
  int none = NONE;
  if (r->suspend.never)
    return false;
  /* acquire, both: pairs with the release in start */
  if (!atomic_compare_exchange_strong_explicit(&r->service.state, &none, BEGINS,
                                               memory_order_acquire, memory_order_acquire))
    return true;
  if (start(r))
    return true;
  int error = errno;
  if (!atomic_exchange_explicit(&r->service.reported, true, memory_order_relaxed))
    callseq_print("callseq: %s: no %s for the %s (%s)\n", lacking,
                  r->service.bell.heard >= 0 ? "memory" : "descriptor",
                  is_hosts(r) ? "host's service" : "library's own thread", strerror(error));
  return false;
}

void callseq_service_tell(struct callseq_runtime *r) {
  /* release: pairs with the acquire in serve_once */
  if (!atomic_exchange_explicit(&r->service.told, true, memory_order_release))
    callseq_bell_ring(&r->service.bell);
}

void callseq_service_entrust(struct callseq_runtime *r, struct callseq_chore *chore) {
  callseq_tools_release(&r->service.chores);
  chore->next = atomic_load_explicit(&r->service.chores, memory_order_relaxed);
  /* release: pairs with the acquire in run_chores */
  while (!atomic_compare_exchange_weak_explicit(&r->service.chores, &chore->next, chore,
                                                memory_order_release, memory_order_relaxed)) {
  }
  callseq_service_tell(r);
}

C_word callseq_scheme_note_ready(void) {
  struct callseq_runtime *r = &callseq_runtime;
  CALLSEQ_ASSERT_IN_SCHEME(r);
  r->service.ready = true;
  if (r->fast.now.reply_to == CALLSEQ_ABI_TO_CALLER)
    r->fast.now.reply_to = CALLSEQ_ABI_TO_HOLDER; /* the slow path looks */
  return C_SCHEME_UNDEFINED;
}

void callseq_service_look(struct callseq_runtime *r, const struct callseq_abi_callback *callback) {
  bool ready = r->service.ready;
  r->service.ready = false;
  if (ready && callback != &serve &&
      callseq_service_start(r, "green threads run only while callbacks do"))
    callseq_service_tell(r);
}

/* ---- The end ---- */

/* Waits until *word is no more what it was. False: not until then. */
bool callseq_service_wait_past(_Atomic(uint32_t) *word, uint32_t before, uint64_t deadline) {
  /* acquire: pairs with the releases of who changes it */
  while (atomic_load_explicit(word, memory_order_acquire) == before) {
    int ms = callseq_clock_left(deadline);
    if (!ms)
      return false;
    callseq_park_wait(word, before, (uint32_t)ms);
  }
  return true;
}

/* The host may serve at this moment, and ends that when it is told. */
static bool end_front(struct callseq_runtime *r, uint64_t deadline) {
  while (!begin_serving(r)) {
    if (!callseq_clock_left(deadline))
      return false;
    callseq_service_tell(r);
    callseq_service_wait_past(&r->service.served, 1, callseq_clock_now() + 1000000);
  }
  run_chores(r);
  callseq_front_stop(&r->service.front);
  end_serving(r);
  return true;
}

static bool end_thread(struct callseq_runtime *r, uint64_t deadline) {
  bool own = pthread_equal(pthread_self(), r->service.thread); /* in a chore; it ends after that */
  callseq_service_tell(r);
  if (own || !callseq_service_wait_past(&r->service.ended, 0, deadline)) {
    pthread_detach(r->service.thread);
    return own;
  }
  pthread_join(r->service.thread, NULL);
  run_chores(r);
  free(r->service.set);
  r->service.set = NULL;
  return true;
}

bool callseq_service_has_thread(struct callseq_runtime *r) {
  /* acquire: pairs with the release in start */
  return !is_hosts(r) && atomic_load_explicit(&r->service.state, memory_order_acquire) == LIVES;
}

bool callseq_service_end(struct callseq_runtime *r, uint64_t deadline) {
  int state = NONE;
  /* acquire: pairs with the release in start */
  while (!atomic_compare_exchange_strong_explicit(&r->service.state, &state, GONE,
                                                  memory_order_acquire, memory_order_acquire)) {
    if (state != BEGINS)
      break;
    callseq_park_nap(100000);
    state = NONE;
  }
  if (state != LIVES)
    return true;
  return is_hosts(r) ? end_front(r, deadline) : end_thread(r, deadline);
}

/* ---- fork ---- */

/* Is the present thread the library's service? */
static bool is_thread(struct callseq_runtime *r, int state) {
  return state == LIVES && !is_hosts(r) && pthread_equal(pthread_self(), r->service.thread);
}

void callseq_service_forked(struct callseq_runtime *r) {
  callseq_bell_close(&r->service.bell);
  callseq_front_close(&r->service.front, true);
  atomic_store_explicit(&r->service.served, 0, memory_order_relaxed);
  atomic_store_explicit(&r->service.chores, NULL, memory_order_relaxed);
  atomic_store_explicit(&r->service.told, false, memory_order_relaxed);
  int state = atomic_load_explicit(&r->service.state, memory_order_relaxed);
  atomic_store_explicit(&r->service.state, NONE, memory_order_relaxed);
  atomic_store_explicit(&r->service.ended, 0, memory_order_relaxed);
  if (state == NONE || state == GONE)
    return;
  if (is_thread(r, state)) {
    /* It stays the service, and takes signals: it is the child's only thread. */
    pthread_sigmask(SIG_SETMASK, &r->service.mask, NULL);
    if (callseq_bell_open(&r->service.bell))
      atomic_store_explicit(&r->service.state, LIVES, memory_order_relaxed);
  }
  if (callseq_service_start(
          r, "Scheme's signal handlers and green threads run only while callbacks do"))
    callseq_service_tell(r);
}
