#!/bin/sh
# The synthesizer: what it plays is recorded by SDL's driver "disk" and looked at; "dummy" is a device that
# only takes samples in time.
. "$TESTS/tap.sh"
here=$(dirname "$0")
export SDL_DISKAUDIOFILE=recorded

# plays DRIVER DISTURBERS LINE...: what the program says is in $output.
plays() {
  SDL_AUDIODRIVER=$1 disturbers=$2
  export SDL_AUDIODRIVER
  shift 2
  printf '%s\n' "$@" | "$BUILT/audio/audio" "$disturbers"
}

ok 'a note is played' plays disk 0 '(play 441 4)' '(wait 30)' '(list 1 "a")' '(car 1)'
says 'lines are evaluated, and errors told' '(1 "a")' '(car) bad argument type: 1'
is 'it is heard' "$(python3 "$here/heard.py" recorded)" 'frequency 441
wave round'
ok 'it is changed while it plays' plays disk 4 '(play 294 4)' '(wait 30)' '(set! wave square)' '(wait 10)'
is 'which is heard, beside threads that disturb' "$(python3 "$here/heard.py" recorded)" 'frequency 294
wave square'

# The same at its prompt, by another process.
mkfifo lines values
SDL_AUDIODRIVER=disk "$BUILT/audio/audio" -p prompt <lines >values 2>said &
audio=$!
exec 3>lines 4<values
echo "(begin (play 330 4) 'plays)" >&3
read -r value <&4
is 'a note plays' "$value" plays
printf '(wait 30)\n(set! wave square)\n(wait 10)\n(* 6 7)\n' >typed
ok 'somebody types at the prompt' sh -c '"$0" prompt <typed' "$STAGE/bin/callseq-repl"
says 'and is answered' 42
exec 3>&-
cat <&4 >rest
wait $audio
is 'and it is heard' "$? $(python3 "$here/heard.py" recorded)" '0 frequency 330
wave square'

# Scheme is held until the device has come twenty times more.
ok 'while Scheme is held' plays dummy 4 '(play 441)' \
  '(let next ((end (+ 20 (blocks)))) (when (< (blocks) end) (next end)))' \
  '(if (> (glitches) 10) "they are counted" (glitches))'
says 'the audio thread does not wait: samples are missing' '"they are counted"'

ok 'under load' plays dummy 8 '(play 441 4)' '(play 550 4)' '(wait 100)'
echo "# $(tail -n 1 "$output")"
is 'it is played to the end' "$(grep -c '^1[0-9][0-9] blocks, [0-9]* glitches, [1-9]' "$output")" 1
ok 'without a device' sh -c 'SDL_AUDIODRIVER=none "$0" </dev/null || test $? -eq 1' "$BUILT/audio/audio"
says 'it says so' "audio: Audio target 'none' not available"

cat >song.scm <<END
(import callseq)
(load "$BUILT/audio/synth.so")
(begin-audio)
(play 392 4)
(let next ((n 2000000)) (unless (zero? n) (next (- n 1))))
(wait 30)
(set! wave square)
(wait 10)
(end-audio)
(print "played")
END
ok 'csi plays it, too' env SDL_AUDIODRIVER=disk csi -s song.scm
says 'to the end' played
is 'which is heard' "$(python3 "$here/heard.py" recorded)" 'frequency 392
wave square'
finish
