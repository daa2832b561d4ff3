/* A mapped stack. It consists, from the lowest address, of the guard, which nobody may access, and
 * the usable stack, which grows down towards the guard. The guard is wider than a page so that a
 * function with a large frame that touches its far end first still hits it instead of foreign
 * memory. It costs addresses only; where those are limited, or count as locked memory (mlockall),
 * it is smaller. */
#include "stack.h"

#include "system.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
  GUARD_BYTES = sizeof(void *) == 8 ? 256 << 20 : 1 << 20,
  GUARD_LEAST = 64 << 10,
  GUARD_STEP = 64,  /* a smaller one is so many times smaller */
  GUARD_SHARE = 32, /* and no more than one in so many of all addresses that the process may have */
};

#if !defined(CALLSEQ_POSIX)
enum { HINTS = MAP_NORESERVE | MAP_STACK };
#elif defined(__OpenBSD__)
enum { HINTS = MAP_STACK }; /* no hint there: the stack pointer must lie in such a mapping */
#else
enum { HINTS = 0 }; /* to FreeBSD MAP_STACK means a mapping that grows by itself */
#endif

static size_t smaller(size_t guard) {
  return guard / GUARD_STEP > GUARD_LEAST ? guard / GUARD_STEP : GUARD_LEAST;
}

/* The rest of the addresses is for what the process wants to do. */
static size_t allowed_guard(void) {
  struct rlimit limit;
  size_t guard = GUARD_BYTES;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    while (guard > GUARD_LEAST && guard > limit.rlim_cur / GUARD_SHARE)
      guard = smaller(guard);
  return guard;
}

static bool map(struct callseq_stack *stack) {
  /* The guard is never asked for as memory, which a system may have to promise. */
  char *low =
      mmap(NULL, stack->bytes + stack->guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (low == MAP_FAILED)
    return false;
  stack->base = low + stack->guard;
  if (mmap(stack->base, stack->bytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | HINTS, -1, 0) != MAP_FAILED)
    return true;
  int reason = errno;
  callseq_stack_unmap(stack);
  errno = reason;
  return false;
}

bool callseq_stack_map(struct callseq_stack *stack, size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  *stack = (struct callseq_stack){.bytes = bytes, .guard = allowed_guard()};
  if (bytes > SIZE_MAX - GUARD_BYTES - page) {
    errno = ENOMEM;
    return false;
  }
  stack->bytes = (bytes + page - 1) / page * page;
  while (!map(stack)) {
    if (stack->guard == GUARD_LEAST)
      return false;
    stack->guard = smaller(stack->guard);
  }
  return true;
}

void callseq_stack_unmap(struct callseq_stack *stack) {
  munmap((char *)stack->base - stack->guard, stack->bytes + stack->guard);
  stack->base = NULL;
}

bool callseq_stack_has(const struct callseq_stack *stack, const void *address) {
  return (uintptr_t)address - (uintptr_t)stack->base < stack->bytes;
}

bool callseq_stack_overrun(const struct callseq_stack *stack, const void *address) {
  uintptr_t base = (uintptr_t)stack->base, at = (uintptr_t)address;
  return base && at < base && base - at <= stack->guard;
}
