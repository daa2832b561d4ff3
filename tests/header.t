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
                                      (int INT_MAX) (int complex) (int noreturn)) int a1)
(define-sequenced-callback (nothing) void 0)
(define-sequenced-callback/status (try_greet (c-string name)) c-string name)
(define-sequenced-callback/status (try_nothing (int n)) void (if (zero? n) (error "zero")))
(define-sequenced-callback/post (post_it (int n) (c-string class)) void 0)
(define-sequenced-callback/future (ask_it (int result)) c-string "it")
(define-sequenced-callback/future (ask_nothing) void 0)
(define-sequenced-callback/notify (tell_it) void 0)
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
  if (post_it(1, name) != CALLSEQ_OK || callseq_flush(CALLSEQ_FOREVER) != CALLSEQ_OK) return 9;
  if (ask_it_result(ask_it(1), &text) != CALLSEQ_OK || strcmp(text, "it") != 0) return 10;
  if (ask_nothing_result(ask_nothing()) != CALLSEQ_OK) return 11;
  tell_it();
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
printf 'enum colour { RED, GREEN };\n#include <complex.h>\n#include <stdnoreturn.h>\n#include "app.h"\n' >macros.c
ok 'also after headers with macros in small letters' $CC -std=c11 $strict macros.c
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

# header NAME LANGUAGES FORM...: a file of these forms, and its header NAME.h, which compiles.
header() {
  name=$1 languages=$2 text=$3
  printf '(import (chicken platform) (chicken foreign) (chicken base) callseq)\n(callseq-header "%s.h"%s\n' \
    "$name" "$text" >$name.scm
  translate=$CSC
  [ "$languages" != cpp ] || translate="$CSC -c++"
  ok "translating $name" $translate -t -e $name.scm -o $name.out
  for language in $languages; do
    case $language in
      c) ok "the header of $name, in C" $CC -std=gnu11 $strict -x c $name.h ;;
      cpp) ok "the header of $name, in C++" $CXX -std=gnu++11 $strict -x c++ $name.h ;;
    esac
  done
}

strict="$strict -Wno-pragma-once-outside-header"
printf 'typedef struct { int x; } vec;\ntypedef long GC_word;\ntypedef int result, future;\n' >own_types.h
header typeparam 'c cpp' ' "#include \"own_types.h\"")
(define-sequenced-callback (dist ((c-pointer "vec") vec) ((c-pointer "vec") other)) double 1.0)
(define-sequenced-callback/status (ask ((c-pointer "result") a)) (c-pointer "result") a)
(define-sequenced-callback/future (ask_later ((c-pointer "result") a)) (c-pointer "future") #f)'
says 'nothing to warn of'
header words 'c cpp' ' "#include \"own_types.h\"")
(define-sequenced-callback (mark ((c-pointer "GC_word") p) ((c-pointer (struct "MYC_words")) C_word))
  int 1)
(define-sequenced-callback (boxed ((c-pointer "struct C_words_of_mine") p)) integer 1)
(define-sequenced-callback (raw ((c-pointer "C_word") C_char)) (c-pointer integer64) #f)'
ok 'words that a name only contains are left alone' grep -q 'GC_word \*p, struct MYC_words \*' words.h
ok 'and CHICKEN'"'"'s types are not left' grep -q 'raw(intptr_t \*' words.h
header arguments 'c cpp' ')
(define-syntax with-hidden
  (syntax-rules ()
    ((_ name (t a) ...) (define-sequenced-callback (name (int x) (t a) ...) int (+ x a ...)))))
(with-hidden hidden (int x))
(with-hidden twice (int x) (int y) (int a0))
(define-sequenced-callback (extensions (int __inline) (int __asm__) (int asm) (int typeof) (int i386)
                                       (int _Foo) (int errno) (int stdout) (int st_mtime)) int 1)
(define-sequenced-callback/status (results (int result) (int callseq_result) (int status)) int 1)'
ok 'an argument that a macro added does not meet the own one' grep -q 'hidden(int x, int)' arguments.h
printf 'namespace geo { class Shape { public: int id; }; struct Till; }\nclass Thing {};\n%s\n' \
  'template <class T> struct Many { T *first; };' >cpp_types.h
header namespaced cpp ' "#include \"cpp_types.h\"")
(foreign-declare "#include \"cpp_types.h\"\n")
(define-sequenced-callback (shape ((c-pointer (struct "geo::Till")) t) ((c-pointer "geo::Shape") geo))
  c-pointer t)
(define-sequenced-callback (many ((c-pointer (template "Many" int)) Many) ((ref (struct "geo::Till")) r))
  int 1)
(define-sequenced-callback (boxed ((c-pointer (struct "geo_box")) b)) int 1)'

# A static callback is its file's own.
cat >static.scm <<'END'
(import (chicken foreign) callseq)
(callseq-header "static.h")
(define-sequenced-callback "static" (mine (c-string s)) c-string s)
(define-sequenced-callback/status "static" (mine_too (int n)) c-string "x")
(define-sequenced-callback/post "static __attribute__((cold))" (my_post (int n)) void n)
(define-sequenced-callback/future "static" (my_future (int n)) c-string "x")
(define-sequenced-callback (ours (int n)) int n)
(define addresses
  (list (foreign-value "mine" c-pointer) (foreign-value "mine_too" c-pointer)
        (foreign-value "my_post" c-pointer) (foreign-value "my_future_result" c-pointer)))
END
ok 'static callbacks of all forms are compiled' $CSC -c -e static.scm -o static.o
ok '... to local functions' sh -c "nm static.o | grep -q ' t mine\$' && nm static.o | grep -q ' T ours\$'"
sed -i 's/(foreign-value "\([a-z_]*\)"/(foreign-value "(void *)\1"/g' static.scm
ok '... also as C++' $CSC -c++ -c -e static.scm -o static.o
ok 'the header has the others' grep -q 'ours(int n)' static.h
fails '... and none of these' grep -e mine -e my_ static.h

# Guards: headers of one name are different headers.
mkdir -p one two
for folder in one two; do
  printf '(import callseq)(callseq-header "app.h")(define-sequenced-callback (in_%s (int n)) int n)\n' \
    $folder >$folder/app.scm
  (cd $folder && $CSC -t -e app.scm -o app.c)
done
printf '#include "one/app.h"\n#include "two/app.h"\n#include "one/app.h"\nint (*f)(int) = in_two, (*g)(int) = in_one;\n' \
  >both.c
ok 'two headers of one name are included together' $CC -std=c11 $strict both.c

# What it may overwrite: nothing, or what it made of the same file.
own='(import callseq)(define-sequenced-callback (one (int n)) int n)'
in_folder() { # FOLDER COMMAND...
  (cd "$1" && shift && "$@")
}
precious() { # WHAT FILE: the file of case.scm's header is left as it is, and said to be the reason
  before=$(cat "$2")
  fails "$1" $CSC -t -e case.scm -o case.out
  says "$1: the message" callseq-header "$2"
  is "$1: the file is as before" "$(cat "$2")" "$before"
}
echo 'int precious;' >mine.h
echo "$own(callseq-header \"mine.h\")" >case.scm
precious 'a file of the program' mine.h
: >mine.h
precious 'an empty file' mine.h
echo "$own(callseq-header \"case.scm\")" >case.scm
precious 'the source itself' case.scm
echo "$own(callseq-header \"case.h\")" >case.scm
ln -s mine.h case.h
fails 'a link' $CSC -t -e case.scm -o case.out
rm case.h
ok 'a file that is not there is written' $CSC -t -e case.scm -o case.out
echo '(import callseq)(define-sequenced-callback (two (int n)) int n)(callseq-header "case.h")' >case.scm
ok 'its own header is written anew' $CSC -t -e case.scm -o case.out
ok '... from what the file says now' grep -q 'int two(int n);' case.h
ok '... wherever it is compiled from' $CSC -t -e "$PWD/case.scm" -o case.out
ln -s case.scm link.scm
ok '... or under another name of the same file' $CSC -t -e link.scm -o case.out
ok '... and under its own again' $CSC -t -e case.scm -o case.out
mkdir east west real
ln -s real/deep out
mkdir real/deep
for folder in east west; do
  echo "$own(callseq-header \"../out/app.h\")" >$folder/app.scm
done
ok 'a header in another folder' in_folder east $CSC -t -e app.scm -o app.out
is '... names its source from there' "$(head -n 1 out/app.h)" \
  '/* Made by callseq-header from ../../east/app.scm; changes will be overwritten. */'
fails 'that of another file of the same name, in another folder' in_folder west $CSC -t -e app.scm -o app.out
says '... the message' ../out/app.h 'made from' east/app.scm
ok 'its own file has it written anew' in_folder east $CSC -t -e app.scm -o app.out
echo "$own(callseq-header \"$PWD/real/deep/app.h\")" >east/app.scm
ok '... from any folder' $CSC -t -e east/app.scm -o case.out
odd=$(printf 'odd*/%%41*\\\nfolder')
mkdir -p "$odd"
echo "$own(callseq-header \"$PWD/odd.h\")" >"$odd/app.scm"
ok 'a folder with a name that would end a comment' in_folder "$odd" $CSC -t -e app.scm -o app.out
ok '... its header compiles' $CC -std=c11 $strict odd.h
ok '... and is written anew' in_folder "$odd" $CSC -t -e app.scm -o app.out
cp "$odd/app.scm" odd.scm
fails '... not by another file' $CSC -t -e odd.scm -o odd.out
says '... the message' odd.h 'made from' 'odd*/%41*'
cp case.scm other.scm
fails 'the header of another Scheme file' $CSC -t -e other.scm -o case.out
says 'the header of another Scheme file: the message' case.h 'made from' case.scm
rm case.scm
ok 'of one that is gone it may be' $CSC -t -e other.scm -o case.out
before=$(cat case.h)
echo '(import callseq)(callseq-header "case.h")(define-sequenced-callback (three) int 3)(car)(if)' >other.scm
fails 'a compilation that fails after it' $CSC -t -e other.scm -o case.out
is '... leaves the old header' "$(cat case.h)" "$before"
rm case.h
fails 'and without an old one' $CSC -t -e other.scm -o case.out
ok '... leaves none' test ! -e case.h
is 'nothing else is left' "$(ls | grep 'new$')" ''

finish
