/* The service waits in poll(2): for its bell, which a signal handler may ring too, for the
 * descriptors that green threads wait for, and until the next of their deadlines. Then it calls,
 * and its callback (service.scm) runs what is ready and says what to wait for next. So nobody polls
 * with the runtime held, and where there is nothing to do it sleeps.
 *
 * It takes no signals: it is not one of the host's threads, which may block a signal in all of them
 * and wait for it.
 *
 * It also starts threads for blocking C functions that green threads call: these have no native
 * thread of their own to run them on.
 *
 * Invariants. What the callback publishes is read by the service alone, whose call that was.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "interrupts.h"
#include "scheme.h"
#include "service.h"
#include "suspend.h"
#include "system/bell.h"
#include "system/system.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A C function that a green thread waits for. */
struct errand {
  struct errand *next;  /* of those that are done */
  struct errand **link; /* what points to it, of those that there are; the holder's, as */
  struct errand *after; /* the next one of these */
  struct callseq_abi_job *job;
  void *waiting; /* GC root of what service.scm has of it */
};

/* That this thread has been made for. */
static __thread struct errand *own_errand;

static struct {
  struct callseq_bell bell;
  _Atomic(bool) told; /* since it last began to call */
  bool lives;         /* the holder's */
  bool ready;         /* a green thread has been made ready; the holder's */
  sigset_t mask;      /* of the thread that made it */
  pthread_t thread;
  struct pollfd *set; /* the bell first; the service's, and the holder's in its call */
  nfds_t descriptors, room;
  uint64_t deadline;             /* by callseq_clock_now; 0: none */
  struct errand *errands;        /* that there are; the holder's */
  _Atomic(struct errand *) done; /* of these; any thread puts one there, the holder takes it */
} service = {.bell = CALLSEQ_BELL_NONE};

/* ---- Waiting and calling ---- */

static C_word reply(C_word serial, C_word value) {
  (void)value;
  return callseq_scheme_reply_void(serial);
}

static struct callseq_abi_callback serve = {.name = "(service)",
                                            .type = "void",
                                            .accepts = "anything",
                                            .reply = reply,
                                            .bytes = sizeof(struct callseq_abi_request),
                                            .internal = 1};

void callseq_scheme_define_service(C_word procedure) { callseq_abi_define(&serve, procedure); }

bool callseq_service_is(const struct callseq_abi_callback *callback) { return callback == &serve; }

static int left(void) {
  if (!service.deadline)
    return -1;
  uint64_t t = callseq_clock_now();
  if (t >= service.deadline)
    return 0;
  uint64_t ms = (service.deadline - t + 999999) / 1000000;
  return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void *run(void *unused) {
  (void)unused;
  callseq_system_name_thread("callseq-service");
  service.thread = pthread_self();
  for (;;) {
    struct callseq_abi_request q;
    struct pollfd bell = {.fd = service.bell.heard, .events = POLLIN};
    if (service.set)
      service.set[0] = bell;
    while (poll(service.set ? service.set : &bell, service.set ? service.descriptors : 1, left()) <
               0 &&
           errno == EINTR) {
    }
    callseq_bell_quiet(&service.bell);
    /* acquire: pairs with the release in callseq_service_tell */
    atomic_exchange_explicit(&service.told, false, memory_order_acquire);
    int status = callseq_abi_call(&q, &serve) ? callseq_abi_settle(&q) : CALLSEQ_OK;
    if (status)
      callseq_abi_failed(&q, 1);
    if (status == CALLSEQ_CLOSED) /* the program ends */
      return NULL;
    if (status) {
      callseq_print("callseq: %s\n", callseq_last_error());
      callseq_clear_error();
    }
  }
  return NULL;
}

void callseq_scheme_publish_deadline(double milliseconds) {
  service.descriptors = 1;
  service.deadline =
      milliseconds < 0
          ? 0
          : callseq_clock_now() + (uint64_t)(milliseconds < 1e12 ? milliseconds * 1e6 : 1e18);
}

void callseq_scheme_publish_descriptor(int fd, int input, int output) {
  if (service.descriptors + 1 > service.room) {
    nfds_t room = service.room ? 2 * service.room : 16;
    struct pollfd *set = realloc(service.set, room * sizeof *set);
    if (!set) /* looked for again when it wakes */
      return;
    service.set = set;
    service.room = room;
  }
  service.set[service.descriptors++] =
      (struct pollfd){.fd = fd, .events = (short)((input ? POLLIN : 0) | (output ? POLLOUT : 0))};
}

/* Does a native thread want to call? */
C_word callseq_scheme_is_wanted(void) {
  struct callseq_sequencer *s = &callseq_runtime.fast.sequencer;
  return C_mk_bool(callseq_sequencer_is_waited_for(s));
}

/* The service stays until somebody else wants to call. */
C_word callseq_scheme_stay(void) {
  callseq_sequencer_stay(&callseq_runtime.fast.sequencer);
  return C_SCHEME_UNDEFINED;
}

C_word callseq_scheme_serve_again(void) {
  callseq_service_tell();
  return C_SCHEME_UNDEFINED;
}

/* ---- Starting and telling ---- */

static bool start(void) {
  pthread_t thread;
  sigset_t all;
  int error = 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &service.mask); /* no handler rings meanwhile */
  bool rings = service.bell.heard >= 0 || callseq_bell_open(&service.bell);
  if (!rings)
    error = errno;
  atomic_store_explicit(&service.told, false, memory_order_relaxed);
  service.descriptors = 1;
  service.deadline = 0;
  service.lives = rings && (error = pthread_create(&thread, NULL, run, NULL)) == 0;
  pthread_sigmask(SIG_SETMASK, &service.mask, NULL);
  if (service.lives)
    pthread_detach(thread);
  errno = error;
  return service.lives;
}

bool callseq_service_start(const char *lacking) {
  static bool reported;
  if (callseq_runtime.suspend.never)
    return false;
  if (service.lives || start())
    return true;
  if (!reported)
    callseq_print("callseq: %s: no %s for the library's own thread (%s)\n", lacking,
                  service.bell.heard >= 0 ? "memory" : "descriptor", strerror(errno));
  reported = true;
  return false;
}

void callseq_service_tell(void) {
  /* release: pairs with the acquire in run */
  if (!atomic_exchange_explicit(&service.told, true, memory_order_release))
    callseq_bell_ring(&service.bell);
}

C_word callseq_scheme_note_ready(void) {
  struct callseq_runtime *r = &callseq_runtime;
  CALLSEQ_ASSERT_IN_SCHEME(r);
  service.ready = true;
  if (r->fast.now.reply_to == CALLSEQ_ABI_TO_CALLER)
    r->fast.now.reply_to = CALLSEQ_ABI_TO_HOLDER; /* the slow path looks */
  return C_SCHEME_UNDEFINED;
}

void callseq_service_look(const struct callseq_abi_callback *callback) {
  bool ready = service.ready;
  service.ready = false;
  if (ready && callback != &serve &&
      callseq_service_start("green threads run only while callbacks do"))
    callseq_service_tell();
}

/* ---- Errands ---- */

static void *run_errand(void *argument) {
  struct errand *errand = own_errand = argument;
  callseq_system_name_thread("callseq-errand");
  callseq_suspend_run(errand->job);
  errand->next = atomic_load_explicit(&service.done, memory_order_relaxed);
  /* release: pairs with the acquire in callseq_scheme_next_done */
  while (!atomic_compare_exchange_weak_explicit(&service.done, &errand->next, errand,
                                                memory_order_release, memory_order_relaxed)) {
  }
  own_errand = NULL; /* the holder frees it */
  callseq_service_tell();
  return NULL;
}

static struct errand *make_errand(C_word job, C_word waiting) {
  struct errand *errand = malloc(sizeof *errand);
  if (!errand)
    return NULL;
  errand->job = CALLSEQ_ABI_REQUEST(struct callseq_abi_job, job);
  errand->waiting = callseq_roots_take(&callseq_runtime, waiting);
  errand->after = service.errands;
  errand->link = &service.errands;
  if (errand->after)
    errand->after->link = &errand->after;
  return service.errands = errand;
}

static void end_errand(struct errand *errand) {
  *errand->link = errand->after;
  if (errand->after)
    errand->after->link = errand->link;
  callseq_roots_give_back(&callseq_runtime, errand->waiting);
  free(errand);
}

/* Has the job run on a thread of the library's. `waiting` is told of its end by the service. False:
 * no thread or memory can be had. */
int callseq_scheme_run_elsewhere(C_word job, C_word waiting) {
  pthread_t thread;
  sigset_t all, mask;
  struct errand *errand = make_errand(job, waiting);
  if (!errand)
    return false;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &mask);
  bool runs = callseq_service_start("green threads run only while callbacks do") &&
              pthread_create(&thread, NULL, run_errand, errand) == 0;
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  if (runs)
    pthread_detach(thread);
  else
    end_errand(errand);
  return runs;
}

/* What an errand that is done was given as `waiting`, or #f. */
C_word callseq_scheme_next_done(void) {
  struct errand *errand = atomic_load_explicit(&service.done, memory_order_acquire);
  /* acquire: pairs with the release in run_errand. Only the holder takes one away, so the same one
   * cannot come back meanwhile */
  while (errand &&
         !atomic_compare_exchange_weak_explicit(&service.done, &errand, errand->next,
                                                memory_order_acquire, memory_order_acquire)) {
  }
  if (!errand)
    return C_SCHEME_FALSE;
  C_word waiting = CHICKEN_gc_root_ref(errand->waiting);
  end_errand(errand);
  return waiting;
}

/* In a forked child: nobody runs those of the parent any more. */
static void forget_errands(void) {
  atomic_store_explicit(&service.done, NULL, memory_order_relaxed);
  for (struct errand *errand = service.errands, *after; errand; errand = after) {
    after = errand->after;
    if (errand == own_errand)
      continue;
    errand->job->drop(errand->job);
    end_errand(errand);
  }
}

void callseq_service_forked(void) {
  forget_errands();
  callseq_bell_close(&service.bell);
  if (!service.lives)
    return;
  if (pthread_equal(pthread_self(),
                    service.thread)) /* the child's only thread is an ordinary one */
    pthread_sigmask(SIG_SETMASK, &service.mask, NULL);
  service.lives = false;
  if (callseq_service_start(
          "Scheme's signal handlers and green threads run only while callbacks do"))
    callseq_service_tell();
}
