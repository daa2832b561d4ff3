#!/bin/sh
# The commands in doc/commands are those of make and ./run, and CONTRIBUTING.md has their table.
. "$TESTS/tap.sh"
root=$(dirname "$TESTS")
unset MAKEFLAGS MAKELEVEL MFLAGS

# What make knows that is no file, but for steps of other targets.
make -C "$root" -pn help 2>/dev/null | sed -n 's/^\.PHONY: //p' | tr ' ' '\n' |
  grep -v -e '^census$' -e '^count-instructions$' -e '^check-arch-' | sort -u >targets
sed -n -e '/^#/d' -e 's/^\([^|]*\)|\(make\|both\)|.*/\1/p' "$root/doc/commands" | sort >listed
is 'make has the targets that are listed' "$(cat targets)" "$(cat listed)"

# With a PATH that lacks all that is needed, each command of ./run says so.
mkdir bin
for program in sh awk cat dirname env grep make sed; do
  ln -s "$(command -v "$program")" "bin/$program"
done
for command in $("$root/doc/list-commands" names); do
  PATH=$work/bin sh "$root/run" "$command" 2>&1 || :
done >"$output"
is './run knows the commands that are listed' "$(grep 'no command' "$output")" ''
ok './run help' "$root/run" help
cp "$output" listing
"$root/doc/list-commands" names >names
ok 'tells them' awk 'NR == FNR { wanted[$1]; next } { delete wanted[$1] }
  END { for (name in wanted) { print name; missing = 1 } exit missing }' \
  names listing
is "CONTRIBUTING.md's table" "$(grep -e '^| `make' -e '^| `./run' "$root/CONTRIBUTING.md")" \
  "$("$root/doc/list-commands" table)"
finish
