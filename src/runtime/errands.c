/* Errands: blocking C functions that green threads call. These have no native thread of their own
 * to run them on, so each gets a thread of the library's. When it is done the service tells the
 * green thread.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/list.h"
#include "errands.h"
#include "roots.h"
#include "scheme.h"
#include "service.h"
#include "suspend.h"
#include "system/park.h"
#include "system/system.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* A C function that a green thread waits for. */
struct callseq_errand {
  struct callseq_errand *next;  /* in the list of those that are done */
  struct callseq_errand **link; /* what points to it in the list of all. Holder */
  struct callseq_errand *after; /* the next one in that list. Holder */
  struct callseq_abi_job *job;
  pthread_t thread;
  void *waiting; /* GC root of what blocking.scm keeps of it */
};

/* The errand for which this thread has been made; NULL: it is no such thread. */
static __thread struct callseq_errand *own_errand;

static void *run_errand(void *argument) {
  struct callseq_runtime *r = &callseq_runtime;
  struct callseq_errand *errand = own_errand = argument;
  callseq_system_name_thread("callseq-errand");
  callseq_suspend_run_outside(errand->job, "(a green thread)");
  callseq_tools_release(errand);
  errand->next = atomic_load_explicit(&r->service.done, memory_order_relaxed);
  /* release: pairs with the acquire in callseq_scheme_next_done */
  while (!atomic_compare_exchange_weak_explicit(&r->service.done, &errand->next, errand,
                                                memory_order_release, memory_order_relaxed)) {
  }
  own_errand = NULL; /* the holder frees it */
  /* release: pairs with the acquire in end_all */
  atomic_fetch_add_explicit(&r->service.finished, 1, memory_order_release);
  callseq_park_wake(&r->service.finished);
  callseq_service_tell(r);
  return NULL;
}

static struct callseq_errand *make_errand(struct callseq_runtime *r, C_word job, C_word waiting) {
  struct callseq_errand *errand = malloc(sizeof *errand);
  if (!errand)
    return NULL;
  errand->job = CALLSEQ_ABI_REQUEST(struct callseq_abi_job, job);
  errand->waiting = callseq_roots_take(r, waiting);
  CALLSEQ_LIST_ADD(r->service.errands, errand, after, link);
  return errand;
}

static void end_errand(struct callseq_runtime *r, struct callseq_errand *errand) {
  CALLSEQ_LIST_REMOVE(errand, after, link);
  callseq_roots_give_back(r, errand->waiting);
  free(errand);
}

/* Has the job run on a thread of the library's. `waiting` is told of its end by the service. False:
 * no thread or memory can be had. */
int callseq_scheme_run_elsewhere(C_word job, C_word waiting) {
  struct callseq_runtime *r = callseq_runtime_here();
  sigset_t mask;
  struct callseq_errand *errand = make_errand(r, job, waiting);
  if (!errand)
    return false;
  callseq_system_block_signals(&mask);
  bool runs = callseq_service_start(r, "green threads run only while callbacks do") &&
              pthread_create(&errand->thread, NULL, run_errand, errand) == 0;
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  if (!runs)
    end_errand(r, errand);
  return runs;
}

/* Takes an errand that is done; NULL: none is. Holder. */
static struct callseq_errand *take_done(struct callseq_runtime *r) {
  struct callseq_errand *errand = atomic_load_explicit(&r->service.done, memory_order_acquire);
  /* acquire: pairs with the release in run_errand. Only the holder takes one away, so the same one
   * cannot come back meanwhile */
  while (errand &&
         !atomic_compare_exchange_weak_explicit(&r->service.done, &errand, errand->next,
                                                memory_order_acquire, memory_order_acquire)) {
  }
  callseq_tools_acquire(errand);
  return errand;
}

/* Ends an errand that is done, and returns what it was given as `waiting`; #f: none is done. */
C_word callseq_scheme_next_done(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  struct callseq_errand *errand = take_done(r);
  if (!errand)
    return C_SCHEME_FALSE;
  pthread_detach(errand->thread);
  C_word waiting = CHICKEN_gc_root_ref(errand->waiting);
  end_errand(r, errand);
  return waiting;
}

C_word callseq_scheme_has_errands(void) {
  return C_mk_bool(callseq_runtime_here()->service.errands);
}

bool callseq_errands_is_own(void) { return own_errand; }

/* ---- The end ---- */

/* The sequencer has been closed by this thread, which acts as the holder. */
static bool end_all(struct callseq_runtime *r, uint64_t deadline) {
  for (;;) {
    /* acquire: pairs with the release in run_errand */
    uint32_t finished = atomic_load_explicit(&r->service.finished, memory_order_acquire);
    for (struct callseq_errand *errand; (errand = take_done(r));) {
      pthread_join(errand->thread, NULL);
      errand->job->drop(errand->job);
      end_errand(r, errand);
    }
    if (!r->service.errands)
      return true;
    if (!callseq_park_wait_past(&r->service.finished, finished, deadline))
      return false;
  }
}

bool callseq_errands_end(struct callseq_runtime *r, uint64_t deadline, bool has) {
  return has ? end_all(r, deadline) : !r->service.errands;
}

/* ---- fork ---- */

/* In a forked child: nobody runs those of the parent any more. */
void callseq_errands_forked(void) {
  struct callseq_runtime *r = &callseq_runtime;
  atomic_store_explicit(&r->service.done, NULL, memory_order_relaxed);
  for (struct callseq_errand *errand = r->service.errands, *after; errand; errand = after) {
    after = errand->after;
    if (errand == own_errand)
      continue;
    errand->job->drop(errand->job);
    end_errand(r, errand);
  }
}
