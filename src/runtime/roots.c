/* GC roots, which follow their objects when the collector moves these; and the procedures that
 * callseq.scm has left here for C.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "roots.h"
#include "scheme.h"

#include <stdlib.h>

C_word callseq_roots_procedure(struct callseq_runtime *r, enum callseq_procedure which) {
  return CHICKEN_gc_root_ref(r->roots.procedures[which]);
}

void *callseq_roots_take(struct callseq_runtime *r, C_word value) {
  void *root = r->roots.spares ? r->roots.spare[--r->roots.spares] : CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(root, value);
  return root;
}

void callseq_roots_give_back(struct callseq_runtime *r, void *root) {
  CHICKEN_gc_root_set(root, C_SCHEME_UNDEFINED);
  if (r->roots.spares == r->roots.room) {
    size_t room = r->roots.room ? 2 * r->roots.room : 16;
    void **spare = realloc(r->roots.spare, room * sizeof *spare);
    if (!spare) /* no memory: the root is lost */
      return;
    r->roots.spare = spare;
    r->roots.room = room;
  }
  r->roots.spare[r->roots.spares++] = root;
}

void callseq_roots_begin(struct callseq_runtime *r) {
  r->roots.safe_lambdas = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(r->roots.safe_lambdas,
                      C_intern2(C_heaptop, C_text("##sys#callback-continuation-stack")));
  r->roots.green_thread = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(r->roots.green_thread, C_intern2(C_heaptop, C_text("##sys#current-thread")));
}

int callseq_roots_safe_lambdas(struct callseq_runtime *r, int limit) {
  CALLSEQ_ASSERT_IN_SCHEME(r);
  C_word list = C_block_item(CHICKEN_gc_root_ref(r->roots.safe_lambdas), 0);
  int n = 0;
  for (; n < limit && !C_immediatep(list); list = C_u_i_cdr(list))
    n++;
  return n;
}

void callseq_scheme_provide(int which, C_word value) {
  void **root = &callseq_runtime.roots.procedures[which];
  if (!*root)
    *root = CHICKEN_new_gc_root();
  CHICKEN_gc_root_set(*root, value);
}
