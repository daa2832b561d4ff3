/* Characters are one byte, 0 to 255, both ways; a boolean must be one. */
#include "../support.h"
#include <limits.h>

int code_a(char), code_b(unsigned char);
char make_a(int), wrong_a(int);
unsigned char make_b(int), wrong_b(int);
char *truth(int);
int negate(int), answer(int);

int main(void) {
  start_quietly();

  int in_a = 0, in_b = 0, out_a = 0, out_b = 0;
  for (int code = 0; code < 256; code++) {
    in_a += code_a((char)code) == code;
    in_b += code_b((unsigned char)code) == code;
    out_a += make_a(code) == (char)code;
    out_b += make_b(code) == code;
  }
  is_int(in_a, 256, "char in: every byte");
  is_int(in_b, 256, "unsigned-char in: every byte");
  is_int(out_a, 256, "char out: every byte");
  is_int(out_b, 256, "unsigned-char out: every byte");
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed so far");

  is_int(make_a(256), 0, "char out: more than a byte");
  failed("make_a", "char");
  is_int(make_b(0x20ac), 0, "unsigned-char out: more than a byte");
  failed("make_b", "unsigned-char");
  is_int(wrong_a(true), 0, "char out: an integer");
  failed("wrong_a", "65", "char");
  is_int(wrong_a(false), 0, "char out: a string");
  failed("wrong_a", "\"A\"", "char");
  is_int(wrong_b(true), 0, "unsigned-char out: an integer");
  failed("wrong_b", "65", "unsigned-char");

  is_str(truth(0), "#f", "bool in: 0");
  const int other[] = {1, 2, -1, 256, INT_MIN, INT_MAX};
  for (size_t i = 0; i < sizeof other / sizeof *other; i++)
    is_str(truth(other[i]), "#t", "bool in: %d", other[i]);
  is_int(negate(0), 1, "bool out: #t is 1");
  is_int(negate(5), 0, "bool out: #f is 0");
  is_int(callseq_last_status(), CALLSEQ_OK, "a boolean result fails nothing");
  const char *value[] = {"0", "1", "()", "\"yes\"", "true", "1.0"};
  for (int which = 0; which < 6; which++) {
    is_int(answer(which), 0, "bool out: %s", value[which]);
    failed("answer", value[which], "bool");
  }
  return done();
}
