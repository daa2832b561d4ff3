/* Posts: calls without a result. Also callseq_post, whose callback is the library's own.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/trace.h"
#include "later_parts.h"
#include "messages.h"
#include "scheme.h"
#include "thread.h"

#include <stdlib.h>
#include <string.h>

static int post(struct callseq_runtime *r, struct callseq_abi_request *q) {
  if (callseq_later_is_small(q->callback))
    return callseq_later_put(r, q->callback, callseq_later_arguments_of(q),
                             callseq_later_words_of_arguments(q->callback), NULL);
  struct callseq_future *f = callseq_later_copy(q, CALLSEQ_LATER_POST);
  int status = f ? callseq_later_put(r, callseq_later_to_what(f), NULL, 0, NULL)
                 : callseq_later_refuse(r, CALLSEQ_NOMEM);
  if (status)
    free(f);
  return status;
}

char **callseq_abi_copy_strings(char **list, int *whole) {
  size_t n = 0;
  while (list && list[n])
    n++;
  char **copy = list ? calloc(n + 1, sizeof *copy) : NULL;
  if (list && !copy)
    *whole = 0;
  for (size_t i = 0; copy && i < n; i++)
    copy[i] = callseq_abi_copy(list[i], whole);
  return copy;
}

int callseq_abi_post(struct callseq_abi_request *q, struct callseq_abi_callback *callback,
                     int whole) {
  struct callseq_runtime *r = &callseq_runtime;
  CALLSEQ_POINT1(post, callback->name);
  q->callback = callback;
  int status = callseq_later_check(r, callback, whole);
  if (!status)
    status = post(r, q);
  if (status) {
    CALLSEQ_POINT2(refused, callback->name, status);
    callseq_later_drop_values(q);
  }
  return status;
}

/* ---- callseq_post ---- */

struct posted {
  struct callseq_abi_request request;
  void (*function)(void *); /* as in a call of callseq_invoke */
  void *argument;
  void (*dropped)(void *);
};

static struct callseq_abi_callback posted = {CALLSEQ_SCHEME_CALLBACK("callseq_post", struct posted),
                                             .later = 1};

void callseq_scheme_define_post(C_word procedure) { callseq_abi_define(&posted, procedure); }

int callseq_post(void (*function)(void *), void *argument, void (*dropped)(void *)) {
  struct callseq_runtime *r = &callseq_runtime;
  struct posted call = {.function = function, .argument = argument, .dropped = dropped};
  if (!function)
    return callseq_thread_fail(CALLSEQ_INVALID,
                               callseq_format("callseq_post: the function is NULL"));
  if (r->suspend.never)
    return callseq_thread_fail(
        CALLSEQ_INVALID,
        callseq_format("callseq_post: the program is compiled with CALLSEQ_NO_LOCK, so "
                       "nothing can be executed later"));
  call.request.callback = &posted;
  int status = callseq_later_check(r, &posted, 1);
  return status ? status : post(r, &call.request);
}

void callseq_later_call_dropped(const struct callseq_backlog_place *place) {
  if (place->what != &posted)
    return;
  struct posted call;
  memcpy(callseq_later_arguments_of(&call.request), place->words,
         callseq_later_bytes_of_arguments(&posted));
  if (!call.dropped)
    return;
  bool telling = callseq_later_set_telling(true);
  call.dropped(call.argument);
  callseq_later_set_telling(telling);
}
