/* The main program of every row with one thread; with -DHOSTED it is called by a Scheme program.
 *
 *   ROW CALLS    prints the nanoseconds per call of CALLS calls on a created thread
 *   ROW idle     prints the resident KiB of a program that has made Scheme ready and no calls
 *
 * Exit code: 0, 1 for a failure or a wrong result, 77 for a row that this machine cannot run. */
#include "row.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HOSTED
#define main row_main
int row_main(int argc, char **argv);
#endif

double row_aside_ns;

double row_now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void make_calls(int count) {
  int64_t expected = (int64_t)count * (count - 1) / 2 + (int64_t)100 * count;
  if (row_calls(count) != expected)
    row_fail("the calls returned wrong results");
}

static void *measure(void *argument) {
  int count = *(int *)argument;
  row_start();
  make_calls(count / 10 + 1); /* warm-up */

  row_aside_ns = 0;
  double start = row_now_ns();
  make_calls(count);
  printf("%.2f\n", (row_now_ns() - start - row_aside_ns) / count);
  return NULL;
}

static void print_resident_kib(void) {
  char line[256];
  long kib = -1;
  FILE *status = fopen("/proc/self/status", "r");
  if (!status)
    row_unavailable("no /proc/self/status");
  while (fgets(line, sizeof line, status))
    sscanf(line, "VmRSS: %ld kB", &kib);
  fclose(status);
  if (kib < 0)
    row_unavailable("no VmRSS in /proc/self/status");
  printf("%ld\n", kib);
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "idle") == 0) {
    row_start();
    print_resident_kib();
    return 0;
  }

  int count = argc == 2 ? atoi(argv[1]) : 0;
  if (count <= 0) {
    fprintf(stderr, "usage: %s CALLS | idle    (CALLS: at least 1)\n", argv[0]);
    return 1;
  }

  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, ROW_STACK_BYTES);
  if (pthread_create(&thread, &attributes, measure, &count) != 0)
    row_fail("cannot create the measured thread");
  pthread_join(thread, NULL);
  return 0;
}
