#!/bin/sh
# What the forms refuse while a file is compiled: csc fails, and the message names the form, the
# callback or argument, and what to do instead.
. "$TESTS/tap.sh"

# refused WHAT FORM TEXT...: compiling FORM fails with a message that has its place and every TEXT
refused() {
  what=$1 form=$2
  shift 2
  printf '(import (chicken platform) (chicken foreign) callseq)\n%s\n(return-to-host)\n' "$form" \
    >case.scm
  fails "$what" $CSC -t -e case.scm -o case.c
  says "$what: the message" '(case.scm:2)' "$@"
}

plain=define-sequenced-callback
status=define-sequenced-callback/status

refused 'a struct by value as argument' "($plain (fetch ((struct \"point\") place)) int 1)" \
  "$plain" fetch place struct c-pointer
refused 'a struct by value as result' "($plain (fetch) (struct \"point\") 1)" \
  "$plain" fetch result struct c-pointer
refused 'a union by value, status form' "($status (fetch ((union \"word\") place)) int 1)" \
  "$status" fetch place union c-pointer
refused 'a struct behind an alias' \
  "(define-foreign-type spot (struct \"point\")) ($plain (fetch (spot place)) int 1)" \
  "$plain" fetch place c-pointer
refused 'a template by value' "($plain (fetch ((template \"std::vector\" int) place)) int 1)" \
  "$plain" fetch place c-pointer

for type in u8vector s16vector f64vector nonnull-u32vector blob nonnull-blob pointer-vector \
  scheme-pointer '(scheme-pointer int)'; do
  refused "$type as argument" "($plain (fetch ($type place)) int 1)" "$plain" fetch place c-pointer
done
for type in u8vector blob scheme-pointer nonnull-scheme-pointer scheme-object; do
  refused "$type as result" "($plain (fetch (int place)) $type place)" "$plain" fetch result "$type"
done
refused 'a list of strings as result' "($plain (fetch) c-string-list '())" \
  "$plain" fetch result c-string-list
refused 'a result in the Scheme heap, status form' "($status (fetch) scheme-object 1)" \
  "$status" fetch scheme-object

refused 'a Scheme object as result' "($plain (fetch) scheme-object 1)" "$plain" fetch \
  'return a callseq-handle'
refused "C's name of a handle" "($plain (fetch (callseq_handle f)) int 1)" "$plain" fetch \
  'callseq_handle is callseq-handle here'
refused 'a handle behind its name' "($plain (fetch (f callseq-handle)) int 1)" "$plain" \
  '(callseq-handle f)'
refused 'a pointer form round a handle and more' "($plain (fetch ((c-pointer callseq-handle int) f)) int 1)" \
  "$plain" fetch 'one type must follow'

post=$plain/post future=$plain/future notify=$plain/notify
refused 'exclusively without a body' "($plain (fetch (int place)) int (exclusively))" exclusively BODY
refused 'a result of a post' "($post (fetch (int place)) int 1)" "$post" fetch void "$future"
refused 'a result of a notification' "($notify (fetch) int 1)" "$notify" fetch void
refused 'an argument of a notification' "($notify (fetch (int place)) void 1)" "$notify" fetch place \
  "$post"
refused 'a Scheme object as a future'"'"'s result' "($future (fetch) scheme-object 1)" "$future" fetch
refused 'a name that a future takes' \
  "($future (fetch) int 1) ($plain (fetch_result) int 1)" "$plain" fetch_result
refused 'a name that a future would take' \
  "($plain (fetch_result) int 1) ($future (fetch) int 1)" "$future" fetch_result
refused 'a vector as argument of a post' "($post (fetch (u8vector place)) void 1)" "$post" fetch place
refused 'an unknown type of an argument' "($plain (fetch (integer128 place)) int 1)" \
  "$plain" fetch place integer128 define-foreign-type
refused 'an unknown type of the result' "($plain (fetch) integer128 1)" \
  "$plain" fetch integer128 define-foreign-type
refused 'a type that only a pointer to it may have' "($plain (fetch (\"point_t\" place)) int 1)" \
  "$plain" fetch place point_t c-pointer
refused 'a pointer to an unknown type' "($plain (fetch ((c-pointer nothing) place)) int 1)" \
  "$plain" fetch place nothing
refused 'a pointer form without its type' "($plain (fetch ((c-pointer) place)) int 1)" \
  "$plain" fetch place
refused 'a type that is no type' "($plain (fetch (5 place)) int 1)" "$plain" fetch place \
  'one of the manual'
refused 'a type form that is unknown' "($plain (fetch ((array int) place)) int 1)" "$plain" fetch place \
  'one of the manual'
refused 'void as an argument' "($plain (fetch (void place)) int 1)" "$plain" fetch place void
refused 'a type registered as itself' \
  "(define-foreign-type loop loop) ($plain (fetch (loop place)) int 1)" "$plain" fetch place

refused 'a type registered as a pointer to itself' \
  "(define-foreign-type loop (c-pointer loop)) ($plain (fetch (loop place)) int 1)" \
  "$plain" fetch place itself
refused 'an alias of an unknown type, pointed to' \
  "(define-foreign-type odd nothing) ($plain (fetch ((c-pointer odd) place)) int 1)" \
  "$plain" fetch place nothing
refused 'const of a name registered as const' \
  "(define-foreign-type fixed (const int)) ($plain (fetch ((const fixed) place)) int 1)" \
  "$plain" fetch place const
for type in '(const)' '(const int int)' '(const (const int))' '(const (function int (int)))' \
  '(const (c-pointer (function int (int))))' \
  '(const (c-pointer (const int)))' '(c-pointer (const (c-pointer (const int))))'; do
  refused "$type" "($plain (fetch ($type place)) int 1)" "$plain" fetch place const
done
refused 'a pointer to a list of strings' "($plain (fetch ((c-pointer c-string-list) place)) int 1)" \
  "$plain" fetch place c-string-list
refused 'a function that returns a function' \
  "($plain (fetch ((function (function int ()) ()) place)) int 1)" "$plain" fetch place c-pointer
for type in '(function (c-pointer (function int ())) ())' '(function int (int) 5)' \
  '(function int (int void))' '(function int (...))' '(function int (... int))'; do
  refused "$type" "($plain (fetch ($type place)) int 1)" "$plain" fetch place function
done
for type in '(ref int)' '(instance \"point\" point)' '(c-pointer (template \"vector\" int))'; do
  refused "$type, in C" "($plain (fetch ($(echo "$type" | tr -d '\\') place)) int 1)" "$plain" fetch \
    place 'csc -c++'
done
refused 'an empty name of a type' "($plain (fetch ((c-pointer \"\") place)) int 1)" "$plain" fetch \
  place empty
plain_csc=$CSC
CSC="$CSC -c++"
for type in '(ref (ref int))' '(ref void)' '(c-pointer (template int int))' \
  '(c-pointer (struct "a b"))'; do
  refused "$type, in C++" "($plain (fetch ($type place)) int 1)" "$plain" fetch place
done
for name in dup3 fadd gettid; do
  refused "the name $name, in C++" "($plain ($name (int place)) int 1)" "$plain" "$name: " \
    'headers of the C'
done
CSC=$plain_csc
for name in '\"my-struct\"' '\"class\"' '\"a b\"'; do
  refused "the struct $name" "($plain (fetch ((c-pointer (struct $(echo "$name" | tr -d '\\')))\
 place)) int 1)" "$plain" fetch place name
done

refused 'a name twice' "($plain (fetch) int 1) ($plain (fetch (int a)) int a)" \
  "$plain" fetch already
refused 'a name twice, once in each form' "($plain (fetch) int 1) ($status (fetch) int 1)" \
  "$status" fetch already
for name in fetch-one fetch? 2nd while int class _Bool and nullptr typeof NULL 'a|b c|'; do
  refused "the name $name" "($plain ($name (int place)) int 1)" "$plain" 'name in C'
done
refused 'a name with a hyphen: the remedy' "($plain (fetch-one (int place)) int 1)" fetch_one
refused 'the name main' "($plain (main (int place)) int 1)" "$plain" main 'where a C program begins'
for name in printf open connect malloc y0 environ stdin errno exit _exit _setjmp isless isunordered \
  pthread_setname_np sched_getaffinity; do
  refused "the name $name" "($plain ($name (int place)) int 1)" "$plain" "$name: " 'the C library has'
done
for name in FILE int8_t size_t va_list u_int fd_set jmp_buf atomic_int INT_MAX EINVAL PRId64 SCNx8 \
  index gamma isnan bzero sincos alloca usleep htole32 ptsname_r; do
  refused "the name $name" "($plain ($name (int place)) int 1)" "$plain" "$name: " 'headers of the C'
done
for name in HAVE_STDINT_H CALLSEQ_LIKELY; do
  refused "the name $name" "($plain ($name (int place)) int 1)" "$plain" "$name: " 'take another'
done
for name in _start _init _end _edata; do
  refused "the name $name" "($plain ($name (int place)) int 1)" "$plain" "$name: " 'every program has'
done
for name in linux unix i386; do
  refused "the name $name" "($plain ($name (int place)) int 1)" "$plain" "$name: " 'a macro'
done
for name in __inline __asm__ __my_own _Foo; do
  refused "the name $name" "($status ($name (int place)) int 1)" "$status" "$name: " "the compiler's"
done
for name in C_fix CHICKEN_run f_12 f_12r stub7 lf li3 trf_9; do
  refused "the name $name" "($plain ($name (int place)) int 1)" "$plain" "$name: " CHICKEN
done
for name in f1 f_one f_1x stub lift value_t _fetch fetch__one string index2 PRIMARY ADD EVENT openness C2 arm far assert minor I complex dup3 fadd; do
  printf '(import callseq)\n(%s (%s (int place)) int 1)\n' "$plain" "$name" >case.scm
  ok "the name $name is accepted" $CSC -t -e case.scm -o case.c
done
refused 'a callback called like a type of its own' \
  "($plain (plan ((c-pointer \"plan\") place)) int 1)" "$plain" plan 'a type in C'
refused 'a callback called like a type of one before' \
  "($plain (fetch ((c-pointer \"const plan\") p)) int 1) ($plain (plan) int 1)" "$plain" plan \
  'a type in C'
refused "a type called like a future's result" \
  "($future (plan (int n)) (c-pointer \"plan_result\") n)" "$future" plan_result 'a type in C'
refused 'a type called like a callback before' \
  "($plain (plan) int 1) ($status (fetch) (c-pointer \"plan\") 1)" "$status" fetch plan 'a type in C'
printf '(import (chicken foreign) callseq)\n#>\n#define fetch 5\n<#\n%s' \
  "($plain (fetch (int place)) int 1)" >case.scm
fails 'a name that is a macro of the program' $CSC -c -e case.scm -o case.o
says 'a name that is a macro of the program: the message' 'case.scm:5:' "$plain: fetch: " macro
refused 'a name of the library' "($plain (callseq_init (int place)) int 1)" "$plain" callseq_init

shape='(NAME (TYPE ARG) ...) RTYPE BODY ...'
for form in '' 'fetch' 'fetch int 1' '(fetch)' '(fetch (int place))' '(fetch (int place)) int' \
  '(fetch int) int 1' '(fetch (int)) int 1' '(fetch (int place place)) int 1' \
  '(fetch (int 5)) int 1' '(fetch (int "place")) int 1' '(fetch . place) int 1' \
  '("fetch" (int place)) int 1' '(5) int 1' '() int 1' '"static"' '"static" int 1'; do
  refused "the shape ($plain $form)" "($plain $form)" "$plain" "$shape"
done
refused 'a malformed status form' "($status (fetch (int)) int 1)" "$status" "$shape"
refused 'two arguments of the same name' "($plain (fetch (int place) (int place)) int 1)" \
  "$plain" fetch place

# Mistakes that have a message of their own.
refused 'name before type' "($plain (fetch (place int)) int 1)" "$plain" fetch '(int place)'
refused 'name before a type form' "($plain (fetch (place (c-pointer int))) int 1)" "$plain" fetch \
  '((c-pointer int) place)'
refused 'name before an alias' "(define-foreign-type plan int) ($plain (fetch (x plan)) int 1)" \
  "$plain" fetch '(plan x)'
refused 'name before a string' "($plain (fetch (place \"char *\")) int 1)" "$plain" fetch place
refused 'result type first' "($plain int (fetch (int place)) 1)" "$plain" 'the result type stands after'
refused 'a result type of several words first' "($plain (c-pointer int) (fetch (int place)) 1)" \
  "$plain" 'the result type stands after'
outside='the name is the first in the list of the arguments: (fetch (TYPE ARG) ...)'
refused 'the name outside the list' "($plain fetch ((int place)) int 1)" "$plain" "$outside"
refused 'the same with one argument' "($plain fetch (int place) int 1)" "$plain" "$outside"
refused 'the same without' "($status fetch () int 1)" "$status" "$outside"
refused 'the same after qualifiers' "($plain \"static\" fetch ((int place)) int 1)" "$plain" "$outside"
refused 'the name outside, as a string' "($plain \"fetch\" (int place) int 1)" \
  "$plain" 'begins with a type'
refused 'the name in quotes' "($plain (\"fetch\" (int place)) int 1)" "$plain" 'without quotes: fetch'
refused 'a qualifier without quotes' "($plain static (fetch (int place)) int 1)" \
  "$plain" 'given as a string, "static"'
refused 'the same before a name alone' "($plain __hot (fetch) int 1)" "$plain" 'as a string, "__hot"'
refused 'arguments without lists' "($plain (fetch int place) int 1)" "$plain" fetch 'a list of its own'
for form in '(* place place)' 'place' '5' '(print place) (* place place)' '(let () 1) 2' \
  '#t 1'; do
  refused "no result type before $form" "($plain (fetch (int place)) $form)" "$plain" fetch \
    'the result type is missing'
done
refused 'a body without a result type, status form' "($status (fetch) (list 1 2))" "$status" fetch \
  'the result type is missing'
for rest in '(int place) . rest' '. rest' '#!rest rest' '(int place) #!optional (int n)' '...'; do
  refused "the arguments $rest" "($plain (fetch $rest) int 1)" "$plain" fetch \
    'a fixed number of arguments'
done
for type in '(const char *)' '(char *)' '(unsigned int)' '(long long)' '(struct point *)' '(void *)' \
  '(c-pointer (unsigned char))'; do
  refused "the type $type" "($plain (fetch ($type place)) int 1)" "$plain" fetch place "C's way" \
    c-string c-pointer
  refused "the result type $type" "($plain (fetch) $type 1)" "$plain" fetch "C's way" c-pointer
done
refused 'a type in several words' "($plain (fetch (unsigned int place)) int 1)" "$plain" fetch \
  'one symbol'
refused 'a pointer as in C' "($plain (fetch (int *place)) int 1)" "$plain" fetch '*place' c-pointer
refused 'no arguments as in C' "($plain (fetch (void)) int 1)" "$plain" fetch '(void)'
while IFS='|' read -r type better; do
  refused "the type $type" "($plain (fetch ($type place)) int 1)" "$plain" fetch place "$better"
  refused "the result type $type" "($plain (fetch) $type 1)" "$plain" fetch "$better"
done <<'END'
string|c-string
boolean|bool
uint32_t|unsigned-int32
int64_t|integer64
unsigned|unsigned-int
char*|c-string
void*|c-pointer
thing*|(c-pointer TYPE)
"int"|int
"unsigned int"|unsigned-int
"const char *"|c-string
END

refused 'a header without a name' '(callseq-header)' callseq-header
refused 'a header whose name is no string' '(callseq-header app.h)' callseq-header
refused 'a header that cannot be written' '(callseq-header "no/such/folder/app.h")' callseq-header \
  no/such/folder
refused 'a header with NUL in its name' '(callseq-header "a\x00;.h")' callseq-header NUL
for name in app.c app.scm app.o app.cpp; do
  refused "the header $name" "(callseq-header \"$name\")" callseq-header "$name" 'as in app.h'
done
refused 'two headers' '(callseq-header "a.h") (callseq-header "b.h")' callseq-header b.h \
  'put its lines there'

# C that blocks: the same types, the other way round.
blocking=foreign-blocking-lambda
for type in scheme-object u8vector blob scheme-pointer '(scheme-pointer int)' pointer-vector; do
  instead=c-pointer
  [ "$type" = scheme-object ] && instead=callseq-handle
  refused "$type for C that blocks" "(define f ($blocking int \"f\" int $type))" "$blocking" f \
    'argument 2' 'the Scheme heap' "$instead"
  refused "$type from C that blocks" "(define f ($blocking* $type () \"return 0;\"))" "$blocking*" \
    'the result' 'the Scheme heap'
  refused "$type for a C body that blocks" "(define f ($blocking* int (($type place)) \"return 0;\"))" \
    "$blocking*" "argument \`place'" 'the Scheme heap'
done
refused 'a struct by value, C that blocks' "(define f ($blocking int \"f\" (struct \"point\")))" \
  "$blocking" c-pointer
refused 'a list of strings for C that blocks' "(define f ($blocking int \"f\" c-string-list))" \
  "$blocking" 'can only be a result' c-pointer
refused 'void for C that blocks' "(define f ($blocking int \"f\" void))" "$blocking" 'argument 1' void
refused 'an unknown type, C that blocks' "(define f ($blocking uint32_t \"f\"))" "$blocking" \
  unsigned-int32
for form in '' 'int' 'int 5' 'int "a b"' 'int "class"'; do
  refused "the shape ($blocking $form)" "(define f ($blocking $form))" "$blocking" 'RTYPE NAME TYPE ...'
done
for form in '' 'int' 'int ((int n))' 'int "f" int' 'int ((int n)) 5' 'int (int n) "return 1;"'; do
  refused "the shape ($blocking* $form)" "(define f ($blocking* $form))" "$blocking*" \
    'RTYPE ((TYPE ARG) ...) BODY ...'
done
refused 'name before type, C that blocks' "(define f ($blocking* int ((n int)) \"return n;\"))" \
  "$blocking*" '(int n)'
refused 'a name that C has not, C that blocks' "(define f ($blocking* int ((int a-b)) \"return 1;\"))" \
  "$blocking*" a-b 'its name in the C body'
for macro in linux errno NULL; do
  refused "a macro's name, C that blocks: $macro" "(define f ($blocking* int ((int $macro)) \"return 1;\"))" \
    "$blocking*" "$macro" 'a macro'
done
refused 'a name twice, C that blocks' "(define f ($blocking* int ((int a) (int a)) \"return a;\"))" \
  "$blocking*" 'rename one'
cat >case.scm <<'END'
(import (chicken platform) (chicken foreign) (chicken base) callseq)
#>
#include <string.h>
#include <unistd.h>
enum colour { RED };
typedef struct { int n; } thing;
#define value no_value
#define free no_free
<#
(define-foreign-type day int (lambda (d) d) (lambda (d) d))
(define-foreign-type fixed (const day))
(list
 (foreign-blocking-lambda int "close" int)
 (foreign-blocking-lambda c-string "strstr" (const c-string) (const c-string))
 (foreign-blocking-lambda void sync)
 (foreign-blocking-lambda* double ((double x) ((c-pointer "thing") thing) (char c) (bool b))
   "double y = x * 2;" "C_return(y + (thing != 0) + c + b);")
 (foreign-blocking-lambda* nonnull-c-string ((symbol s) (c-string* t) (unsigned-integer64 n))
   "return n ? s : t;")
 (foreign-blocking-lambda* c-string* () "return strdup(\"x\");")
 (foreign-blocking-lambda* c-string-list* () "return NULL;")
 (foreign-blocking-lambda* (function int (int)) (((function int (int)) f) ((enum "colour") c))
   "(void)c; return f;")
 (foreign-blocking-lambda* fixed ((day d) (fixed e) (c-pointer p) ((c-pointer (struct "box")) q))
   "(void)p; (void)q; return d + e;"))
(define-sequenced-callback (fetch (int n)) int n)
(return-to-host)
END
# CHICKEN's own alloca(0) is what GCC 14 has -Wno-alloc-size for.
for option in '' -c++; do
  ok "what is accepted is C without a warning: $option" $CSC $option -c -e case.scm -o case.o \
    -C '-Wall -Wextra -Werror -Wno-unused -Wno-unused-parameter -Wno-ignored-qualifiers -Wno-alloc-size'
done

# The macros of a program are its own: not one word of the library's headers stands in the generated C.
words=$(cd "$TESTS/../src" && sed 's,/\*.*,,' runtime/abi.h runtime/self.h sequence/sequencer.h context/context.h |
  sed -n 's/^  [a-zA-Z].*[ *(]\([a-z_]*\)\()(.*)\)\{0,1\}\(\[.*\]\)\{0,1\};.*/\1/p' | grep -v '^callseq_' | sort -u)
is 'the words are found' "$(echo "$words" | grep -c -x -e run -e drop -e status -e waiter)" 4
number=0
{
  echo '(import (chicken platform) (chicken foreign) (chicken base) callseq)'
  echo '#>'
  for word in $words; do
    echo "#define $word 1 no_$word"
  done
  echo '<#'
  for form in "$plain" "$status" "$future"; do
    number=$((number + 1))
    echo "($form (number_$number (int n) (c-string s)) int n)"
    echo "($form (string_$number (c-string* s) (callseq-handle h)) c-string s)"
  done
  echo "($plain/post (post (c-string s)) void s) ($plain/notify (notify) void 1)"
  echo "(list ($blocking int \"close\" int) ($blocking c-string \"strstr\" c-string c-string)"
  echo " ($blocking* int ((callseq-handle h)) \"return h != 0;\"))"
  echo '(return-to-host)'
} >case.scm
ok "the program's macros may be called like what the library has" $CSC -c -e case.scm -o case.o

for form in post future notify; do
  echo "(import (chicken platform) callseq) (define-sequenced-callback/$form (fetch) void 1)" >case.scm
  fails "the lock left out: $form" $CSC -c -e case.scm -o case.o -C -DCALLSEQ_NO_LOCK
  says "the lock left out: $form: the message" "case.scm:1" "$form" fetch CALLSEQ_NO_LOCK
done

finish
