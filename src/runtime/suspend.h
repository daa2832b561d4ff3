/* Suspension: a callback that waits in CHICKEN's scheduler, or for a blocking C function, is taken
 * off the Scheme stack, and its native thread waits outside. Needs runtime.h before it. */
#ifndef CALLSEQ_SUSPEND_H
#define CALLSEQ_SUSPEND_H

#include "system/bell.h"

#include <errno.h>

/* `rung` of a resident: need its wait not go on? */
enum {
  CALLSEQ_RUNG_NOT,
  CALLSEQ_RUNG_HAS_BELL, /* not, and its own thread polls a bell */
  CALLSEQ_RUNG
};

/* A call that goes on with another. */
struct callseq_resumption {
  struct callseq_abi_request request;
  struct callseq_abi_request *suspended;
};

/* A green thread that runs the resident loop; see suspend.c. Made and freed by the holder. */
struct callseq_resident {
  struct callseq_resident *next;       /* of all */
  struct callseq_abi_request *request; /* that it executes; NULL: it is spare. Holder */
  C_word serial;                       /* of that, while it is suspended. Holder */
  struct callseq_changed_mask mask;    /* of that. As what it waits for */
  void *root;                          /* GC root of its level in callseq.scm. Holder */
  bool ended;                          /* its green thread was terminated. Holder */
  bool away;                           /* its request is suspended. Holder */
  struct callseq_abi_job *done; /* that has been run for it, and that it has not taken. Holder */
  /* What the suspended call waits for. The holder writes it when it suspends the call, the call's
   * own thread reads it until it resumes. */
  struct callseq_abi_job *job;     /* not NULL: this is run */
  struct callseq_resident *around; /* whose job has led to this one. Its own thread's */
  int fd;                          /* -1: none */
  short events;                    /* of that, as poll(2) has them */
  bool at_once;                    /* nothing: it has given way */
  bool timed_out;                  /* its own thread's: why it resumes */
  uint64_t deadline;               /* by callseq_clock_now; 0: none */
  _Atomic(uint32_t) rung; /* CALLSEQ_RUNG_NOT...; the holder rings, its own thread sleeps on it */
  /* While its own thread waits for a ring; with the mutex: */
  struct callseq_resident *next_outside, **link_outside;
  bool given_up;            /* that thread has gone, its request with it. With the mutex */
  struct callseq_bell bell; /* that its own thread polls, beside `fd`; changed by that, and by it as
                               the holder closed */
};

/* After a call: if it has been suspended, waits for what it waits for and goes on with it, until it
 * has ended. Its final status. On the call's own thread, outside. */
int callseq_suspend_settle(struct callseq_runtime *r, struct callseq_abi_request *q);

/* Has it been rung for? Any thread. */
static inline bool callseq_suspend_is_rung(struct callseq_resident *v) {
  /* acquire: pairs with the release in ring_for */
  return atomic_load_explicit(&v->rung, memory_order_acquire) == CALLSEQ_RUNG;
}

/* Runs a blocking C function, on this thread. Not inline: errno is thread-local. */
__attribute__((unused)) static CALLSEQ_NOINLINE void
callseq_suspend_run(struct callseq_abi_job *job) {
  job->run(job);
  job->saved_errno = errno;
}

/* Nobody comes back for the job, if there is one. */
static inline void callseq_suspend_drop(struct callseq_abi_job **job) {
  if (*job)
    (*job)->drop(*job);
  *job = NULL;
}

/* Is this thread in a blocking C function, and whose call is it? Of several, around one another,
 * the last one here. */
enum callseq_blocks {
  CALLSEQ_BLOCKS_NOT,
  CALLSEQ_BLOCKS_IN_PROGRAM,      /* a Scheme program that hosts */
  CALLSEQ_BLOCKS_IN_GREEN_THREAD, /* on a thread of the library's */
  CALLSEQ_BLOCKS_IN_CALL
};
enum callseq_blocks callseq_suspend_blocks(struct callseq_runtime *r);

/* Holder: is any call suspended? But for a program. */
bool callseq_suspend_is_any(struct callseq_runtime *r);

/* For callseq_close, which is over: threads that wait for suspended calls need not any longer, and
 * fail them. */
void callseq_suspend_give_up(struct callseq_runtime *r);

/* Holder, before the next call begins: a suspended call that was gone on with has ended, or waits
 * again. */
void callseq_suspend_leave(struct callseq_runtime *r);

/* Holder, before it closes: those that wait need not any longer, and will find it closed. */
void callseq_suspend_end(struct callseq_runtime *r);

/* For the holder: `call`, to be executed, goes on with `q`, which is suspended and no native
 * thread's; or that is not gone on with any more. */
void callseq_suspend_prepare(struct callseq_resumption *call, struct callseq_abi_request *q);
void callseq_suspend_forget(struct callseq_runtime *r, struct callseq_abi_request *q);

/* In a forked child: forgets the calls of threads that it does not have. */
void callseq_suspend_forked(void);

#endif
