/* How a row of the benchmark gives up. */
#include "row.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void row_fail(const char *reason) {
  fprintf(stderr, "benchmark row failed: %s\n", reason);
  exit(1);
}

_Noreturn void row_unavailable(const char *reason) {
  fprintf(stderr, "benchmark row not available: %s\n", reason);
  exit(77);
}
