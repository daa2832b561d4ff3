/* Executing requests, as the holder or to become it. Needs runtime.h before it. */
#ifndef CALLSEQ_BATCH_H
#define CALLSEQ_BATCH_H

/* For the holder, outside: executes others' requests that are before its own, and then that. The
 * second leaves the runtime then. */
void callseq_batch_execute(struct callseq_runtime *r, struct callseq_abi_request *q);
void callseq_batch_run(struct callseq_runtime *r, struct callseq_abi_request *q);

/* Has a request of the library's executed by this thread, which is outside, when it is its turn.
 * False: the runtime has been closed, it never will. */
bool callseq_batch_run_alone(struct callseq_runtime *r, struct callseq_abi_request *q);

/* For the holder, outside: executes calls for later, as a batch does, and none of its own. False:
 * there was none. */
bool callseq_batch_help(struct callseq_runtime *r);

#endif
