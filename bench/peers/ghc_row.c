/* Rows ghc and, with -DALL_CORES, ghc-cores: the threaded runtime, where any thread may call a
 * foreign export. Each call makes a Haskell thread bound to the caller, which needs a capability:
 * there is one by default, and -N makes one for each core. */
#include "row.h"

#include <HsFFI.h>
#include <Rts.h>

HsInt32 foo(HsInt32 x);

const char row_version[] = "GHC " __GLASGOW_HASKELL_FULL_VERSION__;

void row_start(void) {
  RtsConfig configuration = defaultRtsConfig;
  configuration.rts_opts_enabled = RtsOptsAll;
#ifdef ALL_CORES
  configuration.rts_opts = "-N";
#endif
  int count = 1;
  char *names[] = {"row", NULL}, **arguments = names;
  hs_init_ghc(&count, &arguments, configuration);
}

void row_thread(void (*body)(void *), void *argument) {
  body(argument);
  hs_thread_done();
}

int row_call(int x) { return foo(x); }
