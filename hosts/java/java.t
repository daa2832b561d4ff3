#!/bin/sh
# Threads of another language call Scheme, which calls them back; errors are theirs.
. "$TESTS/tap.sh"
if [ ! -x "$BUILT/java/libprices.so" ]; then
  skip 'eight threads of Java' 'no Java with javac is installed'
  finish
fi
ok 'eight threads of Java' java -Xcheck:jni -cp "$BUILT/java" Prices "$BUILT/java/libprices.so"
is "get the right prices, errors as exceptions, and exceptions through Scheme" "$(cat "$output")" \
  'the sum is 574809757
rules_price: nobody sells: "dream"
not for sale: curse'
finish
