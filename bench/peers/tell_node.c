/* Row node: a thread-safe function of Node-API, its queue without a limit. This is an addon, which
 * tell_node.js loads: node is the main program. */
#include "tell.h"

#include <node_api.h>
#include <stdint.h>

static napi_threadsafe_function note;

/* By node's own thread. */
static void call_note(napi_env env, napi_value function, void *context, void *x) {
  napi_value undefined, number;
  (void)context;
  if (napi_get_undefined(env, &undefined) != napi_ok ||
      napi_create_int32(env, (int32_t)(intptr_t)x, &number) != napi_ok ||
      napi_call_function(env, undefined, function, 1, &number, NULL) != napi_ok)
    row_fail("the JavaScript function failed");
}

bool tell(int x) {
  return napi_call_threadsafe_function(note, (void *)(intptr_t)x, napi_tsfn_nonblocking) == napi_ok;
}

static napi_value end(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  double sum;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok ||
      napi_get_value_double(env, argument, &sum) != napi_ok)
    row_fail("no sum");
  tell_end(sum);
  return NULL;
}

/* begin(note, threads, events) */
static napi_value begin(napi_env env, napi_callback_info info) {
  napi_value arguments[3], name;
  size_t count = 3;
  int32_t threads, events;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok ||
      napi_get_value_int32(env, arguments[1], &threads) != napi_ok ||
      napi_get_value_int32(env, arguments[2], &events) != napi_ok ||
      napi_create_string_utf8(env, "note", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, arguments[0], NULL, name, 0, 1, NULL, NULL, NULL,
                                      call_note, &note) != napi_ok)
    row_fail("cannot make the thread-safe function");
  tell_begin(threads, events);
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_property_descriptor functions[] = {
      {.utf8name = "begin", .method = begin, .attributes = napi_default},
      {.utf8name = "end", .method = end, .attributes = napi_default},
  };
  napi_define_properties(env, exports, 2, functions);
  return exports;
}
