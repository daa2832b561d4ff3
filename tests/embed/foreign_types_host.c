/* Types made by define-foreign-type, with and without converters; errors in a converter. */
#include "../support.h"

typedef struct {
  int id;
} plan;

int add_counts(int, int), wrong_tally(void), freezes(double), next_day(int), day_never(void);
double warmer(double);
double warmer_const(const double);
int name_length(const char *, const char *);
char *day_name(int), *loud(const char *);
int try_next_day(int, int *), id_of(plan *), box_id(plan *), day_sum(int, int, int);
plan *same_box(plan *);

int main(void) {
  start_quietly();
  plan p = {17};
  is_int(add_counts(2, 3), 5, "an alias, and an alias of it");
  ok(warmer(273) == 274, "converters both ways");
  ok(warmer_const(273) == 274, "converters both ways, behind const");
  is_int(name_length("apple", "pie"), 8, "a symbol and an alias behind const");
  is_int(freezes(272.5), 1, "an argument's converter");
  is_str(day_name(2), "wednesday", "an argument becomes a symbol");
  is_int(next_day(0), 1, "a symbol becomes the result");
  is_int(day_sum(1, 10, 2), 13, "two converted arguments and a plain one");
  int day = 9;
  is_int(try_next_day(0, &day), CALLSEQ_OK, "status form");
  is_int(day, 1, "status form: result");
  is_int(id_of(&p), 17, "an alias of a pointer");
  ok(same_box(&p) == &p, "a converter that boxes a pointer");
  ok(!same_box(NULL), "a converter sees NULL as #f");
  is_int(box_id(&p), 17, "an argument that is boxed");
  is_str(loud("hey"), "hey!", "only the converter to C");
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed so far");

  is_int(wrong_tally(), 0, "the result is checked against the type behind the alias");
  failed("wrong_tally", "many", "tally");
  is_int(day_never(), 0, "what a converter returns is checked too");
  failed("day_never", "1.5", "day");
  is_str(day_name(3), NULL, "an error in an argument's converter");
  failed("no such day", "3");
  is_int(next_day(2), 0, "an error in the result's converter");
  failed("no day", "doomsday");
  day = 9;
  is_int(try_next_day(1, &day), CALLSEQ_ERROR, "the same in the status form");
  is_int(day, 9, "which leaves *result alone");
  failed("no day", "doomsday");
  is_int(next_day(1), 2, "later calls are fine");
  return done();
}
