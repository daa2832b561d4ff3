/* Scheme's signal handlers: from a signal on any thread to a handler on the Scheme stack. */
#ifndef CALLSEQ_SIGNALS_H
#define CALLSEQ_SIGNALS_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { CALLSEQ_SIGNALS = 64, CALLSEQ_FAULTS = 4 };

/* What has the faults of one signal that Scheme handles. The holder, and the handler of a fault. */
struct callseq_fault {
  struct sigaction before; /* what had it when Scheme last took it */
  struct sigaction first;  /* what had it when Scheme first took it */
  bool taken;
};

/* A part of struct callseq_runtime. */
struct callseq_signals {
  _Atomic(uint32_t) pending[CALLSEQ_SIGNALS / 32]; /* bit n - 1: signal n has come. Any thread, and
                                                      signal handlers */
  void *handlers; /* GC root of Scheme's vector of handlers. Set-up */
  struct callseq_fault faults[CALLSEQ_FAULTS];
};

/* To be called before the program is loaded: notes who handles faults. */
void callseq_signals_begin(void);

/* To be called when the program has been loaded: catches the signals that it handles. Holder. */
void callseq_signals_take_over(void);

/* In a forked child: forgets the signals that have come to the parent. */
void callseq_signals_forked(void);

/* Has a signal come that nobody has looked at yet? Any thread. */
struct callseq_runtime;
bool callseq_signals_are_pending(struct callseq_runtime *r);

#endif
