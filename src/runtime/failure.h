/* How a call fails, who is told of it, and what the process cannot survive. Needs runtime.h before
 * it. */
#ifndef CALLSEQ_FAILURE_H
#define CALLSEQ_FAILURE_H

/* Fails a request; the first failure is the one that its caller hears of. Message and trace are
 * malloc'd, or NULL, and taken over. Whoever executes the request, or its own thread. */
void callseq_failure_set(struct callseq_abi_request *q, int status, char *message, char *trace);

/* A callback cannot be called, or not yet: fails its request with CALLSEQ_CLOSED. */
void callseq_failure_closed(struct callseq_runtime *r, struct callseq_abi_request *q);

/* Tells on_error of this thread's last error, or prints that as CHICKEN's own top level would.
 * Outside, or where the callback that failed was called. on_error may leave by longjmp or an
 * exception. */
void callseq_failure_report(struct callseq_runtime *r);

/* Reports, once, a request that has waited for long: for callseq_sequencer_enter. */
void callseq_failure_stalled(void *request);

/* The process cannot go on, and says why. A thread ends while it is inside; or has left the Scheme
 * stack without returning, as it turns out when it calls again. */
void callseq_failure_thread_ends(void);
void callseq_failure_check_stack(struct callseq_runtime *r);

#endif
