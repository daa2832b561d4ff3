/* What the main programs and the rows of both tables have in common. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Ends the program because the row cannot be measured. */
static inline _Noreturn void row_fail(const char *reason) {
  fprintf(stderr, "benchmark row failed: %s\n", reason);
  _Exit(1);
}

static inline double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

#endif
