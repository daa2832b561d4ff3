/* This design's threads wait in sequencer.c. */
