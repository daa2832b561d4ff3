/* The assembly for the CPU that is compiled for: the context switch, unless ucontext.c serves. */
#include "context.h"
#include "asm.h"

#if !defined(CALLSEQ_UCONTEXT)
#if defined(__x86_64__)
#include "x86_64.S"
#elif defined(__i386__)
#include "i386.S"
#elif defined(__aarch64__)
#include "aarch64.S"
#elif defined(__arm__)
#include "arm.S"
#elif defined(__powerpc64__)
#include "ppc64le.S"
#elif defined(__s390x__)
#include "s390x.S"
#elif defined(__riscv)
#include "riscv64.S"
#endif
#endif

#if defined(__x86_64__) && defined(__ELF__)
#include "return_x86_64.S"
#endif

END_OBJECT
