#!/bin/sh
# Scheme programs that host native threads: each way to build one, what it may be doing while they
# call, how it ends, forks, and csi at its prompt. The programs are in programs/.
. "$TESTS/tap.sh"

cp "$TESTS"/programs/* "$TESTS/green-threads.scm" .
repository=$STAGE/lib/chicken/11
export CPATH="$STAGE/include"

# does_all "way" COMMAND...: the command runs manners.scm.
does_all() {
  way=$1
  shift
  ok "$way: runs" "$@"
  says "$way: callseq_init is OK, callseq_init_with where it can be" 'init: 330' \
    'stack_bytes cannot be set in a Scheme program' 'measure_time cannot be set'
  says "$way: calls are right while it is" 'asleep: right' 'computing: right' 'allocating: right' \
    'collecting: right' 'outside: right'
  says "$way: C code that it calls may call" 'nested: 42 #t' 'plain: -5' 'outside: 42 #f' 'deep: 43'
  says "$way: called all the time it gets on, and its green threads too" 'gets on: 75025' 'wrong: 0' \
    'green, asleep: on' 'green, outside: on' end
}

# ---- Ways ----

ok 'a program: builds' $CSC app.scm workers.c -o app -link callseq
does_all 'a program' ./app
does_all 'with options of CHICKEN' ./app -:s200k -:h2m
does_all 'on a small stack' sh -c 'ulimit -s 512 && exec ./app -:s100k'
does_all 'on a stack without limit' sh -c 'ulimit -s unlimited && exec ./app'
# As where /proc is not mounted.
echo 'int pthread_getattr_np(void) { return 2; }' >unknown.c
ok 'what tells nobody the bounds of a stack: builds' $CC -shared -fPIC unknown.c -o unknown.so
does_all 'a program that does not know its stack' env LD_PRELOAD="$work/unknown.so" ./app
ok 'a program with the shared egg: builds' \
  $CSC app.scm workers.c -o shared -L "$repository/callseq.so" -L "-Wl,-rpath,$repository"
does_all 'a program with the shared egg' ./shared
if [ -f "$($CC -print-file-name=libchicken.a)" ]; then
  ok 'a static program: builds' $CSC -static app.scm workers.c -o static -link callseq
  does_all 'a static program' ./static
else
  skip 'a static program' 'libchicken.a is not installed'
fi

fails 'without the library it does not link' $CSC app.scm workers.c -o app_alone
says 'the message tells what to do' callseq_is_missing__build_with_link_callseq
ok 'an extension: builds' $CSC -s ext.scm workers.c -o ext.so
fails 'without the library it is not loaded' csi -e '(load "./ext.so")'
says 'the message tells what to do' \
  'undefined symbol: callseq_is_missing__build_with_link_callseq_or_load_it_before_this'
ok 'a program that loads it: builds' $CSC loads.scm -o loads
does_all 'a program that loads it' ./loads
does_all 'csi loads it in a script' csi -s loads.scm
ok 'an extension that brings the egg: builds' \
  $CSC -s ext.scm workers.c -o brings.so -L "$repository/callseq.so"
sed -e 's/ callseq)/)/' -e 's/ext.so/brings.so/' loads.scm >unaware.scm
does_all 'a script that does not import callseq' csi -s unaware.scm

ok 'calls that are executed later: builds' $CSC later.scm -o later -link callseq
ok 'calls that are executed later: runs' ./later
says 'they are executed, whatever the program does' 'asleep: 100 42 100' 'computing: 100 42 100' \
  'outside: 100 42 100'
says 'their limit can be set late' 'limits: 1024 0 1976 0 97000' 'seen: 100100'

ok 'a program that binds: builds' $CSC binds.scm -o binds -link callseq
ok 'a program that binds: runs' ./binds
says 'callbacks see nothing of it, nor it of theirs' 'wrong: 0' 'lost: 0'

ok 'a program that is signalled all the time: builds' \
  $CSC -O3 -d0 signalled.scm signaller.c -o signalled -link callseq
for each in 1 2 3 4; do
  { timeout 60 ./signalled >"signalled.$each" 2>&1; echo "code $?" >>"signalled.$each"; } &
done
wait
is 'four of them end' "$(cat signalled.[1-4] | grep -c 'code 3$')" 4
ok 'a program that loads callseq first: builds' $CSC order.scm -o order -link callseq
ok 'a program that loads callseq first: runs' ./order
says "it has callseq's signals" 'a handler that was set before' 'a handler that was set after' \
  'sleeps on: #f, #f' 'masked afterwards: 0'
ok 'a program on one processor: builds' $CSC shares.scm workers.c -o shares -link callseq
ok 'a program on one processor: runs' ./shares
says 'whoever calls has turns of many calls there, too' 'wrong: 0' 'turns, while it computes'

ok 'continuations and handlers: builds' $CSC continues.scm -o continues -link callseq
ok 'continuations and handlers: runs' ./continues
says 'a continuation of another call is an error where it is entered' \
  'suspended: a continuation was entered that was captured in another call' \
  'green thread: a continuation captured in a callback cannot be entered by another green thread' \
  'callback: 0' 'enter: a continuation was entered' 'kept: 105' \
  'ended: a continuation was entered that was captured in another call'
says 'a callback does not end the program' "program's: 0" \
  'enter: the end of the program was reached in a callback'
says 'handlers run while a callback computes' 'computed: 7' 'left: by the handler' 'computed: 8' \
  'limited: 9' end

# A native thread that was there before the library.
ok 'a library that has a thread: builds' $CC -shared -fPIC -pthread early.c -o libearly.so
ok 'what begins it: builds' \
  $CSC -s early.scm -o early.so -L "-L$work" -L -learly -L "-Wl,-rpath,$work"
ok 'what brings callseq later: builds' $CSC -s late.scm -o late.so -L "-L$work" -L -learly \
  -L "-Wl,-rpath,$work" -L "$repository/callseq.so"
ok 'loaded after threads have started' csi -e '(load "./early.so") (load "./late.so")'
says 'their calls are right' 'late: 42'

# ---- Ends ----

# ends HOW CODE TEXT...: with threads in calls of all kinds the program ends with that code, having
# said just that.
ok 'a program that ends: builds' $CSC ends.scm workers.c -o ends -link callseq
ends() {
  how=$1 code=$2
  shift 2
  said=$(./ends "$how" 2>"$output")
  is "ends: $how" "$? $(echo $said)" "$code begun${*:+ $*}"
}
ends returns 0 thunk joined
ends exits 7 thunk joined
ends leaves 6
ends raises 70
says 'as CHICKEN tells it' 'Error: (car) bad argument type: raises'
ends raises-alone 70
says 'with the call history' 'Error: (car) bad argument type: raises' 'Call history'
ends thread-asleep 8 thunk joined
ends thread-computing 8 thunk joined
ends thread-outside 8 thunk joined
ends callback-asleep 9 thunk joined
ends callback-computing 9 thunk joined
ends callback-outside 9 thunk joined
ends callback-lends 9 thunk joined
ends callback-thunk 9
ends thunk-waits 3 waited thunk joined
ends thunk-calls 3 2 thunk joined
ends interrupted 130
ends handled-asleep 5 thunk joined
ends handled-computing 5 thunk joined
ends handled-outside 5 thunk joined
ends masked 5 held thunk joined
ends handler-escapes 0 escaped thunk joined
ends handler-raises 70
says 'its handler is its own' 'Error: in the handler'

# ---- The door closed ----

# closes HOW STATUS REFUSED TEXT...: the door is closed with that status while threads call, of which
# so many are refused; the program goes on, and its thunk runs once, at its end.
ok 'a program that closes the door: builds' $CSC closes.scm workers.c -o closes -link callseq
closes() {
  how=$1 status=$2 refused=$3
  shift 3
  ok "closes: $how" ./closes "$how"
  says "closes: $how: as it should" 'inside: would deadlock' "it is $status" 'wrong: 0' \
    "refused: $refused" 'goes on: 6765 2 3' "again: $status" 'posts: 0' \
    "refused then: $((refused + 1))" "$@"
  is "closes: $how: thunks" "$(grep -c thunk "$output") $(tail -n 1 "$output")" '1 thunk'
}
closes asleep closed 3
closes computing closed 3
closes itself closed 3
closes posted closed 3 'posted: 100' 'executed: 100'
closes late 'timed out' 4

# ---- Forks ----

ok 'a program that forks: builds' $CSC forks.scm workers.c -o forks -link callseq
ok 'it runs' ./forks
says 'children of Scheme, and of C threads' 'thunk: 3' 'run: 5' "thread's, asleep: 6" \
  "thread's, computing: 6" 'wrong: 0' 'host: 4' 'goes on as a host: 4'

# ---- The prompt ----

ok 'a terminal: builds' $CC terminal.c -o terminal -lutil
if ./terminal true -- >"$output" 2>&1; then
  ok 'csi at its prompt' ./terminal csi -q -- \
  '1> ' '(import (chicken base) callseq) (load "./ext.so")
' '3> ' '(begin-work 4 1000)
' '4> ' '(list "right" (join-all))
' 'right" 0' '(begin-rest) (begin-work 2 0) (await-call) (await-call)
' '9> ' '(+ 1
' '1' '40)
' '41' '(car 5)
' 'bad argument type: 5' '^C' 'user interrupt' '(begin (display "goes\n") (let loop () (loop)))
' 'goes' '^C' 'user interrupt' '(begin (stop) "all")
' 'all' '(exit 4)
'
  says 'answers, errors and interrupts are as ever, while it is called' 'terminal: it ended with 4'
else
  skip 'csi at its prompt' 'there are no terminals: /dev/pts is not mounted'
fi
finish
