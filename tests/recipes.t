#!/bin/sh
# Ways to build a program, and what may stand beside the generated code.
. "$TESTS/tap.sh"

include=-I$STAGE/include

cat >app.scm <<'END'
(import (chicken platform) callseq)
(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (greet (c-string name)) c-string (string-append "hello " name))
(define-sequenced-callback/status (checked (int n)) int (if (odd? n) (error "odd" n) n))
(return-to-host)
END

cat >main.c <<'END'
#include <callseq.h>
#include <stdio.h>
#include <string.h>
#ifdef __cplusplus
extern "C" {
#endif
int twice(int);
char *greet(const char *);
int checked(int, int *);
#ifdef __cplusplus
}
#endif
int main(void) {
  int n = 5;
  if (callseq_init() != CALLSEQ_OK || twice(21) != 42 || strcmp(greet("you"), "hello you") != 0)
    return 1;
  if (checked(3, &n) != CALLSEQ_ERROR || n != 5 || checked(4, &n) != CALLSEQ_OK || n != 4)
    return 2;
  puts("works");
  return 0;
}
END
cp main.c host.cpp

builds_and_works() { # WHAT COMMAND...
  what=$1
  shift
  rm -f app
  ok "$what: builds" "$@"
  ok "$what: runs" ./app
  says "$what" works
}

builds_and_works 'csc' $CSC $include -e app.scm main.c -o app -link callseq
builds_and_works 'csc -O5 -d0' $CSC $include -O5 -d0 -e app.scm main.c -o app -link callseq
builds_and_works 'csc -d3' $CSC $include -d3 -e app.scm main.c -o app -link callseq
builds_and_works 'csc -c++' $CSC $include -c++ -e app.scm host.cpp -o app -link callseq
ok 'a host in C++ is compiled by itself' $CXX $include -c host.cpp -o host.o
builds_and_works 'Scheme as C with a host in C++' \
  $CSC -e app.scm host.o -o app -link callseq -L -lstdc++

# Without a dynamic linker such a program relocates itself. Not linked by csc: glibc refuses a run path
# there, and CHICKEN's may have one; so may callseq.pc, where libchicken is in no standard folder.
echo 'int main(void) { return 0; }' >empty.c
if ! command -v pkg-config >/dev/null; then
  skip '-static-pie' 'pkg-config is not installed'
elif [ -f "$($CC -print-file-name=libchicken.a)" ] &&
  $CC -static-pie empty.c -o empty >"$output" 2>&1 && ./empty; then
  ok 'Scheme for -static-pie' $CSC -C -fPIE -e -c app.scm -o app.o
  builds_and_works '-static-pie' $CC -fPIE -static-pie $include main.c app.o \
    $(PKG_CONFIG_PATH=$STAGE/lib/pkgconfig pkg-config --libs callseq |
      sed 's/-Wl,-rpath[^ ]*//g') -o app
else
  skip '-static-pie' "needs static libraries of CHICKEN and C"
fi

# Callbacks in two Scheme files of one program.
cat >other.scm <<'END'
(declare (unit other))
(import callseq)
(define-sequenced-callback (greet (c-string name)) c-string (string-append "hello " name))
END
sed -e '/greet/d' -e '1i(declare (uses other))' app.scm >first.scm
builds_and_works 'two Scheme files' \
  $CSC $include -e first.scm other.scm main.c -o app -link callseq

# The generated C must bear any declaration of the public names, in the same file.
cat >clash.scm <<'END'
(import (chicken platform) callseq)
#>
#ifdef __cplusplus
extern "C" {
#endif
void callseq_init(void);
#ifdef __cplusplus
}
#endif
enum { callseq_init_with, callseq_invoke, callseq_inside, callseq_last_status, callseq_last_error,
       callseq_clear_error, callseq_strerror, callseq_config, CALLSEQ_OK, CALLSEQ_ERROR,
       CALLSEQ_CLOSED, CALLSEQ_INVALID, CALLSEQ_NOMEM, CALLSEQ_UNSAFE, CALLSEQ_BUSY,
       CALLSEQ_TIMEDOUT, CALLSEQ_FULL, CALLSEQ_CANCELLED, CALLSEQ_WOULD_DEADLOCK, CALLSEQ_FORKED,
       CALLSEQ_BATCH_NONE, CALLSEQ_SPIN_NONE, CALLSEQ_STALL_NEVER, CALLSEQ_CONFIG_DEFAULT };
<#
(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (greet (c-string name)) c-string name)
(define-sequenced-callback/status (checked (double x)) double x)
(return-to-host)
END
ok 'generated C beside declarations of all public names' $CSC -e -c clash.scm -o clash.o
ok 'the same as C++' $CSC -c++ -e -c clash.scm -o clash_cxx.o
ok 'translating' $CSC -t -e app.scm -o app.c
fails 'generated C includes no public header' grep -F callseq.h app.c

# A second copy of the library in one process.
cat >second.c <<'END'
#include <callseq.h>
#include <dlfcn.h>
#include <stdio.h>
int twice(int);
int main(int argc, char **argv) {
  void *copy = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW | RTLD_LOCAL);
  int (*init)(void) = copy ? (int (*)(void))dlsym(copy, "callseq_init") : 0;
  if (!init || init == callseq_init) { puts(dlerror()); return 2; }
  if (callseq_init() != CALLSEQ_OK || init() != CALLSEQ_INVALID || twice(2) != 4) return 1;
  puts("works");
  return 0;
}
END
ok 'a program that loads a second copy' $CSC $include -e app.scm second.c -o twofold -link callseq
ok 'whose init refuses, while the first goes on' ./twofold "$STAGE/lib/chicken/11/callseq.so"
says 'the message' another copy

# Tracepoints: readelf lists what the program has.
if echo '#include <sys/sdt.h>' | $CC -E - >/dev/null 2>&1; then
  builds_and_works 'tracepoints in each call' \
    $CSC $include -C -DCALLSEQ_TRACE -e app.scm main.c -o app -link callseq
  ok 'its tracepoints' readelf -n app
  says 'of calls and waiters' 'Provider: callseq' 'Name: enter' 'Name: leave' 'Name: batch' 'Name: park'
else
  skip 'tracepoints' 'needs <sys/sdt.h>, of systemtap-sdt-dev'
fi

# Callbacks in an extension that is loaded at run time: the program has the library for it.
cat >extension.scm <<'END'
(module extension (half-of) (import scheme (chicken foreign) callseq)
(foreign-declare "int half(int n);")
(define-sequenced-callback (half (int n)) int (/ n 2))
(define half-of (foreign-safe-lambda int "half" int)))
END
cat >loads.scm <<'END'
(import (chicken platform) (chicken load) callseq)
(define-sequenced-callback/status (halved (int n)) int
  (load "./extension.so")
  (eval `(begin (import extension) (half-of ,n))))
(return-to-host)
END
cat >loads_host.c <<'END'
#include <callseq.h>
#include <stdio.h>
int halved(int, int *);
int main(void) {
  int n = 0, status = callseq_init() ? -1 : halved(8, &n);
  printf("%d %d %s", status, n, status ? callseq_last_error() : "right");
  return 0;
}
END
loads() { # WHAT OPTION...
  program=$1
  shift
  ok "$program: builds" $CSC $include -e loads.scm loads_host.c -o loads -link callseq "$@"
  ok "$program: runs" ./loads
}
ok 'an extension' $CSC -s -J extension.scm -o extension.so
loads 'a program that lends it the library' -L -rdynamic
says 'and it works' '0 4 right'
loads 'one that does not'
says 'does not load it, and says what is missing' '1 0' 'undefined symbol: callseq_'
ok 'an extension with a library of its own' $CSC -s -J extension.scm -o extension.so -link callseq
loads 'a program that has another'
says 'it is told what is wrong' 'half: called in a copy of callseq' '-L -rdynamic'

# A Scheme program that is compiled without the library, and so loads the egg, but linked with it.
cat >steps.scm <<'END'
(import scheme (chicken base) (chicken foreign) callseq)
(foreign-declare "int half(int n);")
(define-sequenced-callback (half (int n)) int (/ n 2))
(print ((foreign-safe-lambda int "half" int) 8))
END
ok 'a program that is compiled without the library' $CSC -c steps.scm -o steps.o
ok 'and linked with it' $CSC steps.o -o steps -link callseq
ok 'runs' ./steps
says 'and tells what was missing' 'half: called in a copy of callseq' '-link callseq also where it only compiles'
ok 'compiled with it' $CSC -c steps.scm -o steps.o -link callseq
ok 'and linked' $CSC steps.o -o steps -link callseq
ok 'runs' ./steps
says 'and works' 4

ok 'csi loads the egg' csi -e '(import callseq) (print "loaded")'
says 'and goes on' loaded
fails 'csi refuses the form' \
  csi -e '(import callseq) (define-sequenced-callback (f (int n)) int n)'
says 'saying why' define-sequenced-callback compile
finish
