#!/bin/sh
# The demo's totals are those of a plain one-thread pass, and of awk; bad input and bad usage are
# named. DEMO is the program; what it prints is TAP.
here=$(cd "$(dirname "$0")" && pwd)
demo=${DEMO:-$here/../build/demo/census}
status_file=/var/lib/dpkg/status

[ -x "$demo" ] || { echo "Bail out! $demo is missing; run 'make demo', or set DEMO"; exit 1; }
dir=$(mktemp -d) || { echo "Bail out! no temporary folder"; exit 1; }
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

count=0
ok() { # ok RESULT NAME: RESULT is an exit code
  count=$((count + 1))
  [ "$1" -eq 0 ] && { echo "ok $count - $2"; return; }
  echo "not ok $count - $2"
  sed 's/^/# out: /' out 2>/dev/null | tail -n 20
  sed 's/^/# err: /' err 2>/dev/null | tail -n 20
}
skip() { count=$((count + 1)); echo "ok $count - $2 # SKIP $1"; }
census() { "$demo" "$@" >out 2>err; }
totals() { sed '/calls per second/,$d' out; } # all but the speed, and what is said of it

# fails CODE PATTERN NAME ARGUMENT...: exit code, message on standard error, nothing on output.
fails() {
  code=$1 pattern=$2 name=$3
  shift 3
  census "$@"
  [ $? -eq "$code" ] && grep -q -- "^census: $pattern" err && [ ! -s out ]
  ok $? "$name"
}

# same FILE NAME: every number of threads gives what the plain pass gives.
same() {
  census --plain -n 1000000 "$1"
  ok $? "$2: plain pass"
  totals >plain
  grep -q 'by 1 thread, plainly: [0-9]* calls per second$' out
  ok $? "$2: speed of the plain pass"
  for threads in 1 2 8 64; do
    census -j $threads -n 1000000 "$1" && totals | cmp -s - plain && [ ! -s err ]
    ok $? "$2: $threads threads, same totals"
    grep -q "by $threads threads*: [0-9]* calls per second$" out
    ok $? "$2: $threads threads, speed"
  done
}

# The package database of this machine.
if [ -r $status_file ]; then
  same $status_file "package database"
  awk '/^Package:/ { packages++ }
       /^Status:/ && $NF != "installed" { skipped++; removed = 1 }
       /^Installed-Size:/ && !removed { kb += $2 }
       /^$/ { removed = 0 }
       END { printf "(all) %.1f %d\n", kb / 1024, packages - skipped > "want"
             printf "%d records: %d counted, %d skipped, 0 failed\n",
                    packages, packages - skipped, skipped > "want-records" }' $status_file
  awk '$1 == "(all)" { print $1, $2, $3; exit }' plain >got
  cmp -s want got
  ok $? "package database: awk finds the same packages and megabytes"
  grep -qxF "$(cat want-records)" plain
  ok $? "package database: awk finds the same records"
  # By default the packages to be had, compressed or not, where apt has lists of them.
  census && totals >default && file=$(sed -n '1s/, [0-9.]* MB$//p' default) &&
    census -n 10 "$file" && totals | cmp -s - default
  ok $? "what is read by default is named: $file"
  grep -q '^What this shows: [0-9]* native threads called one Scheme, [0-9]* calls per second' out &&
    grep -q '^The plain pass, one thread alone, takes [0-9.]* s' out &&
    grep -q 'of the plain pass [0-9]* % is parsing.* [0-9]* % calling' out -i
  ok $? "what was shown is summed up"
  if ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
    [ "$(sed -n 's/ records: .*//p' out)" -gt 1000 ]
    ok $? "there are enough records to see something"
  else
    skip "apt has no lists of packages here" "there are enough records to see something"
  fi
else
  skip "no $status_file here" "package database"
fi

# Awkward records, enough of them for many chunks; their sums are counted while they are written.
awk 'BEGIN {
  printf "\n \n# a comment before the first record\n\n"
  for (i = 1; i <= 3000; i++) {
    removed = i % 7 == 0
    end = i % 5 == 0 ? "\r\n" : "\n"
    if (i % 11 == 0) printf "# a comment of its own\n\n"
    printf "Package: p%d-%s%s", i % 400, i % 3 ? "x" : "gr\303\266\303\237e", end
    if (i % 2) printf "Status: %s%s", removed ? "deinstall ok config-files" : "install ok installed", end
    if (i % 4) printf "section:\ts%d  %s", i % 13, end
    printf "# a comment inside\n"
    if (i % 3) { printf "INSTALLED-SIZE: %d%s", i, end; kb += i % 2 && removed ? 0 : i }
    printf "Depends: libc6 (>= 2),%s mta |%s other-mta:any%s", end, end, end
    printf "Description: one%s .%s  Package: two%s\tthree%s", end, end, end, end
    printf "Empty:%s", end
    if (i % 17 == 0) { for (j = 0; j < 600; j++) printf "Field-%d: %0100d%s", j, j, end }
    skipped += i % 2 && removed
    if (i < 3000) { printf "%s", i % 6 ? end : "\n \t\n\n" }
  }
  printf "Last: line without a newline"
  printf "(all) %.1f %d\n", kb / 1024, 3000 - skipped > "want"
  printf "3000 records: %d counted, %d skipped, 0 failed\n", 3000 - skipped, skipped > "want-records"
}' >awkward
same awkward "awkward records"
awk '$1 == "(all)" { print $1, $2, $3; exit }' plain >got
cmp -s want got
ok $? "awkward records: counts and megabytes as written"
grep -qxF "$(cat want-records)" plain
ok $? "awkward records: records as written"
grep -q "^libc6 *$(awk '{ print $3 }' want)\$" plain && grep -q '^other-mta ' plain
ok $? "awkward records: values that go on in further lines"
grep '^p[0-9]*-größe ' plain | awk '{ gsub(/ö|ß/, "x"); print length($0) }' | sort -u >lengths
grep '^p[0-9]*-x ' plain | awk '{ print length($0) }' | sort -u | cmp -s - lengths
ok $? "awkward records: columns stay aligned under non-ASCII names"
census -n 2 awkward && [ "$(grep -c '^([0-9]* others)' out)" -eq 3 ]
ok $? "-n 2 leaves others to be summed up"

# A rule that raises: told with its place, counted, and the others go on.
printf 'Package: a\nInstalled-Size: 5\n\nPackage: b\nInstalled-Size: many\n' >raising
census raising
[ $? -eq 1 ] && grep -q '^census: raising:4: the rules failed: .*Installed-Size' err &&
  grep -q many err && grep -qx '2 records: 1 counted, 0 skipped, 1 failed' out
ok $? "a rule's error is told and counted"
awk 'BEGIN { for (i = 0; i < 2000; i++) printf "Package: p%d\nInstalled-Size: x\n\n", i }' >raising
census -j 8 raising
[ $? -eq 1 ] && grep -qx '2000 records: 0 counted, 0 skipped, 2000 failed' out &&
  [ "$(grep -c 'the rules failed' err)" -eq 5 ]
ok $? "2000 errors are counted, 5 are told"

# Bad files.
fails 1 "none: No such file" "a missing file" none
fails 1 "\.: Is a directory" "a folder" .
: >empty
fails 1 "empty: no record" "an empty file" empty
printf '\n# only this\n\n' >comments
fails 1 "comments: no record" "comments only" comments
printf 'A: 1\n\nB: 2\nno colon\n\nworse line\n' >malformed
fails 1 "malformed:4: neither a field" "a line of no kind" malformed
printf 'A: 1\n\n: 2\n' >malformed
fails 1 "malformed:3: neither a field" "a field without a name" malformed
printf 'A: 1\ntwo words: 2\n' >malformed
fails 1 "malformed:2: neither a field" "a field name with a blank" malformed
printf 'A: 1\n\n  lost\n' >malformed
fails 1 "malformed:3: a continuation" "a continuation of nothing" malformed
printf 'A: 1\nB: 2\0003\n' >malformed
fails 1 "malformed:2: a NUL byte" "a NUL byte" malformed
head -c 4096 "$demo" >program
fails 1 "program:1: a NUL byte" "a program" program
awk 'BEGIN { for (i = 1; i <= 5000; i++) print (i == 3501 || i > 4000 ? "bad\n" : "Package: p\n") }' >malformed
for threads in 1 2 8 64; do
  fails 1 "malformed:7001: neither" "the first bad line is named, $threads threads" -j $threads malformed
done
if [ "$(id -u)" -ne 0 ]; then
  : >secret
  chmod 0 secret
  fails 1 "secret: Permission denied" "a file that may not be read" secret
else
  skip "root may read everything" "a file that may not be read"
fi

# A prompt: a rule is changed while it runs.
repl=${STAGE:-$here/../build/stage}/bin/callseq-repl
mkfifo told
"$demo" --repl "$dir/prompt" awkward >told 2>err &
exec 3<told
told() { # told TEXT: a line with it comes
  while read -r line <&3; do case $line in *"$1"*) return 0 ;; esac; done
  return 1
}
told 'a prompt into the rules'
ok $? "--repl tells how to reach it"
told '3000 records: ' && [ "$line" != '3000 records: 0 counted' ]
ok $? "the file is read again and again"
echo '(define (counts? record) #f) (counts? 1)' | "$repl" "$dir/prompt" >out && grep -q '#f' out &&
  told '3000 records: 0 counted'
ok $? "a rule that is typed replaces that of the file"
echo '(stop)' | "$repl" "$dir/prompt" >out && wait $! && [ ! -e prompt ]
ok $? "(stop) ends it"
exec 3<&-

# Usage.
for bad in 0 -1 257 99999999999999999999 2x '' ' '; do
  fails 2 "-j $bad: expected a number from 1 to 256; see" "-j '$bad'" -j "$bad" awkward
done
fails 2 "-n 0: expected" "-n 0" -n 0 awkward
fails 2 "-j: expected a number after it" "-j alone" -j
fails 2 "--repl: expected the name" "--repl alone" --repl
fails 2 "-x: no such option" "an unknown option" -x
fails 2 "--exact: no such option" "an unknown long option" --exact
fails 2 "awkward: one file" "two files" raising awkward
for help in -h --help; do
  census $help && grep -q '^usage: census' out && [ ! -s err ]
  ok $? "$help"
done

# The progress bar is for terminals (`same` has seen nothing on a redirected standard error).
if ! script --version 2>/dev/null | grep -q util-linux; then
  skip "script of util-linux is not installed" "a progress bar on a terminal"
elif ! script -qec true terminal >/dev/null 2>&1; then
  skip "there are no terminals: /dev/pts is not mounted" "a progress bar on a terminal"
else
  script -qec "'$demo' '$dir/awkward' > '$dir/out'" terminal >/dev/null
  grep -q '\[#* *\] 100%' terminal && ! grep -q '\[#' out
  ok $? "a progress bar on a terminal"
fi

echo "1..$count"
