/* This design's lock is never biased. */
