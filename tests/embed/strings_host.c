/* Strings and symbols: NULL, empty, UTF-8, longer than the nursery; who owns them and how long. */
#include "../support.h"

typedef unsigned char byte;

int size_a(const char *), size_b(const char *), size_c(const byte *), size_d(const char *),
    size_e(const byte *);
char *echo_a(const char *), *echo_b(const char *), *fresh_a(const char *), *fresh_b(const char *);
byte *echo_c(const byte *), *echo_d(const byte *), *fresh_c(const char *);
const char *echo_e(const char *);
int try_a(const char *, char **), try_fresh(const char *, char **);
char *make_a(const char *), *make_b(const char *), *make_f(const char *), *make_y(const char *);
char *join(const char *const *), *name_of(const char *), *repeat(char, int), *give_back(void),
    *change(const char *);
int is_apple(const char *);
void keep(const char *), collect(void);

static void there_and_back(const char *text, const char *what) {
  int length = (int)strlen(text);
  is_int(size_a(text), length, "c-string in: %s", what);
  is_int(size_b(text), length, "nonnull-c-string in: %s", what);
  is_int(size_c((const byte *)text), length, "unsigned-c-string in: %s", what);
  is_int(size_e((const byte *)text), length, "nonnull-unsigned-c-string in: %s", what);
  is_int(size_d(text), length, "(const c-string) in: %s", what);
  is_str(echo_a(text), text, "c-string out: %s", what);
  is_str(echo_b(text), text, "nonnull-c-string out: %s", what);
  is_str((char *)echo_c((const byte *)text), text, "unsigned-c-string out: %s", what);
  is_str((char *)echo_d((const byte *)text), text, "nonnull-unsigned-c-string out: %s", what);
  is_str(echo_e(text), text, "(const c-string) out: %s", what);
  char *a = fresh_a(text), *b = fresh_b(text), *c = (char *)fresh_c(text);
  ok(a != b && b != c && a != c, "each c-string* result is memory of its own: %s", what);
  is_str(a, text, "c-string* out: %s", what);
  is_str(b, text, "nonnull-c-string* out: %s", what);
  is_str(c, text, "unsigned-c-string* out: %s", what);
  free(a), free(b), free(c);
  char *result = NULL;
  is_int(try_a(text, &result), CALLSEQ_OK, "c-string, status form: %s", what);
  is_str(result, text, "c-string, status form, result: %s", what);
  is_int(try_fresh(text, &result), CALLSEQ_OK, "c-string*, status form: %s", what);
  is_str(result, text, "c-string*, status form, result: %s", what);
  free(result);
}

static void null_is_false(void) {
  is_int(size_a(NULL), -1, "c-string in: NULL is #f");
  is_int(size_c(NULL), -1, "unsigned-c-string in: NULL is #f");
  ok(!echo_a(NULL) && !echo_c(NULL) && !fresh_a(NULL) && !fresh_c(NULL), "#f out is NULL");
  char *result = (char *)"";
  is_int(try_a(NULL, &result), CALLSEQ_OK, "c-string, status form: #f is no failure");
  ok(!result, "c-string, status form: #f is NULL");
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed so far");
  ok(!size_b(NULL), "nonnull-c-string in: NULL");
  failed("size_b", "NULL", "nonnull-c-string");
  ok(!size_e(NULL), "nonnull-unsigned-c-string in: NULL");
  failed("size_e", "NULL", "nonnull-unsigned-c-string");
  is_str(join(NULL), "", "c-string-list in: NULL is #f");
  ok(!make_b("#f"), "nonnull-c-string out: #f");
  failed("make_b", "#f", "nonnull-c-string");
}

static void wrong_results(void) {
  const char *wrong[] = {"42", "foo", "#t", "()", "#\\a", "1.5"};
  for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
    ok(!make_a(wrong[w]), "c-string out: %s gives NULL", wrong[w]);
    failed("make_a", wrong[w], "c-string");
    ok(!make_f(wrong[w]), "c-string* out: %s gives NULL", wrong[w]);
    failed("make_f", wrong[w], "c-string*");
  }
  ok(!make_a("\"a\\x00b\""), "c-string out: an embedded NUL");
  failed("make_a", "c-string");
  ok(!make_f("\"a\\x00\""), "c-string* out: a NUL at the end");
  failed("make_f", "c-string*");
  ok(!make_y("\"foo\""), "symbol out: a string");
  failed("make_y", "\"foo\"", "symbol");
  ok(!make_y("#f"), "symbol out: #f");
  failed("make_y", "#f", "symbol");
}

static void lists(void) {
  const char *const none[] = {NULL}, *const three[] = {"a", "", "\xc3\xa9", NULL};
  is_str(join(none), "", "c-string-list in: empty");
  is_str(join(three), "a\xc3\xa9", "c-string-list in");
}

static void symbols(void) {
  is_int(is_apple("apple"), 1, "symbol in: interned");
  is_str(name_of("two words"), "two words", "symbol in: any characters");
  is_str(make_y("foo"), "foo", "symbol out");
  is_str(make_y("|two words|"), "two words", "symbol out: any characters");
}

static void borrower(int index) {
  char text[] = "thread 0";
  text[7] = (char)('0' + index);
  char *mine = echo_a(text);
  for (int i = 0; i < 50; i++) {
    is_str(mine, text, "the result lasts while other threads call");
    mine = echo_a(text);
  }
}

static void ownership(void) {
  char text[] = "original";
  keep(text);
  memcpy(text, "replaced", 8);
  is_str(give_back(), "original", "an argument is a copy: the caller may reuse its memory");
  is_str(change("abc"), "Xbc", "an argument is a copy: Scheme may change it");
  crew(4, borrower);
}

static void collector(int index) {
  (void)index;
  collect();
}

int main(void) {
  start_quietly();
  there_and_back("", "empty");
  there_and_back("plain", "ASCII");
  there_and_back("\xe6\x97\xa5\xe6\x9c\xac \xc3\xa9\xf0\x9f\x90\x94", "UTF-8");
  there_and_back("\x01\x7f\x80\xff", "bytes that are no UTF-8");

  const int large = 3000000; /* more than the nursery holds */
  char *text = malloc((size_t)large + 1);
  memset(text, 'x', (size_t)large);
  text[large] = '\0';
  is_int(size_a(text), large, "c-string in: 3 MB");
  ok(!strcmp(echo_a(text), text), "c-string out: 3 MB");
  char *fresh = fresh_a(text);
  ok(fresh && !strcmp(fresh, text), "c-string* out: 3 MB");
  free(fresh);
  free(text);

  char *before_collection = repeat('y', 10);
  crew(1, collector);
  is_str(before_collection, "yyyyyyyyyy", "a result outlives a collection by another thread");

  null_is_false();
  wrong_results();
  symbols();
  lists();
  ownership();
  return done();
}
