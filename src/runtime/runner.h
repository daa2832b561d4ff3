/* The runner: a thread of the library's that makes a call whenever it is told to, so that something
 * is done in Scheme though no thread of the host's calls. There is none until it is asked for. */
#ifndef CALLSEQ_RUNNER_H
#define CALLSEQ_RUNNER_H

#include <stdbool.h>

struct callseq_abi_callback;

/* For the holder. Makes the runner unless there is one; it will call `callback`, always the same
 * one, which has neither arguments nor result. False if it cannot be had; the first time a line on
 * standard error says why, and what that means: `lacking`. */
bool callseq_runner_start(struct callseq_abi_callback *callback, const char *lacking);

/* Has it make a call soon, which begins after this; what it is told meanwhile may be one call
 * with it. Nothing happens where there is no runner. Any thread may tell it, and so may a signal
 * handler. */
void callseq_runner_tell(void);

/* In a forked child: makes the child's runner if the parent had one. What the parent's was told
 * is forgotten. */
void callseq_runner_forked(void);

#endif
