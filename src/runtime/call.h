/* A call's fast path, inline on both sides of the switch.
 *
 * The text of this header is the last part of what every generated C source begins with; abi.h is
 * the part before it, and says what a call is. The library includes both as well, and says by
 * CALLSEQ_ABI_RUNTIME where the runtime of this image is; generated code has a symbol for it.
 *
 * A call. The caller fills a request on its own stack, takes the lock, makes the request the
 * current one and switches to the Scheme stack. There the resident loop continues where it stopped,
 * inside the last callback's reply: callseq_abi_next() has it jump to the procedure of the current
 * request with two values, serial and request. When its body has a value, the procedure calls its
 * reply function, which checks that value and the serial, stores the result in the request and, by
 * callseq_abi_next(), switches back to the caller.
 */
#ifndef CALLSEQ_CALL_H
#define CALLSEQ_CALL_H

#ifndef CALLSEQ_ABI_RUNTIME
extern struct callseq_abi_runtime callseq_abi_runtime;
#define CALLSEQ_ABI_RUNTIME (&callseq_abi_runtime)
#endif

/* What a program can switch off when its Scheme files are compiled, by csc -C -D...
 *
 * CALLSEQ_NO_LOCK is its promise that it calls from one thread at a time: its threads exclude each
 * other by means of its own, and it has no Scheme signal handlers, which a thread of the library's
 * may have to run. So no callback is suspended there, and green threads run only while callbacks
 * do: there is no service.
 *
 * CALLSEQ_NO_FPCONTROL is the program's promise that none of its threads calls with, and none of
 * its callbacks leaves behind, another floating-point control word than the ABI's initial one: then
 * it need not be compared at each switch. */
#ifdef CALLSEQ_NO_LOCK
#define CALLSEQ_TRY_ENTER callseq_sequencer_try_enter_alone
#define CALLSEQ_ABI_UNLOCKED 1
#else
#define CALLSEQ_TRY_ENTER callseq_sequencer_try_enter
#define CALLSEQ_ABI_UNLOCKED 0
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

/* The caller's side: executes a request, by this thread or another, and returns its status. What is
 * needed after the switch is read again rather than kept in registers that would have to be saved.
 */
CALLSEQ_INLINE int callseq_abi_call(struct callseq_abi_request *q,
                                    struct callseq_abi_callback *callback) {
  int *where = callseq_abi_errno;
  q->callback = callback;
  q->status = 0;
  if (CALLSEQ_UNLIKELY(!where || !callseq_abi_root(callback)) ||
      CALLSEQ_UNLIKELY(!CALLSEQ_TRY_ENTER(&CALLSEQ_ABI_RUNTIME->sequencer, callseq_abi_self)))
    return callseq_abi_call_slowly(q);
  q->saved_errno = *where;
  CALLSEQ_ABI_POINT(enter, q);
  CALLSEQ_SWITCH(&CALLSEQ_ABI_RUNTIME->outside, &CALLSEQ_ABI_RUNTIME->inside, q);
  CALLSEQ_ABI_POINT(leave, q);
  callseq_sequencer_leave(&CALLSEQ_ABI_RUNTIME->sequencer, callseq_abi_self);
  *where = q->saved_errno;
  return q->status;
}

/* Writes what only the holder writes, and callseq_stats reads at any time. */
CALLSEQ_INLINE void callseq_abi_set(C_word *word, C_word value) {
  __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

/* The Scheme side, which has come as far as `at`. Makes `q` the request whose procedure runs next,
 * and returns that, or what collects first. */
CALLSEQ_INLINE C_word callseq_abi_dispatch(struct callseq_abi_request *q, const void *at) {
  struct callseq_abi_runtime *runtime = CALLSEQ_ABI_RUNTIME;
  struct callseq_abi_callback *callback = q->callback;
  C_word serial = runtime->current.serial + 2; /* adds 1 to a fixnum */
  runtime->current.request = q;
  callseq_abi_set(&runtime->current.serial, serial);
  runtime->next.serial = serial;
  runtime->next.value = (C_word)q | C_FIXNUM_BIT;
  CALLSEQ_STD(atomic_store_explicit)
  (&runtime->callback, callback, CALLSEQ_STD(memory_order_relaxed));
  if (CALLSEQ_UNLIKELY((const char *)at < runtime->lap_end))
    return callseq_abi_new_lap();
  return CHICKEN_gc_root_ref(callseq_abi_root(callback));
}

/* Ends the current request and waits for the next one; returns the procedure to go on with. */
CALLSEQ_INLINE C_word callseq_abi_next(void) {
  struct callseq_abi_runtime *runtime = CALLSEQ_ABI_RUNTIME;
  if (CALLSEQ_UNLIKELY(runtime->current.reply_to))
    return callseq_abi_next_slowly();
  struct callseq_abi_request *q = (struct callseq_abi_request *)CALLSEQ_SWITCH_OUT(
      &runtime->inside, &runtime->outside, (void *)0);
  return callseq_abi_dispatch(q, runtime->inside.sp); /* where that has stopped */
}

/* What the procedure that a reply returned is to be called with. To be evaluated at once: green
 * threads may change what is next at any later time. */
CALLSEQ_INLINE C_word callseq_abi_next_serial(void) { return CALLSEQ_ABI_RUNTIME->next.serial; }
CALLSEQ_INLINE C_word callseq_abi_next_value(void) { return CALLSEQ_ABI_RUNTIME->next.value; }

/* Is a reply with this serial for the current request? */
CALLSEQ_INLINE int callseq_abi_is_current(C_word serial) {
  return serial == CALLSEQ_ABI_RUNTIME->current.serial;
}

/* The request that a procedure was called with, and the one that a reply is for. */
#define CALLSEQ_ABI_REQUEST(type, word) ((type *)((word) & ~(C_word)C_FIXNUM_BIT))
CALLSEQ_INLINE struct callseq_abi_request *callseq_abi_current(void) {
  return CALLSEQ_ABI_RUNTIME->current.request;
}

/* After a failed call, on the caller's side; returns its status. */
CALLSEQ_INLINE int callseq_abi_fail(struct callseq_abi_request *q, int quiet) {
  callseq_abi_failed(q, quiet);
  return q->status;
}

/* Frees a job whose result has been read; errno is then as its function has left it, in C and for
 * Scheme's (errno). */
CALLSEQ_INLINE void callseq_abi_drop(struct callseq_abi_job *job) {
  int saved = job->saved_errno;
  CALLSEQ_ABI_RUNTIME->left_errno = C_fix(saved);
  job->drop(job);
  errno = saved;
}
/* The same at the end of a blocking call, whose green thread held interrupts until now. */
CALLSEQ_INLINE void callseq_abi_end(struct callseq_abi_job *job) {
  callseq_abi_drop(job);
  C_interrupts_enabled = 1;
}

/* What generated text calls by these names, whatever the program has defined `free` as. */
CALLSEQ_INLINE void callseq_abi_free(void *memory) { free(memory); }
/* Memory for a job. `*spare`, the holder's, is the memory of one of the same form that has ended,
 * or NULL. */
CALLSEQ_INLINE void *callseq_abi_take(struct callseq_abi_job **spare, size_t bytes) {
  struct callseq_abi_job *job = *spare;
  *spare = (struct callseq_abi_job *)0;
  return job ? job : malloc(bytes);
}
/* Frees a job's memory, or keeps it in `*spare`. */
CALLSEQ_INLINE void callseq_abi_put(struct callseq_abi_job **spare, struct callseq_abi_job *job) {
  if (*spare)
    free(job);
  else
    *spare = job;
}
/* A handle of a job goes to the C function, and is the job's no more. */
CALLSEQ_INLINE struct callseq_handle *callseq_abi_hand_over(struct callseq_handle **member) {
  struct callseq_handle *handle = *member;
  *member = (struct callseq_handle *)0;
  return handle;
}
/* Copies a string; NULL stays that. `*whole` becomes 0 if there is no memory. */
CALLSEQ_INLINE char *callseq_abi_copy(const char *string, int *whole) {
  char *copy = string ? strdup(string) : (char *)0;
  if (string && !copy)
    *whole = 0;
  return copy;
}
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
