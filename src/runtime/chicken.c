/* The CHICKEN binding: calls that do not go the inline way of abi.h, and what callseq.scm needs of
 * C.
 *
 * The Scheme stack has levels. The resident loop of callseq.scm serves level 0; a call from C code
 * that Scheme called adds a level, by C_callback, on the same stack, with the same Scheme
 * procedures. `current` is the request of the innermost level.
 *
 * Invariants. Everything in `scheme` belongs to the holder of the sequencer. Frames on the Scheme
 * stack that live across a switch may go on in another thread, so nothing here that runs between
 * two switches keeps the address of a thread-local: they are reached in functions that are not
 * inlined.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "exports.h"

#include "base/clock.h"
#include "base/trace.h"
#include "binding.h"
#include "exit.h"
#include "fork.h"
#include "runner.h"
#include "scheme.h"
#include "thread.h"

#include <errno.h>
#include <fenv.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  LEVEL_ROOM = 96 << 10, /* at most so much nursery must be left for one more level */
  LAP = 64 << 10, /* so much of it is used before a collection: each thread fetches all of that */
  LONG_LAP = 1 << 20,  /* and so much where collections are costly, */
  LAST_CALL = 4 << 10, /* but so much of the nursery is left */
  COSTLY = 10000,      /* is one that takes so many nanoseconds, after a lap that is not long: */
  LAPS = 64            /* one in so many laps is measured */
};

/* A signal mask that a callback has changed, as it was before. */
struct kept_mask {
  bool kept;
  sigset_t mask;
};

/* A level above 0: what the one below needs back. Lies in the C frame of nested(). */
struct level {
  struct level *outer;
  struct callseq_abi_request *request;
  C_word serial;
  uint32_t special;
  sigjmp_buf restart; /* CHICKEN's, for collections in this level */
  int failed;         /* `scheme.failed` of the level below */
  int interrupts;     /* CHICKEN's C_interrupts_enabled of the level below */
  int safe;           /* length of CHICKEN's stack of safe lambdas at its entry */
  struct kept_mask caller;
};

struct callseq_abi_runtime callseq_abi_runtime = {.sequencer = CALLSEQ_SEQUENCER_INITIALIZER,
                                                  .serial = C_fix(0)};

struct callseq_tools_side callseq_binding_host, callseq_binding_scheme;

/* What Scheme left here, and what the levels are. The holder's. */
static struct {
  void *procedures[CALLSEQ_PROCEDURES]; /* GC roots */
  void *safe_lambdas;                   /* GC root of the symbol whose value is CHICKEN's stack */
  sigjmp_buf restart;                   /* CHICKEN's, for collections in level 0 */
  struct level *level;                  /* innermost; NULL: level 0 */
  int levels;
  C_word base_serial;          /* of level 0 while there is another */
  C_word level_serial;         /* of the last call above level 0, a fixnum; less 1 */
  int made_room;               /* by a collection, for callseq_invoke */
  int laps;                    /* until one is measured: this one, if 0 */
  uint64_t collects;           /* thread's time when the collection after it began */
  bool costly;                 /* was the last one measured */
  int failed;                  /* `current` has failed and waits for its level to be unwound */
  struct kept_mask caller;     /* of level 0 */
  _Atomic(uint64_t) inside_ns; /* see callseq_stats */
} scheme = {.level_serial = C_fix(-1), .laps = LAPS};

CALLSEQ_NOINLINE bool callseq_binding_inside(void) {
  return callseq_abi_self &&
         callseq_sequencer_holder(&callseq_abi_runtime.sequencer) == callseq_abi_self;
}

bool callseq_inside(void) { return callseq_binding_inside(); }

/* ---- Failures ---- */

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

/* Takes over what a failed request says. `quiet`: its caller will see the status. */
CALLSEQ_NOINLINE void callseq_abi_failed(struct callseq_abi_request *q, int quiet) {
  int saved = errno;
  callseq_thread_remember(q->status, q->message, q->trace);
  q->message = q->trace = NULL;
  if (!quiet)
    callseq_thread_report(&callseq_setup.config);
  errno = saved;
}

static const char *running(void) {
  struct callseq_abi_callback *callback =
      atomic_load_explicit(&callseq_abi_runtime.callback, memory_order_relaxed);
  return callback ? callback->name : "(none)";
}

/* If a thread ends inside, the frames of Scheme go with it, and no other thread can go on. */
void callseq_thread_ends(void) {
  if (!callseq_binding_inside())
    return;
  callseq_tools_unwound(&callseq_binding_scheme, &callseq_binding_host);
  fprintf(
      stderr,
      "callseq: thread %u ended inside callback %s; C code that Scheme calls must return, not end "
      "its thread by pthread_exit, nor by cancellation by a library that was loaded after the "
      "thread's first call\n",
      (unsigned)callseq_abi_self, running());
  abort();
}

/* The same if C code has left Scheme's frames by longjmp. Seen when its thread calls again. */
static void check_stack(void) {
  if (callseq_stack_has(&callseq_setup.stack, __builtin_frame_address(0)))
    return;
  callseq_tools_unwound(&callseq_binding_scheme, &callseq_binding_host);
  fprintf(
      stderr,
      "callseq: thread %u is inside callback %s but not on the Scheme stack; C code that Scheme "
      "calls must return, not leave by longjmp, and call from the stack that it was called on\n",
      (unsigned)callseq_abi_self, running());
  abort();
}

/* ---- Calls that do not go the inline way ---- */

C_word callseq_binding_procedure(enum callseq_procedure which) {
  return CHICKEN_gc_root_ref(scheme.procedures[which]);
}

/* Has the procedure run next, with the serial and value that the reply was given. */
static C_word detour(enum callseq_procedure which) {
  callseq_abi_runtime.detour = 1;
  return callseq_binding_procedure(which);
}

/* Length of CHICKEN's stack of active foreign-safe-lambdas, but no more than `limit`. */
static int safe_lambdas(int limit) {
  C_word list = C_block_item(CHICKEN_gc_root_ref(scheme.safe_lambdas), 0);
  int n = 0;
  for (; n < limit && !C_immediatep(list); list = C_u_i_cdr(list))
    n++;
  return n;
}

/* How many bytes of the nursery must be left for a nested call. What runs in it may demand a part
 * of that for itself, never all: the way there uses some, and a demand that a collection cannot
 * meet is repeated for ever. */
static ptrdiff_t level_room(void) {
  ptrdiff_t part = callseq_setup.nursery / 8;
  return part < LEVEL_ROOM ? part : LEVEL_ROOM;
}

/* A callback is about to change the signal mask of the thread that it runs on. Its caller gets the
 * old one back, by the slow way of its reply. */
C_word callseq_scheme_keep_mask(void) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  struct kept_mask *caller = scheme.level ? &scheme.level->caller : &scheme.caller;
  if (!caller->kept) {
    pthread_sigmask(SIG_SETMASK, NULL, &caller->mask);
    caller->kept = true;
  }
  if (r->special == CALLSEQ_ABI_PLAIN)
    r->special = CALLSEQ_ABI_OWN;
  return C_SCHEME_UNDEFINED;
}

static void restore_mask(struct kept_mask *caller) {
  if (caller->kept)
    pthread_sigmask(SIG_SETMASK, &caller->mask, NULL);
  caller->kept = false;
}

/* A call from C code under Scheme: one more level on the same stack. CHICKEN can be re-entered only
 * from a safe lambda, and each level needs one of its own. */
static CALLSEQ_NOINLINE void nested(struct callseq_abi_request *q) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  struct level level;
  fenv_t control; /* of floating point: Scheme has the initial one, whatever C code under it set */
  check_stack();
  if (!scheme.procedures[CALLSEQ_SERVE_LEVEL] || safe_lambdas(scheme.levels + 1) <= scheme.levels) {
    fail(q, CALLSEQ_UNSAFE,
         callseq_format(
             "%s: called from C code under a plain foreign-lambda, where CHICKEN cannot be "
             "re-entered; make it a foreign-safe-lambda",
             q->callback->name),
         NULL);
    return;
  }
  if ((char *)&level - (char *)C_stack_hard_limit < level_room()) {
    fail(q, CALLSEQ_ERROR,
         callseq_format("%s: no room in the nursery for a call nested so deeply, %d levels and "
                        "their C code; set a larger nursery_bytes",
                        q->callback->name, scheme.levels + 1),
         NULL);
    return;
  }
  level.outer = scheme.level;
  level.request = r->current;
  level.serial = r->serial;
  if (!scheme.level)
    callseq_abi_set(&scheme.base_serial, r->serial);
  level.special = r->special;
  level.caller.kept = false;
  level.failed = scheme.failed; /* a signal handler may call while a failure is dealt with */
  scheme.failed = 0;
  scheme.level = &level;
  scheme.levels++;
  r->special = CALLSEQ_ABI_NESTED;
  r->current = q;
  /* Level 0 counts up from here again afterwards, so the others count down, below 0. */
  callseq_abi_set(&scheme.level_serial, scheme.level_serial - 2);
  callseq_abi_set(&r->serial, scheme.level_serial);
  level.interrupts = C_interrupts_enabled;
  callseq_scheme_hold_interrupts();
  fegetenv(&control);
  fesetenv(FE_DFL_ENV);
  C_callback(callseq_binding_procedure(CALLSEQ_SERVE_LEVEL), 0);
  fesetenv(&control);
  C_interrupts_enabled = level.interrupts;
  restore_mask(&level.caller);
  scheme.failed = level.failed;
  scheme.level = level.outer;
  scheme.levels--;
  r->current = level.request;
  callseq_abi_set(&r->serial, level.serial);
  r->special = level.special;
  if (r->current)
    atomic_store_explicit(&r->callback, r->current->callback, memory_order_relaxed);
}

/* Called once by a waiter whose wait has become long. */
static void stalled(void *data) {
  struct callseq_abi_request *q = data;
  uint32_t holder = callseq_sequencer_holder(&callseq_abi_runtime.sequencer);
  char who[80] = "no thread holds the Scheme runtime just now, the last callback was";
  if (holder && holder != CALLSEQ_FORK_HOLDER)
    snprintf(who, sizeof who, "thread %u holds the Scheme runtime, in callback", (unsigned)holder);
  callseq_print("callseq: thread %u has waited %u ms to call %s; %s %s\n",
                (unsigned)callseq_abi_self, callseq_setup.config.stall_ms, q->callback->name, who,
                running());
}

/* Level 0's: the others nest in C code of this thread's own. */
struct callseq_abi_request **callseq_binding_lent(void) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  struct callseq_abi_request **request = &r->current;
  uint32_t special = r->special;
  for (struct level *level = scheme.level; level; level = level->outer) {
    request = &level->request;
    special = level->special;
  }
  return special == CALLSEQ_ABI_WAITER ? request : NULL;
}

static char *closed_message(struct callseq_abi_callback *callback) {
  switch (atomic_load_explicit(&callseq_setup.state, memory_order_relaxed)) {
  case CALLSEQ_NEW:
    if (__atomic_load_n(&C_temporary_stack_bottom, __ATOMIC_RELAXED))
      return callseq_format(
          "%s: called in a copy of callseq that is not set up, while CHICKEN is, by the program "
          "itself or by another copy; link what is loaded at run time without callseq, and its "
          "program with callseq and -L -rdynamic",
          callback->name);
    return callseq_format("%s: called before callseq_init", callback->name);
  case CALLSEQ_LOADING:
    return callseq_format("%s: called while callseq_init loads the Scheme code", callback->name);
  case CALLSEQ_FAILED:
    return callseq_format("%s: callseq_init has failed, Scheme is closed", callback->name);
  default:
    return callseq_format("%s: its define-sequenced-callback has not been executed",
                          callback->name);
  }
}

/* For a thread that found the lock taken: is it because the Scheme code is being loaded? */
static bool loading(void) {
  atomic_thread_fence(memory_order_acquire); /* pairs with the release in callseq_sequencer_open */
  /* acquire: pairs with the releases of the state in set_up */
  return atomic_load_explicit(&callseq_setup.state, memory_order_acquire) == CALLSEQ_LOADING;
}

static uint64_t peek(_Atomic(uint64_t) *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

/* For the holder: executes its request, and others' while there are. */
static void execute(struct callseq_abi_request *q) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  bool measure = callseq_setup.config.measure_time;
  uint64_t since = measure ? callseq_clock_now() : 0;
  r->special = CALLSEQ_ABI_OWN;
  CALLSEQ_POINT1(enter, q->callback->name);
  callseq_binding_switch_in(q);
  CALLSEQ_POINT1(leave, q->callback->name);
  if (measure)
    atomic_store_explicit(&scheme.inside_ns, peek(&scheme.inside_ns) + callseq_clock_now() - since,
                          memory_order_relaxed);
}

static void run(struct callseq_abi_request *q) {
  execute(q);
  callseq_sequencer_end_batch(&callseq_abi_runtime.sequencer);
}

/* For a handler of the host's, in a fork for which this thread holds the runtime. */
static void run_at_fork(struct callseq_abi_request *q) {
  callseq_fork_enter();
  execute(q);
  callseq_fork_leave();
}

CALLSEQ_NOINLINE int callseq_abi_call_slowly(struct callseq_abi_request *q) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  int saved = errno;
  q->message = q->trace = NULL;
  q->waiter.alone = 0;
  q->waiter.habit = callseq_thread_habit();
  callseq_tools_release(q);
  callseq_fork_catch_up();
  bool entered = callseq_thread_enter();
  int cancel = callseq_thread_defer_cancel();
  if (!callseq_abi_root(q->callback)) {
    fail(q, CALLSEQ_CLOSED, closed_message(q->callback), NULL);
  } else if (!entered) {
    fail(q, CALLSEQ_NOMEM, callseq_thread_refusal(q->callback->name), NULL);
  } else if (callseq_binding_inside()) {
    nested(q);
  } else if (callseq_fork_holds_runtime()) {
    run_at_fork(q);
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
  callseq_tools_acquire(q);
  callseq_thread_allow_cancel(cancel);
  errno = saved;
  return q->status;
}

/* The holder's own request is the first of a batch and is not marked done: its caller knows when
 * the switch returns. The others are, as soon as they are. */
CALLSEQ_NOINLINE C_word callseq_abi_next_slowly(void) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  callseq_fork_returns();
  if (r->special == CALLSEQ_ABI_NESTED) {
    callseq_scheme_hold_interrupts();
    return callseq_binding_procedure(CALLSEQ_END_LEVEL);
  }
  restore_mask(&scheme.caller);
  bool lent = r->special == CALLSEQ_ABI_WAITER;
  bool ours = callseq_runner_calls(r->current->callback); /* `current` may be gone below */
  callseq_tools_release(r->current);
  if (lent) {
    CALLSEQ_POINT1(leave, r->current->callback->name);
    callseq_sequencer_finish(&r->sequencer, &r->current->waiter);
  }
  void *next = ours ? NULL : callseq_sequencer_next(&r->sequencer);
  r->special = next ? CALLSEQ_ABI_WAITER : CALLSEQ_ABI_PLAIN;
  if (next && !lent)
    callseq_thread_lend();
  if (!next && lent)
    callseq_thread_take_back();
  if (next) {
    CALLSEQ_POINT1(enter, ((struct callseq_abi_request *)next)->callback->name);
    callseq_context_fresh();
  } else {
    next = callseq_binding_switch_out();
  }
  callseq_tools_acquire(next);
  return callseq_abi_dispatch(next, __builtin_frame_address(0));
}

/* ---- Detours ---- */

CALLSEQ_NOINLINE C_word callseq_abi_new_lap(void) {
  return callseq_binding_procedure(CALLSEQ_NEW_LAP);
}

CALLSEQ_NOINLINE C_word callseq_abi_misdelivered(void) { return detour(CALLSEQ_MISDELIVERED); }

CALLSEQ_NOINLINE C_word callseq_abi_bad_result(void) { return detour(CALLSEQ_BAD_RESULT); }

CALLSEQ_NOINLINE C_word callseq_abi_real_result(void) { return detour(CALLSEQ_REAL_RESULT); }

/* ---- For callseq.scm; each is called on the Scheme stack ---- */

void callseq_abi_define(struct callseq_abi_callback *callback, C_word value) {
  void *root = callseq_abi_root(callback);
  if (!callseq_fork_make_room(callback->bytes)) {
    fprintf(stderr, "callseq: no memory to define callback %s\n", callback->name);
    abort();
  }
  if (!root)
    root = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(root, value);
  /* Whoever sees the root takes the lock before it looks at what it holds. */
  atomic_store_explicit(&callback->root, root, memory_order_relaxed);
}

void callseq_binding_begin(void) {
  scheme.safe_lambdas = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(scheme.safe_lambdas,
                      C_intern2(C_heaptop, C_text("##sys#callback-continuation-stack")));
}

void callseq_scheme_provide(int which, C_word value) {
  if (!scheme.procedures[which])
    scheme.procedures[which] = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(scheme.procedures[which], value);
}

int callseq_scheme_hosted(void) {
  return atomic_load_explicit(&callseq_setup.state, memory_order_relaxed) == CALLSEQ_LOADING;
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
  callseq_scheme_allow_interrupts();
  if (!scheme.failed)
    return callseq_abi_dispatch(callseq_abi_runtime.current, __builtin_frame_address(0));
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
  callseq_fork_fails(message, trace);
  scheme.failed = 1;
  fail(q, CALLSEQ_ERROR, callseq_format("%s: %s", q->callback->name, message),
       trace ? strdup(trace) : NULL);
}

/* It has been printed. This is the thread that called callseq_init. A child that the program has
 * made while it loads is none that goes on without it. */
void callseq_scheme_load_failed(char *trace) {
  callseq_setup.status = CALLSEQ_ERROR;
  callseq_thread_remember(CALLSEQ_ERROR,
                          callseq_format("the Scheme code raised an error while it was loaded"),
                          trace ? strdup(trace) : NULL);
  if (getpid() != callseq_setup.process)
    callseq_scheme_exit(CALLSEQ_SOFTWARE_ERROR);
}

void callseq_binding_begin_lap(const void *at) { callseq_abi_runtime.lap_end = (char *)at - LAP; }

/* What callseq_abi_dispatch would have gone on with. */
static C_noret void deliver(C_word c, C_word *av) {
  struct callseq_abi_request *q = CALLSEQ_ABI_REQUEST(struct callseq_abi_request, av[3]);
  av[0] = CHICKEN_gc_root_ref(callseq_abi_root(q->callback));
  ((C_proc)C_block_item(av[0], 0))(c, av);
}

/* Where collections cost much whatever they find, as with many locatives, they should be few. */
static void lengthen_lap(char *at) {
  char *end = at - LONG_LAP, *last = (char *)C_stack_hard_limit + LAST_CALL;
  if (end < last)
    end = last;
  if (end < callseq_abi_runtime.lap_end)
    callseq_abi_runtime.lap_end = end;
}

/* A lap begins here: at the top of the nursery, but for C frames that a continuation has left for
 * good, which CHICKEN keeps. */
static C_noret void begin_lap(C_word c, C_word *av) {
  char *at = (char *)__builtin_frame_address(0);
  callseq_binding_begin_lap(at);
  if (scheme.laps > 0) {
    scheme.laps--;
  } else {
    scheme.laps = LAPS;
    scheme.costly = callseq_clock_of_thread() - scheme.collects > COSTLY;
  }
  if (scheme.costly && scheme.laps > 0)
    lengthen_lap(at);
  deliver(c, av);
}

/* (new-lap serial request), a CHICKEN procedure: the collection before a lap. Levels above 0 have
 * none: between them and the nursery's top there are frames of level 0. */
void callseq_scheme_new_lap(C_word c, C_word *av) {
  if (!scheme.level) {
    if (scheme.laps == 0)
      scheme.collects = callseq_clock_of_thread();
    C_save_and_reclaim((void *)begin_lap, (int)c, av);
  }
  deliver(c, av);
}

/* Tries a delivery again, when the levels above it have ended or its value has been converted. */
C_word callseq_scheme_redeliver(C_word serial, C_word value) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  callseq_scheme_allow_interrupts();
  if (serial != r->serial)
    return callseq_abi_misdelivered();
  return r->current->callback->reply(serial, value);
}

char *callseq_scheme_name(void) { return (char *)callseq_abi_runtime.current->callback->name; }
char *callseq_scheme_type(void) { return (char *)callseq_abi_runtime.current->callback->type; }
char *callseq_scheme_accepts(void) {
  return (char *)callseq_abi_runtime.current->callback->accepts;
}

/* ---- Invoke ---- */

struct invocation {
  struct callseq_abi_request request;
  void (*function)(void *);
  void *argument;
};

/* (run-function request), a CHICKEN procedure: what a foreign-safe-lambda does, but with a
 * collection only if little of the nursery is left, not before every call. The function's frames
 * are there, and the plain callbacks in it need what is left. Deep in nested calls a collection
 * does not give so much; then it has to do. */
void callseq_scheme_run_function(C_word c, C_word *av) {
  ptrdiff_t half = callseq_setup.nursery / 2, room = half < LEVEL_ROOM ? half : LEVEL_ROOM;
  if (!scheme.made_room && !C_demand(C_bytestowords(room))) {
    scheme.made_room = 1;
    C_save_and_reclaim((void *)callseq_scheme_run_function, (int)c, av);
  }
  scheme.made_room = 0;
  struct invocation *call = CALLSEQ_ABI_REQUEST(struct invocation, av[2]);
  C_word *a = C_alloc(C_SIZEOF_PAIR);
  int level = C_save_callback_continuation(&a, av[1]);
  call->function(call->argument);
  C_word k = C_restore_callback_continuation2(level);
  C_kontinue(k, C_SCHEME_UNDEFINED);
}

static C_word reply_to_invoke(C_word serial, C_word value) {
  (void)value;
  return callseq_scheme_reply_void(serial);
}

static struct callseq_abi_callback invoke = {.name = "callseq_invoke",
                                             .type = "void",
                                             .accepts = "anything",
                                             .reply = reply_to_invoke,
                                             .bytes = sizeof(struct invocation)};

void callseq_scheme_define_invoke(C_word value) { callseq_abi_define(&invoke, value); }

CALLSEQ_RETURN int callseq_invoke(void (*function)(void *), void *argument) {
  struct invocation call;
  if (!function) {
    callseq_thread_enter();
    callseq_thread_remember(CALLSEQ_INVALID, callseq_format("callseq_invoke: the function is NULL"),
                            NULL);
    return CALLSEQ_INVALID;
  }
  call.function = function;
  call.argument = argument;
  if (callseq_abi_call(&call.request, &invoke))
    callseq_abi_failed(&call.request, 1);
  return call.request.status;
}

/* ---- Statistics ---- */

/* Serials count the calls, up from 0 in level 0 and down from -1 above it. */
static C_word serial(C_word *word) { return C_unfix(__atomic_load_n(word, __ATOMIC_RELAXED)); }

void callseq_stats(struct callseq_stats *stats) {
  struct callseq_counts *counts = &callseq_abi_runtime.sequencer.counts;
  C_word base = serial(&callseq_abi_runtime.serial);
  if (base < 0) /* a nested call is being executed */
    base = serial(&scheme.base_serial);
  stats->nested = (uint64_t)(-1 - serial(&scheme.level_serial));
  stats->calls = (uint64_t)base + stats->nested;
  stats->by_others = peek(&counts->finished);
  stats->batches = peek(&counts->batches);
  stats->largest_batch = peek(&counts->largest);
  stats->waits = peek(&counts->waits);
  stats->longest_wait_ns = peek(&counts->longest);
  stats->parks = peek(&counts->parks);
  stats->wakes = peek(&counts->wakes);
  stats->collections = peek(&callseq_setup.collections);
  stats->inside_ns = peek(&scheme.inside_ns);
}

/* The plain name, for programs that do not have callseq.h, in other languages: these can compare
 * callseq_version() with the version whose structure they know. */
__attribute__((visibility("default"))) void stats_unversioned(struct callseq_stats *stats) __asm__(
    CALLSEQ_VERSION_PREFIX(__USER_LABEL_PREFIX__) "callseq_stats");
void stats_unversioned(struct callseq_stats *stats) { callseq_stats(stats); }
