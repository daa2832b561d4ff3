#!/bin/sh
# Each example builds by the command stated on top of it, and prints what its file `output` holds.
. "$TESTS/tap.sh"

export CPATH="$STAGE/include"
cp -r "$TESTS/../examples/." .

for example in */; do
  example=${example%/}
  command=$(sed -n 's/^;; *\(csc .*\)/\1/p' "$example/app.scm")
  ok "$example states a command" test -n "$command"
  ok "$example: $command" sh -c 'cd "$0" && eval "$1" >printed' "$example" "$command"
  is "$example prints what it should" "$(cat "$example/printed")" "$(cat "$example/output")"
done
finish
