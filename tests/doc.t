#!/bin/sh
# The documentation's own order: links lead to files and headings that are there, and the reference's
# contents have each of its chapters.
. "$TESTS/tap.sh"
cd "$(dirname "$TESTS")" || exit 2

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

sed -n '/^Contents:/,/^$/p' doc/reference.md | tr '\n' ' ' | grep -o '](#[^)]*)' |
  sed -e 's/](#//' -e 's/)//' >"$work/contents"
sed -n 's/^## /# /p' doc/reference.md >"$work/chapters"
is "the reference's contents are its chapters" "$(cat "$work/contents")" "$(anchors "$work/chapters")"
finish
