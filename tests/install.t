#!/bin/sh
# `make install` into an empty prefix, programs built against it by csc and by pkg-config's recipe,
# `make uninstall`; then chicken-install in a checkout, with the egg's own test.
. "$TESTS/tap.sh"

root=$(dirname "$TESTS")
prefix=$work/usr
unset MAKEFLAGS MAKELEVEL MFLAGS CHICKEN_REPOSITORY_PATH
system=$(chicken-install -repository)

cp "$TESTS/programs/twice.scm" app.scm
cat >main.c <<'END_OF_FILE'
#define _GNU_SOURCE
#include <callseq.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
int twice(int);
static int look(struct dl_phdr_info *loaded, size_t size, void *copies) {
  (void)size;
  *(int *)copies += strstr(loaded->dlpi_name, "callseq.so") != 0;
  return 0;
}
int main(void) {
  int copies = 0;
  if (callseq_init() != CALLSEQ_OK || twice(21) != 42) return 1;
  dl_iterate_phdr(look, &copies);
  printf("works, %d from the shared egg\n", copies);
  return 0;
}
END_OF_FILE

do_make() {
  make -C "$root" "$@"
}

files() { # FOLDER: all but the man pages
  (cd "$1" && find . ! -type d ! -path './share/man/*' | sort | tr '\n' ' ')
}

runs_one_copy() { # PROGRAM
  ok "$1 runs" "./$1"
  is 'and is one copy' "$("./$1")" 'works, 0 from the shared egg'
}

compile_by_hand() { # PROGRAM OPTION...
  program=$1
  shift
  ok "pkg-config's recipe: csc -e -t $*" $CSC -e -t "$@" app.scm -o generated.c
  ok 'a C compiler builds it' \
    $CC generated.c main.c -o "$program" $(pkg-config --cflags --libs callseq)
}

ok 'make install' do_make install PREFIX="$prefix"
says 'it tells how to use that prefix' "CHICKEN_REPOSITORY_PATH=$prefix/lib/chicken/"
repository=$(echo "$prefix"/lib/chicken/*)
is 'what is installed' "$(files "$prefix")" "./bin/callseq-repl ./include/callseq.h ./include/chicken/callseq.h $(
  cd "$prefix" && echo ./lib/chicken/*/callseq-cncb.import.so ./lib/chicken/*/callseq-cncb.link \
    ./lib/chicken/*/callseq-cncb.o ./lib/chicken/*/callseq-cncb.so \
    ./lib/chicken/*/callseq-eval.import.so ./lib/chicken/*/callseq-eval.link \
    ./lib/chicken/*/callseq-eval.o ./lib/chicken/*/callseq-eval.so ./lib/chicken/*/callseq.a ./lib/chicken/*/callseq.egg-info \
    ./lib/chicken/*/callseq.import.so ./lib/chicken/*/callseq.link ./lib/chicken/*/callseq.so
) ./lib/cmake/callseq/callseqConfig.cmake ./lib/cmake/callseq/callseqConfigVersion.cmake \
./lib/libcallseq.a ./lib/pkgconfig/callseq.pc ./share/doc/callseq/reference.md "
pages=$prefix/share/man/man3 command=$prefix/share/man/man1/callseq-repl.1
if ! command -v lowdown >/dev/null; then
  skip 'man pages' 'lowdown is not installed'
else
  names() { # FILE: the functions that a page is on
    sed -n '/NAME$/,/SYNOPSIS$/p' "$1" | grep -o 'callseq_[a-z_]*' | sort
  }
  sed -n 's/^[a-z].*[ *]\(callseq_[a-z_]*\)(.*/\1/p' "$root/callseq.h" | sort >functions
  is "callseq(3) has the header's functions" "$(names "$pages/callseq.3")" "$(cat functions)"
  is 'each leads there' "$(cd "$pages" && grep -lx '.so man3/callseq.3' callseq_*.3)" "$(sed 's/$/.3/' functions)"
  is 'the pages have all chapters of the reference' \
    "$(sed -n '/^```/,/^```/d; s/^## //p' "$root/doc/reference.md" | sort)" \
    "$(sed -n -e 's/\\-/-/g' -e '/^\.SH$/{n; p}' -e 's/^\.SH //p' "$pages/callseq.3" "$pages/callseq-forms.3" |
      grep -v -x -e NAME -e SYNOPSIS -e WORDS -e 'SEE ALSO' | sort)"
  is 'code is bold there' "$(grep -o -h -e '\\f(C.' -e '\\fC' "$pages"/callseq*.3 "$command" | sort -u)" ''
  ok 'callseq-repl(1) has what the reference says of it, and no more' \
    sh -c 'grep -q "^Its exit code is 0" "$0" && ! grep -q "Nesting" "$0"' "$command"
fi
export CHICKEN_REPOSITORY_PATH="$repository:$system"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"

ok 'csc builds with the installed egg' \
  $CSC -I"$prefix/include" -e app.scm main.c -o by_csc -link callseq
runs_one_copy by_csc
compile_by_hand by_hand
runs_one_copy by_hand
compile_by_hand by_hand_uses -uses callseq
runs_one_copy by_hand_uses
is "the version is the egg's" "$(pkg-config --modversion callseq)" \
  "$(sed -n 's/.*(version "\(.*\)").*/\1/p' "$root/callseq.egg")"
is 'pkg-config names no archive by its path, and no run path that is a standard one' \
  "$(pkg-config --libs callseq | tr ' ' '\n' | grep -e '^/' -e 'rpath[=,]/usr/lib$')" ''
ok 'csi loads it' csi -e '(import callseq)'

ok 'make uninstall' do_make uninstall PREFIX="$prefix"
is 'leaves no file' "$(find "$prefix" ! -type d)" ''

ok 'make install with CHICKEN_INSTALL_REPOSITORY and DESTDIR' do_make install \
  PREFIX=/opt/callseq CHICKEN_INSTALL_REPOSITORY=/opt/eggs DESTDIR="$work/package"
ok 'puts the egg below them' test -f "$work/package/opt/eggs/callseq.so"
ok 'and the header' test -f "$work/package/opt/callseq/include/callseq.h"
ok 'which names the places without DESTDIR' \
  grep -qx 'repository=/opt/eggs' "$work/package/opt/callseq/lib/pkgconfig/callseq.pc"
ok 'make uninstall with the same' do_make uninstall \
  PREFIX=/opt/callseq CHICKEN_INSTALL_REPOSITORY=/opt/eggs DESTDIR="$work/package"
is 'leaves no file there' "$(files "$work/package")" ''

mkdir 'a checkout'
cp "$root/Makefile" 'a checkout'
fails 'make in a path with a space' make -C 'a checkout' clean
says 'tells what to do' 'a path with a space' 'move the checkout'

: >file # stands for a folder that may not be written to, which for root there is none
fails 'make where it may not write' make -C "$root" BUILD="$work/file/build"
says 'tells what to do' "may not write to $work/file/build" 'BUILD=/tmp/callseq ./run check'
ok 'but helps' make -C "$root" BUILD="$work/file/build" help

if [ "$(id -u)" -ne 0 ]; then
  fails 'make install where it may not write' do_make install PREFIX=/nowhere
  says 'tells what to do' 'may not write to /nowhere' 'PREFIX=FOLDER'
else
  skip 'make install where it may not write' 'root may write everywhere'
fi

# Where there is git the archive of a release stands for the checkout.
if git -C "$root" rev-parse >/dev/null 2>&1 && command -v lowdown >/dev/null; then
  ok 'make dist' do_make --no-print-directory dist
  archive=$(tail -n 1 "$output")
  ok 'the archive is unpacked' tar -xzf "$archive"
  mv "$(basename "$archive" .tar.gz)" checkout
  is 'it has what git has' "$(cd checkout && find . ! -type d ! -path './doc/man/*' | sed 's|^./||' | sort)" \
    "$(cd "$root" && git ls-files | sort)"
  ok 'and the man pages' test -s checkout/doc/man/callseq.3 -a -s checkout/doc/man/callseq-repl.1
else
  skip 'make dist' 'it takes git and lowdown'
  mkdir checkout
  (cd "$root" && cp -r --parents callseq* client doc/reference.md install src tests .gitignore "$work/checkout")
fi
cd checkout
git init -q . 2>/dev/null && git add . && tracked=yes || tracked=
ok 'chicken-install -test in a checkout' env CHICKEN_INSTALL_PREFIX="$work/own" \
  CHICKEN_INSTALL_REPOSITORY="$work/own/eggs" CHICKEN_REPOSITORY_PATH="$work/own/eggs:$system" \
  chicken-install -test
ok 'installs the header' test -f "$work/own/include/chicken/callseq.h"
ok 'the archive, for linkers' test -s "$work/own/lib/libcallseq.a"
ok 'and the pkg-config file' \
  grep -qx "prefix=$work/own" "$work/own/lib/pkgconfig/callseq.pc"
if [ "$tracked" ]; then
  is 'it leaves nothing that git would add' "$(git ls-files --others --exclude-standard)" ''
else
  skip 'it leaves nothing that git would add' 'git is not installed'
fi
finish
