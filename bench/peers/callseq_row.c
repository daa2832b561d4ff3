/* Row callseq: a function that callseq generated. Nothing is prepared for a thread. */
#include "row.h"

#include <callseq.h>

int foo(int x);

const char row_version[] = "callseq, CHICKEN " CHICKEN;

void row_start(void) {
  int status = callseq_init();
  if (status != CALLSEQ_OK)
    row_fail(callseq_strerror(status));
}

void row_thread(void (*body)(void *), void *argument) { body(argument); }

int row_call(int x) { return foo(x); }
