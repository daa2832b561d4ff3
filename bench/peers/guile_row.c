/* Rows guile and, with -DKEPT, guile-kept: each call enters Guile with scm_with_guile, or the
 * thread stays inside for as long as it lives. Guile has no lock that all calls take. */
#include "row.h"

#include <libguile.h>
#include <stdint.h>

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
const char row_version[] =
    "Guile " NUMBER(SCM_MAJOR_VERSION) "." NUMBER(SCM_MINOR_VERSION) "." NUMBER(SCM_MICRO_VERSION);

static SCM function;

/* Compiled: eval would leave it to the interpreter. */
static void *define_function(void *unused) {
  (void)unused;
  function = scm_c_eval_string("((@ (system base compile) compile) '(lambda (x) (+ x 100)))");
  scm_gc_protect_object(function);
  return &function;
}

void row_start(void) {
  if (!scm_with_guile(define_function, NULL))
    row_fail("cannot define the Guile function");
}

static int call_inside(int x) { return scm_to_int(scm_call_1(function, scm_from_int(x))); }

#ifdef KEPT

typedef struct {
  void (*body)(void *);
  void *argument;
} work;

static void *run_inside(void *argument) {
  work *w = argument;
  w->body(w->argument);
  return w;
}

void row_thread(void (*body)(void *), void *argument) {
  work w = {body, argument};
  if (!scm_with_guile(run_inside, &w))
    row_fail("the Guile function raised an exception");
}

int row_call(int x) { return call_inside(x); }

#else

static void *call(void *x) {
  *(int *)x = call_inside(*(int *)x);
  return x;
}

int row_call(int x) {
  if (!scm_with_guile(call, &x))
    row_fail("the Guile function raised an exception");
  return x;
}

/* A thread's first entry makes it known to Guile, until it ends. */
void row_thread(void (*body)(void *), void *argument) {
  row_call(0);
  body(argument);
}

#endif
