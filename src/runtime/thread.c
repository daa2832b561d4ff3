/* What is kept for each thread: a thread-local record. A key, whose value nobody reads, has its
 * destructor run when the thread ends; destructors of other keys that run later may call again, and
 * then the thread is set up again. */
#pragma GCC visibility push(default)
#include "../../callseq.h"
#include "self.h"
#pragma GCC visibility pop

#include "base/tools.h"
#include "messages.h"
#include "system/overrun.h"
#include "system/system.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

__thread int *callseq_abi_errno;
__thread uint32_t callseq_abi_self;

/* A failed call, as the thread is told of it. */
struct failure {
  int status;
  char *message, *trace; /* malloc'd, or NULL */
};

static __thread struct {
  struct failure last;
  struct failure own; /* `last`, put aside by callseq_thread_lend */
  char *string;
  struct callseq_habit habit;
  bool configured;     /* as callseq_thread_configure has it */
  unsigned impatience; /* CALLSEQ_FOREVER less its patience */
} self;

static _Atomic(uintptr_t) key; /* plus 1; 0: there is none yet */
enum { PATH_UNKNOWN, PATH_SLOW, PATH_ANY };
static _Atomic(int) path; /* that calls take */
static void (*at_end)(void);

void callseq_thread_at_end(void (*function)(void)) { at_end = function; }

static CALLSEQ_NOINLINE void forget_error(void) {
  free(self.last.message);
  free(self.last.trace);
  self.last = (struct failure){.status = CALLSEQ_OK};
}

static void leave(void *unused) {
  (void)unused;
  if (at_end)
    at_end();
  forget_error();
  free(self.string);
  self.string = NULL;
  callseq_overrun_leave_thread();
  self.configured = false;
  callseq_abi_errno = NULL;
  callseq_abi_self = 0;
  callseq_system_forget_thread();
}

/* Threads that come at the same time each make one, of which the first stays: so none waits for
 * another, which a forked child might not have. */
static bool get_key(pthread_key_t *found) {
  /* relaxed: nothing but the number belongs to it */
  uintptr_t present = atomic_load_explicit(&key, memory_order_relaxed);
  if (!present) {
    if (pthread_key_create(found, leave) != 0)
      return false;
    if (atomic_compare_exchange_strong_explicit(&key, &present, (uintptr_t)*found + 1,
                                                memory_order_relaxed, memory_order_relaxed))
      return true;
    pthread_key_delete(*found);
  }
  *found = (pthread_key_t)(present - 1);
  return true;
}

static CALLSEQ_NOINLINE bool make(void) {
  pthread_key_t found;
  uint32_t id;
  /* From here on threads and, after callseq_init, the process have addresses of functions of this
   * library, to be called when they end or fork. */
  callseq_system_stay_loaded(&key);
  if (!get_key(&found) || pthread_setspecific(found, &self) != 0 || !(id = callseq_system_thread()))
    return false;
  callseq_abi_self = id;
  return true;
}

static CALLSEQ_NOINLINE void configure(void) {
  /* acquire: pairs with the release in callseq_thread_configure */
  int known = atomic_load_explicit(&path, memory_order_acquire);
  if (known == PATH_UNKNOWN)
    return;
  self.configured = true;
  if (known == PATH_ANY && !callseq_system_can_cancel() && !callseq_tools_watching())
    callseq_abi_errno = &errno;
  callseq_overrun_enter_thread();
}

char *callseq_thread_refusal(const char *name) {
  return callseq_format("%s: the system has no thread-specific key, memory or number left for this "
                        "thread (PTHREAD_KEYS_MAX is %d)",
                        name, PTHREAD_KEYS_MAX);
}

CALLSEQ_NOINLINE bool callseq_thread_enter(void) {
  if (!callseq_abi_self && !make())
    return false;
  if (!self.configured)
    configure();
  return true;
}

CALLSEQ_NOINLINE unsigned callseq_thread_patience(void) {
  return CALLSEQ_FOREVER - self.impatience;
}

unsigned callseq_set_patience(unsigned ms) {
  unsigned before = callseq_thread_patience();
  self.impatience = CALLSEQ_FOREVER - ms;
  return before;
}

CALLSEQ_NOINLINE struct callseq_habit *callseq_thread_habit(void) { return &self.habit; }

void callseq_thread_configure(bool slowly) {
  /* release: pairs with the acquire in configure */
  atomic_store_explicit(&path, slowly ? PATH_SLOW : PATH_ANY, memory_order_release);
  callseq_thread_enter();
}

int callseq_thread_defer_cancel(void) {
  int state = PTHREAD_CANCEL_DISABLE;
  if (!callseq_abi_errno)
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  return state;
}

void callseq_thread_allow_cancel(int state) {
  if (state != PTHREAD_CANCEL_DISABLE)
    pthread_setcancelstate(state, NULL);
}

void callseq_thread_forked(void) {
  if (callseq_abi_self)
    callseq_abi_self = callseq_system_thread();
}

const char *callseq_strerror(int status) {
  static const char *const text[] = {
      [CALLSEQ_OK] = "success",
      [CALLSEQ_ERROR] = "Scheme raised an error",
      [CALLSEQ_CLOSED] = "the Scheme runtime is not open for this call",
      [CALLSEQ_INVALID] = "invalid argument or state",
      [CALLSEQ_NOMEM] = "out of memory",
      [CALLSEQ_UNSAFE] = "called from inside a plain foreign-lambda",
      [CALLSEQ_BUSY] = "the runtime is busy",
      [CALLSEQ_TIMEDOUT] = "timed out",
      [CALLSEQ_FULL] = "the queue is full",
      [CALLSEQ_CANCELLED] = "cancelled",
      [CALLSEQ_WOULD_DEADLOCK] = "would deadlock",
      [CALLSEQ_FORKED] = "lost in a fork",
  };
  if (status < 0 || (size_t)status >= sizeof text / sizeof *text)
    return "unknown status";
  return text[status];
}

const char *callseq_version(void) { return CALLSEQ_VERSION; }

int callseq_last_status(void) { return self.last.status; }

const char *callseq_last_error(void) {
  return self.last.status && !self.last.message ? callseq_strerror(self.last.status)
                                                : self.last.message;
}

const char *callseq_last_trace(void) { return self.last.trace; }

void callseq_clear_error(void) { forget_error(); }

CALLSEQ_NOINLINE void callseq_thread_remember(int status, char *message, char *trace) {
  forget_error();
  self.last = (struct failure){status, message, trace};
}

CALLSEQ_NOINLINE int callseq_thread_fail(int status, char *message) {
  callseq_thread_enter();
  callseq_thread_remember(status, message, NULL);
  return status;
}

CALLSEQ_NOINLINE void callseq_thread_lend(void) {
  self.own = self.last;
  self.last = (struct failure){.status = CALLSEQ_OK};
}

CALLSEQ_NOINLINE void callseq_thread_take_back(void) {
  forget_error();
  self.last = self.own;
}

CALLSEQ_NOINLINE char *callseq_abi_keep_string(char *string) {
  free(self.string);
  return self.string = string;
}
