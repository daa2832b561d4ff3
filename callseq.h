/* callseq: call CHICKEN Scheme from any native thread.
 *
 * Scheme runs on a stack of its own. A thread that calls a function made by
 * define-sequenced-callback takes the runtime, or has its call executed by the thread that holds
 * it, and returns with the result. No thread is registered; any thread may call at any time after
 * callseq_init, also from inside Scheme (the call then nests).
 *
 * All functions may be called from every thread. None is async-signal-safe, but those that
 * define-sequenced-callback/notify makes. Link with `csc -link callseq` or with the output of
 * `pkg-config --libs callseq`. Full reference: doc/reference.md; the Scheme side: (import callseq).
 */
#ifndef CALLSEQ_H
#define CALLSEQ_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of this header: three numbers, all in one for #if (1002003 is 1.2.3), and text. */
#define CALLSEQ_VERSION_MAJOR 1
#define CALLSEQ_VERSION_MINOR 0
#define CALLSEQ_VERSION_PATCH 0
#define CALLSEQ_VERSION_NUMBER                                                                     \
  (CALLSEQ_VERSION_MAJOR * 1000000 + CALLSEQ_VERSION_MINOR * 1000 + CALLSEQ_VERSION_PATCH)
#define CALLSEQ_VERSION                                                                            \
  CALLSEQ_VERSION_TEXT(CALLSEQ_VERSION_MAJOR, CALLSEQ_VERSION_MINOR, CALLSEQ_VERSION_PATCH)
#define CALLSEQ_VERSION_TEXT(major, minor, patch) CALLSEQ_VERSION_JOIN(major, minor, patch)
#define CALLSEQ_VERSION_JOIN(major, minor, patch) #major "." #minor "." #patch

/* The name for the linker of a function that fills in a structure: a program compiled for the
 * structure of another version does not link, instead of being written past its end. */
#ifdef __USER_LABEL_PREFIX__
#define CALLSEQ_OF_VERSION(name)                                                                   \
  __asm__(CALLSEQ_VERSION_PREFIX(__USER_LABEL_PREFIX__) name "_" CALLSEQ_VERSION)
#define CALLSEQ_VERSION_PREFIX(prefix) CALLSEQ_VERSION_QUOTE(prefix)
#define CALLSEQ_VERSION_QUOTE(prefix) #prefix
#else
#define CALLSEQ_OF_VERSION(name)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What calls answer; 0 is success. */
enum {
  CALLSEQ_OK = 0,
  CALLSEQ_ERROR = 1,  /* Scheme raised; callseq_last_error() has the message */
  CALLSEQ_CLOSED = 2, /* not initialised yet, no longer, or the callback's definition has not run */
  CALLSEQ_INVALID = 3,   /* a wrong argument, or the process is not in a state for this call */
  CALLSEQ_NOMEM = 4,     /* the system gave no memory */
  CALLSEQ_UNSAFE = 5,    /* called from C under a plain foreign-lambda, where CHICKEN cannot be
                            re-entered: use foreign-safe-lambda */
  CALLSEQ_BUSY = 6,      /* it has begun, or another thread does it */
  CALLSEQ_TIMEDOUT = 7,  /* the time to wait is over */
  CALLSEQ_FULL = 8,      /* post_limit calls have not begun */
  CALLSEQ_CANCELLED = 9, /* by callseq_future_cancel, or at the end of the runtime */
  CALLSEQ_WOULD_DEADLOCK = 10, /* to wait inside would be to wait for ever */
  CALLSEQ_FORKED = 11          /* a future of the parent of this process */
};

/* Values that switch a part off; 0 in a configuration means the default. */
#define CALLSEQ_BATCH_NONE UINT_MAX   /* every call is executed by the thread that made it */
#define CALLSEQ_SPIN_NONE UINT_MAX    /* waiters do not poll before they yield and park */
#define CALLSEQ_STALL_NEVER UINT_MAX  /* long waits are not reported */
#define CALLSEQ_SUSPEND_NONE UINT_MAX /* no callback is suspended while it waits */

/* A wait, in milliseconds, that has no bound. */
#define CALLSEQ_FOREVER UINT_MAX

/* Who is the service; see callseq_config. */
#define CALLSEQ_SERVICE_THREAD 0u
#define CALLSEQ_SERVICE_HOST 1u

/* How the runtime is to be set up. Begin with CALLSEQ_CONFIG_DEFAULT; a zero field means the
 * default. Nothing is kept of it but what the fields point to, as each says. */
typedef struct callseq_config {
  size_t size; /* of this structure, as the program knew it */

  size_t stack_bytes;   /* the dedicated stack: nursery, C functions that Scheme calls, and signal
                           frames. Default 8 MiB more than the nursery; at least 256 KiB more.
                           Reserved, not used, until touched */
  size_t nursery_bytes; /* for young objects, 64 KiB to INT_MAX. Default: CHICKEN's. What csc
                           -nursery compiled into the program prevails, if the stack has room */
  size_t heap_bytes;    /* initial heap, 64 KiB to INT_MAX; it grows. Default: CHICKEN's. With csc
                           -heap-size it has at least that size, and does not grow */

  unsigned batch_limit; /* calls of other threads that a holder executes before its own: of those
                           that came earlier, and call seldom; others wait for their turn. Default
                           16; CALLSEQ_BATCH_NONE where C code under Scheme depends on the calling
                           thread's own state (a current graphics context, ...) */
  unsigned spin_limit;  /* polls, 2 microseconds apart, of the next waiter before it yields
                           and then parks; the others park at once. Default 40 */
  unsigned stall_ms;    /* a call that has waited this many milliseconds is reported once on
                           standard error, with who holds the runtime. Default 10000 */

  int argc; /* for (command-line-arguments) and CHICKEN's -: options; must stay valid */
  char **argv;
  void *toplevel; /* the entry point of the Scheme code; NULL: the program's own, C_toplevel */

  /* Called after each failed call of the plain form, on the calling thread; `message` is
   * callseq_last_error(). It may leave by longjmp or a C++ exception, to frames of the caller.
   * NULL: print to standard error. */
  void (*on_error)(void *data, int status, const char *message);
  void *on_error_data;

  int report_overrun; /* nonzero: code that runs off the dedicated stack ends with a message that
                         says so. Takes SIGSEGV if that is at its default at callseq_init, and gives
                         each calling thread that has none an alternate signal stack */

  int measure_time; /* nonzero: callseq_stats tells the time inside; each call then takes the slow
                       path and reads the clock twice */

  unsigned suspend; /* 0: a callback that waits in CHICKEN's scheduler (sleep, a port, a mutex, a
                       join) lets others in, and goes on by its own thread afterwards.
                       CALLSEQ_SUSPEND_NONE: it keeps the runtime, as in (exclusively ...) */

  unsigned post_limit; /* posts and futures that have been made and have not begun: the next one is
                          refused with CALLSEQ_FULL. Default 1024 */

  int batch_busy; /* nonzero: batches take calls of threads that call all the time, too. Each of
                     them has to be woken for a single call then: fewer calls in all, on two
                     processors */

  unsigned service; /* what no thread waits for (green threads, Scheme's signal handlers) is done by
                       CALLSEQ_SERVICE_THREAD, the default: a thread of the library's;
                       CALLSEQ_SERVICE_HOST: whoever calls callseq_serve, and no such thread */
} callseq_config;

#define CALLSEQ_CONFIG_DEFAULT                                                                     \
  { sizeof(callseq_config), 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0 }

/* Loads the program's Scheme code on the dedicated stack and returns when it reaches
 * (return-to-host) or its end. Any thread, any number of times: the first call does the work, the
 * others wait for it and return the same. The thread may end afterwards.
 * CALLSEQ_ERROR: the code raised an error, which has been printed; this is final.
 * CALLSEQ_INVALID: CHICKEN is running already, or there is no Scheme code in the program.
 * CALLSEQ_NOMEM: no memory for the stack. Both are printed, and in callseq_last_error(). */
int callseq_init(void);

/* The same with a configuration. CALLSEQ_INVALID also where it is NULL or has a value out of its
 * range, or the runtime has been set up with another one; nothing has changed then. */
int callseq_init_with(const callseq_config *config);

/* Runs function(argument) exactly once, owning the runtime, on the Scheme stack: plain
 * define-external functions may be called in it. Another thread may execute it. What the caller
 * wrote before is visible to it, and the reverse on return. If one of those functions raises,
 * `function` is abandoned as by longjmp and CALLSEQ_ERROR is returned. */
int callseq_invoke(void (*function)(void *), void *argument);

/* With CALLSEQ_SERVICE_HOST: a descriptor for the host's loop, readable when there is something for
 * callseq_serve to do; to be polled only, and the library's to close. -1 otherwise, and before
 * callseq_init. A forked child has another one. */
int callseq_service_fd(void);

/* Does what there is to do, a bounded amount, on this thread; waits for something for at most so
 * many milliseconds, or CALLSEQ_FOREVER. CALLSEQ_OK: has done something. CALLSEQ_TIMEDOUT: nothing
 * came. CALLSEQ_BUSY: another thread serves, or this one does already. CALLSEQ_INVALID: the host is
 * not the service. CALLSEQ_WOULD_DEADLOCK: called inside. CALLSEQ_CLOSED: the runtime is closed. */
int callseq_serve(unsigned ms);

/* A reference that keeps a Scheme object alive, whatever moves. In Scheme the foreign type
 * callseq-handle, of callbacks and of foreign lambdas. What goes from Scheme to C (a callback's
 * result, a foreign lambda's argument) is new, and C's to release; what comes from C (a callback's
 * argument, a foreign lambda's result) is borrowed. NULL is #f. */
typedef struct callseq_handle callseq_handle;

/* One more reference, and one less; the handle is released for good when none is left. Any thread,
 * at any time, without waiting: inside, in C code under any foreign lambda, after the end of
 * Scheme. NULL is let through. A handle that has been released for good, and is not in use for
 * another object, is told on standard error; retain then returns NULL. With CALLSEQ_WATCH_HANDLES=1
 * in the environment that is told for long after, and those alive at the end are, each with where
 * it was made. */
callseq_handle *callseq_handle_retain(callseq_handle *handle);
void callseq_handle_release(callseq_handle *handle);

/* Do both have the same object, by eq? Two handles of one object are different pointers. Any
 * thread, at any time; waits while objects are moved. False for one that has been released, which
 * is told as above. */
bool callseq_handle_same(const callseq_handle *a, const callseq_handle *b);

/* ---- Calls that are executed later ----
 *
 * Posts and futures, also those of callbacks, queue; they begin once each, in the order in which
 * they were made, and nobody waits for them. None of these functions waits but callseq_flush and
 * callseq_future_wait. */

/* Has function(argument) run later, as callseq_invoke would run it; on_error is told if it fails.
 * dropped(argument), unless NULL, is called once instead if it never begins: because the runtime
 * closes, or ends by (exit). CALLSEQ_OK: one of the two will happen. CALLSEQ_FULL, CALLSEQ_CLOSED,
 * CALLSEQ_NOMEM, CALLSEQ_INVALID: neither. */
int callseq_post(void (*function)(void *), void *argument, void (*dropped)(void *));

/* Waits until all that was posted before has ended, and on_error has been told of it, but for at
 * most so many milliseconds: CALLSEQ_OK or CALLSEQ_TIMEDOUT; CALLSEQ_WOULD_DEADLOCK inside. */
int callseq_flush(unsigned ms);

/* A call that is executed later, and how it ends. Made by a function of
 * define-sequenced-callback/future, and released by the function NAME_result or by
 * callseq_future_release; until then any thread may use it. */
typedef struct callseq_future callseq_future;

/* Waits for the end of the call, for at most so many milliseconds: its status, or CALLSEQ_TIMEDOUT.
 * CALLSEQ_WOULD_DEADLOCK inside, unless it has ended or `ms` is 0. */
int callseq_future_wait(callseq_future *future, unsigned ms);

/* CALLSEQ_OK: the call will not begin, and its status is CALLSEQ_CANCELLED. CALLSEQ_BUSY: it has
 * begun, or ended otherwise. */
int callseq_future_cancel(callseq_future *future);

/* Has f(data, status) run once when the call has ended, outside the runtime, by the service; or at
 * once if it has ended. CALLSEQ_INVALID: there is such a function already. */
int callseq_future_then(callseq_future *future, void (*f)(void *data, int status), void *data);

/* The caller needs the future no more: the call and its `then` go on. NULL is allowed. */
void callseq_future_release(callseq_future *future);

/* Evaluating Scheme text, in a program that has imported the module callseq-eval; in others all
 * three are CALLSEQ_INVALID. Status and message are as for any call.
 *
 * callseq_eval reads and evaluates the forms of `code` one by one; *printed becomes the last value
 * as `write` prints it, malloc'd, "" if there is no form, and NULL if the call fails. NULL discards
 * it. callseq_load loads a file, source or compiled. callseq_repl listens on a Unix socket of that
 * name, for this user and root only: each connection is a prompt. NULL ends all of them. */
int callseq_eval(const char *code, char **printed);
int callseq_load(const char *file);
int callseq_repl(const char *path);

/* For how many milliseconds calls of this thread wait to begin, callseq_invoke too, nested ones
 * not; returns the former number. 0: not at all, they fail with CALLSEQ_BUSY where they would have
 * to wait. Otherwise they fail with CALLSEQ_TIMEDOUT after that time; their bodies never run then.
 * A call that has begun is waited for. CALLSEQ_FOREVER: without bound, as at first. */
unsigned callseq_set_patience(unsigned ms);

/* Closes the runtime, for good. From its beginning new calls get CALLSEQ_CLOSED, but those that are
 * nested in, or made from blocking C functions of, calls in progress. For at most so many
 * milliseconds what waits or has begun is let end; what is left then ends with CALLSEQ_CLOSED. Then
 * Scheme's on-exit thunks run, and the library's threads end. CALLSEQ_OK; CALLSEQ_TIMEDOUT:
 * something had to be given up; a callback that keeps the runtime keeps it, and no thunks run.
 * CALLSEQ_WOULD_DEADLOCK: called inside, or from a blocking C function under a callback, or, while
 * another thread closes, in a function of the program's that this thread waits for. A second
 * call waits for the first and returns the same. */
int callseq_close(unsigned ms);

/* What has happened since callseq_init. */
struct callseq_stats {
  uint64_t calls;             /* executed, callseq_invoke and nested ones included */
  uint64_t nested;            /* of them */
  uint64_t suspended;         /* how often a callback waited and let others in */
  uint64_t by_others;         /* of them, executed by another thread than the caller's */
  uint64_t batches;           /* in which a thread executed calls of others */
  uint64_t largest_batch;     /* calls of others in one */
  uint64_t waits;             /* calls that did not get the runtime within a microsecond or two */
  uint64_t longest_wait_ns;   /* of them, execution by another thread included */
  uint64_t parks;             /* how often a waiting thread went to sleep */
  uint64_t wakes;             /* how often one was to be woken, if it had not by itself */
  uint64_t collections;       /* minor and major */
  uint64_t inside_ns;         /* how long the runtime was held; 0 without measure_time */
  uint64_t handles;           /* that are alive now */
  uint64_t posted;            /* posts and futures that were not refused */
  uint64_t executed_later;    /* of them, those that have begun */
  uint64_t cancelled;         /* by callseq_future_cancel */
  uint64_t dropped;           /* because the runtime closed, or ended */
  uint64_t refused;           /* posts and futures beside these */
  uint64_t longest_queued_ns; /* of one that began; looked at for one in 64, and for those that find
                                 no other */
};

/* Fills in *stats. Any thread, at any time, without waiting; costs nothing while it is not called.
 * The numbers are of slightly different moments. */
#ifdef __GNUC__ /* in C++, where it hides the structure's constructor */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
void callseq_stats(struct callseq_stats *stats) CALLSEQ_OF_VERSION("callseq_stats");
#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif

/* Is this thread running Scheme, or C code under it, right now? */
bool callseq_inside(void);

/* Status, message and Scheme call chain of this thread's last failed call, whichever thread
 * executed it; CALLSEQ_OK and NULL where there is none. The chain is CHICKEN's own "Call history",
 * some lines, NULL too where the failure was not in Scheme code, or in code without (csc -d0). Both
 * texts are the library's, valid until this thread's next failure, callseq_clear_error, or end. */
int callseq_last_status(void);
const char *callseq_last_error(void);
const char *callseq_last_trace(void);
void callseq_clear_error(void);

/* A constant string that says what a status means. */
const char *callseq_strerror(int status);

/* CALLSEQ_VERSION of the library that the program is linked with. */
const char *callseq_version(void);

#ifdef __cplusplus
}
#endif
#endif
