/* Suspension: a callback that waits in CHICKEN's scheduler, or for a blocking C function, is taken
 * off the Scheme stack, and its native thread waits outside. Needs runtime.h before it. */
#ifndef CALLSEQ_SUSPEND_H
#define CALLSEQ_SUSPEND_H

#include "failure.h"
#include "system/bell.h"

#include <errno.h>

/* `rung` of a resident: need its wait not go on? */
enum {
  CALLSEQ_RUNG_NOT,
  CALLSEQ_RUNG_HAS_BELL, /* not, and its own thread polls a bell */
  CALLSEQ_RUNG
};

/* A call of the library's that goes on with a suspended one. */
struct callseq_resumption {
  struct callseq_abi_request request;
  struct callseq_abi_request *suspended;
};

/* A green thread that runs the resident loop; see suspend.c. Made and freed by the holder. */
struct callseq_resident {
  struct callseq_resident *next;       /* in the list of all. Holder */
  struct callseq_abi_request *request; /* which it executes; NULL: it is spare. Holder */
  C_word serial;                       /* of its request, while that is suspended. Holder */
  struct callseq_suspended_mask mask;  /* of its call. As what it waits for, below */
  void *root;                          /* GC root of its level, see residents.scm. Holder */
  bool ended;                          /* its green thread was terminated. Holder */
  bool away;                           /* its request is suspended. Holder */
  struct callseq_abi_job *done; /* a job that has been run and not been taken; or NULL. Holder */
  /* What the suspended call waits for. The holder writes it when it suspends the call, the call's
   * own thread reads it until it resumes. */
  struct callseq_abi_job *job; /* that its own thread runs; or NULL */
  const char *callback; /* whose job it is, by name, if the thread runs it. Its own thread's */
  struct callseq_resident *around; /* the one whose job has led to this call. Its own thread's */
  int fd;                          /* a descriptor; -1: none */
  short events;                    /* of `fd`, as poll(2) has them */
  bool at_once;                    /* true: for nothing, it has only given way */
  bool timed_out;                  /* it goes on because of `deadline`. Its own thread's */
  uint64_t deadline;               /* by callseq_clock_now; 0: none */
  _Atomic(uint32_t) rung; /* CALLSEQ_RUNG_...; the holder rings, its own thread sleeps on it */
  /* In the list of those whose own thread waits for a ring. With `suspend.mutex`. */
  struct callseq_resident *next_outside, **link_outside;
  bool given_up; /* that thread has gone, its request with it. With `suspend.mutex` */
  /* Its own thread polls the bell beside `fd`, opens it, and closes it as the holder. */
  struct callseq_bell bell;
};

/* After a call: as long as it is suspended, waits for what it waits for, and goes on with it.
 * Returns its final status. On the call's own thread, outside. */
int callseq_suspend_settle(struct callseq_runtime *r, struct callseq_abi_request *q);

/* Has it been rung for? Any thread. */
static inline bool callseq_suspend_is_rung(struct callseq_resident *v) {
  /* acquire: pairs with the release in ring_for of suspend.c */
  return atomic_load_explicit(&v->rung, memory_order_acquire) == CALLSEQ_RUNG;
}

/* By a thread that is about to end: if it is inside, or in a blocking C function, says so and
 * aborts the process. */
void callseq_suspend_thread_ends(void);

/* Runs a blocking C function, on this thread. Not inline: errno is thread-local. */
__attribute__((unused)) static CALLSEQ_NOINLINE void
callseq_suspend_run(struct callseq_abi_job *job) {
  job->run(job);
  job->saved_errno = errno;
}

/* The same outside, under the callback of that name: the function has to return. */
static inline void callseq_suspend_check_left(const char **callback) {
  if (*callback)
    callseq_failure_left(*callback);
}
static inline void callseq_suspend_run_outside(struct callseq_abi_job *job, const char *callback) {
  const char *left __attribute__((cleanup(callseq_suspend_check_left))) = callback;
  callseq_suspend_run(job);
  left = NULL;
}

/* Drops the job, if there is one: nobody comes back for it. */
static inline void callseq_suspend_drop(struct callseq_abi_job **job) {
  if (*job)
    (*job)->drop(*job);
  *job = NULL;
}

/* Is this thread in a blocking C function, and whose call is that? Of several around one another,
 * the kind that comes last here counts. */
enum callseq_blocks {
  CALLSEQ_BLOCKS_NOT,
  CALLSEQ_BLOCKS_IN_PROGRAM,      /* a Scheme program that hosts */
  CALLSEQ_BLOCKS_IN_GREEN_THREAD, /* on a thread of the library's */
  CALLSEQ_BLOCKS_IN_CALL
};
enum callseq_blocks callseq_suspend_blocks(struct callseq_runtime *r);

/* Is any call suspended, other than a program? Holder. */
bool callseq_suspend_is_any(struct callseq_runtime *r);

/* For callseq_close, when the time is up: threads that wait for suspended calls wake, and fail
 * them. */
void callseq_suspend_give_up(struct callseq_runtime *r);

/* Holder, before the next call begins, since a suspended call that has been resumed has ended, or
 * waits again: gives the current call the last serial. */
void callseq_suspend_leave(struct callseq_runtime *r);

/* Holder, when a Scheme program ends: rings for all that wait, which will find the runtime closed.
 */
void callseq_suspend_end(struct callseq_runtime *r);

/* Makes `call` a request that goes on with `q`, which is suspended, when it is executed. By the
 * thread of `q`, or by the holder, if no native thread has made it. */
void callseq_suspend_prepare(struct callseq_resumption *call, struct callseq_abi_request *q);

/* For the holder: nobody goes on with `q` any more. */
void callseq_suspend_forget(struct callseq_runtime *r, struct callseq_abi_request *q);

/* In a forked child: forgets the calls of threads that it does not have. */
void callseq_suspend_forked(void);

#endif
