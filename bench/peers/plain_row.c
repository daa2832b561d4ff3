/* Row plain: CHICKEN's own callback. The thread that starts CHICKEN is the only one that may call,
 * so there is one thread, and it does both. */
#include "row.h"

#include <chicken.h>
#include <stdatomic.h>

int foo(int x);

const char row_version[] = "CHICKEN " CHICKEN;

void row_start(void) {}

void row_thread(void (*body)(void *), void *argument) {
  static atomic_flag owned = ATOMIC_FLAG_INIT;
  if (atomic_flag_test_and_set_explicit(&owned, memory_order_relaxed))
    row_fail("only one thread may call a plain callback");
  CHICKEN_run(C_toplevel);
  body(argument);
}

int row_call(int x) { return foo(x); }
