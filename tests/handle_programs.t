#!/bin/sh
# Handles in programs of several shapes: the type is known to each file that imports callseq, whatever else
# is in it; a Scheme program reports at its end which are alive.
. "$TESTS/tap.sh"
export CPATH="$STAGE/include"
strict='-C -Werror=incompatible-pointer-types'

# A file without callbacks, which imports callseq by other names; its C mentions the type first.
cat >store.scm <<'END'
(declare (unit store))
(module store (put fetch get)
  (import scheme (chicken base) (chicken foreign) (only (prefix callseq c:) c:exclusively))
  #>
  static void put_away(struct callseq_handle *handle);
  static struct callseq_handle *stored;
  static void put_away(struct callseq_handle *handle) { stored = handle; }
  <#
  (define put (foreign-lambda void "put_away" callseq-handle))
  (define fetch (foreign-lambda* callseq-handle () "C_return(stored);"))
  (define-foreign-variable variable callseq-handle "stored")
  (define (get) variable))
END
cat >app.scm <<'END'
(declare (uses store))
(import (chicken platform) (chicken foreign) callseq store)
(define-sequenced-callback (keep (callseq-handle x)) void (put x))
(define-sequenced-callback (kept) callseq-handle (and (eq? (fetch) (get)) (fetch)))
(define-sequenced-callback (make (int n)) callseq-handle (list n n))
(callseq-header "app.h" "#include <stdio.h>")
(return-to-host)
END
cat >host.c <<'END'
#ifdef FIRST
#include <callseq.h>
#endif
#include "app.h"
#include "app.h"
#ifndef FIRST
#include <callseq.h>
#endif
int main(void) {
  callseq_init();
  callseq_handle *a = make(1), *b;
  keep(a);
  b = kept();
  puts(callseq_handle_same(a, b) ? "the same" : "others");
  return 0;
}
END
ok 'a module without callbacks' $CSC $strict -c -J store.scm -o store.o
ok 'a file with callbacks, and their header' $CSC $strict -e -c app.scm -o app.o
for first in '' -DFIRST; do
  ok "a host${first:+, callseq.h first}" $CSC -e -C "$first -Werror" host.c app.o store.o -o app -link callseq
  ok 'runs' ./app
  says 'and' 'the same'
done

# A Scheme program, which forgets some.
cat >program.scm <<'END'
(import (chicken base) (chicken foreign) (chicken process-context) callseq)
(define keep (foreign-lambda* void ((callseq-handle x)) "(void)x;"))
(define keep-two (foreign-lambda* void ((callseq-handle x) (callseq-handle y)) "(void)x, (void)y;"))
(define keep-safely (foreign-safe-lambda* void ((callseq-handle x)) "(void)x;"))
(define (forget x)
  (keep x)
  (keep (list x x))
  (keep-two x x)
  (keep-safely x)
  #t)
(forget 'a)
(forget 'b)
(exit 5)
END
ok 'a Scheme program' $CSC program.scm -o program
sh -c 'CALLSEQ_WATCH_HANDLES=1 ./program' >"$output" 2>&1
is 'ends as it would' $? 5
says 'and reports what is alive' '10 handles have not been released' '  2 made by program.scm:6: keep' \
  '  2 made by program.scm:7: keep' '  4 made by program.scm:8: keep-two' \
  '  2 made by program.scm:9: keep-safely'
sh -c 'CALLSEQ_WATCH_HANDLES=0 ./program' >"$output" 2>&1
is 'unless it is told not to' "$(cat "$output")" ''
ok 'the same without call chains' $CSC -d0 program.scm -o program
sh -c 'CALLSEQ_WATCH_HANDLES=1 ./program' >"$output" 2>&1
says 'which has no places' '  10 made by an argument of a foreign lambda'

# Where there is no compiler.
ok 'csi imports callseq' csi -n -e '(import callseq) (exit 0)'
finish
