/* A continuation works within its call. Leaving a call by one from outside, or re-entering one
 * whose call has ended, fails the call that does it; it never delivers into another. */
#include "../support.h"

int escape_to_top(void), capture(int), reenter_int(void), try_reenter(int *);
char *take_trace(void), *reenter_string(void);
void reenter_void(void);
int count_to(int), first_negative(int, int), next_value(void), outer(void), leave_nested(void),
    around_capture(void), around_reenter(int);

int call_nested(void), capture_nested(void), reenter_nested(int);
int call_nested(void) {
  int result = leave_nested();
  is_int(callseq_last_status(), CALLSEQ_ERROR, "a nested call that leaves to the outer one fails");
  callseq_clear_error();
  return result;
}

int capture_nested(void) { return capture(3); }

/* At the innermost level calls of three types re-enter; 7 if each of them has failed. */
int reenter_nested(int levels) {
  int failed = 0;
  if (levels > 1)
    return around_reenter(levels - 1);
  callseq_clear_error();
  failed += reenter_int() == 0 && callseq_last_status() == CALLSEQ_ERROR;
  callseq_clear_error();
  failed += 2 * (reenter_string() == NULL && callseq_last_status() == CALLSEQ_ERROR);
  failed += 4 * (try_reenter(NULL) == CALLSEQ_ERROR);
  callseq_clear_error();
  return failed;
}

/* The captured call is one of level 0, or a nested one; of this thread, or another. */
static void reenter_from_nested(int index) {
  int right = 0;
  for (int i = 0; i < 100; i++) {
    right += i % 2 ? capture(i) == i : around_capture() == 3;
    right += around_reenter(1) == 17;
    right += around_reenter(3) == 37;
  }
  is_int(right, 300, "thread %d: re-entering from a nested call fails that one only", index);
  is_int(callseq_last_status(), CALLSEQ_OK, "and nothing else");
}

static void fails(const char *what) {
  is_int(callseq_last_status(), CALLSEQ_ERROR, "%s fails", what);
  ok(callseq_last_error() && *callseq_last_error(), "with a message");
  callseq_clear_error();
  is_int(count_to(5), 5, "and the next call is right");
}

static void reenter_everywhere(int index) {
  (void)index;
  is_int(reenter_int(), 0, "into a call of the same type");
  fails("re-entering into the same type");
  is_str(reenter_string(), NULL, "into a call of another type");
  fails("re-entering into another type");
  reenter_void();
  fails("re-entering into void");
  int result = 77;
  is_int(try_reenter(&result), CALLSEQ_ERROR, "into a call in the status form");
  is_int(result, 77, "which leaves *result alone");
  fails("re-entering into the status form");
}

/* Each thread captures and re-enters while the others do: whose continuation it is, is chance. */
static void scramble(int index) {
  int right = 0;
  for (int i = 0; i < 500; i++) {
    right += capture(i) == i;
    right += reenter_int() == 0;
    right += count_to(3) == 3;
  }
  is_int(right, 1500, "thread %d: captured continuations never deliver", index);
}

int main(void) {
  start_quietly();
  is_int(count_to(10), 10, "a loop made of continuations within one call");
  is_int(first_negative(3, -4), -4, "an early exit within one call");
  is_int(capture(5), 5, "capturing is no failure");
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed so far");

  reenter_everywhere(0);
  crew(1, reenter_everywhere);
  crew(4, scramble);

  for (int i = 1; i <= 5; i++)
    is_int(next_value(), i, "a generator resumed from call to call: %d", i);
  is_int(callseq_last_status(), CALLSEQ_OK, "and is no failure");
  is_int(outer(), 100, "the call around a nested escape goes on");
  is_int(callseq_last_status(), CALLSEQ_OK, "and is no failure");

  is_int(around_capture(), 3, "capturing in a nested call");
  is_str(reenter_string(), NULL, "into the next call");
  fails("re-entering a nested call's continuation in the next call");
  is_int(around_capture(), 3, "capturing in a nested call");
  is_int(reenter_int(), 0, "into the next call, of the same type");
  fails("re-entering a nested call's continuation in a call of the same type");

  reenter_from_nested(0);
  crew(4, reenter_from_nested);

  take_trace();
  is_int(escape_to_top(), 0, "leaving to the top level");
  fails("leaving to the top level");
  is_str(take_trace(), "inout", "on the way out the after thunk has run");
  return done();
}
