/* What a call's fast path reads of its own thread. thread.h says who sets it.
 *
 * Part of generated code, as abi.h is: C11 and C++, and nothing public. */
#ifndef CALLSEQ_SELF_H
#define CALLSEQ_SELF_H

#ifndef CALLSEQ_COMPILER_H
#include "base/compiler.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Where this thread's errno is; or NULL, and then its calls take the slow path. That is so until
 * the thread is set up, and for good if it could be cancelled in a call, or if a sanitizer has to
 * be told of each switch (tools.h). */
extern CALLSEQ_THREAD_LOCAL(int *, callseq_abi_errno);
/* This thread's id in the sequencer; 0 until it has been set up. */
extern CALLSEQ_THREAD_LOCAL(uint32_t, callseq_abi_self);

/* Keeps a string result, malloc'd, for this thread instead of its last one. */
char *callseq_abi_keep_string(char *string);

#ifdef __cplusplus
}
#endif
#endif
