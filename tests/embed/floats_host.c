/* double, float and number: special values keep their bits, results may be any real. */
#include "../numbers.h"
#include <float.h>
#include <math.h>
#include <stdint.h>

#define TYPES(X) X(a, "double", double) X(b, "float", float) X(c, "number", double)

#define DECLARE(letter, name, type)                                                                \
  char *show_##letter(type);                                                                       \
  type make_##letter(const char *);                                                                \
  type echo_##letter(type);                                                                        \
  int try_##letter(const char *, type *);
TYPES(DECLARE)

/* A `number` that CHICKEN hands to Scheme as 0, to a plain callback too: it makes a fixnum of a
 * negative integral double by a conversion to unsigned, which many CPUs clamp. */
static bool is_clamped(const char *type, double value) {
  volatile double minus_one = -1;
  bool clamps = (intptr_t)(uintptr_t)minus_one != -1;
  return clamps && strcmp(type, "number") == 0 && value < 0 && value > -1e6 &&
         value == trunc(value);
}

#define CHECK(letter, name, type)                                                                  \
  static void check_##letter(void) {                                                               \
    type tiny = sizeof(type) == sizeof(double) ? (type)DBL_MIN : (type)FLT_MIN;                    \
    type huge = sizeof(type) == sizeof(double) ? (type)DBL_MAX : (type)FLT_MAX;                    \
    type kept[] = {0,     1,        -1,   (type)0.1, (type)1e15,     tiny,                         \
                   -tiny, tiny / 4, huge, -huge,     (type)INFINITY, -(type)INFINITY};             \
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)                                        \
      if (!is_clamped(name, (double)kept[i]))                                                      \
        ok(echo_##letter(kept[i]) == kept[i], name " there and back: %g", (double)kept[i]);        \
    ok(isnan(echo_##letter((type)NAN)), name " there and back: NaN");                              \
    is_str(show_##letter((type)NAN), "+nan.0", name " in: NaN");                                   \
    is_str(show_##letter(-(type)INFINITY), "-inf.0", name " in: -infinity");                       \
    is_str(show_##letter(2.5), "2.5", name " in: 2.5");                                            \
    ok(make_##letter("3") == 3, name " out: an exact integer");                                    \
    ok(make_##letter("-3/4") == (type)-0.75, name " out: a ratio");                                \
    ok(make_##letter("1267650600228229401496703205376") == (type)0x1p100, name " out: a bignum");  \
    ok(isinf(make_##letter("1e999")), name " out: too large for any float is infinite");           \
    type result = 0;                                                                               \
    is_int(try_##letter("1.5", &result), CALLSEQ_OK, name " status form");                         \
    ok(result == (type)1.5, name " status form: result");                                          \
    is_int(callseq_last_status(), CALLSEQ_OK, name ": nothing failed so far");                     \
    const char *wrong[] = {"text", "\"1.5\"", "1+2i", "#t", "#f", "()"};                           \
    REFUSES(letter, name, wrong, result)                                                           \
  }
TYPES(CHECK)

int main(void) {
  start_quietly();
  check_a();
  check_b();
  check_c();

  ok(signbit(echo_a(-0.0)), "double there and back: -0.0 keeps its sign");
  ok(signbit(echo_b(-0.0f)), "float there and back: -0.0 keeps its sign");
  is_str(show_a(-0.0), "-0.0", "double in: -0.0");
  is_str(show_a(3), "3.0", "double in: inexact although integral");
  is_str(show_c(3), "3", "number in: exact when integral");
  ok(isinf(make_b("1e300")), "float out: a double beyond its range is infinite");
  return done();
}
