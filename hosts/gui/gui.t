#!/bin/sh
# The window, as a C program's and as a Scheme program's, on a screen of the test's own: it is typed and
# clicked into, and pictures of it are left in the test's folder.
. "$TESTS/tap.sh"

mkfifo ready
Xvfb -displayfd 3 -screen 0 640x400x24 3>ready 2>xvfb.log &
screen=$!
trap 'kill $screen $gui 2>/dev/null' EXIT
gui=
read -r number <ready
DISPLAY=:$number GTK_A11Y=none NO_AT_BRIDGE=1
export DISPLAY GTK_A11Y NO_AT_BRIDGE

for program in gui program; do
  rm -f says
  mkfifo says
  "$BUILT/gui/$program" >says 2>said &
  gui=$!
  exec 4<says
  window=$(xdotool search --sync --onlyvisible --name '^primes$')
  # Into the entry, what is there is replaced.
  typed() {
    xdotool mousemove --window "$window" 200 70 click --repeat 3 1 key ctrl+a type "$1"
    xdotool key Return
  }
  typed 300000
  read -r said <&4
  is "$program: it counts, by four threads" "$said" '25997 primes up to 300000'
  import -window root "$program.png" 2>import.log
  typed 40000000
  # The bar has begun, at its left end: it is blue.
  until import -window root -crop 4x1+22+139 txt:- 2>import.log | grep -q -i ': .*#[0-5]'; do :; done
  xdotool mousemove --window "$window" 200 115 click 1
  read -r said <&4
  is "$program: it is stopped while they work" "${said#* primes up to *, }" stopped
  xdotool key Escape
  wait $gui
  code=$?
  is "$program: its end" "$code $(grep -v -e dconf -e '^$' said)" '0 '
done
finish
