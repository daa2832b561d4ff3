/* What generated code and the library share: what a call is, and what its fast path touches.
 *
 * The text of this header is part of every C source that CHICKEN makes of a file with sequenced
 * callbacks, after those of compiler.h, context.h, sequencer.h and self.h, and before that of
 * call.h. So it is C11 and C++, needs <chicken.h> before it, and declares no public name.
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

/* Types of the public header, by their tags alone. */
struct callseq_handle;

#ifdef __cplusplus
extern "C" {
#endif

/* The library that this text is of, by a name that only objects of the same text and version have:
 * where callseq.scm puts the text together it defines CALLSEQ_ABI_MADE_BY. Each callback refers to
 * it, so that an object that was made by another version does not link, or is not loaded. */
#ifdef CALLSEQ_ABI_MADE_BY
extern const char CALLSEQ_ABI_MADE_BY;

/* What linker and dynamic linker name where the library is missing altogether. */
extern const char callseq_is_missing__build_with_link_callseq_or_load_it_before_this;
__attribute__((used)) static const char *const callseq_abi_library =
    &callseq_is_missing__build_with_link_callseq_or_load_it_before_this;
#endif

struct callseq_abi_request;

/* One per callback; static, and constant but for `root`. */
struct callseq_abi_callback {
  const char *name;
  const char *type;    /* of the result, as the program wrote it */
  const char *accepts; /* what Scheme values it takes, in words */
  C_word (*reply)(C_word serial, C_word value);
  size_t bytes;                /* of the structure of a call, which begins with the request */
  CALLSEQ_ATOMIC(void *) root; /* GC root of the procedure; NULL until the definition has run */
  const char *made_by;         /* &CALLSEQ_ABI_MADE_BY, in generated code */
  uint32_t internal;           /* the library itself makes its calls, which users do not count */
  uint32_t unlocked;           /* called without the lock: see CALLSEQ_NO_LOCK in call.h */
  uint32_t later;              /* its calls outlive their caller's frame: see later.c */
  void (*drop)(struct callseq_abi_request *q);     /* frees what such a call owns; NULL: nothing */
  void (*withdraw)(struct callseq_abi_request *q); /* frees what a reply has left as the result,
                                                      where another follows; NULL: nothing */
};

CALLSEQ_INLINE void *callseq_abi_root(struct callseq_abi_callback *callback) {
  return CALLSEQ_STD(atomic_load_explicit)(&callback->root, CALLSEQ_STD(memory_order_relaxed));
}

struct callseq_resident;
struct callseq_future;

/* One call. Arguments and result follow it in the generated structure that begins with it. */
struct callseq_abi_request {
  struct callseq_waiter waiter;
  struct callseq_abi_callback *callback;
  int status;
  int saved_errno;
  char *message;                     /* with status: what went wrong, malloc'd, and */
  char *trace;                       /* Scheme's call chain there; either may be NULL */
  struct callseq_resident *resident; /* while it is suspended */
};

/* The status of a request whose callback waits: its own thread has to go on with it. */
#define CALLSEQ_ABI_SUSPENDED (-1)

/* A callback that is to run because something has happened; static. */
struct callseq_abi_notice {
  struct callseq_abi_callback *callback;
  struct callseq_abi_notice *next;  /* of those that are pending */
  struct callseq_abi_notice *other; /* of all that are `known` */
  uint32_t known;
  CALLSEQ_ATOMIC(uint32_t) state; /* see later_notice.c */
};

/* A blocking C function that runs outside, with the runtime free. Its arguments and its result
 * follow in the generated structure that begins with it; all of it is from malloc. The code that
 * gave it to callseq#call-outside drops it; if that does not go on, whoever has run it does. */
struct callseq_abi_job {
  void (*run)(struct callseq_abi_job *job);  /* calls the function, on any thread's own stack */
  void (*drop)(struct callseq_abi_job *job); /* frees it with all that it has copied */
  int saved_errno;                           /* what the function has left in errno */
};

/* Generated code does not name the members itself: the program may have macros of these names. */
CALLSEQ_INLINE void callseq_abi_make_job(struct callseq_abi_job *job,
                                         void (*run)(struct callseq_abi_job *job),
                                         void (*drop)(struct callseq_abi_job *job)) {
  job->run = run;
  job->drop = drop;
}

/* Where the reply of a call goes, and with it the runtime. */
enum callseq_abi_reply_to {
  CALLSEQ_ABI_TO_CALLER, /* the holder, which made the call: the fast path */
  CALLSEQ_ABI_TO_HOLDER, /* the same, but there is more to do before it leaves */
  CALLSEQ_ABI_TO_WAITER, /* a waiter, to be finished; the holder's own turn is still to come */
  CALLSEQ_ABI_TO_LEVEL,  /* C code under Scheme, which made a nested call */
  CALLSEQ_ABI_TO_NOBODY  /* a call that outlives its caller's frame; then as TO_WAITER */
};

/* The call that is being executed. A nested call keeps the one below in its level. */
struct callseq_abi_current_call {
  struct callseq_abi_request *request;
  C_word serial;
  uint32_t reply_to; /* one of enum callseq_abi_reply_to */
};

/* What the procedure that runs next gets: serial and request of a call, or the serial and the value
 * that a reply was given and could not deliver. */
struct callseq_abi_next {
  C_word serial, value;
};

/* The first part of struct callseq_runtime: what the fast path touches. But for the sequencer and
 * what is said otherwise, all of it is the holder's. */
struct callseq_abi_runtime {
  struct callseq_sequencer sequencer;
  struct callseq_context outside;          /* of the thread that has switched to the Scheme stack */
  struct callseq_context inside;           /* of the Scheme stack, while no thread is on it */
  struct callseq_abi_current_call current; /* any thread may read its serial */
  struct callseq_abi_next next;
  CALLSEQ_ATOMIC(struct callseq_abi_callback *) callback; /* of `current`; any thread may read it */
  char *lap_end; /* a call that begins below this on the Scheme stack collects first. Who closes the
                    runtime writes it, too */
  C_word left_errno; /* by a blocking C function, a fixnum; or #f */
};

/* Gives a callback its procedure: it can be called from now on. */
void callseq_abi_define(struct callseq_abi_callback *callback, C_word procedure);

/* A call's slow path; returns its status, as callseq_abi_call does. */
int callseq_abi_call_slowly(struct callseq_abi_request *q);

/* The same for a callback whose calls are executed later; and for what is notified, which has one
 * for all its calls. */
void callseq_abi_define_later(struct callseq_abi_callback *callback, C_word procedure);
void callseq_abi_define_notice(struct callseq_abi_notice *notice, C_word procedure);

/* Queues a call, by a request with its arguments, which is copied. `whole` is 0 if there was no
 * memory for these. What the request owns is taken over in any case. Returns a status. */
int callseq_abi_post(struct callseq_abi_request *q, struct callseq_abi_callback *callback,
                     int whole);

/* The same; returns a future, or NULL: then callseq_last_status says why. */
struct callseq_future *callseq_abi_future(struct callseq_abi_request *q,
                                          struct callseq_abi_callback *callback, int whole);

/* Waits for the end of a future's call, and returns its status. `*call` becomes that call: its
 * result is to be read, and callseq_abi_let_go called then. Or it becomes NULL: then the caller has
 * the future still. */
int callseq_abi_await(struct callseq_future *future, struct callseq_abi_callback *callback,
                      struct callseq_abi_request **call);
void callseq_abi_let_go(struct callseq_abi_request *call);

/* Copies a list of strings that ends with NULL; a list that is NULL stays that. `*whole` becomes 0
 * if there is no memory. */
char **callseq_abi_copy_strings(char **list, int *whole);

/* Has the notice's callback run soon. Any thread may call it, and signal handlers. */
void callseq_abi_notify(struct callseq_abi_notice *notice);

/* After a call that has returned another status than 0, on its own thread: if it is suspended,
 * waits and goes on with it until it has ended. Returns its final status. */
int callseq_abi_settle(struct callseq_abi_request *q);

/* After a call that has failed, on its own thread: makes that the thread's last error, and unless
 * `quiet` tells on_error. */
void callseq_abi_failed(struct callseq_abi_request *q, int quiet);

/* Has a job run on the native thread of `thread`, the present green thread, with the runtime free.
 * #t: that is done; else callseq#call-outside has to be given what it returns. */
C_word callseq_abi_go_outside(C_word job, C_word thread);

/* The slow path of callseq_abi_next (batch.c), and of callseq_abi_dispatch (laps.c). */
C_word callseq_abi_next_slowly(void);
C_word callseq_abi_new_lap(void);

/* For a reply that cannot deliver what it was given. Each returns the procedure to go on with. */
C_word callseq_abi_misdelivered(C_word serial, C_word value);
C_word callseq_abi_bad_result(C_word serial, C_word value);
C_word callseq_abi_real_result(C_word serial, C_word value);

/* Checked conversions of a result, for types that generated code does not convert inline. Each
 * stores it and returns 1, or returns 0: the value is not of the type. `null` says that #f is NULL,
 * `symbol` that a symbol is expected instead of a string; a string is malloc'd. See result.c. */
int callseq_abi_signed(C_word value, int64_t low, int64_t high, int64_t *result);
int callseq_abi_unsigned(C_word value, uint64_t high, uint64_t *result);
int callseq_abi_string(C_word value, int null, int symbol, char **result);
int callseq_abi_pointer(C_word value, int null, void **result);

/* Makes a handle of the value, or NULL of #f; `place` says in words where that is. Returns 0 where
 * there is no memory. */
int callseq_abi_handle(C_word value, const char *place, struct callseq_handle **result);

/* The same for a reply, whose request fails where there is no memory. */
struct callseq_handle *callseq_abi_handle_result(C_word value, const char *place);
/* The object of a handle, #f for NULL, or C_SCHEME_UNBOUND if that has been released. */
C_word callseq_abi_object(const struct callseq_handle *handle);
/* As callseq_handle_retain and callseq_handle_release, for what a call keeps until it is read. Of a
 * handle that has been released the first gives a stand-in, which has no object either. */
struct callseq_handle *callseq_abi_retain(struct callseq_handle *handle);
void callseq_abi_release(struct callseq_handle *handle);

#ifdef __cplusplus
}
#endif
#endif
