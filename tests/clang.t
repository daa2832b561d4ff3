#!/bin/sh
# A program built by clang, C and C++; the library as it is.
. "$TESTS/tap.sh"

cat >app.scm <<'END'
(import (chicken platform) callseq)
(define-sequenced-callback (twice (int n)) int (* 2 n))
(return-to-host)
END
cat >app_host.c <<'END'
#include <callseq.h>
#ifdef __cplusplus
extern "C"
#endif
int twice(int);
int main(void) { return callseq_init() || twice(21) != 42; }
END

build() { # PROGRAM COMPILER [CSC-FLAG]
  $CSC ${3:-} -cc "$2" -cxx "$2" -ld "$2" -I"$STAGE/include" -e app.scm app_host.c -o "$1" -link callseq
}

for language in c c++; do
  compiler=clang flag=
  [ $language = c ] || compiler=clang++ flag=-c++
  if command -v $compiler >/dev/null; then
    ok "$compiler builds it" build by_$compiler $compiler $flag
    ok "$compiler: it runs" ./by_$compiler
  else
    skip "$language" "$compiler is not installed"
  fi
done

finish
