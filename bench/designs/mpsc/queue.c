/* This design's queue is in sequencer.c. */
