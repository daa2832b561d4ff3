/* A process that process-fork has made, in a call or while the program is loaded.
 *
 * Such a child has been born there to be a process of its own, as in any CHICKEN program. It goes
 * on as a host only if the callback or program says so: if it was not born for a thunk, and that
 * returns without an error.
 *
 * In a call of the service's a green thread may fork for a thunk that waits. That call returns
 * then, as always, but to serve again: the child has no other host until the thunk ends it.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "birth.h"
#include "exit.h"
#include "scheme.h"
#include "service.h"

#include <stdio.h>

static bool is_born_here(struct callseq_runtime *r) {
  return r->fork.birth.in_call && r->fork.birth.serial == r->fast.current.serial;
}

void callseq_scheme_born(int thunk) {
  struct callseq_runtime *r = callseq_runtime_here();
  const struct callseq_abi_request *q = r->fast.current.request;
  if (thunk && q && callseq_service_is(q->callback)) {
    r->fork.birth.serves = true;
    return;
  }
  r->fork.birth.in_call = true;
  r->fork.birth.thunk = thunk;
  r->fork.birth.serial = r->fast.current.serial;
  callseq_runtime_reply_slowly(r); /* which asks callseq_birth_returns */
}

C_word callseq_scheme_is_born(void) { return C_mk_bool(is_born_here(callseq_runtime_here())); }

void callseq_birth_returns(struct callseq_runtime *r) {
  CALLSEQ_ASSERT_HOLDER(r);
  const struct callseq_abi_request *q = r->fast.current.request;
  if (!is_born_here(r) || (q && q->status == CALLSEQ_ABI_SUSPENDED))
    return;
  if (r->fork.birth.thunk)
    callseq_birth_fails(r,
                        "a child that process-fork has made for a thunk left the thunk otherwise "
                        "than by its end",
                        NULL);
  r->fork.birth.in_call = false;
}

void callseq_birth_fails(struct callseq_runtime *r, const char *message, const char *trace) {
  CALLSEQ_ASSERT_HOLDER(r);
  if (!is_born_here(r))
    return;
  const struct callseq_abi_request *q = r->fast.current.request;
  fprintf(stderr, "\nError: %s: %s\n%s", q ? q->callback->name : "loading", message,
          trace ? trace : "");
  callseq_scheme_exit(CALLSEQ_SOFTWARE_ERROR);
}
