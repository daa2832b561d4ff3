/* A bell: something that poll(2) can wait for beside descriptors, and that may be rung by any
 * thread, also in a signal handler. Rings that come before it is looked at are one. */
#ifndef CALLSEQ_BELL_H
#define CALLSEQ_BELL_H

#include <stdbool.h>

struct callseq_bell {
  int heard; /* readable once it has been rung; -1: there is no bell */
  int rung;  /* what is written to */
};

#define CALLSEQ_BELL_NONE                                                                          \
  { -1, -1 }

/* Makes one, not inherited by programs that the process executes; false: the system has no
 * descriptor left. Whoever closes it has seen to it that nobody rings meanwhile. */
bool callseq_bell_open(struct callseq_bell *bell);
void callseq_bell_close(struct callseq_bell *bell);

/* Nothing happens where there is none. errno stays. */
void callseq_bell_ring(const struct callseq_bell *bell);

/* Takes back all rings so far. */
void callseq_bell_quiet(const struct callseq_bell *bell);

#endif
