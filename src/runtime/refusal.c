/* Which calls are refused while the runtime is being closed, and after that: all but those that are
 * a part of what is in progress. These are made by C code under Scheme, or by the blocking C
 * function of a call that is let end.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "close.h"
#include "failure.h"
#include "scheme.h"
#include "suspend.h"

/* Is this thread's call a part of what is in progress? */
static bool is_part(struct callseq_runtime *r, uint32_t state) {
  switch (callseq_suspend_blocks(r)) {
  case CALLSEQ_BLOCKS_NOT:
    return false;
  case CALLSEQ_BLOCKS_IN_PROGRAM:
    return true;
  case CALLSEQ_BLOCKS_IN_GREEN_THREAD:
    return state == CALLSEQ_CLOSE_CLOSING || r->program.hosts;
  default:
    return state == CALLSEQ_CLOSE_CLOSING;
  }
}

bool callseq_close_refuses(struct callseq_runtime *r) {
  uint32_t state = callseq_close_state(r);
  return state != CALLSEQ_CLOSE_OPEN && !is_part(r, state);
}

/* Only a call that has come by the fast path is looked at: others have looked before they queued.
 */
bool callseq_close_refuses_current(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_IN_SCHEME(r);
  return r->fast.current.reply_to == CALLSEQ_ABI_TO_CALLER &&
         !r->fast.current.request->callback->internal && callseq_close_refuses(r);
}

/* (refused serial request) */
C_word callseq_scheme_refuse(C_word serial) {
  struct callseq_runtime *r = callseq_runtime_here();
  callseq_failure_closed(r, r->fast.current.request);
  return callseq_scheme_reply_void(serial);
}
