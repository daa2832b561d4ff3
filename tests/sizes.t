#!/bin/sh
# What options of csc change. -heap-size and -nursery: what the program is compiled for is what it gets, or
# init says why not. -d0: no call chain, and then callseq_last_trace gives none.
. "$TESTS/tap.sh"

cat >app.scm <<'END_OF_FILE'
(import (chicken platform) (chicken gc) callseq)
(define-sequenced-callback (fill (int n)) int
  (let loop ((i 0) (l '())) (if (< i n) (loop (+ i 1) (cons i l)) (length l))))
(define-sequenced-callback (heap) integer64 (vector-ref (memory-statistics) 0))
(return-to-host)
END_OF_FILE
cat >main.c <<'END_OF_FILE'
#include <callseq.h>
#include <stdio.h>
#include <stdlib.h>
int fill(int);
int64_t heap(void);
int main(int argc, char **argv) { /* [stack_bytes] */
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  struct callseq_stats stats;
  if (argc > 1) config.stack_bytes = (size_t)atol(argv[1]);
  if (callseq_init_with(&config)) return 3;
  long kib = (long)(heap() / 1024);
  callseq_stats(&stats);
  uint64_t before = stats.collections;
  int length = 0;
  for (int i = 0; i < 10; i++) length += fill(100000);
  callseq_stats(&stats);
  printf("%d, half a heap of %s 5120 KiB, %s 150 collections\n", length,
         kib < 5120 ? "less than" : "at least", stats.collections - before < 150 ? "less than" : "at least");
  return 0;
}
END_OF_FILE
$CC -I"$STAGE/include" -c main.c -o main.o
build() { # PROGRAM OPTION...
  program=$1
  shift
  ok "csc $*" $CSC "$@" -e app.scm main.o -o "$program" -link callseq
}

build heap -heap-size 10M
is 'the heap is of that size' "$(./heap)" '1000000, half a heap of at least 5120 KiB, at least 150 collections'
build nursery -nursery 6M
is 'the nursery is' "$(./nursery)" '1000000, half a heap of at least 5120 KiB, less than 150 collections'
build large -nursery 9M
fails 'init refuses a nursery that the stack has no room for' ./large
says 'the message tells why, and what to do' 'csc -nursery' 9437184 stack_bytes nursery_bytes
ok 'with such a stack it works' ./large 20000000

cat >app.scm <<'END_OF_FILE'
(import (chicken platform) callseq)
(define (fail-at n) (if (< n 1) (error "failed" n) (+ 1 (fail-at (- n 1)))))
(define-sequenced-callback (fail (int n)) int (fail-at n))
(return-to-host)
END_OF_FILE
cat >main.c <<'END_OF_FILE'
#include <callseq.h>
#include <stdio.h>
int fail(int);
static int told;
static void tell(void *unused, int status, const char *message) {
  (void)unused, (void)status, (void)message;
  told = !callseq_last_trace();
}
int main(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = tell;
  if (callseq_init_with(&config)) return 3;
  fail(2);
  const char *trace = callseq_last_trace();
  printf("%d, %s\n", told, !trace ? "NULL" : *trace ? "a chain" : "empty");
  return 0;
}
END_OF_FILE
$CC -I"$STAGE/include" -c main.c -o main.o
build traced -d2
is 'the call chain is told' "$(./traced)" '0, a chain'
build untraced -d0
is 'without one it is NULL' "$(./untraced)" '1, NULL'
finish
