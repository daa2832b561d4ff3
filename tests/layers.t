#!/bin/sh
# The rooms of src/ are layers: a file includes files of its own room and of rooms below, headers do not
# include one another in a circle, and an object of a room uses no function of a room above. Within a room
# objects use one another in no circle, and in src/runtime the order is that of the table in doc/design.md.
. "$TESTS/tap.sh"
root=$(dirname "$TESTS")
rooms='base system context sequence runtime' # from the lowest
public=callseq.h                             # what the runtime implements, as the only room

# Each #include of our own files: "who whom", by their paths below the root.
(cd "$root" && grep -n '^#include "' src/*/*.[chS]) >lines
awk -F: -v public="$public" '{
  who = $1
  split($3, part, "\"")
  whom = part[2]
  room = who
  sub("/[^/]*$", "/", room)
  if (whom ~ /^\.\.\//) whom = public
  else if (whom ~ /\//) whom = "src/" whom
  else whom = room whom
  print who, whom
}' lines | sort -u >arrows
ok 'there are files that include others' test -s arrows
is 'each of them exists' "$(cd "$root" && cut -d' ' -f2 "$work/arrows" | xargs ls 2>&1 >/dev/null)" ''
is 'each file lies in a room' \
  "$(cd "$root/src" && ls -d -- */ | tr -d / | sort | grep -vx -e scheme -e compile-time -e evaluation | xargs)" \
  "$(echo "$rooms" | xargs -n 1 | sort | xargs)"

# climbs ROOMS: of lines "who whom" in files' or symbols' rooms, those that go upwards.
climbs() {
  awk -v rooms="$rooms" -v public="$public" '
    function height(path, part) {
      if (path == public) return level["runtime"]
      split(path, part, "/")
      return part[2] in level ? level[part[2]] : n + 1 # any other room is above all
    }
    BEGIN { n = split(rooms, name, " "); for (i = 1; i <= n; i++) level[name[i]] = i }
    height($2) > height($1)'
}
is 'no file includes one of a room above' "$(climbs <arrows)" ''
is 'the check sees one that does' "$(echo src/base/a.h src/runtime/b.h | climbs)" \
  'src/base/a.h src/runtime/b.h'

is 'and a room that is none of these is above them' \
  "$(echo src/base/a.h src/compile-time/b.h | climbs)" 'src/base/a.h src/compile-time/b.h'
is 'no room but the runtime includes what CHICKEN has' \
  "$(cd "$root" && grep -l '^#include <chicken' src/*/*.[chS] | grep -v '^src/runtime/')" ''

# tsort takes a pair of the same for a single node, so that is looked for besides.
grep '\.h .*\.h$' arrows >headers
ok 'headers include one another in no circle' tsort headers
is 'and none includes itself' "$(awk '$1 == $2' headers)" ''
printf 'a.h b.h\nb.h a.h\n' >circle
fails 'the check sees one' tsort circle

# What objects define and use. The library's are joined to one, so its sources are compiled here.
include=$($CSC -cflags | xargs printf '%s\n' | grep '^-I')
for source in $(cd "$root" && ls src/*/*.c src/context/context.S src/context/outside.S); do
  object=$(echo "$source" | tr / +).o
  $CC -std=gnu11 -O0 -w -fPIC -fvisibility=hidden -I"$root/src" $include -c "$root/$source" -o "$object" ||
    : >broken
done
ok 'all sources are compiled' test ! -e broken
for object in src+*.o; do
  nm "$object" | awk -v path="$(echo "${object%.o}" | tr + /)" '
    NF == 3 && $2 ~ /[A-Z]/ { print "defines", $3, path }
    NF == 2 && $1 == "U" { print "uses", $2, path }'
done >symbols
awk '$1 == "defines" { at[$2] = $3; next } { use[++n] = $0 }
  END { for (i = 1; i <= n; i++) { split(use[i], u, " "); if (u[2] in at) print u[3], at[u[2]], u[2] } }' \
  symbols >uses
ok 'objects use one another' test -s uses
is 'none uses what a room above defines' "$(climbs <uses)" ''

# What abi.h declares is the other side of the fast path, which each callback has, the library's own too.
sed -n 's/.*\(callseq_abi_[a-z_]*\)(.*/\1/p' "$root/src/runtime/abi.h" | sort -u >abi
grep -vwFf abi uses | awk '$1 != $2 { print $1, $2 }' | sort -u >below
ok 'no circle of objects that use one another' tsort below
printf 'a.c b.c\nb.c a.c\n' >circle
fails 'the check sees one' tsort circle

# The table: names of files in its first column, from the lowest.
awk '/^### The runtime/ { here = 1 } /^## / { here = 0 } here && /^\| `/ { print $0 }' "$root/doc/design.md" |
  cut -d '|' -f 2 | tr -d '`' | tr ',' '\n' | sed 's/ //g; s/\[ch\]/c/' | grep '\.c$' | sed 's,^,src/runtime/,' >order
is 'the table has each file of src/runtime once' "$(sort order)" "$(cd "$root" && ls src/runtime/*.c | sort)"
behind() { awk 'NR == FNR { line[$1] = NR; next } line[$1] && line[$2] > line[$1]' order -; }
is 'none uses what comes behind it in the table' "$(behind <below)" ''
is 'the check sees one that does' "$(echo src/runtime/thread.c src/runtime/calls.c | behind)" \
  'src/runtime/thread.c src/runtime/calls.c'

# The table of files in Scheme.
awk '/^### In Scheme/ { here = 1 } /^## / { here = 0 } here && /^\| `/ { print $0 }' "$root/doc/design.md" |
  cut -d '|' -f 2 | tr -d '` ' | tr ',' '\n' | sort >listed
is 'the table has each file in Scheme' "$(cat listed)" \
  "$(cd "$root/src" && ls scheme/* evaluation/* compile-time/* | sed 's,.*/,,' | sort)"
finish
