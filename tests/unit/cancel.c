/* Whether somebody could cancel a thread is seen in what the process has loaded. Compiled twice: as
 * a library that imports pthread_cancel and offers nothing, and as the program that loads it. */
#define _GNU_SOURCE
#ifdef LIBRARY

#include <pthread.h>
__attribute__((used)) static int (*volatile cancels)(pthread_t) = pthread_cancel;

#else

#include "../../src/system.h"
#include "../tap.h"
#include <dlfcn.h>

int main(void) {
  ok(!callseq_system_can_cancel(), "no thread can be cancelled before");
  void *library = dlopen("unit/cancel_library.so", RTLD_NOW);
  ok(library != NULL, "a library that can cancel is loaded: %s", library ? "" : dlerror());
  ok(callseq_system_can_cancel(), "threads can be cancelled after");
  return done();
}

#endif
