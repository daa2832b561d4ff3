#!/bin/sh
# The version: one in all places; and what another version has made does not get past the linker, or
# the dynamic linker.
. "$TESTS/tap.sh"

root=$(dirname "$TESTS")
repository=$STAGE/lib/chicken/11
version=$(sed -n 's/.*(version "\(.*\)").*/\1/p' "$root/callseq.egg")

cp "$TESTS/programs/twice.scm" app.scm
cat >main.c <<'END_OF_FILE'
#include <callseq.h>
#include <stdio.h>
int twice(int);
void (*to_be_linked)(struct callseq_stats *) = callseq_stats;
int main(void) {
  printf("%s %d.%d.%d %d %s\n", CALLSEQ_VERSION, CALLSEQ_VERSION_MAJOR, CALLSEQ_VERSION_MINOR,
         CALLSEQ_VERSION_PATCH, CALLSEQ_VERSION_NUMBER, callseq_version());
  return callseq_init() != CALLSEQ_OK || twice(21) != 42;
}
END_OF_FILE

ok 'a program of this version' $CSC -I"$STAGE/include" -e app.scm main.c -o app -link callseq
ok 'runs' ./app
is "the header's version and the library's are the egg's" "$(./app)" \
  "$version $version $(echo "$version" | awk -F . '{ print $1 * 1000000 + $2 * 1000 + $3 }') $version"
is "so is pkg-config's" "$version" \
  "$(sed -n 's/^Version: //p' "$STAGE/lib/pkgconfig/callseq.pc")"
is "and the changelog's latest" "$version" \
  "$(sed -n 's/^## \[\([0-9.]*\)\].*/\1/p' "$root/CHANGELOG.md" | head -n 1)"

is "and the Debian package's" "$version" "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$root/debian/changelog")"

# other_version NAME FILE EDIT: in the folder NAME what the compiler imports where that command of sed
# has changed FILE.
other_version() {
  mkdir "$1"
  (cd "$root" && cp -r callseq* src "$work/$1")
  sed "$3" "$root/$2" >"$1/$2"
  ok "what the compiler imports, $1" \
    sh -c "cd '$1' && $CSC -t -J callseq.scm && rm callseq.c && ! cmp -s '$2' '$root/$2'"
}

other_version other_version callseq.egg 's/(version ".*")/(version "9.8.7")/'
other_version other_layout src/runtime/abi.h 's/^  int status;/  long status;/'
for other in other_version other_layout; do
  ok "an object, $other" env CHICKEN_REPOSITORY_PATH="$work/$other:$CHICKEN_REPOSITORY_PATH" \
    $CSC -c -e app.scm -o $other.o
  fails 'does not link' $CSC -I"$STAGE/include" $other.o main.c -o refused -link callseq
  says 'the message tells why' made_this_object_compile_it_again
done

cat >extension.scm <<'END_OF_FILE'
(import callseq)
(define-sequenced-callback (twice (int n)) int (* 2 n))
END_OF_FILE
ok 'a shared object of another version' \
  env CHICKEN_REPOSITORY_PATH="$work/other_version:$CHICKEN_REPOSITORY_PATH" $CSC -s extension.scm
fails 'is not loaded' csi -R callseq -e '(load "./extension.so")'
says 'the message tells why' callseq_9_8_7_ made_this_object_compile_it_again

sed 's/\(VERSION_PATCH\) 0/\1 99/' "$STAGE/include/callseq.h" >callseq.h
ok "a host that has another version's header" $CC -I. -c main.c -o host.o
ok 'an object of this version' $CSC -c -e app.scm -o app.o
fails 'does not link where that has structures' $CSC app.o host.o -o refused -link callseq
says 'the message names the versions' "callseq_stats_${version%.*}.99"
finish
