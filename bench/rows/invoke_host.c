/* Rows callseq-invoke and, with -DEMPTY, invoke-empty: callseq_invoke of a C function that calls a
 * plain callback, or does nothing. With -DEVALUATE, callseq-eval: callseq_eval; and with
 * -DEVAL_STRING, invoke-eval: CHICKEN_eval_string under callseq_invoke. */
#include "row.h"

#ifdef EVAL_STRING
#include <chicken.h>
#endif

#include <callseq.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void row_start(void) {
  int status = callseq_init();
  if (status != CALLSEQ_OK)
    row_fail(callseq_strerror(status));
}

#ifdef EMPTY

static void nothing(void *unused) { (void)unused; }

static int call(int x) { return callseq_invoke(nothing, NULL) == CALLSEQ_OK ? x + 100 : 0; }

#elif defined EVALUATE

static int call(int x) {
  char *printed;
  if (callseq_eval("(+ 1 2)", &printed) || strcmp(printed, "3"))
    return 0;
  free(printed);
  return x + 100;
}

#elif defined EVAL_STRING

static void evaluate(void *sum) {
  C_word value;
  if (CHICKEN_eval_string((char *)"(+ 1 2)", &value))
    *(int *)sum = (int)C_unfix(value);
}

static int call(int x) {
  int sum = 0;
  return callseq_invoke(evaluate, &sum) == CALLSEQ_OK && sum == 3 ? x + 100 : 0;
}

#else

static void call_foo(void *x) { *(int *)x = foo(*(int *)x); }

static int call(int x) { return callseq_invoke(call_foo, &x) == CALLSEQ_OK ? x : 0; }

#endif

ROW_CALLS(call(i))
