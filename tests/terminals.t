#!/bin/sh
# Where the machine has no terminals to give, as in a folder made a root where /dev/pts is not mounted,
# what needs one is skipped with the reason.
. "$TESTS/tap.sh"

mkdir without
cat >without/script <<'END'
#!/bin/sh
[ "$1" = --version ] && echo 'script from util-linux' && exit
echo 'script: failed to create pseudo-terminal: No such device' >&2
exit 1
END
chmod +x without/script
ok 'that there are none is noticed' env PATH="$work/without:$PATH" OUT="$work" sh -c \
  '. "$TESTS/tap.sh"; no_terminal'
says 'and said' 'there are no terminals: /dev/pts is not mounted'
ok 'so is another program of the name' sh -c '. "$TESTS/tap.sh"; script() { false; }; no_terminal'
says 'and said' 'script of util-linux is not installed'
is 'all tests that use one ask before' "$(cd "$TESTS" && grep -l 'script -q' ./*.t ./unit/*.t |
  grep -vx ./terminals.t | xargs grep -L 'there are no terminals\|no_terminal')" ''
finish
