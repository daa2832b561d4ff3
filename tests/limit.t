#!/bin/sh
# The time limit of a test: longer on a busy machine, and told with the way to raise it.
. "$TESTS/tap.sh"
unset TOOL VALGRIND EMULATOR

printf 'exec sleep 1000\n' >hangs.t
limited() { # LOAD
  echo "$1 0 0" >load
  OUT=$work TIMEOUT=1 LOADAVG=$work/load "$TESTS/run" hangs.t
}
fails 'a test that hangs' limited 0.5
says 'is stopped after its time' 'hangs.t: stopped after 1 seconds'
says 'and the way to give it more is told' 'make check TIMEOUT=2 ONLY=hangs'
fails 'where each processor has three processes' limited $((3 * $(getconf _NPROCESSORS_ONLN)))
says 'it has three times as long' 'stopped after 3 seconds'
finish
