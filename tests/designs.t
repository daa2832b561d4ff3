#!/bin/sh
# The sequencers that bench-designs compares with ours: each has all that the runtime uses.
. "$TESTS/tap.sh"
root=$(dirname "$TESTS")
include=$($CSC -cflags | xargs printf '%s\n' | grep '^-I')
compile="$CC -std=gnu11 -O0 -w -I$root $include"

for design in "$root"/bench/designs/*/; do
  name=$(basename "$design")
  mkdir "$name"
  cp -r "$root/src" "$root/callseq.h" "$name"
  cp "$design"* "$name/src/sequence/"
  for source in "$name"/src/sequence/*.c; do
    ok "$name: $(basename "$source") compiles" $compile -I"$name/src" -c "$source" -o "$source.o"
  done
  ok "$name: nothing is there twice" $CC -r -nostdlib "$name"/src/sequence/*.o -o "$name/linked"
  # What is inline counts as defined, too.
  { nm --defined-only -f posix "$name"/src/sequence/*.o | cut -d' ' -f1
    grep -oh '^[A-Z].*callseq_sequencer_[a-z_]*(' "$name/src/sequence/sequencer.h" |
      grep -o 'callseq_sequencer_[a-z_]*'; } | sort -u >defined
  grep -oh '\bcallseq_sequencer_[a-z_]*\b(' "$root"/src/runtime/*.[ch] | tr -d '(' | sort -u >used
  ok "$name: something is used" test -s used
  is "$name: all that the runtime calls is there" "$(comm -23 used defined)" ''
  is "$name: a function that is not would be seen" \
    "$(echo callseq_sequencer_none | comm -23 - defined)" callseq_sequencer_none
  for source in $(cd "$root/src" && grep -l 'sequencer\.[a-z]' runtime/*.c); do
    ok "$name: $source finds what it looks at" \
      $compile -I"$name/src" -fsyntax-only "$name/src/$source"
  done
done
finish
