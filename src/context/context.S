/* The assembly context switch for the CPU that is compiled for; empty where ucontext.c serves. */
#include "asm.h"

#if !defined(CALLSEQ_UCONTEXT)
#if defined(__x86_64__)
#include "x86_64.S"
#elif defined(__aarch64__)
#include "aarch64.S"
#endif
#endif

.section .note.GNU-stack, "", %progbits
