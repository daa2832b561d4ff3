/* A process that process-fork has made, in a call. Needs runtime.h before it. */
#ifndef CALLSEQ_BIRTH_H
#define CALLSEQ_BIRTH_H

/* A call is about to return to C code, or has failed, or the program has been loaded; by the
 * holder. If this process was born in it to do something else, it ends here. `message` and `trace`
 * are the failure's. */
void callseq_birth_returns(struct callseq_runtime *r);
void callseq_birth_fails(struct callseq_runtime *r, const char *message, const char *trace);

#endif
