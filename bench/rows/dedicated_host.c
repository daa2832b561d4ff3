/* Rows ucontext (-DUCONTEXT), assembly and, with -DMUTEX, mutex-plain: the post's dedicated stack.
 *
 * CHICKEN runs on a stack of its own. A caller takes a lock, switches to that stack, which calls
 * the plain callback there, and switches back: two switches and one C_callback per call. The lock
 * is a spinlock, which is quickest for one thread, or a mutex. */
#include "dedicated.h"

#include <chicken.h>

#ifdef MUTEX
#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock(void) { pthread_mutex_lock(&mutex); }
static void unlock(void) { pthread_mutex_unlock(&mutex); }

#else
#include <stdatomic.h>

static atomic_bool locked;

static void lock(void) {
  bool expected = false;
  /* acquire: pairs with the release in unlock, so the holder sees the last one's context */
  while (!atomic_compare_exchange_weak_explicit(&locked, &expected, true, memory_order_acquire,
                                                memory_order_relaxed))
    expected = false;
}

static void unlock(void) {
  atomic_store_explicit(&locked, false, memory_order_release); /* pairs with the acquire in lock */
}

#endif

static int argument, result; /* of the call in progress; owned by who holds the lock */

static void scheme_stack_main(void) {
  CHICKEN_run(C_toplevel);
  for (;;) {
    to_host();
    result = WORKLOAD(argument);
  }
}

static int call(int x) {
  lock();
  argument = x;
  to_scheme();
  int value = result;
  unlock();
  return value;
}

ROW_CALLS(call(i))
