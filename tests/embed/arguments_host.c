/* No argument, thirty, of mixed types; void; the optional qualifiers; forms inside a module. */
#include "../support.h"

void count_call(void);
int calls_so_far(void), try_nothing(void), try_calls(int *);
#define TEN int, double, const char *, long, char, int, void *, float, short, unsigned
char *thirty(TEN, TEN, TEN);
#define FIVE int, int, int, int, int
int thirty_ints(FIVE, FIVE, FIVE, FIVE, FIVE, FIVE, int *);
int qualified(int), try_qualified(int, int *), add(int, int), price_of(int);
int64_t factorial(int);

int main(void) {
  start_quietly();
  is_int(calls_so_far(), 0, "no argument");
  count_call();
  is_int(try_nothing(), CALLSEQ_OK, "void in the status form takes no result pointer");
  is_int(calls_so_far(), 2, "void bodies ran");
  int result = 0;
  is_int(try_calls(&result), CALLSEQ_OK, "no argument in the status form");
  is_int(result, 2, "no argument in the status form: result");
  is_int(try_calls(NULL), CALLSEQ_OK, "a NULL result discards");

  is_str(thirty(1, 2.5, "three", -4, 'e', 1, &result, 8.5f, -9, 10, 11, 12.5, NULL, -14, 'o', 0,
                NULL, 18.5f, -19, 20, 21, 22.5, "", -24, 'y', 7, &result, 28.5f, -29, 30),
         "1 2.5 three -4 e #t #t 8.5 -9 10 11 12.5 #f -14 o #f #f 18.5 -19 20 21 22.5  -24 y #t #t "
         "28.5 -29 30",
         "thirty arguments of ten types");
  is_int(thirty_ints(1, 20, 300, 4, 50, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                     22, 23, 24, 25, 26, 27, 28, 29, 30, &result),
         CALLSEQ_OK, "thirty in the status form");
  is_int(result, 309, "thirty in the status form: result");

  is_int(qualified(1), 2, "qualifiers");
  is_int(try_qualified(2, &result), CALLSEQ_OK, "qualifiers in the status form");
  is_int(result, 3, "qualifiers in the status form: result");
  is_int(factorial(20), 2432902008176640000, "internal definitions");
  is_int(add(2, 3), 5, "a Scheme procedure of the same name");
  is_int(price_of(4), 20, "a callback in a module that imports only scheme and callseq");
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed");
  return done();
}
