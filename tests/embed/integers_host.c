/* Every integer type, in and out: both ends of its range, just beyond them, and what is no exact
 * integer. */
#include "../numbers.h"
#include <limits.h>
#include <stdint.h>

#define I32 "-2147483648", "2147483647", "-2147483649", "2147483648"
#define U32 "0", "4294967295", "-1", "4294967296"
#define I64                                                                                        \
  "-9223372036854775808", "9223372036854775807", "-9223372036854775809", "9223372036854775808"
#define U64 "0", "18446744073709551615", "-1", "18446744073709551616"

/* What depends on the CPU: the widths of long and size_t, and whether char has a sign. */
#if LONG_MAX > INT32_MAX
#define LONG I64
#define ULONG U64
#else
#define LONG I32
#define ULONG U32
#endif
#if CHAR_MIN < 0
#define CHAR "-128", "127", "-129", "128"
#else
#define CHAR "0", "255", "-1", "256"
#endif

/* letter, specifier, C type, smallest, largest; then as text: both, one below, one above */
#define TYPES(X)                                                                                   \
  X(a, "byte", char, CHAR_MIN, CHAR_MAX, CHAR)                                                     \
  X(b, "unsigned-byte", unsigned char, 0, UCHAR_MAX, "0", "255", "-1", "256")                      \
  X(c, "short", short, SHRT_MIN, SHRT_MAX, "-32768", "32767", "-32769", "32768")                   \
  X(d, "unsigned-short", unsigned short, 0, USHRT_MAX, "0", "65535", "-1", "65536")                \
  X(e, "int", int, INT_MIN, INT_MAX, I32)                                                          \
  X(f, "unsigned-int", unsigned, 0, UINT_MAX, U32)                                                 \
  X(g, "integer", int, INT_MIN, INT_MAX, I32)                                                      \
  X(h, "unsigned-integer", unsigned, 0, UINT_MAX, U32)                                             \
  X(i, "int32", int32_t, INT32_MIN, INT32_MAX, I32)                                                \
  X(j, "unsigned-int32", uint32_t, 0, UINT32_MAX, U32)                                             \
  X(k, "integer32", int32_t, INT32_MIN, INT32_MAX, I32)                                            \
  X(l, "unsigned-integer32", uint32_t, 0, UINT32_MAX, U32)                                         \
  X(m, "integer64", int64_t, INT64_MIN, INT64_MAX, I64)                                            \
  X(n, "unsigned-integer64", uint64_t, 0, UINT64_MAX, U64)                                         \
  X(o, "long", long, LONG_MIN, LONG_MAX, LONG)                                                     \
  X(p, "unsigned-long", unsigned long, 0, ULONG_MAX, ULONG)                                        \
  X(q, "size_t", size_t, 0, SIZE_MAX, ULONG)                                                       \
  X(r, "ssize_t", ssize_t, SSIZE_MIN, SSIZE_MAX, LONG)                                             \
  X(s, "long", long, LONG_MIN, LONG_MAX, LONG)

#define SSIZE_MIN (-SSIZE_MAX - 1)

#define DECLARE(letter, name, type, min, max, ...)                                                 \
  char *show_##letter(type);                                                                       \
  type make_##letter(const char *);                                                                \
  int try_##letter(const char *, type *);
TYPES(DECLARE)

/* An argument that CHICKEN hands to Scheme as a fixnum, also to a plain callback: on a 32-bit CPU
 * that has 31 bits, and the ends of the type's range do not arrive. */
static bool is_cut(const char *type) {
  const char *cut[] = {"int", "unsigned-int", "int32", "unsigned-int32"};
  for (size_t i = 0; sizeof(void *) == 4 && i < sizeof cut / sizeof *cut; i++)
    if (strcmp(type, cut[i]) == 0)
      return true;
  return false;
}

/* A macro has one row's text arguments in one piece until it hands them on. */
#define CHECK(...) CHECK_(__VA_ARGS__)
#define CHECK_(letter, name, type, min, max, min_text, max_text, below, above)                     \
  static void check_##letter(void) {                                                               \
    if (!is_cut(name)) {                                                                           \
      is_str(show_##letter(min), min_text, name " in: smallest");                                  \
      is_str(show_##letter(max), max_text, name " in: largest");                                   \
    }                                                                                              \
    is_str(show_##letter(1), "1", name " in: 1");                                                  \
    ok(make_##letter(min_text) == (type)(min), name " out: smallest");                             \
    ok(make_##letter(max_text) == (type)(max), name " out: largest");                              \
    ok(make_##letter("1") == 1, name " out: 1");                                                   \
    type result = 0;                                                                               \
    is_int(try_##letter(max_text, &result), CALLSEQ_OK, name " status form");                      \
    ok(result == (type)(max), name " status form: result");                                        \
    is_int(callseq_last_status(), CALLSEQ_OK, name ": nothing failed so far");                     \
    const char *wrong[] = {below,  above,      "100000000000000000000000000",                      \
                           "1.0",  "1/2",      "1+2i",                                             \
                           "text", "\"text\"", "#t",                                               \
                           "#f",   "()",       "#(1)"};                                            \
    REFUSES(letter, name, wrong, result)                                                           \
  }
TYPES(CHECK)

#define RUN(letter, ...) check_##letter();

/* The message shows where a long value begins. */
static void a_long_value(void) {
  static char text[1100];
  memset(text, 'x', sizeof text - 1);
  text[0] = text[sizeof text - 2] = '"';
  ok(make_e(text) == 0, "a long string for an int gives 0");
  failed("make_e", "\"xxxxxxxx", "int");
}

/* On a 32-bit CPU CHICKEN hands the lower half to Scheme, to a plain callback too, where bits 30
 * and 31 of an unsigned-integer64 are zeros. */
static void between(void) {
  is_str(show_m(5009950000), "5009950000", "integer64 in: one with zeros as bits 30 and 31");
  is_str(show_m(-5009950000), "-5009950000", "integer64 in: the same, negative");
  is_str(show_n(UINT64_C(7304967296)), "7304967296", "unsigned-integer64 in: one with ones there");
  if (sizeof(void *) > 4)
    is_str(show_n(5009950000), "5009950000", "unsigned-integer64 in: one with zeros there");
  ok(make_m("-5009950000") == -5009950000, "integer64 out: one with zeros there");
  ok(make_n("5009950000") == 5009950000, "unsigned-integer64 out: the same");
}

int main(void) {
  start_quietly();
  TYPES(RUN)
  between();
  a_long_value();
  return done();
}
