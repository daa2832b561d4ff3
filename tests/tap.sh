# tap.sh: what the shell tests share; sourced. They get STAGE, OUT, TESTS and CSC from the Makefile.
#
#   ok "what holds" COMMAND...    asserts that the command succeeds; its output is kept in $output
#   fails "what" COMMAND...       asserts that it does not
#   says "what" TEXT...           asserts that the last output contains every text
#   is "what" GOT WANT            asserts that two strings are equal
#   skip "what" "reason"          counts an assertion that cannot be made here
#   no_terminal                   says why `script` cannot give a command a terminal; fails where it can
#   finish                        prints the plan; the script's exit status says whether all held
#
# $work is a fresh directory for the test's files, and the current one.
set -u

work=$OUT/$(basename "$0" .t)
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 2
output=$OUT/$(basename "$0" .t).output
: >"$output"
count=0
failures=0

report() { # CODE WHAT
  count=$((count + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $count - $2"
  else
    failures=$((failures + 1))
    echo "not ok $count - $2"
    { echo "# failed: $2"; sed 's/^/#   /' "$output"; } >&2
  fi
}

ok() {
  what=$1
  shift
  "$@" >"$output" 2>&1
  report $? "$what"
}

fails() {
  what=$1
  shift
  if "$@" >"$output" 2>&1; then report 1 "$what"; else report 0 "$what"; fi
}

says() {
  what=$1
  shift
  for text; do
    grep -qF -e "$text" "$output" || { report 1 "$what: $text"; return; }
  done
  report 0 "$what"
}

is() {
  test "$2" = "$3"
  code=$?
  [ $code -eq 0 ] || printf 'got:  %s\nwant: %s\n' "$2" "$3" >"$output"
  report $code "$1"
}

skip() {
  count=$((count + 1))
  echo "ok $count - $1 # SKIP $2"
}

no_terminal() {
  if ! script --version 2>/dev/null | grep -q util-linux; then
    echo 'script of util-linux is not installed'
  elif ! script -qec true /dev/null >/dev/null 2>&1; then
    echo 'there are no terminals: /dev/pts is not mounted'
  else
    return 1
  fi
}

finish() {
  echo "1..$count"
  exit $((failures != 0))
}
