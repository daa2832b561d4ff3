#!/bin/sh
# A short run of the fuzzing of the compile-time part, tests/fuzz: a thousand forms, always the
# same ones, of which some hundred are compiled. `make fuzz` goes on from another seed.
. "$TESTS/tap.sh"

ok 'no form of 1000 has another outcome than a clear refusal or a clean compilation' \
  make --no-print-directory -C "$TESTS/fuzz" STAGE="$STAGE" OUT="$OUT" SEED=1 FORMS=1000
says 'all of them were tried' '1000 forms' ' 0 failures'

finish
