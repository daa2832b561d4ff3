/* Names of arguments, and a module's own procedures, do not reach into the generated code. */
#include "../support.h"

int syntax(int, int, int, int, int), keywords(int, int, int, int, int);
char *procedures(const char *, int, const char *);
int internals(int, int, int, int, int), try_internals(int, int, int, int, int *);
int scheme_like(int, int, int, int), wrong(void);
char *own(const char *);

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
  is_str(own("text"), "mine", "a module's own procedures are used in its bodies");
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed so far");
  is_int(wrong(), 0, "and not in the checks of the result");
  failed("wrong", "still checked", "int");
  return done();
}
