/* What the files of operations share. */
#ifndef OPERATIONS_PARTS_H
#define OPERATIONS_PARTS_H

#include "call.h"
#include "operations.h"

enum { HOWS = 10, UNPRINTABLE = 10, DEPTH_MAX = 6 };

/* The call has failed in the way `how`, 1 to HOWS, of callbacks.scm. */
void failed_somehow(struct call *call, int how);

/* What the call has given is the string for its id. */
void check_string(struct call *call, const char *got);

/* Plain functions of Scheme. */
int torture_plain(int), torture_plain_raise(int, int);

/* ---- Operations, for the table; some are in operations.h ---- */

void op_types(struct actor *);
void op_raise(struct actor *);
void op_mistype(struct actor *);
void op_handle(struct actor *);
void op_enter(struct actor *);
void op_escape(struct actor *);
void op_loop(struct actor *);
void op_generate(struct actor *);
void op_evaluate(struct actor *);
void op_nest(struct actor *);
void op_descend(struct actor *);
void op_unsafe(struct actor *);
void op_invoke(struct actor *);
void op_storm(struct actor *);
void op_green(struct actor *);
void op_green_nest(struct actor *);
void op_wait(struct actor *);
void op_wait_raise(struct actor *);
void op_green_wait(struct actor *);
void op_exclusively(struct actor *);
void op_lock(struct actor *);
void op_read(struct actor *);
void op_await(struct actor *);
void op_block(struct actor *);
void op_block_briefly(struct actor *);
void op_block_green(struct actor *);
void op_stall(struct actor *);
void op_churn(struct actor *);
void op_cancel(struct actor *);
void op_post(struct actor *);
void op_future(struct actor *);
void op_patience(struct actor *);
void op_notify(struct actor *);
void op_flush(struct actor *);
void op_fork(struct actor *);
void op_signal(struct actor *);
void op_own_signal(struct actor *);

#endif
