#!/bin/sh
# CHICKEN 5.4, played on top of the one that is installed: csc quotes the words of its options, and
# chicken-install forgets the prefix of a destination that an egg names. Then versions of CHICKEN that
# the library is not made for.
. "$TESTS/tap.sh"

root=$(dirname "$TESTS")
unset CHICKEN_REPOSITORY_PATH MAKEFLAGS MAKELEVEL MFLAGS
system=$(chicken-install -repository)
real_csc=$(command -v csc)
real_install=$(command -v chicken-install)
here=$work/bin
mkdir "$here"

# fake PROGRAM: its text is on standard input.
fake() {
  { echo '#!/bin/sh' && cat; } >"$here/$1"
  chmod +x "$here/$1"
}

fake csc <<END_OF_FILE
case \$1 in
-cflags | -ldflags | -libs) "$real_csc" "\$1" | xargs printf "'%s' " ;;
*) exec "$real_csc" "\$@" ;;
esac
END_OF_FILE

# The scripts of chicken-install, as the newer one writes them.
fake chicken-install <<END_OF_FILE
case \$* in
'') ;;
*) exec "$real_install" "\$@" ;;
esac
set -e
"$real_install" -dry-run >/dev/null
sed "/^PATH=/d; s|^export CHICKEN_CSC=.*|export CHICKEN_CSC=$here/csc|" callseq.build.sh >build.sh
mv build.sh callseq.build.sh
sed "s|\(\"[$][{]DESTDIR[}]\"'\)\$CHICKEN_INSTALL_PREFIX/\([^e]\)|\1\2|" callseq.install.sh >install.sh
mv install.sh callseq.install.sh
cp callseq.install.sh "$work/as_written.sh"
sh callseq.build.sh
sh callseq.install.sh
END_OF_FILE

mkdir -p checkout/doc
(cd "$root" && cp -r callseq* src client install "$work/checkout" && cp doc/reference.md "$work/checkout/doc")
PATH=$here:$PATH
install_egg() { # PREFIX DESTDIR
  (cd "$work/checkout" && CHICKEN_INSTALL_PREFIX=$1 CHICKEN_INSTALL_REPOSITORY=$1/eggs DESTDIR=$2 \
    CHICKEN_REPOSITORY_PATH=$1/eggs:$system chicken-install)
}

ok 'chicken-install' install_egg "$work/usr" ''
is 'had destinations without a prefix' \
  "$(sed -n "s|^mkdir.*\"'\([^/].*\)'|\1|p" as_written.sh | sort | tr '\n' ' ')" \
  'bin include/chicken lib lib/cmake/callseq lib/pkgconfig share/doc/callseq '
ok 'the header is below the prefix' test -f "$work/usr/include/chicken/callseq.h"
ok 'and so is the pkg-config file' test -f "$work/usr/lib/pkgconfig/callseq.pc"
ok 'and the others' test -e "$work/usr/lib/libcallseq.a" -a \
  -e "$work/usr/lib/cmake/callseq/callseqConfig.cmake" -a -e "$work/usr/share/doc/callseq/reference.md"
fails 'nothing is in the checkout' test -e checkout/include -o -e checkout/lib -o -e checkout/share
ok 'with DESTDIR' install_egg /opt/callseq "$work/package"
ok 'the header is below both' test -f "$work/package/opt/callseq/include/chicken/callseq.h"
ok 'and so is the pkg-config file' test -f "$work/package/opt/callseq/lib/pkgconfig/callseq.pc"

cp "$TESTS/programs/twice.scm" app.scm
cat >main.c <<'END_OF_FILE'
#include <callseq.h>
int twice(int);
int main(void) { return callseq_init() != CALLSEQ_OK || twice(21) != 42; }
END_OF_FILE
export CHICKEN_REPOSITORY_PATH="$work/usr/eggs:$system"
export PKG_CONFIG_PATH="$work/usr/lib/pkgconfig"
ok 'csc translates a program' csc -e -t app.scm -o app.c
ok 'a C compiler builds it as pkg-config says' \
  $CC app.c main.c -o app $(pkg-config --cflags --libs callseq)
ok 'it runs' ./app

# What the C is compiled against, in place of the installed chicken.h.
header=$("$real_csc" -cflags | xargs printf '%s\n' | sed -n 's|^-I\(.*/include/chicken\)$|\1/chicken.h|p')
mkdir include
fake csc <<END_OF_FILE
echo "'-I$work/include'"
END_OF_FILE

refused() { # WHAT EDIT: chicken.h is changed by that command of sed
  sed "$2" "$header" >include/chicken.h
  fails "$1" env CHICKEN_CSC="$here/csc" sh -c 'cd checkout && src/build -o refused.o'
  says 'the message tells which ones work' 'callseq works with CHICKEN 5.3 and 5.4'
}

refused 'CHICKEN 6' 's/\(C_M[AJINOR]*_VERSION\) .*/\1 6/'
refused 'a CHICKEN 5 with other strings' 's/\(define C_STRING_TYPE .*\) | C_BYTEBLOCK_BIT/\1/'
refused 'a CHICKEN 5 to come' 's/\(C_MINOR_VERSION\) .*/\1 9/'
says 'and how to try it' CALLSEQ_ANY_CHICKEN
ok 'which compiles' env CHICKEN_CSC="$here/csc" CALLSEQ_CFLAGS=-DCALLSEQ_ANY_CHICKEN \
  sh -c 'cd checkout && src/build -o tried.o'
finish
