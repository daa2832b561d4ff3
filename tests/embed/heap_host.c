/* Callbacks that use much memory: a gigabyte in all, hundreds of megabytes alive, deep recursion,
 * while other threads call. A full heap, which CHICKEN cannot survive, ends the process with a
 * message that says so. */
#include "../support.h"
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>

int keep(int), waste(int), hold(int), deep(int), deep_continuations(int), deep_winds(int);
int deep_and_fail(int), compare(int), twice(int);

static int fill_limited(void) {
  char *argv[] = {(char *)"program", (char *)"-:hm32m", NULL};
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.argc = 2;
  config.argv = argv;
  if (callseq_init_with(&config))
    return 99;
  printf("%d\n", keep(4));
  fflush(stdout);
  printf("%d\n", keep(1000));
  return 0;
}

static void fill_in_thread(int index) {
  for (int i = 0; index == 0 || i < 1000; i++)
    if (index == 0)
      keep(10);
    else
      twice(i);
}

/* The system gives no more; other threads call meanwhile. */
static int fill_the_system(void) {
  struct rlimit limit;
  callseq_init();
  printf("%d\n", keep(4));
  fflush(stdout);
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = (rlim_t)1 << 30;
  setrlimit(RLIMIT_AS, &limit);
  crew(3, fill_in_thread);
  return 0;
}

static void ends(int (*scenario)(void), const char *what) {
  struct outcome full = in_child(scenario);
  is_str(full.out, "4\n", "%s: four megabytes fit, a thousand do not", what);
  ok(full.code > 0 && full.code != 99, "the process ends: code %d, signal %d", full.code,
     full.signal);
  ok(strstr(full.err, "memory") || strstr(full.err, "heap"), "saying why: %s", full.err);
}

static void use_much(int index) {
  enum { GIGABYTE = 1024, ALIVE = 300, DEEP = 300000, TURNS = 20000 };
  int right = 0;
  switch (index) {
  case 0:
    is_int(waste(GIGABYTE), GIGABYTE, "a gigabyte of garbage in one call");
    break;
  case 1:
    is_int(hold(ALIVE), ALIVE, "hundreds of megabytes that live");
    is_int(hold(ALIVE), ALIVE, "and again");
    break;
  case 2:
    is_int(deep(DEEP), DEEP, "deep recursion");
    is_int(deep_continuations(DEEP), DEEP, "through continuations");
    is_int(deep_winds(DEEP), DEEP, "through dynamic-wind");
    is_int(deep_and_fail(DEEP), 0, "with an error at the bottom");
    failed("deep_and_fail", "at the bottom");
    is_int(compare(1000), 1, "in C, as far as there is room");
    break;
  default:
    for (int i = 0; i < TURNS; i++)
      right += twice(i) == 2 * i;
    is_int(right, TURNS, "thread %d: calls between those are right", index);
  }
}

/* An emulator puts memory at the very end of 4 GB of addresses, where systems have the stack. There
 * the end of an object that CHICKEN's collector asks room for may be beyond 4 GB: it wraps to a low
 * address, and the object is copied past the end of the heap. */
static void keep_off_the_end(void) {
  enum { GAP = 32 << 20, LAST = 64 << 10 };
  uintptr_t start = (uintptr_t)0 - LAST - GAP;
  if (emulated() && sizeof(void *) == 4 &&
      mmap((void *)start, GAP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != (void *)start)
    exit(2);
}

int main(void) {
  keep_off_the_end();
  ends(fill_limited, "a limit of CHICKEN's");
  if (under("asan"))
    ok(true, "a limit of the system's # SKIP AddressSanitizer itself dies of it");
  else if (emulated())
    ok(true, "a limit of the system's # SKIP the emulator sets none");
  else
    ends(fill_the_system, "a limit of the system's");
  start_quietly();
  crew(5, use_much);
  is_int(twice(21), 42, "later calls are fine");
  return done();
}
