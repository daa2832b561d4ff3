#!/bin/sh
# A pin that is pressed: levels are written to a FIFO.
. "$TESTS/tap.sh"

mkfifo pin says
"$BUILT/gpio/pins" pin >says 2>said &
pins=$!
exec 4<says 3>pin
printf '0 1 1 1 0' >&3
read -r first <&4
is 'a press is told while the program waits' "$first" 'pressed 1'
i=1
while [ $i -lt 400 ]; do
  printf '1 0 '
  i=$((i + 1))
done >&3
exec 3>&-
cat <&4 >told
wait $pins
is 'all presses, in their order' "$? $(grep -c '^pressed' told) $(sed -n 9p told) $(tail -n 1 told)" \
  '0 399 pressed 10, a round number 400 presses, 0 changes lost'
fails 'a pin that is not there' "$BUILT/gpio/pins" nothing
says 'is named' 'there is no such pin' nothing
finish
