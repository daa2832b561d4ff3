/* A design that `make bench-designs` compares with the sequencer: does it keep what any of them
 * promises? */
#define _GNU_SOURCE
#include "turns.h"

static bool is_idle(void) {
  if (!callseq_sequencer_try_enter(&s, MAIN))
    return false;
  bool nobody = !callseq_sequencer_next(&s);
  callseq_sequencer_leave(&s, MAIN);
  return nobody;
}

int main(void) {
  states();
  for (int symmetric = 0; symmetric < 2; symmetric++)
    all_at_random(symmetric);
  printf("# seeds: 1 to %d, a thread each\n", THREADS);
  return done();
}
