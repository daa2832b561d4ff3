/* Row spinning-queue: the dedicated stack behind a combining queue in which waiters spin, as the
 * published callseq has it.
 *
 * Callers queue as in an MCS lock, each with a node of its own. The first in the queue is the
 * combiner: it switches to the Scheme stack and has a plain callback run for its own node and for
 * every one that is linked behind it, without a limit. It leaves when the queue has run empty.
 * Nobody yields and nobody sleeps. */
#include "dedicated.h"

#include <chicken.h>
#include <stdatomic.h>

enum { WAITING, DONE };

struct node {
  _Atomic(struct node *) next;
  atomic_int state;
  int argument, result;
};

static _Atomic(struct node *) tail; /* the youngest; NULL: nobody is inside */
static struct node *oldest;         /* the next to be served; owned by the combiner */

static void pause_cpu(void) {
#ifdef __x86_64__
  __builtin_ia32_pause();
#elif defined __aarch64__
  __asm__ volatile("yield");
#endif
}

/* Serves all that are linked; the last one stays in the queue, served but not marked. */
static void scheme_stack_main(void) {
  CHICKEN_run(C_toplevel);
  for (;;) {
    to_host();
    for (;;) {
      oldest->result = WORKLOAD(oldest->argument);
      /* acquire: pairs with the release of the link in call */
      struct node *next = atomic_load_explicit(&oldest->next, memory_order_acquire);
      if (!next)
        break;
      /* release: pairs with the acquire of the waiting loop in call */
      atomic_store_explicit(&oldest->state, DONE, memory_order_release);
      oldest = next;
    }
  }
}

/* Combiner, on its own stack: takes the last served node out of the queue, which is free then if
 * nobody has come. Returns whether somebody has. */
static bool more(void) {
  struct node *last = oldest, *expected = last;
  /* release: pairs with the acquire of the exchange in call */
  if (atomic_compare_exchange_strong_explicit(&tail, &expected, NULL, memory_order_release,
                                              memory_order_relaxed)) {
    atomic_store_explicit(&last->state, DONE, memory_order_release); /* as above */
    return false;
  }
  /* acquire: pairs with the release of the link in call */
  while (!(oldest = atomic_load_explicit(&last->next, memory_order_acquire)))
    pause_cpu();
  atomic_store_explicit(&last->state, DONE, memory_order_release); /* as above */
  return true;
}

static int call(int x) {
  struct node node = {.argument = x};
  /* acquire, release: pairs with itself, and acquire with the release in more */
  struct node *before = atomic_exchange_explicit(&tail, &node, memory_order_acq_rel);
  if (before) {
    /* release: pairs with the acquire loads of next */
    atomic_store_explicit(&before->next, &node, memory_order_release);
    /* acquire: pairs with the releases of DONE */
    while (atomic_load_explicit(&node.state, memory_order_acquire) == WAITING)
      pause_cpu();
    return node.result;
  }
  oldest = &node;
  do
    to_scheme();
  while (more());
  return node.result;
}

ROW_CALLS(call(i))
