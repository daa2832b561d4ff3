/* The runner waits for a semaphore, the one thing that a signal handler may post to, and calls. It
 * takes no signals: it is not one of the host's threads, which may block a signal in all of them
 * and wait for it. */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "runner.h"
#include "system/system.h"
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct {
  struct callseq_abi_callback *callback;
  const char *lacking;
  sem_t *wake;
  _Atomic(bool) told; /* since it last began to call */
  bool lives;         /* the holder's */
  sigset_t mask;      /* of the thread that made it */
  pthread_t thread;
} runner;

static void *run(void *unused) {
  (void)unused;
  callseq_system_name_thread("callseq-signals");
  runner.thread = pthread_self();
  for (;;) {
    struct callseq_abi_request q;
    while (sem_wait(runner.wake) != 0) {
    }
    /* acquire: pairs with the release in callseq_runner_tell */
    atomic_exchange_explicit(&runner.told, false, memory_order_acquire);
    if (callseq_abi_call(&q, runner.callback)) {
      callseq_abi_failed(&q, 1);
      fprintf(stderr, "callseq: %s\n", callseq_last_error());
      callseq_clear_error();
    }
  }
  return NULL;
}

static bool start(void) {
  static bool reported;
  pthread_t thread;
  sigset_t all;
  int error = 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &runner.mask); /* no handler posts meanwhile */
  if (!runner.wake || runner.lives)
    runner.wake = callseq_system_semaphore();
  if (!runner.wake)
    error = errno;
  atomic_store_explicit(&runner.told, false, memory_order_relaxed);
  runner.lives = runner.wake && (error = pthread_create(&thread, NULL, run, NULL)) == 0;
  pthread_sigmask(SIG_SETMASK, &runner.mask, NULL);
  if (runner.lives) {
    pthread_detach(thread);
  } else if (!reported) {
    fprintf(stderr, "callseq: %s: no %s for the library's own thread (%s)\n", runner.lacking,
            runner.wake ? "memory" : "semaphore", strerror(error));
    reported = true;
  }
  return runner.lives;
}

bool callseq_runner_start(struct callseq_abi_callback *callback, const char *lacking) {
  runner.callback = callback;
  runner.lacking = lacking;
  return runner.lives || start();
}

void callseq_runner_tell(void) {
  /* release: pairs with the acquire in run */
  if (!atomic_exchange_explicit(&runner.told, true, memory_order_release) && runner.wake)
    sem_post(runner.wake);
}

void callseq_runner_forked(void) {
  if (!runner.lives)
    return;
  if (pthread_equal(pthread_self(), runner.thread)) /* the child's only thread is an ordinary one */
    pthread_sigmask(SIG_SETMASK, &runner.mask, NULL);
  start();
}
