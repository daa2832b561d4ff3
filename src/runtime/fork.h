/* What is done round fork, in the parent and in the child. Needs runtime.h before it. */
#ifndef CALLSEQ_FORK_H
#define CALLSEQ_FORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Holds the runtime while a thread forks that is not inside: no thread's number. */
#define CALLSEQ_FORK_HOLDER ((uint32_t)INT32_MAX + 1)

/* Are the handlers of fork registered? They are, from before the first thread could come on, unless
 * there was no memory for that; then this tries again. By the thread that sets up, under its mutex.
 */
bool callseq_fork_ready(void);

/* The calling thread may be in a handler of the host's that runs while a fork is in progress. If
 * it is one of the child's, what the child has to do is done now, and the fork is over. */
void callseq_fork_catch_up(void);

/* Does the calling thread, in such a handler, hold the mutex of set-up? */
bool callseq_fork_holds_setup(void);

/* Does it hold the runtime, without being inside? Then it is inside from callseq_fork_enter to
 * callseq_fork_leave, which give and take the sequencer's lock its number. */
bool callseq_fork_holds_runtime(void);
void callseq_fork_enter(void);
void callseq_fork_leave(void);

/* A call is about to return to C code, or has failed; by the holder. If this process was born in
 * it to do something else, it ends here. `message` and `trace` are the failure's. */
void callseq_fork_returns(struct callseq_runtime *r);
void callseq_fork_fails(struct callseq_runtime *r, const char *message, const char *trace);

/* There is a callback whose calls take up so many bytes. False: no memory. By the holder. */
bool callseq_fork_make_room(struct callseq_runtime *r, size_t bytes);

#endif
