/* How a call fails, who is told of it, and what the process cannot survive. Needs runtime.h before
 * it. */
#ifndef CALLSEQ_FAILURE_H
#define CALLSEQ_FAILURE_H

/* Fails a request, unless it has failed before: its caller hears of the first failure. `message`
 * and `trace` are malloc'd, or NULL, and taken over. By whoever executes the request, or by its own
 * thread. */
void callseq_failure_set(struct callseq_abi_request *q, int status, char *message, char *trace);

/* Fails a request with CALLSEQ_CLOSED: its callback cannot be called any more, or not yet. */
void callseq_failure_closed(struct callseq_runtime *r, struct callseq_abi_request *q);

/* Tells on_error of this thread's last error, or, where there is none, prints the error as
 * CHICKEN's own top level would. Called outside, or inside, where the callback that failed was
 * called; on_error may leave by longjmp or an exception. */
void callseq_failure_report(struct callseq_runtime *r);

/* Reports, once, a request that has waited for long: for callseq_sequencer_enter. */
void callseq_failure_stalled(void *request);

/* By a thread that leaves a C function of foreign-blocking-lambda without returning from it, under
 * the callback of that name: says so and aborts the process. */
void callseq_failure_left(const char *callback);

/* By a thread that is about to end: if it is inside, says so and aborts the process. */
void callseq_failure_thread_ends(void);

/* By a thread that is inside and calls: if it has left the Scheme stack without returning there,
 * says so and aborts the process. */
void callseq_failure_check_stack(struct callseq_runtime *r);

#endif
