/* A Scheme program as a host. Needs runtime.h before it. */
#ifndef CALLSEQ_PROGRAM_H
#define CALLSEQ_PROGRAM_H

/* Is this request the program itself? Any thread. */
static inline bool callseq_program_is(struct callseq_runtime *r,
                                      const struct callseq_abi_request *q) {
  return q == &r->program.request;
}

/* Holder: the first is called when the program has got the runtime, the second when it leaves. */
void callseq_program_comes(struct callseq_runtime *r);
void callseq_program_goes(struct callseq_runtime *r);

/* For a suspended call that cannot go on, since the program has ended. If the call is the program
 * itself, its native thread waits here for the end of the process. */
void callseq_program_await_end(struct callseq_runtime *r, const struct callseq_abi_request *q);

/* For threads that wait: has a program that computes, or the service, leave soon. Returns 0 if the
 * holder is neither; see callseq_pace_ask. */
int callseq_program_ask(void);

#endif
