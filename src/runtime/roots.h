/* GC roots, and what callseq.scm has provided for C. Holder. Needs runtime.h before it. */
#ifndef CALLSEQ_ROOTS_H
#define CALLSEQ_ROOTS_H

/* The procedure that callseq.scm has left here under this name. */
C_word callseq_roots_procedure(struct callseq_runtime *r, enum callseq_procedure which);

/* Takes a root for `value`, and gives it back. CHICKEN remembers until its next collection where a
 * root has been set, so none is freed: it is kept for another value. */
void *callseq_roots_take(struct callseq_runtime *r, C_word value);
void callseq_roots_give_back(struct callseq_runtime *r, void *root);

/* To be called once CHICKEN has its symbols, before it runs. */
void callseq_roots_begin(struct callseq_runtime *r);

/* Length of CHICKEN's stack of active foreign-safe-lambdas, but no more than `limit`. */
int callseq_roots_safe_lambdas(struct callseq_runtime *r, int limit);

/* The present green thread, as an object. */
static inline C_word callseq_roots_green_thread(struct callseq_runtime *r) {
  return C_block_item(CHICKEN_gc_root_ref(r->roots.green_thread), 0);
}

#endif
