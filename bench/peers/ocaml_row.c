/* Row ocaml: each thread is registered once, and holds the runtime's lock during each call. */
#include "row.h"

#include <caml/callback.h>
#include <caml/mlvalues.h>
#include <caml/threads.h>
#include <caml/version.h>
#include <stddef.h>

const char row_version[] = "OCaml " OCAML_VERSION_STRING;

static const value *function;

void row_start(void) {
  char *arguments[] = {"row", NULL};
  caml_startup(arguments);
  function = caml_named_value("foo");
  if (!function)
    row_fail("the OCaml function is not there");
  caml_release_runtime_system();
}

void row_thread(void (*body)(void *), void *argument) {
  if (!caml_c_thread_register())
    row_fail("cannot register a thread with OCaml");
  body(argument);
  caml_c_thread_unregister();
}

int row_call(int x) {
  caml_acquire_runtime_system();
  value result = caml_callback_exn(*function, Val_int(x));
  if (Is_exception_result(result))
    row_fail("the OCaml function raised an exception");
  caml_release_runtime_system();
  return Int_val(result);
}
