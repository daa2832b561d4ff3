/* The message, where the host asked for one, for code that ran off the dedicated stack. */
#ifndef CALLSEQ_OVERRUN_H
#define CALLSEQ_OVERRUN_H

#include "stack.h"

/* Watches `stack` from now on if `wanted`; it must stay in place. To be called once, before any
 * thread runs on it. */
void callseq_overrun_watch(const struct callseq_stack *stack, int wanted);

/* Gives the calling thread what the message needs, and takes it away before the thread ends. */
void callseq_overrun_enter_thread(void);
void callseq_overrun_leave_thread(void);

#endif
