#include "timers.h"
#include <callseq.h>
#include <stdio.h>

void start(void);

static unsigned alive(void) {
  struct callseq_stats stats;
  callseq_stats(&stats);
  return (unsigned)stats.handles;
}

int main(void) {
  if (callseq_init() != CALLSEQ_OK)
    return 1;
  start();
  printf("%u closures in C\n", alive());
  for (int now = 1; now <= 4; now++)
    timer_run(now);
  printf("%u left\n", alive());
  timer_drop_all();
  printf("%u left\n", alive());
  return 0;
}
