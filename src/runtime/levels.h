/* Nested calls. Holder, on the Scheme stack. Needs runtime.h before it. */
#ifndef CALLSEQ_LEVELS_H
#define CALLSEQ_LEVELS_H

/* Executes a request of C code under Scheme, as one more level on the same stack. */
void callseq_levels_nest(struct callseq_runtime *r, struct callseq_abi_request *q);

/* The call of level 0. Calls of the other levels are made by C code under Scheme, so they are this
 * thread's own. */
static inline struct callseq_abi_current_call *callseq_levels_base(struct callseq_runtime *r) {
  struct callseq_abi_current_call *at = &r->fast.current;
  CALLSEQ_ASSERT_HOLDER(r);
  for (struct callseq_level *level = r->levels.innermost; level->outer; level = level->outer)
    at = &level->below;
  return at;
}

/* Where the runtime keeps the request that the holder executes for another thread; NULL if it
 * executes none. */
struct callseq_abi_request **callseq_levels_lent(struct callseq_runtime *r);

/* Drops safe lambdas, whose C frames are left, until CHICKEN's stack of them has this length.
 * Holder, on the Scheme stack. */
void callseq_levels_pop(struct callseq_runtime *r, int safe);

#endif
