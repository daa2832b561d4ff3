/* What a row of `make bench-peers` provides, and what threads.c gives it.
 *
 * A row is one program: threads.c, and a file that says how a thread that the runtime did not make
 * calls a function of its language, the one that adds 100 to an int. Errors in that function must
 * not end the process, so a row takes the protected call where its manual has two. */
#ifndef ROW_H
#define ROW_H

#include "measure.h"

/* The runtime and its version, for people. */
extern const char row_version[];

/* Makes the runtime ready. Called once, by the main thread, which then stays outside for good. */
void row_start(void);

/* Prepares the calling thread for calls, runs body(argument), and undoes the preparation. */
void row_thread(void (*body)(void *), void *argument);

/* One call: x + 100. */
int row_call(int x);

#endif
