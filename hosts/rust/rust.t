#!/bin/sh
# Threads of another language call Scheme, which calls them back; errors are theirs.
. "$TESTS/tap.sh"
if [ ! -x "$BUILT/rust/prices" ]; then
  skip 'eight threads of Rust' 'rustc is not installed'
  finish
fi
ok 'eight threads of Rust' "$BUILT/rust/prices"
is 'get the right prices, and errors as results' "$(cat "$output")" \
  'the sum is 574809757.3125
rules_price: nobody sells: "dream"'
finish
