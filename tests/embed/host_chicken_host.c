/* A host that already runs CHICKEN by itself: callseq_init refuses, and that CHICKEN goes on. */
#include "../support.h"

/* As chicken.h declares them; a C_word is as wide as a pointer. */
void C_toplevel(intptr_t count, intptr_t *arguments);
intptr_t CHICKEN_run(void *toplevel);

int plainly(int), twice(int);

int main(void) {
  CHICKEN_run((void *)C_toplevel);
  is_int(plainly(5), 15, "the host's own CHICKEN runs");
  is_int(callseq_init(), CALLSEQ_INVALID, "callseq_init refuses");
  is_int(callseq_last_status(), CALLSEQ_INVALID, "and records it");
  ok(callseq_last_error() && strstr(callseq_last_error(), "CHICKEN"), "with a message: %s",
     callseq_last_error());
  is_int(twice(5), 0, "a sequenced callback gives zero");
  is_int(callseq_last_status(), CALLSEQ_CLOSED, "and is closed");
  is_int(plainly(6), 18, "the host's own CHICKEN still runs");
  return done();
}
