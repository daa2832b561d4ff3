/* Layout of a mapping, low to high: guard (no access), then the usable stack, which grows down
 * towards the guard. The guard is wider than a page so that a function with a large frame that
 * touches its far end first still hits it instead of foreign memory. */
#include "stack.h"

#include "system.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Only addresses: nothing is ever stored there. */
enum { GUARD_BYTES = sizeof(void *) == 8 ? 256 << 20 : 1 << 20 };

#if !defined(CALLSEQ_POSIX)
enum { HINTS = MAP_NORESERVE | MAP_STACK };
#elif defined(__OpenBSD__)
enum { HINTS = MAP_STACK }; /* no hint there: the stack pointer must lie in such a mapping */
#else
enum { HINTS = 0 }; /* to FreeBSD MAP_STACK means a mapping that grows by itself */
#endif

bool callseq_stack_map(struct callseq_stack *stack, size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (bytes > SIZE_MAX - GUARD_BYTES - page)
    return false;
  bytes = (bytes + page - 1) / page * page;
  /* The guard is never asked for as memory, which a system may have to promise. */
  char *low = mmap(NULL, bytes + GUARD_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (low == MAP_FAILED)
    return false;
  if (mmap(low + GUARD_BYTES, bytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | HINTS, -1, 0) == MAP_FAILED) {
    munmap(low, bytes + GUARD_BYTES);
    return false;
  }
  stack->base = low + GUARD_BYTES;
  stack->bytes = bytes;
  return true;
}

void callseq_stack_unmap(struct callseq_stack *stack) {
  munmap((char *)stack->base - GUARD_BYTES, stack->bytes + GUARD_BYTES);
  stack->base = NULL;
}

bool callseq_stack_has(const struct callseq_stack *stack, const void *address) {
  return (uintptr_t)address - (uintptr_t)stack->base < stack->bytes;
}

bool callseq_stack_overrun(const struct callseq_stack *stack, const void *address) {
  uintptr_t base = (uintptr_t)stack->base, at = (uintptr_t)address;
  return base && at < base && base - at <= GUARD_BYTES;
}
