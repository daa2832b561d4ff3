#!/bin/sh
# ./run on machines that lack something, played by a PATH with little in it. What `apt-get` installs
# there is a `make` that tells what it was called for.
. "$TESTS/tap.sh"

run=$(dirname "$TESTS")/run
here=$work/bin
mkdir "$here"
for program in sh awk cat chmod dirname env find grep sed cc gcc csc chicken-install; do
  ln -s "$(command -v "$program")" "$here/$program"
done

# fake PROGRAM: its text is on standard input. What is there is replaced, never written through.
fake() {
  rm -f "$here/$1"
  { echo '#!/bin/sh' && cat; } >"$here/$1"
  chmod +x "$here/$1"
}

run_there() {
  PATH=$here sh "$run" "$@"
}

fails 'without apt-get' run_there bench
says 'it names what is missing, gnuplot for the benchmark too' 'missing: make gnuplot-nox (Debian'
fake gnuplot </dev/null
fails 'with gnuplot' run_there bench
says 'it names what is missing, and nothing else' 'missing: make (Debian'
csc=$(command -v csc)
fake csc <<END_OF_FILE
case \$1 in
-cflags) for word in \$("$csc" -cflags); do echo "'\$word'"; done | tr '\\n' ' ' ;;
*) exec "$csc" "\$@" ;;
esac
END_OF_FILE
ln -s "$(command -v tr)" "$here/tr"
fails 'with a csc that quotes words' run_there bench
says 'it names the same' 'missing: make (Debian'

fake apt-get <<'END_OF_FILE'
echo "apt-get $*"
case "$*" in
*update*) : >updated ;;
*install*)
  [ -e updated ] || exit 100
  printf '#!/bin/sh\necho "make $*"\n' >"$(dirname "$0")/make"
  chmod +x "$(dirname "$0")/make"
  ;;
esac
END_OF_FILE
fake id <<'END_OF_FILE'
echo 1000
END_OF_FILE
fails 'without root or sudo' run_there bench
says 'it prints the line to run' 'missing: make' \
  'apt-get update && apt-get install -y --no-install-recommends make'

fake id <<'END_OF_FILE'
echo 0
END_OF_FILE
ok 'as root, with outdated lists or none' run_there bench QUICK=1
says 'it says what it installs, and does it' 'run: installing make' 'apt-get -q update' \
  'apt-get -q install -y --no-install-recommends make'
says 'then make does the work' 'bench QUICK=1'
ok 'with nothing missing' run_there bench
is 'it is quiet but for make' "$(grep -vc '^make ' "$output")" 0

rm "$here/make" updated
fake id <<'END_OF_FILE'
echo 1000
END_OF_FILE
fake sudo <<'END_OF_FILE'
[ "$1" = -n ] || { echo "sudo $*" && exec "$@"; }
END_OF_FILE
ok 'with sudo' run_there bench
says 'it uses that' 'sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install'

fake pkg-config <<'END_OF_FILE'
exit 1
END_OF_FILE
fake apt-get <<'END_OF_FILE'
case "$*" in *guile*) exit 100 ;; esac
END_OF_FILE
ok 'with languages missing for bench-peers' run_there bench-peers
says 'it installs them, and goes on without what apt-get has not' 'run: installing ocaml' \
  'run: goes on without guile-3.0-dev'
is 'without that one only' "$(grep -c 'goes on without' "$output")" 1
is 'and make measures the others' "$(grep -c '^make .* bench-peers$' "$output")" 1

# What other CPUs take: nothing for those that are not asked for.
rm "$here/apt-get"
fails 'check-arch without cross compilers' env ARCH='arm64 s390x' PATH="$here" sh "$run" check-arch
says 'it names those of the CPUs in ARCH' 'gcc-aarch64-linux-gnu g++-aarch64-linux-gnu' \
  'gcc-s390x-linux-gnu g++-s390x-linux-gnu' ' qemu-user-static'
is 'and of no other' "$(grep -c -e i686 -e powerpc "$output")" 0
for program in g++ prove aarch64-linux-gnu-gcc aarch64-linux-gnu-g++ qemu-aarch64-static; do
  fake $program </dev/null
done
ok 'check-arch with what one CPU takes' run_there check-arch ARCH=arm64
says 'lets make test that one' 'check-arch ARCH=arm64'
fails 'check-arch for all' run_there check-arch
says 'wants the compilers of the others' 'gcc-i686-linux-gnu' 'gcc-arm-linux-gnueabihf' \
  'g++-powerpc64le-linux-gnu' 'g++-s390x-linux-gnu' 'qemu-user-static'
fails 'check-arch for a CPU that there is no way to test' run_there check-arch ARCH=vax
says 'says which there are' 'vax' 'arm64|armhf|i386|ppc64el|s390x'

fails 'an unknown command' run_there tests
says 'is named' "no command 'tests'" 'usage: ./run'
ok 'help' run_there help

# Where to build: what ./run demo starts is there.
rm "$here/csc"
fails 'make without CHICKEN' make -C "$(dirname "$run")" CSC="$here/csc"
says 'names ./run' 'CHICKEN is not installed' './run'
ln -s "$(command -v csc)" "$here/csc"
fake make <<'END_OF_FILE'
echo "make BUILD=$BUILD $*"
END_OF_FILE
mkdir -p elsewhere/demo
printf '#!/bin/sh\necho "census $*"\n' >elsewhere/demo/census
chmod +x elsewhere/demo/census
unset CALLSEQ_CONTEXT CALLSEQ_SYSTEM
ok 'BUILD as an argument' run_there demo BUILD=elsewhere -j 3
says 'is where make builds, and the demonstration is' "BUILD=$work/elsewhere" 'census -j 3'
ok 'BUILD in the environment' env BUILD="$work/elsewhere" PATH="$here" sh "$run" demo
says 'too' "BUILD=$work/elsewhere" census
rm "$here/make"

# The command for all suites.
rm -f "$here/valgrind" "$here/clang" "$here/spin"
fake make <<'END_OF_FILE'
echo "make ${CALLSEQ_CONTEXT:-its own} ${CALLSEQ_SYSTEM:-its own} $*"
END_OF_FILE
fails 'check-all where some suites lack something' run_there check-all
says 'runs the others' 'make ucontext its own' 'make its own posix' 'check-asan' 'check-tsan'
says 'and names those' 'run: failed: check-valgrind check-compilers check-arch check-hosts verify'

# A checkout of which nothing may be written to. Root may write all the same, so what make has copied
# is looked at, by a chicken-install that does no more than look, too.
root=$(dirname "$TESTS")
mkdir locked look
(cd "$root" && tar -cf - Makefile callseq* client install src doc tests/settings */targets.mk) |
  tar -xf - -C locked
chmod -R a-w locked
cat >look/chicken-install <<'END_OF_FILE'
#!/bin/sh
case $1 in
-repository) echo /nowhere ;;
*) mkdir -p "$CHICKEN_INSTALL_PREFIX/include" && find . -type d ! -perm -200 >"$LOCKED" ;;
esac
END_OF_FILE
chmod +x look/chicken-install
ok 'make in a checkout that is read-only' env -u MAKEFLAGS -u MAKELEVEL LOCKED="$work/still" \
  PATH="$work/look:$PATH" make -C locked FOREIGN= WAY= TOOL= BUILD="$work/outside"
is 'may write to what it has copied' "$(cat still)" ''
chmod -R u+w locked outside

finish
