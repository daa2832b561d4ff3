/* The CHICKEN binding: the one runtime of the process, its set-up, and every call that does not go
 * the inline way of abi.h. The only library source that knows chicken.h.
 *
 * On the dedicated stack a C function, live(), runs the program's Scheme code until it returns to
 * the host, and then the resident loop of callseq.scm, which never returns. Levels: the loop serves
 * the level 0; a call from C that Scheme called adds a level, by C_callback, on the same stack,
 * with the same Scheme procedures. `current` is the request of the innermost level.
 *
 * Invariants. Everything in `runtime` and `scheme` belongs to the holder of the sequencer, but for
 * what is atomic, or written only before it opens. Frames on the Scheme stack that live across a
 * switch may go on in another thread, so nothing here that runs between two switches keeps the
 * address of a thread-local: they are reached in functions that are not inlined.
 */
#define _GNU_SOURCE
#include <chicken.h>

/* What programs link against; everything else stays hidden in a shared object. */
#pragma GCC visibility push(default)
#include "../callseq.h"
#include "context.h"
#include "sequencer.h"

#include "abi.h"
#pragma GCC visibility pop

#include "binding.h"
#include "scheme.h"
#include "stack.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

enum {
  STACK_RESERVE = 256 << 10, /* least room below the nursery */
  STACK_EXTRA = 8 << 20,     /* default room below the nursery */
  NURSERY_MINIMUM = 64 << 10,
  NURSERY_DEFAULT = sizeof(C_word) == 8 ? 1 << 20 : 256 << 10, /* what CHICKEN takes for 0 */
  LEVEL_ROOM = 96 << 10, /* at most so much nursery must be left for one more level */
  BATCH_DEFAULT = 64,
  SPIN_DEFAULT = 100,
  STALL_DEFAULT = 10000
};

/* A level above 0: what the one below needs back. Lies in the C frame of nested(). */
struct level {
  struct level *outer;
  struct callseq_abi_request *request;
  C_word serial;
  uint32_t special;
  sigjmp_buf restart; /* CHICKEN's, for collections in this level */
  int safe;           /* length of CHICKEN's stack of safe lambdas at its entry */
};

enum state { NEW, LOADING, READY, FAILED };

struct callseq_abi_runtime callseq_abi_runtime = {.sequencer = {.lock = CALLSEQ_LOCK_CLOSED},
                                                  .serial = C_fix(0)};

/* Set up once. */
static struct {
  pthread_mutex_t lock; /* held while one thread sets up */
  _Atomic(int) state;
  _Atomic(uint32_t) loader; /* id of the thread that sets up */
  int status;               /* what init returned, once FAILED */
  callseq_config config;    /* with the defaults filled in */
  pthread_key_t key;        /* only for its destructor */
  struct callseq_stack stack;
  ptrdiff_t nursery; /* its size in bytes */
} runtime = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What Scheme left here, and what the levels are. The holder's. */
static struct {
  void *procedures[CALLSEQ_PROCEDURES]; /* GC roots */
  void *safe_lambdas;                   /* GC root of the symbol whose value is CHICKEN's stack */
  void *return_to_host;                 /* trampoline of a C_return_to_host */
  sigjmp_buf restart;                   /* CHICKEN's, for collections in level 0 */
  struct level *level;                  /* innermost; NULL: level 0 */
  int levels;
  C_word level_serial; /* of the last call above level 0, a fixnum; less 1 */
  int failed; /* `current` has failed and waits for its level to be unwound */
} scheme = {.level_serial = C_fix(-1)};

/* Of each thread. */
__thread int *callseq_abi_errno;
__thread uint32_t callseq_abi_self;
static __thread struct {
  int status;
  char *message, *string;
} self;

/* ---- Threads ---- */

static NOINLINE void forget_error(void) {
  free(self.message);
  self.message = NULL;
  self.status = CALLSEQ_OK;
}

static NOINLINE bool inside(void) {
  return callseq_abi_errno &&
         callseq_sequencer_holder(&callseq_abi_runtime.sequencer) == callseq_abi_self;
}

/* A thread ended with its call: the frames of Scheme went with it, and no other thread can go on. */
static void ended_inside(void) {
  struct callseq_abi_callback *callback =
      atomic_load_explicit(&callseq_abi_runtime.callback, memory_order_relaxed);
  fprintf(stderr,
          "callseq: thread %u ended inside callback %s, by pthread_exit, or cancelled in C code "
          "that Scheme called; have such code disable cancellation, and return\n",
          (unsigned)callseq_abi_self, callback ? callback->name : "(none)");
  abort();
}

/* The thread ends. Destructors that run after this one may call again: then it is set up again. */
static void leave_thread(void *unused) {
  (void)unused;
  if (inside())
    ended_inside();
  forget_error();
  free(self.string);
  self.string = NULL;
  callseq_overrun_leave_thread();
  callseq_abi_errno = NULL;
}

static void make_key(void) { pthread_key_create(&runtime.key, leave_thread); }

static NOINLINE void enter_thread(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (callseq_abi_errno)
    return;
  pthread_once(&once, make_key);
  pthread_setspecific(runtime.key, &self);
  callseq_abi_self = (uint32_t)syscall(SYS_gettid);
  callseq_abi_errno = &errno;
  callseq_overrun_enter_thread();
}

bool callseq_inside(void) { return inside(); }

/* ---- Fork ---- */

/* The child must not be born while another thread is in the middle of something. So the thread that
 * forks takes the runtime first, if it is not inside; a set-up in progress is waited for as well. */
static __thread bool fork_took;

static void before_fork(void) {
  struct callseq_sequencer *s = &callseq_abi_runtime.sequencer;
  struct callseq_waiter waiter = {.alone = 1};
  enter_thread();
  fork_took = !inside();
  if (!fork_took)
    return;
  pthread_mutex_lock(&runtime.lock);
  if (!callseq_sequencer_try_enter(s, callseq_abi_self))
    callseq_sequencer_enter(s, &waiter, callseq_abi_self, NULL, NULL);
}

static void after_fork(void) {
  if (!fork_took)
    return;
  if (inside())
    callseq_sequencer_end_batch(&callseq_abi_runtime.sequencer);
  pthread_mutex_unlock(&runtime.lock);
}

static void after_fork_in_child(void) {
  bool holder = inside();
  callseq_abi_self = (uint32_t)syscall(SYS_gettid);
  if (holder)
    callseq_sequencer_forked(&callseq_abi_runtime.sequencer, callseq_abi_self);
  after_fork();
}

/* ---- Errors ---- */

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

int callseq_last_status(void) { return self.status; }
const char *callseq_last_error(void) { return self.message; }
void callseq_clear_error(void) { forget_error(); }

/* Makes `message` (malloc'd, or NULL) this thread's last error. */
static NOINLINE void remember(int status, char *message) {
  forget_error();
  self.status = status;
  self.message = message;
}

/* malloc'd text, or NULL. */
static char *format(const char *template, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *template, ...) {
  va_list arguments;
  char *text = NULL;
  va_start(arguments, template);
  if (vasprintf(&text, template, arguments) < 0)
    text = NULL;
  va_end(arguments);
  return text;
}

static const char *last_message(void) {
  return self.message ? self.message : callseq_strerror(self.status);
}

/* The default for on_error: as CHICKEN's own top level reports. */
static void report(int status, const char *message, const char *trace) {
  static _Atomic(int) closed_reported;
  if (status == CALLSEQ_CLOSED &&
      atomic_exchange_explicit(&closed_reported, 1, memory_order_relaxed))
    return;
  fflush(stdout);
  fprintf(stderr, "\nError: %s\n%s", message, trace ? trace : "");
}

/* Takes over what a failed request says. `quiet`: its caller will see the status. */
NOINLINE void callseq_abi_failed(struct callseq_abi_request *q, int quiet) {
  int saved = errno;
  char *trace = q->trace;
  remember(q->status, q->message);
  q->message = q->trace = NULL;
  if (!quiet) {
    const callseq_config *config = &runtime.config;
    if (config->on_error)
      config->on_error(config->on_error_data, self.status, last_message());
    else
      report(self.status, last_message(), trace);
  }
  free(trace);
  errno = saved;
}

/* Fails a request; the first failure is the one that its caller hears of. */
static void fail(struct callseq_abi_request *q, int status, char *message, char *trace) {
  if (q->status) {
    free(message);
    free(trace);
    return;
  }
  q->status = status;
  q->message = message;
  q->trace = trace;
}

/* A failure that set-up returns: printed, and kept for the thread. */
static int refuse(int status, char *message) {
  enter_thread();
  remember(status, message);
  fprintf(stderr, "callseq: %s\n", last_message());
  return status;
}

char *callseq_abi_keep_string(char *string) {
  free(self.string);
  return self.string = string;
}

/* ---- Calls that do not go the inline way ---- */

static C_word procedure(enum callseq_procedure which) {
  return CHICKEN_gc_root_ref(scheme.procedures[which]);
}

/* Has the procedure run next, with the serial and value that the reply was given. */
static C_word detour(enum callseq_procedure which) {
  callseq_abi_runtime.detour = 1;
  return procedure(which);
}

/* Length of CHICKEN's stack of active foreign-safe-lambdas, but no more than `limit`. */
static int safe_lambdas(int limit) {
  C_word list = C_block_item(CHICKEN_gc_root_ref(scheme.safe_lambdas), 0);
  int n = 0;
  for (; n < limit && !C_immediatep(list); list = C_u_i_cdr(list))
    n++;
  return n;
}

/* How many bytes of the nursery must be left for C code and Scheme on top of it. */
static ptrdiff_t level_room(void) {
  ptrdiff_t part = runtime.nursery / 8;
  return part < LEVEL_ROOM ? part : LEVEL_ROOM;
}

/* A call from C code under Scheme: one more level on the same stack. CHICKEN can be re-entered only
 * from a safe lambda, and each level needs one of its own. */
static NOINLINE void nested(struct callseq_abi_request *q) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  struct level level;
  if (!scheme.procedures[CALLSEQ_SERVE_LEVEL] || safe_lambdas(scheme.levels + 1) <= scheme.levels) {
    fail(q, CALLSEQ_UNSAFE,
         format("%s: called from C code under a plain foreign-lambda, where CHICKEN cannot be "
                "re-entered; make it a foreign-safe-lambda",
                q->callback->name),
         NULL);
    return;
  }
  if ((char *)&level - (char *)C_stack_hard_limit < level_room()) {
    fail(q, CALLSEQ_ERROR,
         format("%s: calls are nested too deeply (%d levels) for the nursery; set a larger "
                "nursery_bytes",
                q->callback->name, scheme.levels),
         NULL);
    return;
  }
  level.outer = scheme.level;
  level.request = r->current;
  level.serial = r->serial;
  level.special = r->special;
  scheme.level = &level;
  scheme.levels++;
  r->special = CALLSEQ_ABI_NESTED;
  r->current = q;
  /* Level 0 counts up from here again afterwards, so the others count down, below 0. */
  r->serial = scheme.level_serial -= 2;
  C_callback(procedure(CALLSEQ_SERVE_LEVEL), 0);
  scheme.failed = 0;
  scheme.level = level.outer;
  scheme.levels--;
  r->current = level.request;
  r->serial = level.serial;
  r->special = level.special;
  if (r->current)
    atomic_store_explicit(&r->callback, r->current->callback, memory_order_relaxed);
}

/* Called once by a waiter whose wait has become long. */
static void stalled(void *data) {
  struct callseq_abi_request *q = data;
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  struct callseq_abi_callback *running = atomic_load_explicit(&r->callback, memory_order_relaxed);
  fprintf(stderr,
          "callseq: thread %u has waited %u ms to call %s; thread %u holds the Scheme runtime, in "
          "callback %s\n",
          (unsigned)callseq_abi_self, runtime.config.stall_ms, q->callback->name,
          (unsigned)callseq_sequencer_holder(&r->sequencer), running ? running->name : "(none)");
}

static char *closed_message(struct callseq_abi_callback *callback) {
  switch (atomic_load_explicit(&runtime.state, memory_order_relaxed)) {
  case NEW:
    return format("%s: called before callseq_init", callback->name);
  case LOADING:
    return format("%s: called while callseq_init loads the Scheme code", callback->name);
  case FAILED:
    return format("%s: callseq_init has failed, Scheme is closed", callback->name);
  default:
    return format("%s: its define-sequenced-callback has not been executed", callback->name);
  }
}

/* For a thread that found the lock taken: is it because the Scheme code is being loaded? */
static bool loading(void) {
  atomic_thread_fence(memory_order_acquire); /* pairs with the release of the lock in set_up */
  return atomic_load_explicit(&runtime.state, memory_order_relaxed) == LOADING;
}

/* For the holder: executes its request, and others' while there are. */
static void run(struct callseq_abi_request *q) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  r->special = CALLSEQ_ABI_OWN;
  callseq_context_switch(&r->host, &r->scheme, q);
  callseq_sequencer_end_batch(&r->sequencer);
}

NOINLINE int callseq_abi_call_slowly(struct callseq_abi_request *q) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  int saved = errno;
  q->message = q->trace = NULL;
  q->waiter.alone = 0;
  enter_thread();
  if (!q->callback->root) {
    fail(q, CALLSEQ_CLOSED, closed_message(q->callback), NULL);
  } else if (inside()) {
    nested(q);
  } else if (callseq_sequencer_try_enter(&r->sequencer, callseq_abi_self)) {
    run(q);
  } else if (loading()) {
    fail(q, CALLSEQ_CLOSED, closed_message(q->callback), NULL);
  } else {
    switch (callseq_sequencer_enter(&r->sequencer, &q->waiter, callseq_abi_self, stalled, q)) {
    case CALLSEQ_ENTERED_HOLDER:
      run(q);
      break;
    case CALLSEQ_ENTERED_CLOSED:
      fail(q, CALLSEQ_CLOSED, closed_message(q->callback), NULL);
      break;
    case CALLSEQ_ENTERED_DONE:
      break;
    }
  }
  errno = saved;
  return q->status;
}

/* The holder's own request is the first of a batch and is not marked done: its caller knows when
 * the switch returns. The others are, as soon as they are. */
NOINLINE C_word callseq_abi_next_slowly(void) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  if (r->special == CALLSEQ_ABI_NESTED)
    return procedure(CALLSEQ_END_LEVEL);
  if (r->special == CALLSEQ_ABI_WAITER)
    callseq_sequencer_finish(&r->current->waiter);
  void *next = callseq_sequencer_next(&r->sequencer);
  r->special = next ? CALLSEQ_ABI_WAITER : CALLSEQ_ABI_PLAIN;
  if (!next)
    next = callseq_context_switch(&r->scheme, &r->host, NULL);
  return callseq_abi_dispatch(next);
}

/* ---- What replies need ---- */

NOINLINE C_word callseq_abi_misdelivered(void) { return detour(CALLSEQ_MISDELIVERED); }

NOINLINE C_word callseq_abi_bad_result(void) { return detour(CALLSEQ_BAD_RESULT); }

NOINLINE C_word callseq_abi_real_result(void) { return detour(CALLSEQ_REAL_RESULT); }

/* The magnitude and sign of an exact integer of at most 64 bits, or false. */
static bool exact_integer(C_word value, uint64_t *magnitude, bool *negative) {
  if (value & C_FIXNUM_BIT) {
    int64_t n = C_unfix(value);
    *negative = n < 0;
    *magnitude = *negative ? -(uint64_t)n : (uint64_t)n;
    return true;
  }
  if (C_immediatep(value) || C_block_header(value) != C_BIGNUM_TAG)
    return false;
  size_t digits = (size_t)C_bignum_size(value), wanted = sizeof(uint64_t) / sizeof(C_uword);
  if (digits > wanted)
    return false;
  *negative = C_bignum_negativep(value);
  *magnitude = 0;
  for (size_t i = digits; i-- > 0;)
    *magnitude =
        (*magnitude << (sizeof(C_uword) * CHAR_BIT / 2) << (sizeof(C_uword) * CHAR_BIT / 2)) |
        C_bignum_digits(value)[i];
  return true;
}

int callseq_abi_signed(C_word value, int64_t low, int64_t high, int64_t *result) {
  uint64_t magnitude;
  bool negative;
  if (!exact_integer(value, &magnitude, &negative))
    return 0;
  if (negative ? magnitude > -(uint64_t)low : magnitude > (uint64_t)high)
    return 0;
  *result = negative ? (int64_t)-magnitude : (int64_t)magnitude;
  return 1;
}

int callseq_abi_unsigned(C_word value, uint64_t high, uint64_t *result) {
  bool negative;
  return exact_integer(value, result, &negative) && !negative && *result <= high;
}

int callseq_abi_string(C_word value, int null, int symbol, char **result) {
  if (null && value == C_SCHEME_FALSE) {
    *result = NULL;
    return 1;
  }
  if (C_immediatep(value))
    return 0;
  if (symbol) {
    if (C_block_header(value) != C_SYMBOL_TAG)
      return 0;
    value = C_block_item(value, 1);
  }
  if (C_header_bits(value) != C_STRING_TYPE)
    return 0;
  size_t length = C_header_size(value);
  const char *text = C_c_string(value);
  if (memchr(text, 0, length))
    return 0;
  char *copy = malloc(length + 1);
  if (!copy) {
    fail(callseq_abi_runtime.current, CALLSEQ_NOMEM, NULL, NULL);
  } else {
    memcpy(copy, text, length);
    copy[length] = 0;
  }
  *result = copy;
  return 1;
}

int callseq_abi_pointer(C_word value, int null, void **result) {
  if (null && value == C_SCHEME_FALSE) {
    *result = NULL;
    return 1;
  }
  if (C_immediatep(value) ||
      (C_block_header(value) != C_POINTER_TAG && C_block_header(value) != C_TAGGED_POINTER_TAG))
    return 0;
  *result = C_c_pointer_nn(value);
  return null || *result;
}

/* ---- For callseq.scm; each is called on the Scheme stack ---- */

void callseq_abi_define(struct callseq_abi_callback *callback, C_word value) {
  void *root = callback->root ? callback->root : CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(root, value);
  callback->root = root;
}

void callseq_scheme_provide(int which, C_word value) {
  if (!scheme.procedures[which])
    scheme.procedures[which] = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(scheme.procedures[which], value);
}

int callseq_scheme_hosted(void) {
  return atomic_load_explicit(&runtime.state, memory_order_relaxed) == LOADING;
}

/* A level begins: remembers where collections in it return to. */
C_word callseq_scheme_enter_level(void) {
  struct level *level = scheme.level;
  memcpy(level ? &level->restart : &scheme.restart, &C_restart, sizeof C_restart);
  if (level)
    level->safe = safe_lambdas(INT_MAX);
  return C_SCHEME_UNDEFINED;
}

/* The procedure to go on with where a level begins, or begins again after a failure. */
C_word callseq_scheme_begin(void) {
  if (!scheme.failed)
    return callseq_abi_dispatch(callseq_abi_runtime.current);
  scheme.failed = 0;
  return callseq_abi_next();
}

/* Drops the C frames above the innermost level: calls of plain define-external functions that a
 * failure leaves. */
void callseq_scheme_abandon(void) {
  struct level *level = scheme.level;
  memcpy(&C_restart, level ? &level->restart : &scheme.restart, sizeof C_restart);
  int keep = level ? level->safe : 0;
  while (safe_lambdas(keep + 1) > keep)
    C_restore_callback_continuation();
}

void callseq_scheme_fail(char *message, char *trace) {
  struct callseq_abi_request *q = callseq_abi_runtime.current;
  scheme.failed = 1;
  fail(q, CALLSEQ_ERROR, format("%s: %s", q->callback->name, message),
       trace ? strdup(trace) : NULL);
}

void callseq_scheme_load_failed(void) { runtime.status = CALLSEQ_ERROR; }

/* Tries a delivery again, when the levels above it have ended or its value has been converted. */
C_word callseq_scheme_redeliver(C_word serial, C_word value) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  if (serial != r->serial)
    return callseq_abi_misdelivered();
  return r->current->callback->reply(serial, value);
}

char *callseq_scheme_name(void) { return (char *)callseq_abi_runtime.current->callback->name; }
char *callseq_scheme_type(void) { return (char *)callseq_abi_runtime.current->callback->type; }
char *callseq_scheme_accepts(void) {
  return (char *)callseq_abi_runtime.current->callback->accepts;
}

static void *flush(void *done) {
  fflush(NULL);
  /* release: pairs with the acquire in callseq_scheme_exit */
  atomic_store_explicit((_Atomic(int) *)done, 1, memory_order_release);
  return NULL;
}

/* Ends the process. Buffers are flushed by a thread of their own: one of them may be locked for
 * good, by a thread that waits for input. */
void callseq_scheme_exit(int code) {
  static _Atomic(int) done;
  pthread_t thread;
  if (pthread_create(&thread, NULL, flush, &done) == 0)
    for (int i = 0; i < 250; i++) {
      struct timespec ms = {.tv_nsec = 1000000};
      /* acquire: pairs with the release in flush */
      if (atomic_load_explicit(&done, memory_order_acquire))
        break;
      nanosleep(&ms, NULL);
    }
  _exit(code);
}

/* ---- Signals ---- */

/* CHICKEN's signal handler runs on whatever thread the kernel picks. To interrupt Scheme it sets
 * the stack limit so that the next check fails, and counts the signal as pending; the holder does
 * the reverse. When both do so at once the limit can stay behind with nothing pending: then every
 * check collects, and nothing else ever runs. A collection proves that nothing was pending when it
 * began; a signal that came since is handled by the next one. */
static void after_collection(int mode, C_long milliseconds) {
  (void)mode;
  (void)milliseconds;
  C_stack_limit = C_stack_hard_limit;
}

/* ---- Invoke ---- */

struct invocation {
  struct callseq_abi_request request;
  void (*function)(void *);
  void *argument;
};

/* (run-function request), a CHICKEN procedure: what a foreign-safe-lambda does, but with a
 * collection only if little of the nursery is left, not before every call. */
void callseq_scheme_run_function(C_word c, C_word *av) {
  if (!C_demand(C_bytestowords(level_room())))
    C_save_and_reclaim((void *)callseq_scheme_run_function, (int)c, av);
  struct invocation *call = CALLSEQ_ABI_REQUEST(struct invocation, av[2]);
  C_word *a = C_alloc(C_SIZEOF_PAIR);
  int level = C_save_callback_continuation(&a, av[1]);
  call->function(call->argument);
  C_word k = C_restore_callback_continuation2(level);
  C_kontinue(k, C_SCHEME_UNDEFINED);
}

static C_word reply_to_invoke(C_word serial, C_word value) {
  (void)value;
  return callseq_scheme_reply_to_invoke(serial);
}

static struct callseq_abi_callback invoke = {
    .name = "callseq_invoke", .type = "void", .accepts = "anything", .reply = reply_to_invoke};

void callseq_scheme_define_invoke(C_word value) { callseq_abi_define(&invoke, value); }

CALLSEQ_RETURN int callseq_invoke(void (*function)(void *), void *argument) {
  struct invocation call;
  if (!function) {
    enter_thread();
    remember(CALLSEQ_INVALID, format("callseq_invoke: the function is NULL"));
    return CALLSEQ_INVALID;
  }
  call.function = function;
  call.argument = argument;
  if (callseq_abi_call(&call.request, &invoke))
    callseq_abi_failed(&call.request, 1);
  return call.request.status;
}

/* ---- Set-up ---- */

/* The program's Scheme code, weak because the shared egg in csi has none, and this library's. */
extern void C_toplevel(C_word c, C_word *av) __attribute__((weak));
extern void C_callseq_toplevel(C_word c, C_word *av);

/* Continuation of the library's unit: the program. */
static void load_program(C_word c, C_word *av) {
  (void)c;
  C_word arguments[2] = {C_SCHEME_UNDEFINED, C_block_item(av[0], 1)};
  ((C_proc)runtime.config.toplevel)(2, arguments);
}

/* The first thing that CHICKEN runs. Loading the library's unit before the program's first form
 * has every error of the program reported, and a program that was compiled without -uses find the
 * unit provided instead of loading a second copy. */
static void load(C_word c, C_word *av) {
  (void)c;
  C_word *a = C_alloc(C_SIZEOF_CLOSURE(2));
  C_word arguments[2] = {C_SCHEME_UNDEFINED, C_closure(&a, 2, (C_word)load_program, av[1])};
  C_callseq_toplevel(2, arguments);
}

/* The life of the Scheme stack. CHICKEN_run returns for (return-to-host): at the end of loading, as
 * it should, and later when a callback strays into it. It also returns from an ordinary collection
 * if a (return-to-host) in a nested level, which cannot return, left its flag set: then the
 * computation goes on where it was. */
static void live(void *unused) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  (void)unused;
  CHICKEN_run(load);
  scheme.return_to_host = C_restart_trampoline;
  r->current = callseq_context_switch(&r->scheme, &r->host, NULL);
  C_word k = CHICKEN_continue(procedure(CALLSEQ_SERVE));
  for (;;) {
    if (C_restart_trampoline == scheme.return_to_host) {
      k = CHICKEN_continue(procedure(CALLSEQ_STRAYED));
    } else {
      C_save(k);
      k = CHICKEN_run(NULL);
    }
  }
}

static int same_config(const callseq_config *a, const callseq_config *b) {
  return a->stack_bytes == b->stack_bytes && a->nursery_bytes == b->nursery_bytes &&
         a->heap_bytes == b->heap_bytes && a->batch_limit == b->batch_limit &&
         a->spin_limit == b->spin_limit && a->stall_ms == b->stall_ms && a->argc == b->argc &&
         a->argv == b->argv && a->toplevel == b->toplevel && a->on_error == b->on_error &&
         a->on_error_data == b->on_error_data && a->report_overrun == b->report_overrun;
}

/* Copies the configuration with its defaults filled in. Returns NULL, or what is wrong. */
static char *normalise(callseq_config *config, const callseq_config *wanted) {
  if (!wanted)
    return format("callseq_init_with: the configuration is NULL; start from "
                  "CALLSEQ_CONFIG_DEFAULT");
  if (wanted->size != sizeof *wanted)
    return format("callseq_init_with: the configuration's size is %zu, this library knows %zu; "
                  "start from CALLSEQ_CONFIG_DEFAULT, of this library's callseq.h",
                  wanted->size, sizeof *wanted);
  *config = *wanted;
  size_t nursery = config->nursery_bytes ? config->nursery_bytes : (size_t)NURSERY_DEFAULT;
  if (nursery < NURSERY_MINIMUM || nursery > INT_MAX)
    return format("callseq_init_with: nursery_bytes is %zu; it must be from %d to %d, or 0 for the "
                  "default",
                  nursery, NURSERY_MINIMUM, INT_MAX);
  if (config->heap_bytes > INT_MAX)
    return format("callseq_init_with: heap_bytes is %zu; the initial heap can have at most %d, and "
                  "grows by itself",
                  config->heap_bytes, INT_MAX);
  if (!config->stack_bytes)
    config->stack_bytes = nursery + STACK_EXTRA;
  if (config->stack_bytes < nursery + STACK_RESERVE)
    return format("callseq_init_with: stack_bytes is %zu; with this nursery it must be at least "
                  "%zu, or 0 for the default",
                  config->stack_bytes, nursery + STACK_RESERVE);
  if (config->argc < 0 || (config->argc > 0 && !config->argv))
    return format("callseq_init_with: argc is %d and argv is %s", config->argc,
                  config->argv ? "not NULL" : "NULL");
  if (!config->batch_limit)
    config->batch_limit = BATCH_DEFAULT;
  if (!config->spin_limit)
    config->spin_limit = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SPIN_DEFAULT : CALLSEQ_SPIN_NONE;
  if (!config->stall_ms)
    config->stall_ms = STALL_DEFAULT;
  if (!config->toplevel)
    config->toplevel = (void *)C_toplevel;
  return NULL;
}

/* UINT_MAX, "off" in a configuration, is 0 in the sequencer. */
static uint32_t or_none(unsigned limit) { return limit == UINT_MAX ? 0 : limit; }

static int set_up(const callseq_config *config) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  int heap = (int)config->heap_bytes, nursery = (int)config->nursery_bytes, symbols = 0;
  if (C_temporary_stack_bottom)
    return refuse(
        CALLSEQ_INVALID,
        format("CHICKEN is set up in this process already, by the host or by another copy "
               "of callseq; leave that to one callseq_init"));
  if (!config->toplevel)
    return refuse(CALLSEQ_INVALID,
                  format("there is no Scheme code in this program: compile a Scheme file with "
                         "csc -e into it, or name its entry point in callseq_config.toplevel"));
  if (!callseq_stack_map(&runtime.stack, config->stack_bytes))
    return refuse(CALLSEQ_NOMEM,
                  format("cannot map %zu bytes for the Scheme stack", config->stack_bytes));
  runtime.config = *config;
  callseq_sequencer_init(&r->sequencer, or_none(config->batch_limit), or_none(config->spin_limit),
                         or_none(config->stall_ms));
  callseq_context_make(&r->scheme, runtime.stack.base, runtime.stack.bytes, live, NULL);
  callseq_overrun_watch(&runtime.stack, config->report_overrun);
  callseq_overrun_enter_thread(); /* the others do it when they first call */
  pthread_atfork(before_fork, after_fork, after_fork_in_child);

  /* Calls by the loading code nest: this thread holds the runtime from here on. */
  atomic_store_explicit(&runtime.loader, callseq_abi_self, memory_order_relaxed);
  atomic_store_explicit(&runtime.state, LOADING, memory_order_relaxed);
  /* release: pairs with the acquire in loading() */
  atomic_store_explicit(&r->sequencer.lock, callseq_abi_self, memory_order_release);
  if (config->argc > 0) {
    C_word h, n, s;
    CHICKEN_parse_command_line(config->argc, config->argv, &h, &n, &s);
    heap = h ? (int)h : heap;
    nursery = n ? (int)n : nursery;
    symbols = (int)s;
  }
  if (!CHICKEN_initialize(heap, nursery, symbols, load)) {
    atomic_store_explicit(&runtime.state, FAILED, memory_order_relaxed);
    return runtime.status = refuse(CALLSEQ_NOMEM, format("CHICKEN cannot get its memory"));
  }
  C_post_gc_hook = after_collection;
  runtime.nursery = nursery ? nursery : NURSERY_DEFAULT;
  scheme.safe_lambdas = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(scheme.safe_lambdas,
                      C_intern2(C_heaptop, C_text("##sys#callback-continuation-stack")));
  callseq_context_switch(&r->host, &r->scheme, NULL);
  if (runtime.status) {
    atomic_store_explicit(&r->sequencer.lock, CALLSEQ_LOCK_CLOSED, memory_order_relaxed);
    atomic_store_explicit(&runtime.state, FAILED, memory_order_relaxed);
    remember(runtime.status, format("the Scheme code raised an error while it was loaded"));
    return runtime.status;
  }
  atomic_store_explicit(&runtime.state, READY, memory_order_relaxed);
  callseq_sequencer_open(&r->sequencer);
  return CALLSEQ_OK;
}

/* `wanted` NULL: whatever it was, or will be, set up with. */
static int init(const callseq_config *wanted) {
  callseq_config config;
  callseq_config defaults = CALLSEQ_CONFIG_DEFAULT;
  char *problem = normalise(&config, wanted ? wanted : &defaults);
  if (problem)
    return refuse(CALLSEQ_INVALID, problem);
  enter_thread();
  /* The loading code itself may come here. */
  if (atomic_load_explicit(&runtime.state, memory_order_relaxed) == LOADING &&
      atomic_load_explicit(&runtime.loader, memory_order_relaxed) == callseq_abi_self)
    return CALLSEQ_OK;
  pthread_mutex_lock(&runtime.lock);
  int status = CALLSEQ_OK, state = atomic_load_explicit(&runtime.state, memory_order_relaxed);
  if (state == NEW)
    status = set_up(&config);
  else if (wanted && !same_config(&config, &runtime.config))
    status = refuse(CALLSEQ_INVALID, format("callseq_init_with: the runtime has been set up with "
                                            "another configuration"));
  else if (state == FAILED)
    remember(status = runtime.status, format("callseq_init has failed before"));
  pthread_mutex_unlock(&runtime.lock);
  return status;
}

int callseq_init(void) { return init(NULL); }

int callseq_init_with(const callseq_config *config) {
  if (config)
    return init(config);
  callseq_config unused;
  return refuse(CALLSEQ_INVALID, normalise(&unused, NULL));
}
