#!/bin/sh
# src/base/checked.h: a checked build ends where an assertion does not hold; the build that users get does
# not look.
. "$TESTS/tap.sh"

cat >main.c <<'END_OF_FILE'
#include "base/checked.h"
int main(int argc, char **argv) {
  (void)argv, (void)argc;
  CALLSEQ_ASSERT(argc == 1);
  return CALLSEQ_LIMIT(0, 3);
}
END_OF_FILE
src=$(dirname "$TESTS")/src
ok 'a plain build' $CC -I"$src" main.c -o plain
ok 'a checked one' $CC -DCALLSEQ_CHECKED -DCALLSEQ_SHRUNKEN -I"$src" main.c -o checked
ok 'the plain one does not look' ./plain more
./checked
is 'limits are the small ones' $? 3
fails 'an assertion that does not hold ends the process' ./checked more
says 'and says where, and what' 'main.c:4: not so: argc == 1'
finish
