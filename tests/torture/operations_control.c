/* Continuations, evaluation, nested calls, green threads and memory: where control goes. See
 * operations.h. */
#include "call.h"
#include "callbacks.h"
#include "ledger.h"
#include "operations.h"
#include "operations_parts.h"
#include "worker.h"
#include <limits.h>

/*** Continuations ***/

void op_capture(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  int got = torture_capture(call.id);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
}

/* Of a call that has ended, or is still below. */
void op_enter(struct actor *actor) {
  int untouched = -7;
  struct call call;
  begin(&call, actor);
  switch (call.id % 4) {
  case 0:
    torture_enter_int(call.id);
    break;
  case 1:
    torture_enter_text(call.id);
    break;
  case 2:
    torture_enter_void(call.id);
    break;
  case 3:
    call.status = torture_enter_try(call.id, &untouched);
    break;
  }
  came_wrong(&call, CALLSEQ_ERROR, 1, "continuation");
  must(&call, untouched == -7, "%d failed and gave a result", call.id);
}

/* By a continuation from the loading of the program, which ends in (return-to-host). */
void op_escape(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  torture_escape(call.id);
  came_wrong(&call, CALLSEQ_ERROR, 1, "return-to-host");
}

void op_loop(struct actor *actor) {
  int n = 1 + (int)pick(actor, 20);
  struct call call;
  begin(&call, actor);
  int got = torture_loop(call.id, n);
  if (came_right(&call))
    must(&call, got == n + answer(call.id), "%d gave %d", call.id, got);
}

void op_generate(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  int got = torture_next(call.id);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
}

/*** Evaluation ***/

void op_evaluate(struct actor *actor) {
  static const char *const texts[] = {
      "(executed %d) (answer %d)",
      "(define (given id) (executed id) (answer id)) (given %d) (answer %d)",
      "(executed %d) (error (tag %d))",
      "(executed %d) (list 1 (answer %d",
  };
  enum { GOOD = 2, RAISES = 2 };
  char text[200], *printed = NULL, name[TAG_SIZE];
  unsigned how = pick(actor, 4);
  struct call call;
  begin(&call, actor);
  snprintf(text, sizeof text, texts[how], call.id, call.id);
  call.status = callseq_eval(text, &printed);
  if (how >= GOOD)
    came_wrong(&call, CALLSEQ_ERROR, 1, how == RAISES ? tag(name, call.id) : "unterminated list");
  else if (came_right(&call))
    must(&call, printed && atoi(printed) == answer(call.id), "%d gave %s", call.id, printed);
  free(printed);
}

/*** Nesting ***/

void op_nest(struct actor *actor) {
  struct call call;
  if (pick(actor, 3) == 0) {
    int how = 1 + (int)pick(actor, HOWS);
    begin(&call, actor);
    torture_nest_raise(call.id, how);
    failed_somehow(&call, how);
  } else {
    bool deep = pick(actor, 2);
    begin(&call, actor);
    int got = deep ? torture_nest_deep_down(call.id) : torture_nest(call.id);
    if (came_right(&call))
      must(&call, got == answer(call.id), "%d gave %d", call.id, got);
  }
}

void op_descend(struct actor *actor) {
  actor->descend = 20 + (int)pick(actor, 300);
  op_nest(actor);
  actor->descend = 0; /* a level may have been refused */
}

void op_unsafe(struct actor *actor) {
  struct call call;
  begin(&call, actor);
  int got = torture_unsafe(call.id);
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
}

enum { PLAIN_CALLS = 6 };

struct job {
  struct call call;
  int ids[PLAIN_CALLS], count, done;
  int how; /* to raise in the end, or 0 */
};

static void do_job(void *argument) {
  struct job *job = argument;
  struct actor *actor = job->call.actor;
  if (!job->how)
    count_execution(job->call.id);
  for (; job->done < job->count; job->done++) {
    int id = job->ids[job->done], got = torture_plain(id);
    must(&job->call, got == answer(id), "%d, a plain one, gave %d", id, got);
    if (pick(actor, 4) == 0) {
      actor->depth++;
      if (actor->depth < DEPTH_MAX)
        perform(actor, INSIDE);
      actor->depth--;
    }
  }
  if (job->how) {
    torture_plain_raise(job->call.id, job->how);
    job->done = -1; /* never reached */
  }
}

void op_invoke(struct actor *actor) {
  struct job job = {.count = (int)pick(actor, PLAIN_CALLS + 1)};
  for (int i = 0; i < job.count; i++)
    job.ids[i] = new_call(actor);
  job.how = pick(actor, 3) ? 0 : 1 + (int)pick(actor, HOWS);
  begin(&job.call, actor);
  job.call.status = callseq_invoke(do_job, &job);
  if (job.how)
    failed_somehow(&job.call, job.how);
  else
    came_right(&job.call);
  must(&job.call, job.done >= 0, "%d went on after an error", job.call.id);
  for (int i = 0; i < job.count; i++)
    settle(job.ids[i], i < job.done);
}

/*** Memory and green threads ***/

void op_storm(struct actor *actor) {
  bool deep = pick(actor, 2);
  int n = (int)pick(actor, deep ? 100000 : 3000);
  struct call call;
  begin(&call, actor);
  int got = deep ? torture_deep(call.id, n) : torture_storm(call.id, n);
  if (came_right(&call))
    must(&call, got == n + answer(call.id), "%d gave %d", call.id, got);
}

void op_green(struct actor *actor) {
  int n = (int)pick(actor, 8);
  struct call call;
  begin(&call, actor);
  int got = torture_green(call.id, n);
  if (came_right(&call))
    must(&call, got == answer(call.id) + n * (n - 1) / 2, "%d gave %d", call.id, got);
}

void op_green_nest(struct actor *actor) {
  struct call call;
  actor->green++;
  begin(&call, actor);
  int got = torture_green_nest(call.id, 1 + (int)pick(actor, 3));
  if (came_right(&call))
    must(&call, got == answer(call.id), "%d gave %d", call.id, got);
  actor->green--;
}
