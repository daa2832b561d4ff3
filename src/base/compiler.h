/* What differs between C and C++, and between compilers: written once, for all of src/.
 *
 * This text is the first part of every C source that CHICKEN makes of a file with sequenced
 * callbacks (runtime/abi.h says why), so it is C11 and C++, and declares nothing that is not
 * CALLSEQ_. The headers that follow it there include it only where it has not been seen: the same
 * text is right as a file and as a part of another.
 */
#ifndef CALLSEQ_COMPILER_H
#define CALLSEQ_COMPILER_H

/* Atomics: CALLSEQ_ATOMIC(type) declares one; CALLSEQ_ATOMIC_NULL initialises one that is a
 * pointer, CALLSEQ_ATOMIC_ZERO a number; CALLSEQ_STD(name) is C's name of a function or memory
 * order. */
#ifdef __cplusplus
#include <atomic>
#include <cstdint>
#define CALLSEQ_ATOMIC(type) std::atomic<type>
#define CALLSEQ_ATOMIC_NULL                                                                        \
  { 0 }
#define CALLSEQ_ATOMIC_ZERO                                                                        \
  { 0 }
#define CALLSEQ_STD(name) std::name
#else
#include <stdatomic.h>
#include <stdint.h>
#define CALLSEQ_ATOMIC(type) _Atomic(type)
#define CALLSEQ_ATOMIC_NULL (void *)0
#define CALLSEQ_ATOMIC_ZERO 0
#define CALLSEQ_STD(name) name
#endif

/* What a condition usually is. */
#define CALLSEQ_LIKELY(x) __builtin_expect(!!(x), 1)
#define CALLSEQ_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Kinds of functions: inlined wherever they are called; defined in a header, though not every
 * source that includes it calls them; and never inlined. */
#define CALLSEQ_INLINE static inline __attribute__((always_inline, unused))
#define CALLSEQ_IN_HEADER static inline __attribute__((unused))
#define CALLSEQ_NOINLINE __attribute__((noinline))

/* A struct's field that lies apart from those before it, since others write them. A cache line has
 * 64 bytes, but processors fetch the other one of a pair with it. */
#define CALLSEQ_APART __attribute__((aligned(128)))

/* A thread-local variable that is one instruction away in a shared library too, and that a signal
 * handler may use: it is allocated with its thread. */
#define CALLSEQ_THREAD_LOCAL(type, name)                                                           \
  __thread type name __attribute__((tls_model("initial-exec")))

/* A function that hosts call, whose return follows a switch of stacks. The stack of return
 * addresses that the CPU keeps is the other side's then, and a `ret` would be mispredicted. So it
 * returns by pop and jump where the compiler can do that and the library has the code for it
 * (context/return_x86_64.S), which is ELF. There is no array on its stack to protect. */
#if defined(__x86_64__) && defined(__ELF__) && !defined(__CET__) && defined(__has_attribute)
#if __has_attribute(function_return)
#define CALLSEQ_RETURN __attribute__((function_return("thunk-extern")))
#endif
#endif
#ifndef CALLSEQ_RETURN
#define CALLSEQ_RETURN
#endif
#if defined(__has_attribute)
#if __has_attribute(no_stack_protector)
#define CALLSEQ_ENTRY CALLSEQ_RETURN __attribute__((no_stack_protector))
#endif
#endif
#ifndef CALLSEQ_ENTRY
#define CALLSEQ_ENTRY CALLSEQ_RETURN
#endif

#endif
