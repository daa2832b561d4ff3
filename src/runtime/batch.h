/* Executing requests, as the holder or to become it. Needs runtime.h before it. */
#ifndef CALLSEQ_BATCH_H
#define CALLSEQ_BATCH_H

/* For the holder, outside: executes others' requests that are before its own, `q`, and then that.
 * None of others if its thread has patience only for a while. */
void callseq_batch_execute(struct callseq_runtime *r, struct callseq_abi_request *q);

/* The same, and then leaves the runtime. */
void callseq_batch_run(struct callseq_runtime *r, struct callseq_abi_request *q);

/* The same for a holder that has not waited for others: executes nobody's request but its own, as
 * the fast path does. */
void callseq_batch_run_only(struct callseq_runtime *r, struct callseq_abi_request *q);

/* Has this thread, which is outside, execute the library's request `q` itself, when it is its turn.
 * False: that never comes, since the runtime has been closed. */
bool callseq_batch_run_alone(struct callseq_runtime *r, struct callseq_abi_request *q);

/* For the holder, outside, which has no request of its own: executes calls for later, as any batch
 * does. False: there was none. */
bool callseq_batch_help(struct callseq_runtime *r);

#endif
