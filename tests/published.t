#!/bin/sh
# Programs in the shapes that the published egg showed, unchanged: its example, its benchmark, a
# host inside the Scheme file. Their sources are in published/.
. "$TESTS/tap.sh"
cp -r "$TESTS/published/." .

in_folder() { # FOLDER COMMAND...
  (cd "$1" && shift && "$@")
}

run=${EMULATOR:-env}

# What each of the benchmark's four threads adds up: foo(99999) + ... + foo(0). On a 32-bit CPU CHICKEN
# hands only the lower half of this one to Scheme, to a plain callback too (doc/porting.md).
sum=$((100000 * 99999 / 2 + 100 * 100000))
case $(echo __SIZEOF_POINTER__ | ${CC:-cc} -E -P -) in
4) sum=$((sum & 0xffffffff)) ;;
esac

ok 'the example builds' in_folder example $CSC -e app.scm main.c -o app -link callseq
ok 'and runs' in_folder example $run ./app
is 'with its result' "$(cat "$output")" 16
# It does not declare the C function that Scheme calls. Where csc or the compiler makes that an error,
# as in Debian 13, such a program takes one option more, with any egg.
ok 'the benchmark builds, with its own flags' \
  in_folder benchmark $CSC -O3 -d0 -C -Wno-error=implicit-function-declaration -e app.scm main.c -o app -link callseq
is 'and calls as often as it should' "$(in_folder benchmark $run ./app 2>>"$output")" $((4 * sum))

ok 'a host inside the Scheme file: Scheme to C' in_folder inline $CSC -e -t plans.scm
ok 'C to a program' in_folder inline $CSC -e plans.c -o plans -link callseq
ok 'which runs' in_folder inline $run ./plans
is 'with its results' "$(cat "$output")" '1 10 0
25 25
Ann: walk, 30
Bob: rest, 25'

if [ -n "${EMULATOR:-}" ]; then
  skip 'the example builds statically' 'csc takes the libchicken.a of the machine it runs on'
elif test -e "$(dirname "$(command -v $CSC)")/../lib/libchicken.a"; then
  ok 'the example builds statically' \
    in_folder example $CSC -static -e app.scm main.c -o app-static -link callseq
  is 'and runs without libchicken.so' \
    "$(cd example && $run ./app-static; ldd app-static | grep chicken)" 16
else
  skip 'the example builds statically' 'there is no libchicken.a'
fi
finish
