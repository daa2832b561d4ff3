/* The table of operations, and what Scheme calls; see operations.h. */
#include "operations.h"
#include "call.h"
#include "callbacks.h"
#include "operations_parts.h"
#include "worker.h"

bool enabled[OPERATIONS_MAX], suspends;

/*** What Scheme calls ***/

/* Not atomic on purpose: only the owner of the runtime may touch it. */
static long executed_here;

void torture_executed(int), torture_nested(int), torture_nested_unsafe(int);

void torture_executed(int id) {
  executed_here++;
  count_execution(id);
}

void torture_nested(int id) {
  struct actor *actor = actor_of(id);
  actor->depth++;
  if (actor->descend > 0) {
    actor->descend--;
    op_nest(actor);
  } else if (actor->depth < DEPTH_MAX) {
    perform(actor, INSIDE);
  } else {
    op_types(actor);
  }
  actor->depth--;
}

void torture_nested_unsafe(int id) {
  struct call call;
  int result = 0;
  begin(&call, actor_of(id));
  call.status = torture_try(call.id, 0, &result);
  came_wrong(&call, CALLSEQ_UNSAFE, 0, "foreign-safe-lambda");
}

void check_count(struct actor *actor) {
  long counted = (long)torture_count();
  mind_exit();
  if (counted != executed_here)
    fail(actor, "Scheme has counted %ld calls, C %ld", counted, executed_here);
}

/*** The table ***/

const struct operation operations[] = {
    {"types", 100, OUTSIDE | INSIDE | BRIEFLY, op_types},
    {"raise", 30, OUTSIDE | INSIDE | BRIEFLY, op_raise},
    {"mistype", 20, OUTSIDE | INSIDE | BRIEFLY, op_mistype},
    {"handle", 40, OUTSIDE | INSIDE, op_handle},
    {"capture", 10, OUTSIDE | INSIDE, op_capture},
    {"enter", 20, OUTSIDE | INSIDE, op_enter},
    {"escape", 10, OUTSIDE, op_escape},
    {"escape-nested", 10, INSIDE, op_escape},
    {"loop", 10, OUTSIDE | INSIDE | BRIEFLY, op_loop},
    {"generate", 10, OUTSIDE | INSIDE | BRIEFLY, op_generate},
    {"nest", 40, OUTSIDE | INSIDE, op_nest},
    {"descend", 2, OUTSIDE, op_descend},
    {"unsafe", 10, OUTSIDE | INSIDE, op_unsafe},
    {"invoke", 30, OUTSIDE | INSIDE, op_invoke},
    {"evaluate", 10, OUTSIDE | INSIDE, op_evaluate},
    {"storm", 3, OUTSIDE | INSIDE, op_storm},
    {"green", 5, OUTSIDE | INSIDE, op_green},
    {"green-nest", 3, OUTSIDE | INSIDE, op_green_nest},
    {"wait", 20, OUTSIDE | BRIEFLY, op_wait},
    {"wait-nested", 2, INSIDE, op_wait},
    {"wait-raise", 5, OUTSIDE | BRIEFLY, op_wait_raise},
    {"green-wait", 4, OUTSIDE, op_green_wait},
    {"exclusively", 2, OUTSIDE | BRIEFLY, op_exclusively},
    {"lock", 5, OUTSIDE | BRIEFLY, op_lock},
    {"read", 5, OUTSIDE | INSIDE, op_read},
    {"await", 5, OUTSIDE, op_await},
    {"block", 20, OUTSIDE | INSIDE, op_block},
    {"block-briefly", 20, BRIEFLY, op_block_briefly},
    {"block-green", 2, OUTSIDE, op_block_green},
    {"stall", 1, OUTSIDE | INSIDE, op_stall},
    {"churn", 10, OUTSIDE, op_churn},
    {"cancel", 5, OUTSIDE, op_cancel},
    {"post", 20, OUTSIDE | INSIDE | BRIEFLY, op_post},
    {"future", 20, OUTSIDE | INSIDE | BRIEFLY, op_future},
    {"notify", 10, OUTSIDE | INSIDE | BRIEFLY, op_notify},
    {"flush", 3, OUTSIDE, op_flush},
    {"patience", 20, OUTSIDE | BRIEFLY, op_patience},
    {"fork", 3, OUTSIDE | INSIDE, op_fork},
    {"signal", 20, OUTSIDE | INSIDE, op_signal},
    {"own-signal", 10, OUTSIDE, op_own_signal},
    {NULL, 0, 0, NULL},
};

int operation_named(const char *name, size_t length) {
  for (int i = 0; operations[i].name; i++)
    if (strlen(operations[i].name) == length && !strncmp(operations[i].name, name, length))
      return i;
  return -1;
}

void perform(struct actor *actor, int place) {
  unsigned total = 0;
  int i = 0, before = actor->operation;
  for (int j = 0; operations[j].name; j++)
    if (enabled[j] && (operations[j].places & place))
      total += operations[j].weight;
  if (total == 0)
    return;
  unsigned dice = pick(actor, total);
  for (;; i++)
    if (enabled[i] && (operations[i].places & place)) {
      if (dice < operations[i].weight)
        break;
      dice -= operations[i].weight;
    }
  actor->operation = i;
  operations[i].run(actor);
  actor->operation = before;
}
