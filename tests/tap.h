/* tap.h: assertions of a test program, as TAP on standard output.
 *
 *   ok(condition, "what holds")   is_int(got, want, "what")   is_str(got, want, "what")
 *   return done();
 *
 * The description is a printf format. done() prints the plan last: a program that dies before it
 * has none, and `prove` calls it failed. Any thread may assert; what went wrong is told on standard
 * error, which the runner shows only when the test fails. */
#ifndef TAP_H
#define TAP_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t tap_lock = PTHREAD_MUTEX_INITIALIZER;
static int tap_count, tap_failures;

static inline bool tap_report(bool passed, const char *detail, const char *file, int line,
                              const char *format, va_list arguments) {
  char what[512];
  vsnprintf(what, sizeof what, format, arguments);
  pthread_mutex_lock(&tap_lock);
  tap_count++;
  tap_failures += !passed;
  printf("%sok %d - %s\n", passed ? "" : "not ", tap_count, what);
  fflush(stdout); /* a child made by fork must not print it again */
  if (!passed)
    fprintf(stderr, "# %s:%d: %s%s%s\n", file, line, what, *detail ? ": " : "", detail);
  pthread_mutex_unlock(&tap_lock);
  return passed;
}

__attribute__((format(printf, 4, 5))) static inline bool tap_ok(bool passed, const char *file,
                                                                int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  tap_report(passed, "", file, line, format, arguments);
  va_end(arguments);
  return passed;
}

__attribute__((format(printf, 5, 6))) static inline bool
tap_is_int(intmax_t got, intmax_t want, const char *file, int line, const char *format, ...) {
  char detail[96];
  snprintf(detail, sizeof detail, "got %jd, want %jd", got, want);
  va_list arguments;
  va_start(arguments, format);
  tap_report(got == want, detail, file, line, format, arguments);
  va_end(arguments);
  return got == want;
}

__attribute__((format(printf, 5, 6))) static inline bool
tap_is_str(const char *got, const char *want, const char *file, int line, const char *format, ...) {
  bool same = got && want ? !strcmp(got, want) : got == want;
  char detail[1024];
  snprintf(detail, sizeof detail, "got \"%.400s\", want \"%.400s\"", got ? got : "(NULL)",
           want ? want : "(NULL)");
  va_list arguments;
  va_start(arguments, format);
  tap_report(same, detail, file, line, format, arguments);
  va_end(arguments);
  return same;
}

#define ok(passed, ...) tap_ok(passed, __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) tap_is_int(got, want, __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_is_str(got, want, __FILE__, __LINE__, __VA_ARGS__)

static inline int done(void) {
  printf("1..%d\n", tap_count);
  fflush(stdout);
  return tap_failures != 0;
}

#endif
