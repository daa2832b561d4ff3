/* Calls from inside Scheme nest: many levels, with errors on each side, too deep, on several
 * threads; and callseq_inside knows. */
#include "../support.h"

int down(int), fail(int), outer_of_fail(int), outer_fails_too(int), winders_run(void);
int inside_here(void), inside_safe_here(void), twice(int);
char *greet(const char *), *greet_twice(const char *), *outer_with_handler(int);

int call_down(int), call_fail(int);
char *call_greet(const char *);

int call_down(int n) { return down(n); }

/* The nested call's failure is told to the thread that made it: the one that executes this. */
int call_fail(int n) {
  char text[32];
  snprintf(text, sizeof text, "inner failure: %d", n);
  return fail(n) == 0 && callseq_last_status() == CALLSEQ_ERROR &&
         strstr(callseq_last_error(), text) != NULL;
}

char *call_greet(const char *name) { return greet(name); }

static void nested_errors(int index) {
  int right = 0;
  for (int i = 0; i < 500; i++) {
    right += outer_of_fail(i) == 1001;
    right += !strcmp(outer_with_handler(i), "went on");
    right += outer_fails_too(i) == 0 && callseq_last_status() == CALLSEQ_ERROR &&
             strstr(callseq_last_error(), "outer failure");
    right += down(3) == 3;
  }
  is_int(right, 2000, "thread %d: an inner failure is its caller's to see, and stops there", index);
}

static void many_levels(int index) {
  is_int(down(3), 3, "thread %d: 3 levels", index);
  is_int(down(200), 200, "thread %d: 200 levels", index);
  is_str(greet_twice("you"), "hello you, hello you", "thread %d: nested strings", index);
}

static void too_deep(void) {
  callseq_clear_error();
  int reached = down(100000);
  ok(reached > 200 && reached < 100000, "too many levels: %d were made", reached);
  ok(callseq_last_status() != CALLSEQ_OK, "the call that had no room failed: %s",
     callseq_last_error());
  is_int(down(200), 200, "200 levels work again");
}

int main(void) {
  start_quietly();
  ok(!callseq_inside(), "outside");
  is_int(inside_here(), 1, "inside, under foreign-lambda");
  is_int(inside_safe_here(), 1, "inside, under foreign-safe-lambda");
  ok(!callseq_inside(), "outside again");
  fail(1);
  ok(!callseq_inside(), "outside after a failure");

  callseq_clear_error();
  many_levels(0);
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed");
  crew(4, many_levels);
  nested_errors(0);
  is_int(winders_run(), 500, "the outer call's winders ran once each");
  crew(4, nested_errors);
  too_deep();
  crew(1, many_levels);
  return done();
}
