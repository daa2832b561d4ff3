/* What is done round fork, in the parent and in the child: how (fork.c), and what (fork_steps.c).
 * Needs runtime.h before it. */
#ifndef CALLSEQ_FORK_H
#define CALLSEQ_FORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Holds the runtime while a thread forks that is not inside: no thread's number. */
#define CALLSEQ_FORK_HOLDER ((uint32_t)INT32_MAX + 1)

/* Are the handlers of fork registered? A constructor of the library registers them; if it had no
 * memory for that, this tries again. By the thread that sets up, under its mutex. */
bool callseq_fork_ready(void);

/* The calling thread may be in a handler of the host's, which runs while a fork is in progress. If
 * that is in the child, the steps of the child are done now, and the fork is over. */
void callseq_fork_catch_up(void);

/* Does the calling thread, in such a handler, hold the mutex of set-up? */
bool callseq_fork_holds_setup(void);

/* Does the calling thread, in such a handler, hold the runtime without being inside? Then it is
 * inside from callseq_fork_enter to callseq_fork_leave: in between the sequencer's lock has the
 * thread's own number. */
bool callseq_fork_holds_runtime(void);
void callseq_fork_enter(void);
void callseq_fork_leave(void);

/* The table: what is done before fork, from its beginning to its end, and from there to the
 * beginning after it, in the parent or in the child. Any of these may be NULL. To be called once,
 * before a thread could fork. */
struct callseq_fork_step {
  void (*before)(void);
  void (*after)(void);
  void (*in_child)(void);
};
void callseq_fork_register(const struct callseq_fork_step *steps, int count);

/* Steps of the table that fork.c has itself, by the thread that forks. They concern the mutex of
 * set-up, the runtime, and those that wait for it. */
void callseq_fork_wait_for_setup(void);
void callseq_fork_let_set_up(void);
void callseq_fork_let_child_set_up(void);
void callseq_fork_take_runtime(void);
void callseq_fork_give_up_runtime(void);
void callseq_fork_forget_waiters(void);

/* A call may take up so many bytes: keeps memory to copy one in a forked child. False: there is
 * none. Holder, or set-up. */
bool callseq_fork_make_room(struct callseq_runtime *r, size_t bytes);

#endif
