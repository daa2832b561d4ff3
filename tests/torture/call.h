/* call.h: one call, and what must hold round every call.
 *
 *   struct call call;
 *   begin(&call, actor);
 *   int got = torture_int(call.id);          a /status form: call.status = torture_try(call.id,
 * ...) if (came_right(&call)) must(&call, got == answer(call.id), "result");
 *
 * begin() gives the call an id, and now and then sets the thread up oddly. What ends it checks that
 * the thread is as it was, that status, message and on_error agree and are of this very call, and
 * settles it in the ledger. */
#ifndef CALL_H
#define CALL_H

#include "ledger.h"
#include <signal.h>

/* What belongs to the calling thread. */
struct manners {
  int error, rounding, exceptions;
  sigset_t mask;
};

struct call {
  struct actor *actor;
  int id;
  int status;   /* what a /status form has returned; else NOT_TOLD */
  int reports;  /* how often on_error ran */
  bool inside;  /* made by C code under Scheme: may be refused where the nursery is short */
  bool briefly; /* its thread has a small stack */
  struct call *outer;
  struct manners usual, odd;
};

void begin(struct call *, struct actor *);

/* The innermost call that this thread has made and that has not ended; or NULL. */
const struct call *call_in_progress(void);

/* For C code that runs outside under that call: the thread as it usually is; and odd again. The
 * former asserts that it is as the caller has left it. */
void be_usual(const struct call *);
void be_odd(const struct call *);

/* Asserts success. False where the call was refused, properly, for want of room. */
bool came_right(struct call *);

/* Asserts a failure after `executed` executions, with `text` in its message. False where it was
 * refused. */
bool came_wrong(struct call *, int status, int executed, const char *text);

#define must(call, condition, ...)                                                                 \
  ((condition) ? (void)0 : fail((call)->actor, "call " __VA_ARGS__))

enum { CHILD_DONE = 77 }; /* the exit code of a forked child in which all was right */

/* Waits for the process to end, for ever, if an exit is under way; a forked child ends itself then.
 */
void mind_exit(void);

/* For callseq_config: the on_error of all calls. */
void note_error(void *data, int status, const char *message);

/* What a message of this call says: nobody else's may. */
enum { TAG_SIZE = 32 };
const char *tag(char *text, int id);

#endif
