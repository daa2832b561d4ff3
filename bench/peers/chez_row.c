/* Rows chez and, with -DKEPT, chez-kept: each thread is made known to Chez Scheme once. Then it is
 * active, that is inside, for each call, or for as long as it lives. There is no lock that all
 * calls hold; collections wait until every active thread has stopped. */
#include "row.h"

#include <scheme.h>

#include <stddef.h>

const char row_version[] = "Chez Scheme " VERSION;

static ptr function;

static ptr call_named(const char *name, ptr argument) {
  return Scall1(Stop_level_value(Sstring_to_symbol(name)), argument);
}

void row_start(void) {
  Sscheme_init(NULL);
  Sregister_boot_file(CHEZ "/petite.boot");
  Sregister_boot_file(CHEZ "/scheme.boot");
  Sbuild_heap(NULL, NULL);
  ptr text = Sstring("(lambda (x) (+ x 100))");
  function = call_named("eval", call_named("read", call_named("open-input-string", text)));
  Slock_object(function);
  Sdeactivate_thread();
}

void row_thread(void (*body)(void *), void *argument) {
  Sactivate_thread();
#ifndef KEPT
  Sdeactivate_thread();
#endif
  body(argument);
  Sdestroy_thread();
}

int row_call(int x) {
#ifndef KEPT
  Sactivate_thread();
#endif
  int result = Sinteger_value(Scall1(function, Sinteger(x)));
#ifndef KEPT
  Sdeactivate_thread();
#endif
  return result;
}
