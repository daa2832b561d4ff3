/* What a row of the second table of `make bench-peers` provides, and what tell.c gives it.
 *
 * Native threads tell a runtime of a million events, and do not wait until it has dealt with them.
 * A row is one program: tell.c, and a file that says how a thread that the runtime did not make
 * leaves an event, and which thread runs the runtime. The function that an event is for adds its
 * number to a sum, and counts; with the last of them it calls tell_end. */
#ifndef TELL_H
#define TELL_H

#include "measure.h"

#include <stdbool.h>

/* The runtime and its version, for people. */
extern const char tell_version[];

/* Makes the runtime ready for `events` events. Called once, by the main thread. */
void tell_start(int events);

/* Leaves event x. Any thread but the main one. False: there is no room for it yet. */
bool tell(int x);

/* Has the main thread run the runtime, for good, or sleep where another thread does. */
void tell_serve(void);

/* The sum of all events, by the thread that has dealt with the last. Ends the program. */
void tell_end(double sum);

/* Starts the threads, which tell at once. For a row whose main program is not tell.c's. */
void tell_begin(int threads, int events);

#endif
