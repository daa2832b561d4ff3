#!/bin/sh
# (callseq-header "app.h"): a header with the prototypes of a file's callbacks, for C and C++.
. "$TESTS/tap.sh"

cat >app.scm <<'END'
(import (chicken platform) (chicken foreign) callseq)
(callseq-header "app.h")
#>
struct point { int x, y; };
enum colour { RED, GREEN };
<#
(define-foreign-type point* (c-pointer (struct "point")))
(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (greet (c-string name)) c-string (string-append "hello " name))
(define-sequenced-callback (big (unsigned-integer64 n) (integer32 m)) integer64 (- n m))
(define-sequenced-callback (same (point* p)) point* p)
(define-sequenced-callback (pick ((function int (int)) f)) (function int (int)) f)
(define-sequenced-callback (paint ((enum "colour") c)) (enum "colour") c)
(define-sequenced-callback (flip (bool b) (char c) (size_t n)) bool (not b))
(define-sequenced-callback (keywords (int class) (int x->y)) int (+ class x->y))
(define-sequenced-callback (my_C_char_fn (char nullptr) (int NULL)) char nullptr)
(define-sequenced-callback/status (try_twice (int result)) int (* 2 result))
(define-sequenced-callback/status (try_paint ((enum "colour") c)) (const (enum "colour")) c)
(define-sequenced-callback (fixed (int n)) (const int) n)
(define-sequenced-callback (stand_ins (int a1) (int x->y) (int linux) (int size_t) (size_t NULL)
                                      (int INT_MAX)) int a1)
(define-sequenced-callback (nothing) void 0)
(define-sequenced-callback/status (try_greet (c-string name)) c-string name)
(define-sequenced-callback/status (try_nothing (int n)) void (if (zero? n) (error "zero")))
(return-to-host)
END

cat >main.c <<'END'
struct point { int x, y; };
enum colour { RED, GREEN };
#include "app.h"
#include "app.h"
#include <callseq.h>
#include <stdio.h>
#include <string.h>

static int add_one(int n) { return n + 1; }

int main(void) {
  struct point p = {1, 2};
  char name[] = "you", *text = 0;
  if (callseq_init() != CALLSEQ_OK) return 1;
  if (twice(21) != 42 || strcmp(greet(name), "hello you") != 0) return 2;
  if (big(10, 3) != 7 || same(&p) != &p || pick(add_one)(1) != 2) return 3;
  if (paint(GREEN) != GREEN || flip(0, 'a', 1) != 1 || keywords(2, 3) != 5) return 4;
  int doubled = 0;
  enum colour painted = RED;
  if (try_twice(21, &doubled) != CALLSEQ_OK || doubled != 42) return 7;
  if (try_paint(GREEN, &painted) != CALLSEQ_OK || painted != GREEN) return 8;
  if (my_C_char_fn('x', 1) != 'x') return 9;
  nothing();
  if (try_greet(name, &text) != CALLSEQ_OK || strcmp(text, name) != 0) return 5;
  if (try_nothing(1) != CALLSEQ_OK || try_nothing(0) != CALLSEQ_ERROR) return 6;
  puts("all called");
  return 0;
}
END
cp main.c main_cxx.cpp

# A warning for a function without a prototype is an error here, so main.c has them all.
strict="-Wall -Wextra -Werror -pedantic -I$STAGE/include -fsyntax-only"
ok 'translating the file' $CSC -t -e app.scm -o app.c
ok 'writes a header that its user can include, twice, in C' $CC -std=c11 $strict main.c
ok 'and in C++' $CXX -std=c++11 $strict main_cxx.cpp
ok 'they build, one including the header, one writing it' $CSC -I$STAGE/include \
  -e app.scm main.c -o app -link callseq
ok 'and run' ./app
says 'every function has been called' 'all called'

# Structures that it only points to need no declaration of the user's.
cat >alone.scm <<'END'
(import (chicken platform) callseq)
(callseq-header "alone.h")
(define-sequenced-callback (width ((c-pointer (struct "box")) b) (size_t n) (ssize_t m)) integer64
  1)
(return-to-host)
END
printf '#include "alone.h"\nint unused;\n' >alone_user.c
cp alone_user.c alone_user_cxx.cpp
ok 'translating a file with a structure of its own' $CSC -t -e alone.scm -o alone.c
ok 'its header stands alone in C' $CC -std=c11 $strict alone_user.c
ok 'and in C++' $CXX -std=c++11 $strict alone_user_cxx.cpp
finish
