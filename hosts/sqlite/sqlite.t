#!/bin/sh
# The extension in sqlite3's shell, and in a program whose threads have a connection each.
. "$TESTS/tap.sh"
here=$(dirname "$0")

sql() { sqlite3 -cmd ".load $BUILT/sqlite/scheme" "${2:-:memory:}" "$1" 2>&1; }
is 'a function' "$(sql "select slug('Hello, World!')")" hello-world
is 'of numbers and strings' "$(sql "select edit_distance('kitten', 'sitting'), slug('A '||1.5)")" '3|a-1-5'
is 'of NULL' "$(sql "select slug(NULL) is NULL")" 1
is 'of text with a NUL' "$(sql "select slug('a'||char(0)||'b')")" a-b
is 'an error' "$(sql "select edit_distance(1, 'a')" | grep -o 'bad argument type.*')" \
  'bad argument type: 1'
is 'too many arguments' "$(sql "select slug(1, 2)" | grep -o 'wrong number.*')" \
  'wrong number of arguments to function slug()'
is 'an aggregate, its groups interleaved' \
  "$(sql "with n(i) as (select 1 union all select i + 1 from n where i < 10)
          select i % 3, median(i), median(i * 2) from n group by i % 3" | xargs)" '0|6.0|12.0 1|5.5|11.0 2|5.0|10.0'
is 'of no rows' "$(sql "select median(1) is NULL where 0; select median(x) is NULL from (select 1 as x) where x = 2" | xargs)" '1 1'
is 'one whose step fails, and the next one' \
  "$(sql "select median(x) from (select 1 as x union select 'a')" | grep -c 'bad argument'
     sql "select median(3)")" "$(printf '1\n3.0')"
is 'a collation' \
  "$(sql "create table f (n text); insert into f values ('file10'), ('file2'), ('file'), ('File2');
          select n from f order by n collate numbered" | xargs)" 'File2 file file2 file10'
is 'a hook' "$(sql "create table t (a); insert into t values (1), (2); update t set a = 3 where a = 1;
                    delete from t where a; select updates_of('t'), updates_of('none')")" '5|0'
python=python3
[ ! -x /usr/bin/python3 ] || python=/usr/bin/python3 # another one may be built without extensions of SQLite
ok 'eight threads with a connection each' $python "$here/threads.py" "$BUILT/sqlite/scheme" "$work/things.db"
says 'every answer is right' '[] 1600 rows'
finish
