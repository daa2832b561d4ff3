/* Names of arguments, and a module's own procedures, do not reach into the generated code. */
#include "../support.h"

int syntax(int, int, int, int, int), keywords(int, int, int, int, int);
char *procedures(const char *, int, const char *);
int internals(int, int, int, int, int), try_internals(int, int, int, int, int *);
int scheme_like(int, int, int, int), wrong(void);
char *own(const char *);
int alike(int), alike_inline(int), alike_call(int), inline_alike(int), slowly(int);
int callback_of_alike(int), try_typed(void *, void **);
void *typed(void *, void *, char *);
int hidden_global(int, int), hidden_own(int, int), hidden_total(void);
double macro_double(double);
int macro_plain(int), macro_status(int, int *), macro_explicit(int), macro_implicit(int);
int macro_named(int), macro_local(int), macro_later_result(callseq_future *, int *);
callseq_future *macro_later(int);

static void macros(void) {
  is_int(hidden_global(1, 20), 1020,
         "a body sees the program's variable, not the macro's argument");
  is_int(hidden_own(2, 30), 30, "or its own argument, called like the macro's");
  is_int(hidden_total(), 3, "the macro sees its own");
  ok(macro_double(2.5) == 2.5, "a macro has the type from its user");
  int result = 0;
  is_int(macro_plain(1), 2, "one makes two callbacks");
  is_int(macro_status(1, &result), CALLSEQ_OK, "the second one");
  is_int(result, 3, "too");
  is_int(macro_explicit(2), 6, "one that renames explicitly");
  is_int(macro_implicit(2), 8, "or implicitly");
  is_int(macro_named(2), 10, "one that names its callback itself");
  is_int(macro_local(2), 14, "a local one");
  is_int(macro_later_result(macro_later(2), &result), CALLSEQ_OK, "and one for a future");
  is_int(result, 16, "have theirs");
}

int main(void) {
  start_quietly();
  is_int(syntax(100, 20, 3, 4, 5), 68, "arguments called like syntax");
  is_str(procedures("a", 1, "b"), "ab", "arguments called like procedures");
  is_int(keywords(100, 20, 3, 4, 5), 68, "arguments called like C keywords");
  is_int(internals(100, 20, 3, 4, 5), 68, "arguments called like parts of generated code");
  int result = 0;
  is_int(try_internals(100, 20, 3, 4, &result), CALLSEQ_OK, "the same in the status form");
  is_int(result, 73, "the same in the status form: result");
  is_int(scheme_like(100, 20, 3, 4), 73, "arguments that are no C identifiers");
  is_int(alike(1), 1, "callbacks whose names begin alike");
  is_int(alike_inline(1), 2, "... _inline");
  is_int(alike_call(1), 3, "... _call");
  is_int(inline_alike(1), 4, "... or end alike");
  is_int(slowly(1), 5, "... or are parts of the library's names");
  is_int(callback_of_alike(1), 6, "... or of generated ones");
  void *same = 0;
  ok(typed(&result, 0, strdup("given")) == &result, "types and macros called like generated names");
  ok(!try_typed(&result, &same) && same == &result, "the same in the status form");
  macros();
  is_str(own("text"), "mine", "a module's own procedures are used in its bodies");
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed so far");
  is_int(wrong(), 0, "and not in the checks of the result");
  failed("wrong", "still checked", "int");
  return done();
}
