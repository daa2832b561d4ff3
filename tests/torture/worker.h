/* worker.h: one process of the torture: a random configuration, random threads, random operations.
 */
#ifndef WORKER_H
#define WORKER_H

#include "ledger.h"

/* Runs it, with the present ledger; `allowed` says by index which operations may be used. */
_Noreturn void work(const bool *allowed);

/* Sends the signal to one of the worker's threads; in a forked child to this one. */
void signal_somebody(struct actor *, int signal);

/* How often the host's handler has run in this thread. */
int host_signals(void);

#endif
