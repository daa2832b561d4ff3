#!/bin/sh
# bench/report/compare: what counts as slower, and its exit codes. bench/report/cells.awk: which cells
# of a run are lost, and to whom.
. "$TESTS/tap.sh"
compare=$TESTS/../bench/report/compare

# run FOLDER ROW "NS NS NS": a folder with three rounds of one thread
run() {
  mkdir -p "$1"
  echo round,row,ns,idle_kib >"$1/single-samples.csv"
  echo "$3" | tr ' ' '\n' | awk -v "row=$2" '{ print NR "," row "," $1 ",100" }' >>"$1/single-samples.csv"
}

# threads FILE MCALLS P999: a file with one cell of several threads
threads() {
  cat >"$1" <<END
round,row,batch_limit,work_us,callback_us,threads,mcalls_per_s,p999_ns
1,callseq,none,10,0,64,$2,$3
END
}

# exits WHAT CODE COMMAND...
exits() {
  what=$1 want=$2 code=0
  shift 2
  "$@" >"$output" 2>&1 || code=$?
  is "$what" "$code" "$want"
}

run old callseq '10 11 12'
run same callseq '12 11 10'
run slow callseq '20 21 23'
run fast callseq '5 5.5 6'
run noisy callseq '11.5 20 30'
run other plain '10 11 12'

exits 'a run beside itself: nothing is slower' 0 "$compare" old same
"$compare" old same >"$output"
says 'it says how much was compared' '1 compared: 0 slower, 0 faster'
exits 'a slower run: 1' 1 "$compare" old slow
"$compare" old slow >"$output"
says 'it names the cell and the ratio' 'SLOWER' 'x 1.91' 'callseq, one thread'
exits 'a faster run: 0' 0 "$compare" old fast
"$compare" old fast >"$output"
says 'it says what got faster' 'faster' 'x 0.50'
exits 'rounds that overlap are noise' 0 "$compare" old noisy
exits 'below the threshold it is the same' 0 "$compare" -t 100 old slow
exits 'nothing in common: 2' 2 "$compare" old other
exits 'no results: 2' 2 "$compare" old missing
exits 'one run only: 2' 2 "$compare" old
exits 'a threshold that is no number: 2' 2 "$compare" -t much old same

threads before.csv 2 1000
threads slower.csv 1 1000
threads tail.csv 2 5000
exits 'fewer calls per second: 1' 1 "$compare" before.csv slower.csv
"$compare" before.csv slower.csv >"$output"
says 'the cell is named in full' 'callseq, batch limit none, threads: 64, 10 us between calls, callbacks of 0 us'
exits 'more calls per second: 0' 0 "$compare" slower.csv before.csv
exits 'a longer tail: 1' 1 "$compare" before.csv tail.csv
exits 'unless the threshold for latency allows it' 0 "$compare" -l 500 before.csv tail.csv
{ cat before.csv && grep ,callseq, before.csv | sed 's/,callseq,/,mutex,/'; } >more.csv
exits 'a cell that is gone: 1' 1 "$compare" more.csv before.csv
"$compare" more.csv before.csv >"$output"
says 'it is named, and counted' 'GONE    mutex' 'and 1 cells are not in the new run'
exits 'a cell that is new: 0' 0 "$compare" before.csv more.csv
cp slower.csv 'a name.csv'
exits 'a name with a space' 1 "$compare" before.csv 'a name.csv'

# lost CALLSEQ MUTEX: the cells that are lost where two rows have so many calls a second, such a p99.9, and
# between the threads so many calls at least and at most
lost() {
  cat >threads.csv <<END
round,row,batch_limit,work_us,callback_us,threads,mcalls_per_s,p999_ns,fewest_calls,most_calls
1,callseq,default,10,0,64,$1
1,mutex,default,10,0,64,$2
1,trivial-section,default,10,0,64,9,1,90,100
1,callseq,default,0,0,2,1,100,90,100
END
  awk -f "$TESTS/../bench/report/samples.awk" -f "$TESTS/../bench/report/cells.awk" -v list=1 threads.csv
}

is 'a cell with 0.96 of the calls is lost' "$(lost 0.96,100,90,100 1,100,90,100)" '64 10 0 mutex'
is 'one with 0.98 is not' "$(lost 0.98,100,90,100 1,100,90,100)" ''
is 'one with more than twice the p99.9 is' "$(lost 1,201,90,100 1,100,90,100)" '64 10 0 mutex'
is 'not beside a row with less than 0.9 of the calls' "$(lost 1,201,90,100 0.89,100,90,100)" ''
is 'nor beside one that is unfair' "$(lost 1,201,90,100 1,100,24,100)" ''
is 'nor where no other row calls Scheme' "$(lost 1,201,90,100 -,-,-,-)" ''

finish
