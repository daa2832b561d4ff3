/* Pointers of every form, functions, enums, structs and unions by pointer, in and out. */
#include "../support.h"
#include <limits.h>

struct point {
  int x, y;
};
typedef struct point point_t;
union word {
  int number;
  char bytes[4];
};
enum colour { RED, GREEN = 7, BLUE = -3 };
typedef int function(int);

uint64_t address(void *);
void *at(uint64_t), *echo_a(void *), *echo_b(void *), *echo_k(int *), *echo_l(int *);
int *echo_c(int *);
double *echo_d(double *);
struct point *echo_e(struct point *);
point_t *echo_f(point_t *);
const struct point *echo_g(const struct point *);
char **echo_h(char **);
union word *echo_i(union word *);
const void *echo_j(const void *);
function *echo_m(function *), **echo_p(function **);
enum colour echo_n(enum colour);
int try_c(int *, int **), try_e(struct point *, struct point **), try_m(function *, function **),
    try_n(enum colour, enum colour *);
int add_up(struct point *), apply_it(function *, int), code(enum colour);
void move_to(struct point *, int);
void *make_a(const char *), *make_b(const char *);
int *make_c(const char *);
function *make_m(const char *);
enum colour make_n(const char *);
char *describe(intptr_t);

static int twice(int x) { return 2 * x; }

static void pointers(void) {
  int number = 1;
  double real = 1;
  struct point point = {3, 4};
  union word word = {5};
  char *text = (char *)"text";

  is_int((intmax_t)address(&number), (intmax_t)(uintptr_t)&number, "c-pointer in");
  is_int((intmax_t)address(NULL), 1, "c-pointer in: NULL is #f");
  is_int((intmax_t)address((void *)UINTPTR_MAX), (intmax_t)UINTPTR_MAX,
         "c-pointer in: all bits set");
  ok(at(UINT64_MAX) == (void *)UINTPTR_MAX, "c-pointer out: all bits set");
  ok(!at(0), "c-pointer out: a null pointer object");
  ok(echo_a(&number) == &number, "c-pointer");
  ok(!echo_a(NULL), "c-pointer: NULL");
  ok(echo_b(&number) == &number, "nonnull-c-pointer");
  ok(echo_c(&number) == &number && !echo_c(NULL), "(c-pointer int)");
  ok(echo_d(&real) == &real, "(nonnull-c-pointer double)");
  ok(echo_e(&point) == &point && !echo_e(NULL), "(c-pointer (struct point))");
  ok(echo_f(&point) == &point, "(c-pointer \"point_t\")");
  ok(echo_g(&point) == &point, "(c-pointer (const (struct point)))");
  ok(echo_h(&text) == &text, "(c-pointer (c-pointer char))");
  ok(echo_i(&word) == &word, "(c-pointer (union word))");
  ok(echo_j(&number) == &number, "(const c-pointer)");
  ok(echo_k(&number) == &number && !echo_k(NULL), "(pointer int)");
  ok(echo_l(&number) == &number, "(nonnull-pointer int)");
  ok(echo_m(twice) == twice && !echo_m(NULL), "(function int (int))");
  function *increment = NULL;
  ok(echo_p(&increment) == &increment, "a pointer to a function pointer, in and out");

  is_int(add_up(&point), 7, "Scheme reads a struct by pointer");
  move_to(&point, 9);
  is_int(point.x, 9, "Scheme writes a struct by pointer");
  is_int(apply_it(twice, 21), 42, "Scheme calls a function pointer");
}

static void enums(void) {
  const enum colour colours[] = {RED, GREEN, BLUE, (enum colour)INT_MAX, (enum colour)INT_MIN};
  for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
    is_int(code(colours[i]), (int)colours[i], "enum in");
    is_int((int)echo_n(colours[i]), (int)colours[i], "enum out");
  }
}

static void status_form(void) {
  int number = 1, *number_result = NULL;
  struct point point = {0, 0}, *point_result = NULL;
  function *function_result = NULL;
  enum colour colour = RED;
  is_int(try_c(&number, &number_result), CALLSEQ_OK, "(c-pointer int), status form");
  ok(number_result == &number, "(c-pointer int), status form: result");
  is_int(try_e(&point, &point_result), CALLSEQ_OK, "(c-pointer (struct point)), status form");
  ok(point_result == &point, "(c-pointer (struct point)), status form: result");
  is_int(try_m(twice, &function_result), CALLSEQ_OK, "(function int (int)), status form");
  ok(function_result == twice, "(function int (int)), status form: result");
  is_int(try_n(BLUE, &colour), CALLSEQ_OK, "(enum colour), status form");
  ok(colour == BLUE, "(enum colour), status form: result");
}

static void wrong_results(void) {
  const char *wrong[] = {"42", "\"text\"", "#t", "()", "foo"};
  for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
    ok(!make_a(wrong[w]), "c-pointer out: %s gives NULL", wrong[w]);
    failed("make_a", wrong[w], "c-pointer");
    ok(!make_b(wrong[w]), "nonnull-c-pointer out: %s gives NULL", wrong[w]);
    failed("make_b", wrong[w], "nonnull-c-pointer");
    ok(!make_c(wrong[w]), "(c-pointer int) out: %s gives NULL", wrong[w]);
    failed("make_c", wrong[w], "(c-pointer int)");
    ok(!make_m(wrong[w]), "(function ...) out: %s gives NULL", wrong[w]);
    failed("make_m", wrong[w], "function");
  }
  ok(!make_b("#f"), "nonnull-c-pointer out: #f");
  failed("make_b", "#f", "nonnull-c-pointer");

  const char *no_enum[] = {"2147483648", "-2147483649", "7.0", "GREEN", "#f"};
  for (size_t w = 0; w < sizeof no_enum / sizeof *no_enum; w++) {
    is_int((int)make_n(no_enum[w]), 0, "enum out: %s gives 0", no_enum[w]);
    failed("make_n", no_enum[w], "enum");
  }
}

int main(void) {
  start_quietly();
  pointers();
  enums();
  status_form();
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed so far");
  wrong_results();
  is_str(describe(2 * 21 + 1), "21", "scheme-object in: a fixnum");
  return done();
}
