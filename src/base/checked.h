/* What a build for tests does otherwise than what users get.
 *
 * -DCALLSEQ_CHECKED: each CALLSEQ_ASSERT is evaluated, and ends the process with a message where it
 * does not hold. What it asserts is what the code relies on and no caller can be told of, such as
 * who holds the runtime.
 *
 * -DCALLSEQ_SHRUNKEN: limits are as small as can be, so that what happens once in thousands of
 * calls happens all the time. */
#ifndef CALLSEQ_CHECKED_H
#define CALLSEQ_CHECKED_H

#ifdef CALLSEQ_CHECKED
#include <stdio.h>
#include <stdlib.h>
#define CALLSEQ_ASSERT(what)                                                                       \
  ((what) ? (void)0                                                                                \
          : (fprintf(stderr, "callseq: %s:%d: not so: %s\n", __FILE__, __LINE__, #what), abort()))
#else
#define CALLSEQ_ASSERT(what) ((void)0)
#endif

#ifdef CALLSEQ_SHRUNKEN
#define CALLSEQ_LIMIT(usual, shrunken) (shrunken)
#else
#define CALLSEQ_LIMIT(usual, shrunken) (usual)
#endif

#endif
