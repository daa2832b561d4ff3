#!/bin/sh
# What the forms refuse while a file is compiled: csc fails, and the message names the form, the
# callback or argument, and what to do instead.
. "$TESTS/tap.sh"

# refused WHAT FORM TEXT...: compiling FORM fails with a message that has every TEXT
refused() {
  what=$1 form=$2
  shift 2
  printf '(import (chicken platform) (chicken foreign) callseq)\n%s\n(return-to-host)\n' "$form" \
    >case.scm
  fails "$what" $CSC -t -e case.scm -o case.c
  says "$what: the message" "$@"
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

refused 'a header without a name' '(callseq-header)' callseq-header
refused 'a header whose name is no string' '(callseq-header app.h)' callseq-header
refused 'a header that cannot be written' '(callseq-header "no/such/folder/app.h")' callseq-header \
  no/such/folder
refused 'two headers' '(callseq-header "a.h") (callseq-header "b.h")' callseq-header b.h \
  'put its lines there'

finish
