#!/bin/sh
# The documentation: links lead to files and headings that are there, the index has each document, the
# reference's contents have each of its chapters; and what documents show is so. A line of a document
# before a fenced block says what that is:
#
#   <!-- file NAME -->     the contents of a file
#   <!-- part NAME -->     lines that the file NAME, shown before, has one after the other
#   <!-- run -->           commands, which succeed; `fails`: the last one does not
#   <!-- prints -->        what those printed
#   <!-- elsewhere: ... -->  something that is not run here, and who does it, or why nobody does
#
# Each block has such a line, but for plain text, and for commands of make and ./run alone. The files of a
# document are in a folder of its own, with those of tests/documents/NAME: its check.sh is executed at the
# end, and puts together what blocks show in parts.
. "$TESTS/tap.sh"
root=$(dirname "$TESTS")
cd "$root" || exit 2

# Headings of a file as GitHub makes anchors of them.
anchors() { # FILE
  sed -n 's/^##* //p' "$1" | tr 'A-Z' 'a-z' | sed -e 's/\[\([^]]*\)\]([^)]*)/\1/g' \
    -e 's/[^a-z0-9_ -]//g' -e 's/ /-/g'
}

broken() {
  for file in *.md doc/*.md bench/peers/*.md; do
    sed -e '/^```/,/^```/d' -e 's/`[^`]*`//g' "$file" | tr '\n' ' ' | grep -o '\]([^)]*)' |
      sed -e 's/^](//' -e 's/)$//' | while read -r link; do
      case $link in http*) continue ;; esac
      target=$file
      [ -z "${link%%#*}" ] || target=$(dirname "$file")/${link%%#*}
      [ -e "$target" ] || { echo "$file: $link: no such file"; continue; }
      case $link in
      *'#'*) anchors "$target" | grep -qxF -e "${link#*#}" || echo "$file: $link: no such heading" ;;
      esac
    done
  done
}
is 'every link leads somewhere' "$(broken)" ''

listed=$(grep -o '](.[^)#]*\.md' doc/README.md | sed -e 's/](//' -e 's|^\.\./||' | sort -u)
is 'the index has each document' \
  "$(for file in CONTRIBUTING.md $(cd doc && ls -- *.md); do
    [ "$file" = README.md ] || echo "$listed" | grep -qxF "$file" || echo "$file"
  done)" ''

is 'and each example' "$(for folder in examples/*/; do
    grep -qF "](../${folder%/})" doc/README.md || echo "$folder"
  done)" ''
is 'the page on hosts has each of them' "$(for folder in hosts/*/; do
    grep -qF "(../${folder%/}" doc/hosts.md || echo "$folder"
  done)" ''

sed -n '/^Contents:/,/^$/p' doc/reference.md | tr '\n' ' ' | grep -o '](#[^)]*)' |
  sed -e 's/](#//' -e 's/)//' >"$work/contents"
sed -n 's/^## /# /p' doc/reference.md >"$work/chapters"
is "the reference's contents are its chapters" "$(cat "$work/contents")" "$(anchors "$work/chapters")"

is "the README's figures are those of doc/figures.csv" \
  "$(bench/report/tell doc/figures.csv README.md | diff README.md -)" ''
is "the benchmark's figures are those of doc/figures-threads.csv" \
  "$(bench/report/tell doc/figures-threads.csv doc/benchmarks.md | diff doc/benchmarks.md -)" ''
is "the hosts' figures are those of doc/figures-hosts.csv" \
  "$(bench/report/tell doc/figures-hosts.csv doc/hosts.md | diff doc/hosts.md -)" ''

# Words after `make` or `./run` in blocks of sh, and in code.
shown() {
  for file in README.md CONTRIBUTING.md doc/*.md bench/peers/*.md; do
    awk '/^```/ { sh = !inside && /^```sh/; inside = !inside; next } sh { sub(/#.*/, ""); print }' "$file"
    grep -o '`[^`]*`' "$file" | tr -d '`'
  done | grep -oE '(^|[ ;])(make|\./run) .*' | sed -E 's/^[ ;]//' |
    awk '{ for (i = 2; i <= NF; i++) if ($i !~ /=|^-/) break
           if ($i ~ /^[a-z-]+$/) print $i }' | sort -u
}
"$root/doc/list-commands" table | grep -oE '`(make|\./run) [a-z-]+`' | tr -d '`' | cut -d ' ' -f 2 >"$work/commands"
is 'each command of make and ./run that is shown is there' \
  "$(shown | grep -vxF -f "$work/commands")" ''

# blocks DOCUMENT: writes block-NUMBER with the text of each block and `steps`, whose lines are number,
# line of the document, what it is, and a name.
blocks() {
  awk '
    /^```/ && !inside {
      inside = 1; file = "block-" ++n; printf "" > file
      kind = substr($0, 4)
      if (!mark) mark = kind == "text" || kind == "" ? "text" : kind == "sh" ? "commands" : "unmarked"
      print n, NR, mark > "steps"
      next
    }
    /^```/ { inside = 0; mark = ""; close(file); next }
    inside { print > file; next }
    /^<!-- [a-z]+.* -->$/ { mark = $0; gsub(/^<!-- | -->$/, "", mark); sub(/:/, "", mark); next }
    { mark = "" }
  ' "$1"
}

# has_lines PATTERN OUTPUT: a line of three dots stands for any lines, three dots in a line for any text.
has_lines() {
  awk 'NR == FNR { want[++n] = $0; next } { got[++m] = $0 }
    function same(want, got,    i, rest) {
      if (!(i = index(want, "..."))) return want == got
      if (substr(want, 1, i - 1) != substr(got, 1, i - 1)) return 0
      want = substr(want, i + 3)
      for (; i <= length(got) + 1; i++) if (same(want, substr(got, i))) return 1
      return 0
    }
    function fit(i, j) {
      if (i > n) return j > m
      if (want[i] != "...") return j <= m && same(want[i], got[j]) && fit(i + 1, j + 1)
      for (; j <= m + 1; j++) if (fit(i + 1, j)) return 1
      return 0
    }
    END { exit !fit(1, 1) }' "$1" "$2" || { cat "$2"; false; }
}

# has_part PART FILE: the lines of PART stand in FILE together.
has_part() {
  awk 'NR == FNR { want = want "\n" $0; next } { got = got "\n" $0 }
    END { exit !index(got "\n", want "\n") }' "$1" "$2"
}

# only_commands BLOCK: commands of make and ./run, which are known by their names above.
only_commands() {
  sed -e 's/#.*//' -e '/^ *$/d' "$1" | grep -vE '^([A-Z_]+=("[^"]*"|[^ ]*) )*(make|\./run)( |$)'
  [ $? -eq 1 ] && sh -n "$1"
}

walk() { # DOCUMENT
  name=$(basename "$1" .md)
  folder=$work/$(echo "${1%.md}" | tr / -)
  mkdir "$folder"
  [ ! -d "$TESTS/documents/$name" ] || cp "$TESTS/documents/$name"/* "$folder"
  cd "$folder" || exit 2
  : >steps
  blocks "$root/$1"
  while read -r n line what name <&3; do
    place="$1:$line"
    case $what in
    file) cp "block-$n" "$name" ;;
    part) ok "$place: $name has that" has_part "block-$n" "$name" ;;
    run) ok "$place: runs" sh -c 'sh -e "$0" >printed 2>&1 || { cat printed; false; }' "block-$n" ;;
    fails) fails "$place: fails" sh -c 'sh -e "$0" >printed 2>&1' "block-$n" ;;
    prints) ok "$place: prints that" has_lines "block-$n" printed ;;
    elsewhere | text) ;;
    commands) ok "$place: commands that are known" only_commands "block-$n" ;;
    unmarked) ok "$place: it is said what this is" false ;;
    *) ok "$place: a mark that is known, not '$what'" false ;;
    esac
  done 3<steps
  [ ! -f check.sh ] || . ./check.sh
  cd "$root" || exit 2
}

export CPATH="$STAGE/include"
for document in README.md doc/*.md; do
  walk "$document"
done
finish
