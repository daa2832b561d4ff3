/* Calls that the library makes itself. Needs runtime.h before it. */
#ifndef CALLSEQ_CALLS_H
#define CALLSEQ_CALLS_H

/* Has a request of the library's executed by this thread, which is outside, when it is its turn.
 * False: the runtime has been closed, it never will. */
bool callseq_calls_execute_alone(struct callseq_runtime *r, struct callseq_abi_request *q);

/* For the holder, outside: executes a request of the library's, which is its thread's own. */
void callseq_calls_execute(struct callseq_runtime *r, struct callseq_abi_request *q);

#endif
