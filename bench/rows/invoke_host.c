/* Rows callseq-invoke and, with -DEMPTY, invoke-empty: callseq_invoke of a C function that calls a
 * plain callback, or does nothing. */
#include "row.h"

#include <callseq.h>
#include <stddef.h>

void row_start(void) {
  int status = callseq_init();
  if (status != CALLSEQ_OK)
    row_fail(callseq_strerror(status));
}

#ifdef EMPTY

static void nothing(void *unused) { (void)unused; }

static int call(int x) { return callseq_invoke(nothing, NULL) == CALLSEQ_OK ? x + 100 : 0; }

#else

static void call_foo(void *x) { *(int *)x = foo(*(int *)x); }

static int call(int x) { return callseq_invoke(call_foo, &x) == CALLSEQ_OK ? x : 0; }

#endif

ROW_CALLS(call(i))
