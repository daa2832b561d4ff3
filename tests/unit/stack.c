/* A mapped stack: its size, every byte of it usable, its guard, what the system refuses, and
 * nothing left after it is unmapped. The width of the guard is found out, not assumed. */
#define _GNU_SOURCE
#include "../../src/system/stack.h"
#include "../support.h"
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { MEGABYTE = 1 << 20 };

static size_t page;
static struct callseq_stack stack;
static char *touched;

static void map_or_exit(size_t bytes) {
  if (!callseq_stack_map(&stack, bytes)) {
    perror("callseq_stack_map");
    exit(2);
  }
}

/* The guard's lowest byte: the end of the addresses below the stack that count as overrun. */
static char *guard_start(void) {
  char *low = stack.base;
  while (callseq_stack_overrun(&stack, low - page))
    low -= page;
  return low;
}

static void sizes(void) {
  const size_t wanted[] = {1, page - 1, page, page + 1, MEGABYTE - 1, MEGABYTE, 64 * MEGABYTE};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    map_or_exit(wanted[i]);
    ok(stack.bytes >= wanted[i] && stack.bytes < wanted[i] + page && stack.bytes % page == 0,
       "%zu bytes wanted: %zu, the next multiple of the page", wanted[i], stack.bytes);
    ok((uintptr_t)stack.base % page == 0, "which begin at a page");
    callseq_stack_unmap(&stack);
  }
}

static void usable(void) {
  size_t right = 0;
  map_or_exit(MEGABYTE);
  unsigned char *bytes = stack.base;
  for (size_t i = 0; i < stack.bytes; i++)
    bytes[i] = (unsigned char)(i % 251);
  for (size_t i = 0; i < stack.bytes; i++)
    right += bytes[i] == i % 251;
  is_int((intmax_t)right, (intmax_t)stack.bytes, "every byte can be written and read");
  callseq_stack_unmap(&stack);
}

static void taken_as_touched(void) {
  long before = resident_kb(), allowed = emulated() ? 64 << 10 : 1 << 10;
  map_or_exit((size_t)1 << 30);
  ok(resident_kb() - before < allowed, "a gigabyte takes no memory before it is touched");
  callseq_stack_unmap(&stack);
}

static int map_within_a_limit(void) {
  const struct rlimit little = {64 * MEGABYTE, 64 * MEGABYTE};
  setrlimit(RLIMIT_DATA, &little);
  return !callseq_stack_map(&stack, MEGABYTE);
}

static int touch(void) {
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  *(volatile char *)touched = 1;
  return 0;
}

/* Addresses for `bytes` more than the process has. */
static int map_where_addresses_are_few(void) {
  struct rlimit few;
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld", &pages) != 1)
    return 2;
  fclose(file);
  few.rlim_cur = few.rlim_max = (rlim_t)pages * page + 8 * MEGABYTE;
  setrlimit(RLIMIT_AS, &few);
  return !callseq_stack_map(&stack, MEGABYTE) || guard_start() > (char *)stack.base - page ||
         !malloc(4 * MEGABYTE);
}

/* Addresses count as locked memory, which is limited; but not for root. */
static int map_where_all_is_locked(void) {
  struct rlimit little;
  getrlimit(RLIMIT_MEMLOCK, &little);
  if (little.rlim_cur > 16 * MEGABYTE)
    little.rlim_cur = 16 * MEGABYTE;
  if (setrlimit(RLIMIT_MEMLOCK, &little) != 0 || (getuid() == 0 && setuid(65534) != 0) ||
      mlockall(MCL_FUTURE) != 0 ||
      mmap(NULL, 64 * MEGABYTE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
    return 77;
  return !callseq_stack_map(&stack, MEGABYTE) || guard_start() > (char *)stack.base - page;
}

static void small_guards(void) {
  if (!has_proc())
    ok(true, "where addresses are few # SKIP /proc, which tells how many, is not mounted");
  else if (!emulated())
    is_int(in_child(map_where_addresses_are_few).code, 0, "where addresses are few the guard is");
  int code = in_child(map_where_all_is_locked).code;
  ok(code == 0 || code == 77, "and where they count as locked memory%s",
     code == 77 ? " # SKIP no limit holds" : "");
}

static void guard(void) {
  map_or_exit(MEGABYTE);
  char *base = stack.base, *low = guard_start();
  ok((size_t)(base - low) >= page, "the guard has at least a page: %zu bytes",
     (size_t)(base - low));

  ok(!callseq_stack_overrun(&stack, base), "the stack's lowest byte is no overrun");
  ok(callseq_stack_overrun(&stack, base - 1), "the guard's highest is one");
  ok(callseq_stack_overrun(&stack, low), "the guard's lowest is one");
  ok(!callseq_stack_overrun(&stack, low - 1), "the byte below it is not");
  ok(!callseq_stack_overrun(&stack, base + stack.bytes), "nor is the one after the stack");
  ok(!callseq_stack_overrun(&stack, NULL), "nor is NULL");

  touched = base;
  is_int(in_child(touch).code, 0, "the stack's lowest byte can be touched");
  char *const forbidden[] = {base - 1, base - (base - low) / 2, low};
  for (int i = 0; i < 3; i++) {
    touched = forbidden[i];
    is_int(in_child(touch).signal, SIGSEGV, "%td bytes below the stack: a segmentation fault",
           base - touched);
  }
  callseq_stack_unmap(&stack);
}

static void refused(void) {
  const size_t absurd[] = {SIZE_MAX, SIZE_MAX - page, SIZE_MAX - MEGABYTE - page, SIZE_MAX / 8 * 7};
  for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++)
    ok(!callseq_stack_map(&stack, absurd[i]), "%zu bytes are refused", absurd[i]);
}

static bool mapped(char *address) {
  unsigned char unused;
  return mincore(address, page, &unused) == 0 || errno != ENOMEM;
}

static void unmapped(void) {
  map_or_exit(MEGABYTE);
  char *base = stack.base, *low = guard_start(), *last = base + stack.bytes - page;
  ok((emulated() || mapped(low)) && mapped(base) && mapped(last), "mapped: guard and stack");
  callseq_stack_unmap(&stack);
  ok(!mapped(low) && !mapped(base) && !mapped(last), "unmapped: guard and stack");
  ok(stack.base == NULL, "the stack says so");
  ok(!callseq_stack_overrun(&stack, base - 1), "and nothing is an overrun any more");
}

int main(void) {
  page = (size_t)sysconf(_SC_PAGESIZE);
  sizes();
  usable();
  taken_as_touched();
  if (!WATCHED)
    is_int(in_child(map_within_a_limit).code, 0, "the guard does not count as memory");
  guard();
  if (!WATCHED)
    small_guards();
  refused();
  unmapped();
  return done();
}
