/* What the library keeps for each thread: its id, its last error, its last string result.
 *
 * A thread is set up when it first calls, and tidied up when it ends. Every function concerns the
 * calling thread only. On the Scheme stack they may be called, but not inlined: see runtime.h. */
#ifndef CALLSEQ_THREAD_H
#define CALLSEQ_THREAD_H

#include "../../callseq.h"
#include "sequence/sequencer.h"

/* Sets the calling thread up, unless that has been done: partly before callseq_thread_configure,
 * wholly after it. False: the system lacks what that takes, and the thread must not call. */
bool callseq_thread_enter(void);

/* The message, malloc'd, for a call of `name` by a thread that could not be set up. */
char *callseq_thread_refusal(const char *name);

/* To be called once the configuration is known, and after callseq_overrun_watch. Sets the calling
 * thread up; others are set up when they call next. `slowly`: all calls go on taking the slow path,
 * as they did before. */
void callseq_thread_configure(bool slowly);

/* The first defers cancellation of this thread, and returns the state that it was in; the second
 * restores that state, and the thread may be cancelled there. For calls on the slow path: a thread
 * that could be cancelled takes no other. */
int callseq_thread_defer_cancel(void);
void callseq_thread_allow_cancel(int state);

/* For how many milliseconds this thread's calls wait to begin; CALLSEQ_FOREVER: for ever. */
unsigned callseq_thread_patience(void);

/* Where it is noted how this thread has waited for the runtime. Valid until the thread ends. */
struct callseq_habit *callseq_thread_habit(void);

/* In a forked child: its only thread has another id. */
void callseq_thread_forked(void);

/* Makes status, message and call chain (each malloc'd, taken over, or NULL) the thread's last
 * error. */
void callseq_thread_remember(int status, char *message, char *trace);

/* The same without a call chain, for a function of the library's that refuses: sets the thread up
 * first, and returns the status. */
int callseq_thread_fail(int status, char *message);

/* This thread is about to execute other threads' calls: failures of C code under them are not its
 * own. Puts its last error aside, until callseq_thread_take_back. */
void callseq_thread_lend(void);
void callseq_thread_take_back(void);

/* `function` is called by each thread that has been set up, when it ends and before it is tidied
 * up. To be called once, before any thread is inside. */
void callseq_thread_at_end(void (*function)(void));

#endif
