#!/bin/sh
# A short run of the torture program finds nothing; a fault in its callbacks is found, of each kind.
. "$TESTS/tap.sh"

torture() {
  "$TORTURE/torture" JOBS=2 "$@"
}

faulty() { # BUG [OPERATIONS]: in those that check results and messages
  TORTURE_BUG=$1 torture SECONDS=20 PATIENCE=2 ONLY="${2:-types,raise}"
}

ok 'five seconds of everything' torture SECONDS=5
echo "# $(head -n 1 "$output")"

fails 'an execution that is lost' faulty lost
says 'is found, and told with what repeats it' 'executed 0 times, not 1' \
  'repeat with: TORTURE_BUG=lost make torture SEED='
fails 'an execution too many' faulty twice
says 'is found' 'executed 2 times, not 1'
fails 'a wrong result' faulty wrong
says 'is found' ' gave '
fails "another call's message" faulty mixed raise
says 'is found' 'message'
fails "another call's message, after a wait" faulty mixed wait-raise
says 'is found' 'message'
fails 'a wrong result, after a blocking function' faulty wrong block
says 'is found' ' gave '
fails 'an execution that is lost while the runtime closes' faulty unclosed post
says 'is found' 'executed 0 times'
fails 'a callback that does not end' faulty stuck
says 'is found, and who waits is told' 'no call has ended for long' 'and is at'
finish
