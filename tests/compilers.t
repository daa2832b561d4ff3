#!/bin/sh
# What compilers make of the library: no warnings from GCC and Clang, in C and C++; what the objects
# say of control-flow protection is true; no stack is executable; programs run that are built by the
# other compiler, or wholly static. `make check-compilers` runs the suite itself in many such ways.
. "$TESTS/tap.sh"

root=$(dirname "$TESTS")
include=-I$STAGE/include
strict='-Wall -Wextra -Wshadow -Wconversion -Werror -pedantic'

cat >app.scm <<'END'
(import (chicken platform) callseq)
(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (half (double x)) double (/ x 2))
(define-sequenced-callback (greet (c-string name)) c-string (string-append "hello " name))
(define-sequenced-callback/status (small (unsigned-short n)) byte n)
(return-to-host)
END
cat >host.c <<'END'
#include <callseq.h>
#ifdef __cplusplus
extern "C"
#endif
int twice(int);
int main(void) { return callseq_init() || twice(21) != 42; }
END
cp host.c host_cxx.cpp

# The one object that holds the library's C and assembly, by src/build as the egg has it.
library() { # OBJECT COMPILER OPTION...
  object=$work/$1 compiler=$2
  shift 2
  (cd "$root" && CC=$compiler CALLSEQ_CFLAGS="$*" src/build -o "$object")
}

# Clang's and GCC's warnings of generated C, those of CHICKEN's own parts left out.
warnings() { # COMPILER
  "$1" -isystem "$(dirname "$(csc_header)")" -std=gnu11 -Wall -Wextra -Wshadow -Wconversion \
    -c app.c -o app_$1.o 2>&1 | grep 'warning:.*callseq'
}
csc_header() {
  for option in $($CSC -cflags); do
    case $option in -I*) echo "${option#-I}/chicken.h" ;; esac
  done | while read -r header; do [ -e "$header" ] && echo "$header" && break; done
}

program() { # PROGRAM COMPILER [CSC-FLAG]
  $CSC ${3:-} -cc "$2" -cxx "$2" -ld "$2" "$include" -e app.scm host.c -o "$1" -link callseq
}

ok 'Scheme to C' $CSC -e -t app.scm -o app.c
for pair in gcc:g++ clang:clang++; do
  cc=${pair%:*} cxx=${pair#*:}
  if ! command -v $cc >/dev/null || ! command -v $cxx >/dev/null; then
    skip "$cc" "$cc or $cxx is not installed"
    continue
  fi
  ok "$cc compiles the library without a warning" library $cc.o $cc -Werror -Wshadow -Wconversion
  ok "$cc: with ucontext too" env CALLSEQ_CONTEXT=ucontext \
    sh -c 'cd "$1" && CC=$2 CALLSEQ_CFLAGS="-Werror -Wshadow -Wconversion" src/build -o "$3"' \
    sh "$root" $cc "$work/ucontext_$cc.o"
  is "$cc has no warning of generated C that is ours" "$(warnings $cc)" ''
  ok "$cc takes the header as C11" $cc -std=c11 $strict "$include" -fsyntax-only host.c
  for standard in c++98 c++11 c++17; do
    ok "$cxx takes it as $standard" $cxx -std=$standard $strict -Wno-long-long -Wno-variadic-macros \
      -Wno-c++11-long-long "$include" -fsyntax-only host_cxx.cpp
  done
  ok "a program by $cc" program by_$cc $cc
  ok 'runs' ./by_$cc
  ok "a program by $cxx" program by_$cxx $cxx -c++
  ok 'runs' ./by_$cxx
done

features() { readelf -nW "$1" 2>/dev/null | sed -n 's/.*feature: //p' | sort -u; }
stack_flags() { readelf -lW "$1" | sed -n 's/.*GNU_STACK.*0x[0-9a-f]* \([RWE ]*\) 0x.*/\1/p' | tr -d ' '; }

if [ "$(uname -m)" = x86_64 ]; then
  ok 'the library with -fcf-protection=full' library cet.o gcc -fcf-protection=full
  is 'claims indirect-branch tracking, and no shadow stack' "$(features cet.o)" IBT
  ok 'generated code with -fcf-protection=full' \
    $CSC "$include" -C -fcf-protection=full -e app.scm host.c -o cet -link callseq
  ok 'runs' ./cet
  is 'the program claims no shadow stack either' "$(features cet | grep -c SHSTK)" 0
else
  skip 'control-flow protection of x86-64' 'this is another CPU'
fi
if command -v aarch64-linux-gnu-gcc >/dev/null; then
  ok 'the library for AArch64 with -mbranch-protection=standard' \
    library bti.o aarch64-linux-gnu-gcc -mbranch-protection=standard
  is 'claims landing pads, and no signed return addresses' "$(features bti.o)" BTI
else
  skip '-mbranch-protection=standard' 'aarch64-linux-gnu-gcc is optional, and not installed'
fi

# assembles COMPILER OPTION...: the sources in src/context, to context.o and outside.o.
assembles() {
  for part in context outside; do
    "$@" -c "$root/src/context/$part.S" -o $part.o || return
  done
}
defined() { nm -g --defined-only context.o | sed -n 's/.* T \(callseq\)/\1/p'; }

# Landing pads: where an indirect branch may come to. The other jumps there are not tracked, and
# AArch64's ret may land anywhere.
without_pad() { # PREFIX PAD: which functions of context.o begin with another instruction
  { "$1nm" context.o && "$1objdump" -d context.o; } | awk -v pad="$2" '
    $2 == "T" && sub(/^0*/, "", $1) >= 0 { at[$3] = $1 == "" ? "0" : $1 }
    /^ *[0-9a-f]+:\t/ { address = $1; sub(/:/, "", address); code[address] = $0 }
    END {
      n = split("switch switch_fresh switch_plain fresh make", names)
      for (i = 1; i <= n; i++) {
        name = "callseq_context_" names[i]
        if (!(name in at) || code[at[name]] !~ pad) print name
      }
    }'
}
for cpu in x86_64:endbr64 i686:endbr32 'aarch64:bti|hint'; do
  prefix=${cpu%%:*}-linux-gnu- pad=${cpu#*:}
  if ! command -v "${prefix}gcc" >/dev/null; then
    skip "landing pads, $prefix" 'its compiler is not installed'
    continue
  fi
  ok "${prefix}gcc assembles" assembles "${prefix}gcc"
  is 'each function begins with a landing pad' "$(without_pad "$prefix" "$pad")" ''
  is 'no jump in it is tracked' \
    "$("${prefix}objdump" -d context.o | grep -E 'jmp +\*' | grep -vc notrack)" 0
done

# Other systems, whose C cannot be compiled here for want of their headers. macOS has no ELF.
for target in x86_64-unknown-freebsd:callseq_context_switch arm64-apple-macos11: \
  x86_64-apple-macos11:; do
  if ! command -v clang >/dev/null || ! clang --target=${target%:*} -E -x c /dev/null >/dev/null 2>&1
  then
    skip "${target%:*}" 'clang is not installed, or knows it not'
    continue
  fi
  ok "clang --target=${target%:*} assembles" assembles clang --target=${target%:*}
  is "and has ${target#*:}" "$(defined | grep -x callseq_context_switch)" "${target#*:}"
  ok 'with ucontext too' assembles clang --target=${target%:*} -DCALLSEQ_UCONTEXT
done

# The CPUs' second ABIs, with 32-bit pointers, are not those that the sources are for.
for abi in gcc:-mx32 aarch64-linux-gnu-gcc:-mabi=ilp32; do
  compiler=${abi%:*} option=${abi#*:}
  if ! command -v $compiler >/dev/null || ! $compiler $option -E -x c /dev/null >/dev/null 2>&1; then
    skip "$option" "$compiler is not installed, or knows it not"
    continue
  fi
  ok "$compiler $option assembles" assembles $compiler $option
  is 'and is left to ucontext' "$(defined)" ''
done

ok 'a plugin' $CSC "$include" -s -e app.scm -o plugin.so -link callseq
if [ -e "$(dirname "$(command -v $CSC)")/../lib/libchicken.a" ]; then
  ok 'a program without shared libraries' \
    $CSC "$include" -static -L -static -e app.scm host.c -o static -link callseq
  ok 'and runs' ./static
  set static
else
  skip 'a program without shared libraries' 'there is no libchicken.a'
  set --
fi
for file in by_gcc plugin.so "$@"; do
  is "$file: the stack is not executable" "$(stack_flags $file)" RW
  is "$file: no code is written to" "$(readelf -dW $file | grep -c TEXTREL)" 0
done
finish
