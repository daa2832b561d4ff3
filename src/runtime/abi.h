/* What generated code and the library share.
 *
 * The text of this header, of context.h and of sequencer.h is part of every C source that CHICKEN
 * makes of a file with sequenced callbacks: a call's fast way is inline there, on both sides of the
 * switch. So it is C11 and C++, needs <chicken.h> before it, and declares no public name.
 *
 * A call, fast way. The caller fills a request on its own stack, takes the lock, makes the request
 * the current one and switches to the Scheme stack. There the resident loop continues where it
 * stopped, inside the last callback's reply: callseq_abi_next() has it jump to the procedure of the
 * current request with two values, serial and request. When its body has a value, the procedure
 * calls its reply function, which checks that value and the serial, stores the result in the
 * request and, by callseq_abi_next(), switches back to the caller.
 *
 * Each delivery has to be for the request that it was made for. Addresses of requests repeat;
 * serials do not. Serial and request travel through Scheme as fixnums (a request as its address
 * with the lowest bit set), which the collector leaves alone.
 */
#ifndef CALLSEQ_ABI_H
#define CALLSEQ_ABI_H

/* Objects of CHICKEN are read and made here as its runtime lays them out, which differs between
 * versions; doc/porting.md lists what is used. CHICKEN 6 has strings that are no blocks of bytes.
 */
#if C_MAJOR_VERSION != 5 || !(C_STRING_TYPE & C_BYTEBLOCK_BIT)
#error "callseq works with CHICKEN 5.3 and 5.4; this one has other objects: install one of these"
#elif (C_MINOR_VERSION < 3 || C_MINOR_VERSION > 4) && !defined(CALLSEQ_ANY_CHICKEN)
#error "callseq works with CHICKEN 5.3 and 5.4; to try this one, compile with -DCALLSEQ_ANY_CHICKEN"
#endif

#ifndef CALLSEQ_COMPILER_H
#include "base/compiler.h"
#endif

/* What a program can switch off when its Scheme files are compiled, by csc -C -D...
 *
 * CALLSEQ_NO_LOCK is its promise that it calls from one thread at a time: its threads exclude each
 * other by means of its own, and it has no Scheme signal handlers, which a thread of the library's
 * may have to run.
 *
 * CALLSEQ_NO_FPCONTROL is the program's promise that none of its threads calls with, and none of
 * its callbacks leaves behind, another floating-point control word than the ABI's initial one: then
 * it need not be compared at each switch. */
#ifdef CALLSEQ_NO_LOCK
#define CALLSEQ_TRY_ENTER callseq_sequencer_try_enter_alone
#else
#define CALLSEQ_TRY_ENTER callseq_sequencer_try_enter
#endif
#ifdef CALLSEQ_NO_FPCONTROL
#define CALLSEQ_SWITCH callseq_context_switch_plain
#define CALLSEQ_SWITCH_OUT callseq_context_switch_plain
#else
#define CALLSEQ_SWITCH callseq_context_switch
#define CALLSEQ_SWITCH_OUT callseq_context_switch_fresh /* each callback has the initial one */
#endif

/* Tracepoints in every call, by csc -C -DCALLSEQ_TRACE; see trace.h. */
#ifdef CALLSEQ_TRACE
#if defined(__has_include)
#if !__has_include(<sys/sdt.h>)
#error "CALLSEQ_TRACE needs <sys/sdt.h>: install it (Debian: systemtap-sdt-dev)"
#endif
#endif
#include <sys/sdt.h>
#define CALLSEQ_ABI_POINT(point, q) DTRACE_PROBE1(callseq, point, (q)->callback->name)
#else
#define CALLSEQ_ABI_POINT(point, q) ((void)0)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The library that this text is of, by a name that only objects of the same text and version have:
 * where callseq.scm puts the text together it defines CALLSEQ_ABI_MADE_BY. Each callback refers to
 * it, so that an object that was made by another version does not link, or is not loaded. */
#ifdef CALLSEQ_ABI_MADE_BY
extern const char CALLSEQ_ABI_MADE_BY;
#endif

/* One per callback; static, and constant but for `root`. */
struct callseq_abi_callback {
  const char *name;
  const char *type;    /* of the result, as the program wrote it */
  const char *accepts; /* what Scheme values it takes, in words */
  C_word (*reply)(C_word serial, C_word value);
  size_t bytes;                /* of the structure of a call, which begins with the request */
  CALLSEQ_ATOMIC(void *) root; /* GC root of the procedure; NULL until the definition has run */
  const char *made_by;         /* &CALLSEQ_ABI_MADE_BY, in generated code */
};

CALLSEQ_INLINE void *callseq_abi_root(struct callseq_abi_callback *callback) {
  return CALLSEQ_STD(atomic_load_explicit)(&callback->root, CALLSEQ_STD(memory_order_relaxed));
}

/* One call. Arguments and result follow it in the generated structure that begins with it. */
struct callseq_abi_request {
  struct callseq_waiter waiter;
  struct callseq_abi_callback *callback;
  int status;
  int saved_errno;
  char *message; /* with status: what went wrong, malloc'd, and */
  char *trace;   /* Scheme's call chain there; either may be NULL */
};

enum callseq_abi_special {
  CALLSEQ_ABI_PLAIN,  /* `current` is the holder's own and nobody is known to wait */
  CALLSEQ_ABI_OWN,    /* it is the holder's own; waiters may be pending */
  CALLSEQ_ABI_WAITER, /* it is a waiter's, to be finished */
  CALLSEQ_ABI_NESTED  /* it is a nested call */
};

struct callseq_abi_runtime {
  struct callseq_sequencer sequencer;
  struct callseq_context host, scheme; /* the holder's own from here on */
  struct callseq_abi_request *current;
  CALLSEQ_ATOMIC(struct callseq_abi_callback *) callback; /* of `current`; others may read it */
  C_word serial;                                          /* of `current` */
  uint32_t special; /* a reply takes the slow way: one of enum callseq_abi_special */
  uint32_t detour; /* the procedure to go on with is not `current`'s: see callseq_abi_next_serial */
  char *lap_end;   /* a call that begins below this on the Scheme stack collects first */
};

extern struct callseq_abi_runtime callseq_abi_runtime;

/* Where this thread's errno is. NULL has its calls go the slow way: until the thread is set up, and
 * for good if it could be cancelled in a call, or a sanitizer has to be told of each switch
 * (tools.h). */
extern CALLSEQ_THREAD_LOCAL(int *, callseq_abi_errno);
/* This thread's id in the sequencer; 0 until it has been set up. */
extern CALLSEQ_THREAD_LOCAL(uint32_t, callseq_abi_self);

void callseq_abi_define(struct callseq_abi_callback *callback, C_word procedure);
int callseq_abi_call_slowly(struct callseq_abi_request *q);
void callseq_abi_failed(struct callseq_abi_request *q, int quiet);
char *callseq_abi_keep_string(char *string);
C_word callseq_abi_next_slowly(void);
C_word callseq_abi_new_lap(void);
C_word callseq_abi_misdelivered(void);
C_word callseq_abi_bad_result(void);
C_word callseq_abi_real_result(void);
int callseq_abi_signed(C_word value, int64_t low, int64_t high, int64_t *result);
int callseq_abi_unsigned(C_word value, uint64_t high, uint64_t *result);
int callseq_abi_string(C_word value, int null, int symbol, char **result);
int callseq_abi_pointer(C_word value, int null, void **result);

/* The caller's side: executes a request, by this thread or another, and returns its status. What is
 * needed after the switch is read again rather than kept in registers that would have to be saved.
 */
CALLSEQ_INLINE int callseq_abi_call(struct callseq_abi_request *q,
                                    struct callseq_abi_callback *callback) {
  int *where = callseq_abi_errno;
  q->callback = callback;
  q->status = 0;
  if (CALLSEQ_UNLIKELY(!where || !callseq_abi_root(callback)) ||
      CALLSEQ_UNLIKELY(!CALLSEQ_TRY_ENTER(&callseq_abi_runtime.sequencer, callseq_abi_self)))
    return callseq_abi_call_slowly(q);
  q->saved_errno = *where;
  CALLSEQ_ABI_POINT(enter, q);
  CALLSEQ_SWITCH(&callseq_abi_runtime.host, &callseq_abi_runtime.scheme, q);
  CALLSEQ_ABI_POINT(leave, q);
  callseq_sequencer_leave(&callseq_abi_runtime.sequencer);
  *callseq_abi_errno = q->saved_errno;
  return q->status;
}

/* Writes what only the holder writes, and callseq_stats reads at any time. */
CALLSEQ_INLINE void callseq_abi_set(C_word *word, C_word value) {
  __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* The Scheme side, which has come as far as `at`. Makes `q` the request whose procedure runs next,
 * and returns that, or what collects first. */
CALLSEQ_INLINE C_word callseq_abi_dispatch(struct callseq_abi_request *q, const void *at) {
  struct callseq_abi_runtime *runtime = &callseq_abi_runtime;
  struct callseq_abi_callback *callback = q->callback;
  runtime->current = q;
  callseq_abi_set(&runtime->serial, runtime->serial + 2); /* adds 1 to a fixnum */
  CALLSEQ_STD(atomic_store_explicit)
  (&runtime->callback, callback, CALLSEQ_STD(memory_order_relaxed));
  if (CALLSEQ_UNLIKELY((const char *)at < runtime->lap_end))
    return callseq_abi_new_lap();
  return CHICKEN_gc_root_ref(callseq_abi_root(callback));
}

/* Ends the current request and waits for the next one; returns the procedure to go on with. */
CALLSEQ_INLINE C_word callseq_abi_next(void) {
  struct callseq_abi_runtime *runtime = &callseq_abi_runtime;
  if (CALLSEQ_UNLIKELY(runtime->special) ||
      CALLSEQ_UNLIKELY(callseq_sequencer_wanted(&runtime->sequencer)))
    return callseq_abi_next_slowly();
  struct callseq_abi_request *q =
      (struct callseq_abi_request *)CALLSEQ_SWITCH_OUT(&runtime->scheme, &runtime->host, (void *)0);
  return callseq_abi_dispatch(q, runtime->scheme.sp); /* where that has stopped */
}

/* The two arguments of the procedure that a reply returned: serial and request of the current
 * request; on a detour the serial and value that the reply was given, as the parameters here. To be
 * evaluated at once, in this order: green threads may change what is current at any later time. */
CALLSEQ_INLINE C_word callseq_abi_next_serial(C_word serial) {
  return CALLSEQ_UNLIKELY(callseq_abi_runtime.detour) ? serial : callseq_abi_runtime.serial;
}
CALLSEQ_INLINE C_word callseq_abi_next_value(C_word value) {
  if (CALLSEQ_LIKELY(!callseq_abi_runtime.detour))
    return (C_word)callseq_abi_runtime.current | C_FIXNUM_BIT;
  callseq_abi_runtime.detour = 0;
  return value;
}

/* The request that a procedure was called with, and the one that a reply is for. */
#define CALLSEQ_ABI_REQUEST(type, word) ((type *)((word) & ~(C_word)C_FIXNUM_BIT))
CALLSEQ_INLINE struct callseq_abi_request *callseq_abi_current(void) {
  return callseq_abi_runtime.current;
}
CALLSEQ_INLINE int callseq_abi_is_current(C_word serial) {
  return serial == callseq_abi_runtime.serial;
}

/* After a failed call, on the caller's side; returns its status. */
CALLSEQ_INLINE int callseq_abi_fail(struct callseq_abi_request *q, int quiet) {
  callseq_abi_failed(q, quiet);
  return q->status;
}

/* What generated text calls by these names, whatever the program has defined `free` as. */
CALLSEQ_INLINE void callseq_abi_free(void *memory) { free(memory); }
CALLSEQ_INLINE void callseq_abi_free_strings(char **list) {
  if (!list)
    return;
  for (char **string = list; *string; string++)
    free(*string);
  free(list);
}

#ifdef __cplusplus
}
#endif
#endif
