/* A callback called from C under a plain foreign-lambda fails with CALLSEQ_UNSAFE, at the first
 * level and below a nested call, and the Scheme code that called C goes on. */
#include "../support.h"

int twice(int), try_twice(int, int *), plainly(void), safely(void), invoking(void),
    nested_plainly(void);

int try_callback(void), try_invoke(void), enter(void);

/* 1 where the plain form fails as it should; plus ten times the status form's answer. */
int try_callback(void) {
  callseq_clear_error();
  int result = 0, plain = twice(21);
  int failed = plain == 0 && callseq_last_status() == CALLSEQ_UNSAFE &&
               strstr(callseq_last_error(), "foreign-safe-lambda");
  return failed + 10 * try_twice(21, &result);
}

static bool invoked;

static void set_invoked(void *argument) { *(bool *)argument = true; }

int try_invoke(void) { return callseq_invoke(set_invoked, &invoked); }

/* Under a safe lambda: a nested call, in which a plain lambda tries again. */
int enter(void) { return plainly(); }

static void from_scheme(int index) {
  int right = 0;
  for (int i = 0; i < 200; i++) {
    right += plainly() == 1 + 10 * CALLSEQ_UNSAFE;
    right += safely() == 0;
    right += nested_plainly() == 2 * (1 + 10 * CALLSEQ_UNSAFE);
    right += twice(i) == 2 * i;
  }
  is_int(right, 800, "thread %d: CALLSEQ_UNSAFE under foreign-lambda only", index);
}

int main(void) {
  start_quietly();
  is_int(safely(), 0, "foreign-safe-lambda: allowed");
  is_int(plainly(), 1 + 10 * CALLSEQ_UNSAFE, "foreign-lambda: refused, naming the remedy");
  is_int(nested_plainly(), 2 * (1 + 10 * CALLSEQ_UNSAFE),
         "foreign-lambda in a nested call: refused");
  is_int(invoking(), CALLSEQ_UNSAFE, "callseq_invoke under foreign-lambda: refused");
  ok(!invoked, "and its function does not run");
  from_scheme(0);
  crew(4, from_scheme);
  return done();
}
