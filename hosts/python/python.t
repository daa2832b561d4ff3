#!/bin/sh
# Threads of another language call Scheme, which calls them back; errors are theirs.
. "$TESTS/tap.sh"
ok 'eight threads of Python' python3 "$(dirname "$0")/prices.py" "$BUILT/rules/librules.so"
is 'get the right prices, and errors as exceptions' "$(cat "$output")" \
  'the sum is 574809757.3125
rules_price: nobody sells: "dream"'
finish
