/* Calls from inside Scheme nest: many levels, with errors on each side, too deep, on several
 * threads; and callseq_inside knows. */
#include "../support.h"

int down(int), fail(int), outer_of_fail(int), outer_fails_too(int), winders_run(void);
int inside_here(void), inside_safe_here(void), twice(int);
int outer_of_failures(int), leave(int), outer_of_leave(int), outer_of_leaves(int);
char *greet(const char *), *greet_twice(const char *), *outer_with_handler(int);

int call_down(int), call_fail(int), call_leave(int), leave_often(int), fail_often(int);
char *call_greet(const char *);

/* How deep is not too deep: the nursery limits it, by default a quarter as large on a 32-bit CPU.
 */
#ifdef CALLSEQ_SHRUNKEN
enum { LEVELS = 30 };
#else
enum { LEVELS = sizeof(void *) == 8 ? 300 : 150 };
#endif

int call_down(int n) { return down(n); }

/* The nested call's failure is told to the thread that made it: the one that executes this. */
int call_fail(int n) {
  char text[32];
  snprintf(text, sizeof text, "inner failure: %d", n);
  return fail(n) == 0 && callseq_last_status() == CALLSEQ_ERROR &&
         strstr(callseq_last_error(), text) != NULL;
}

char *call_greet(const char *name) { return greet(name); }

int fail_often(int times) {
  int told = 0;
  for (int i = 0; i < times; i++) {
    callseq_clear_error();
    told += fail(i) == 0 && callseq_last_status() == CALLSEQ_ERROR;
  }
  return told;
}

int call_leave(int levels) { return leave(levels); }

int leave_often(int times) {
  int told = 0;
  for (int i = 0; i < times; i++) {
    callseq_clear_error();
    told += leave(i % 3) == i % 3 && callseq_last_status() == CALLSEQ_ERROR;
  }
  return told;
}

static int leave_and_raise(int times) {
  int right = 0;
  for (int i = 0; i < times; i++)
    right += outer_of_leave(0) == 0 && outer_of_fail(i) == 1001;
  return right;
}

/* In one call of level 0, so that nothing in between can put right what a failure leaves behind;
 * then in one each. */
static void many_failures(void) {
  enum { ALLOWED_KB = 4096 };
  int failures = often(WATCHED ? 10000 : 100000), escapes = failures / 5, raised = 0, left = 0,
      right = 0;
  long growth = growth_kb(outer_of_failures, failures, &raised);
  is_int(raised, failures, "nested calls that raise, each of them told");
  growth += growth_kb(outer_of_leaves, escapes, &left);
  is_int(left, escapes, "nested calls that leave to the outer call fail");
  growth += growth_kb(leave_and_raise, escapes, &right);
  is_int(right, escapes, "the outer calls go on");
  ok(WATCHED || growth < ALLOWED_KB, "resident memory grew by %ld KB", growth);
  is_int(outer_of_leave(5), 5, "the levels between end one after the other");
  is_int(down(LEVELS), LEVELS, "there is room for %d levels as before", LEVELS);
}

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
  is_int(down(LEVELS), LEVELS, "thread %d: %d levels", index, LEVELS);
  is_str(greet_twice("you"), "hello you, hello you", "thread %d: nested strings", index);
}

static void too_deep(void) {
  callseq_clear_error();
  int reached = down(100000);
  ok(reached > LEVELS && reached < 100000, "too many levels: %d were made", reached);
  ok(callseq_last_status() != CALLSEQ_OK, "the call that had no room failed: %s",
     callseq_last_error());
  int again = 0;
  for (int i = 0; i < 20; i++)
    again += down(100000) > LEVELS;
  is_int(again, 20, "again and again");
  is_int(down(LEVELS), LEVELS, "%d levels work again", LEVELS);
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
  many_failures();
  crew(1, many_levels);
  return done();
}
