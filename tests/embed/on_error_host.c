/* on_error: when it runs, on which thread, with what; and what is printed where there is none. */
#include "../support.h"

int fetch(int), try_fetch(int, int *), twice(int);

/* Written by on_error, on the thread whose call failed. */
static _Thread_local struct {
  int calls, status, nested;
  bool inside, trace;
  char message[256];
} seen;

static int data;

static void on_error(void *pointer, int status, const char *message) {
  seen.calls++;
  seen.status = pointer == &data ? status : -1;
  seen.inside = callseq_inside();
  snprintf(seen.message, sizeof seen.message, "%s", message);
  seen.trace = callseq_last_trace() && strstr(callseq_last_trace(), "on_error.scm");
  if (message != callseq_last_error() || status != callseq_last_status())
    seen.status = -2;
  seen.nested = twice(seen.calls); /* a callback may be called here */
}

static void handler_on_each_thread(int index) {
  for (int i = 0; i < 200; i++)
    fetch(i);
  is_int(seen.calls, 100, "thread %d: once for each failure", index);
  is_int(seen.status, CALLSEQ_ERROR, "thread %d: data, status and message are handed over", index);
  ok(strstr(seen.message, "no such record") && strstr(seen.message, "199"),
     "thread %d: the message is its own call's: %s", index, seen.message);
  ok(seen.trace, "thread %d: the call chain is there, with Scheme's file", index);
  ok(!seen.inside, "thread %d: it runs outside Scheme", index);
  is_int(seen.nested, 200, "thread %d: it may call Scheme", index);
  try_fetch(1, NULL);
  is_int(seen.calls, 100, "thread %d: the status form does not run it", index);
}

static void with_handler(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = on_error;
  config.on_error_data = &data;
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");
  crew(4, handler_on_each_thread);
}

static int without_handler(void) {
  callseq_init();
  fetch(17);
  try_fetch(19, NULL);
  return callseq_last_status();
}

static int before_init(void) {
  printf("%d", fetch(2));
  printf(" %d", fetch(2));
  printf(" %d", callseq_last_status());
  printf(" %d", try_fetch(2, NULL));
  return 0;
}

static int count(const char *text, const char *part) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, part)); at++)
    n++;
  return n;
}

int main(void) {
  struct outcome told = in_child(without_handler);
  is_int(told.code, CALLSEQ_ERROR, "without on_error the process goes on");
  ok(strstr(told.err, "Error: ") && strstr(told.err, "(fetch) no such record: 17"),
     "the message is printed with its location: %s", told.err);
  ok(strstr(told.err, "Call history:"), "with the call chain");
  ok(!strstr(told.err, "19"), "nothing is printed for the status form");

  struct outcome closed = in_child(before_init);
  is_str(closed.out, "0 0 2 2", "before init a call gives zero and CALLSEQ_CLOSED");
  is_int(count(closed.err, "callseq_init"), 1, "what to do about it is printed once: %s",
         closed.err);

  with_handler();
  return done();
}
