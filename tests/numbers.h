/* What the cases of numbers share, besides support.h. */
#ifndef NUMBERS_H
#define NUMBERS_H

#include "support.h"

/* make_<letter>, and try_<letter> with the status form, of each of these texts: what it stands for
 * is refused, and nothing but 0 gets to C. `result` is the type's. */
#define REFUSES(letter, name, wrong, result)                                                       \
  for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {                                      \
    ok(make_##letter(wrong[w]) == 0, name " out: %s gives 0", wrong[w]);                           \
    failed("make_" #letter, wrong[w], name);                                                       \
    result = 77;                                                                                   \
    is_int(try_##letter(wrong[w], &result), CALLSEQ_ERROR, name " status form: %s", wrong[w]);     \
    ok(result == 77, name " status form: *result is left alone");                                  \
    failed("try_" #letter, wrong[w], name);                                                        \
  }

#endif
