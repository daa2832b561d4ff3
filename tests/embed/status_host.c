/* The status form and the record of the last failure: per thread, kept until the next failure or
 * until it is cleared. */
#include "../support.h"
#include <stdatomic.h>

int divide(int, int, int *), fail_with(const char *), halve(double, double *);
int shout(const char *, char **), is_even(int, int *), next_char(char, char *);
int divide_plainly(int, int);
void fail_below(void);

static int reports;

static void count_report(void *data, int status, const char *message) {
  (void)status, (void)message;
  ++*(int *)data;
}

static void no_failure_here(int index) {
  (void)index;
  is_int(callseq_last_status(), CALLSEQ_OK, "another thread has no failure");
  is_str(callseq_last_error(), NULL, "another thread has no message");
  is_str(callseq_last_trace(), NULL, "another thread has no call chain");
}

static void own_message(int index) {
  char text[32];
  snprintf(text, sizeof text, "problem %d", index);
  for (int i = 0; i < 100; i++) {
    fail_with(text);
    if (!strstr(callseq_last_error(), text)) {
      is_str(callseq_last_error(), text, "each thread finds its own message");
      return;
    }
  }
  ok(true, "each thread finds its own message");
}

static _Atomic(pthread_t) observer; /* the first thread of failures_of_others */
static atomic_int lent;             /* calls of fail_below that the observer executed */
static atomic_bool over;

/* Under Scheme, on whichever thread executes the callback. */
void fail_in_c(void);
void fail_in_c(void) {
  if (pthread_equal(pthread_self(), atomic_load_explicit(&observer, memory_order_relaxed)))
    atomic_fetch_add_explicit(&lent, 1, memory_order_relaxed);
  divide(1, 0, NULL);
}

/* Calls until it has executed failing calls of others too, and so many calls of its own. How many
 * of those left its record as `status`, with this message and call chain. */
static int call_among_failures(int calls, int status, const char *message, const char *trace) {
  int right = 0, before = atomic_load_explicit(&lent, memory_order_relaxed);
  for (int i = 0; i < calls || atomic_load_explicit(&lent, memory_order_relaxed) == before; i++) {
    is_even(i, NULL);
    bool is_mine = callseq_last_status() == status && callseq_last_error() == message &&
                   callseq_last_trace() == trace;
    right += i < calls && is_mine;
  }
  return right;
}

static void failures_of_others(int index) {
  enum { TURNS = 5000 };
  if (index) {
    while (!atomic_load_explicit(&over, memory_order_relaxed))
      fail_below();
    return;
  }
  atomic_store_explicit(&observer, pthread_self(), memory_order_relaxed);
  is_int(call_among_failures(TURNS, CALLSEQ_OK, NULL, NULL), TURNS,
         "failures of C code under others' calls are not in this thread's record");

  fail_with("my own");
  const char *message = callseq_last_error(), *trace = callseq_last_trace();
  char *copy = strdup(message), *trace_copy = strdup(trace);
  is_int(call_among_failures(TURNS, CALLSEQ_ERROR, message, trace), TURNS,
         "nor do they touch its own message, call chain and status");
  is_str(message, copy, "nor the text of the message");
  is_str(trace, trace_copy, "nor that of the call chain");
  free(copy);
  free(trace_copy);
  atomic_store_explicit(&over, true, memory_order_relaxed);
}

static int drop_strings(int times) {
  char text[1001];
  int right = 0;
  memset(text, 'x', 1000);
  text[1000] = '\0';
  for (int i = 0; i < times; i++)
    right += shout(text, NULL) == CALLSEQ_OK;
  return right;
}

static void dropped_strings(void) {
  enum { CALLS = WATCHED ? 30000 : 300000, ALLOWED_KB = 16384 };
  int right = 0;
  long growth = growth_kb(drop_strings, CALLS, &right);
  is_int(right, CALLS, "c-string with a NULL result");
  ok(WATCHED || growth < ALLOWED_KB, "%d of them later, resident memory has grown by %ld KB", CALLS,
     growth);
}

static void strerrors(void) {
  for (int status = CALLSEQ_OK; status <= CALLSEQ_FORKED; status++) {
    const char *text = callseq_strerror(status);
    ok(text && *text, "status %d has a text: %s", status, text);
    for (int other = CALLSEQ_OK; other < status; other++)
      if (!strcmp(text, callseq_strerror(other)))
        ok(false, "status %d and %d have the same text", status, other);
  }
  ok(callseq_strerror(-1) && callseq_strerror(1000), "an unknown status has a text too");
}

int main(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = count_report;
  config.on_error_data = &reports;
  config.batch_busy = 1; /* so that batches come about */
  is_int(callseq_last_status(), CALLSEQ_OK, "no failure before init");
  is_str(callseq_last_error(), NULL, "no message before init");
  is_str(callseq_last_trace(), NULL, "no call chain before init");
  is_int(divide(1, 1, NULL), CALLSEQ_CLOSED, "closed");
  is_str(callseq_last_trace(), NULL, "a failure outside Scheme code has no call chain");
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");

  int result = 77;
  is_int(divide(42, 6, &result), CALLSEQ_OK, "success");
  is_int(result, 7, "success: result");
  is_int(divide(1, 0, &result), CALLSEQ_ERROR, "failure");
  is_int(result, 7, "failure leaves *result alone");
  is_int(callseq_last_status(), CALLSEQ_ERROR, "failure is recorded");
  ok(strstr(callseq_last_error(), "division by zero"), "with Scheme's message: %s",
     callseq_last_error());
  ok(callseq_last_trace() && strstr(callseq_last_trace(), "status.scm"),
     "and the call chain, with Scheme's file: %s", callseq_last_trace());
  is_int(divide(1, 0, NULL), CALLSEQ_ERROR, "failure with a NULL result");
  is_int(divide(1, 1, NULL), CALLSEQ_OK, "success with a NULL result");
  is_int(callseq_last_status(), CALLSEQ_ERROR, "success does not clear the record");
  fail_with("the newest");
  ok(strstr(callseq_last_error(), "the newest"), "the newest failure is recorded");
  crew(1, no_failure_here);
  callseq_clear_error();
  is_int(callseq_last_status(), CALLSEQ_OK, "cleared");
  is_str(callseq_last_error(), NULL, "cleared: no message");
  is_str(callseq_last_trace(), NULL, "cleared: no call chain");
  is_int(reports, 0, "on_error never runs for the status form");
  is_int(divide_plainly(1, 0), 0, "the plain form gives zero");
  is_int(reports, 1, "and runs on_error");

  double half = 1;
  is_int(halve(5, &half), CALLSEQ_OK, "double");
  ok(half == 2.5, "double: result");
  is_int(halve(-5, &half), CALLSEQ_ERROR, "double: failure");
  ok(half == 2.5, "double: *result is left alone");
  char *text = NULL;
  is_int(shout("hey", &text), CALLSEQ_OK, "c-string");
  is_str(text, "hey!", "c-string: result");
  is_int(shout(NULL, &text), CALLSEQ_ERROR, "c-string: failure");
  int even = 5;
  is_int(is_even(4, &even), CALLSEQ_OK, "bool");
  is_int(even, 1, "bool: result is an int");
  char bytes[2] = {'a', 'z'};
  is_int(next_char('k', bytes), CALLSEQ_OK, "char");
  is_int(bytes[0], 'l', "char: result");
  is_int(bytes[1], 'z', "char: nothing is written behind it");
  is_int(next_char((char)255, bytes), CALLSEQ_ERROR, "char: failure");

  crew(4, own_message);
  crew(4, failures_of_others);
  dropped_strings();
  strerrors();
  return done();
}
