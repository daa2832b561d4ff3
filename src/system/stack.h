/* A mapped stack with a guard below it. */
#ifndef CALLSEQ_STACK_H
#define CALLSEQ_STACK_H

#include <stdbool.h>
#include <stddef.h>

struct callseq_stack {
  void *base;   /* lowest usable byte; the guard lies below */
  size_t bytes; /* usable size, a multiple of the page size */
  size_t guard; /* the guard's size in bytes */
};

/* Maps at least `bytes` usable bytes. Memory is taken from the system only as it is touched.
 * Returns false where the system refuses, with what was asked for last in `stack`, and why in
 * errno. */
bool callseq_stack_map(struct callseq_stack *stack, size_t bytes);
void callseq_stack_unmap(struct callseq_stack *stack);

/* True where `address` lies in the usable stack. */
bool callseq_stack_has(const struct callseq_stack *stack, const void *address);

/* True where `address` lies in the stack's guard: code that touched it ran off the stack. */
bool callseq_stack_overrun(const struct callseq_stack *stack, const void *address);

#endif
