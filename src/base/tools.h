/* What tools that watch a process have to be told, mostly of stacks that it switches.
 *
 * AddressSanitizer knows one stack of each thread, ThreadSanitizer follows the calls and returns of
 * each thread, valgrind takes a stack pointer that leaps for a huge frame. Unless they are told
 * that the stack is another one now, they report errors where there are none, or miss some.
 *
 * Which part of a program was compiled for a sanitizer is not known here: mostly the program, and
 * not this library. So the sanitizers' functions are weak references, which the program resolves if
 * it has them; where it has not, all that follows is a test of an address. The fast path, which is
 * inline in generated C, tells nothing: where callseq_tools_watching(), calls take the slow path.
 *
 * It knows nothing of locks or Scheme.
 */
#ifndef CALLSEQ_TOOLS_H
#define CALLSEQ_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define CALLSEQ_TOOLS_THREADS 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define CALLSEQ_TOOLS_THREADS 1
#endif

#ifndef VALGRIND_DISABLE_ERROR_REPORTING
#define VALGRIND_DISABLE_ERROR_REPORTING (void)0
#define VALGRIND_ENABLE_ERROR_REPORTING (void)0
#endif

#define CALLSEQ_TOOLS_WEAK __attribute__((weak))
void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t bytes) CALLSEQ_TOOLS_WEAK;
void __sanitizer_finish_switch_fiber(void *fake, const void **low,
                                     size_t *bytes) CALLSEQ_TOOLS_WEAK;
void __asan_unpoison_memory_region(const volatile void *low, size_t bytes) CALLSEQ_TOOLS_WEAK;
void __lsan_register_root_region(const void *low, size_t bytes) CALLSEQ_TOOLS_WEAK;
void *__tsan_get_current_fiber(void) CALLSEQ_TOOLS_WEAK;
void *__tsan_create_fiber(unsigned flags) CALLSEQ_TOOLS_WEAK;
void __tsan_switch_to_fiber(void *fiber, unsigned flags) CALLSEQ_TOOLS_WEAK;
void __tsan_acquire(void *address) CALLSEQ_TOOLS_WEAK;
void __tsan_release(void *address) CALLSEQ_TOOLS_WEAK;

/* One side of a switch: a stack, and what the tools keep for it. */
struct callseq_tools_side {
  const void *low;
  size_t bytes;
  void *fake;  /* AddressSanitizer's: where it keeps locals, to detect their use after return */
  void *fiber; /* ThreadSanitizer's */
};

/* Must they be told of every switch? */
static inline bool callseq_tools_watching(void) {
  return __sanitizer_start_switch_fiber || __tsan_switch_to_fiber;
}

/* There is a new stack, which stays until the process ends. */
static inline void callseq_tools_add(struct callseq_tools_side *side, const void *low,
                                     size_t bytes) {
  side->low = low;
  side->bytes = bytes;
  if (__lsan_register_root_region) /* it searches the stacks of threads only */
    __lsan_register_root_region(low, bytes);
  if (__tsan_create_fiber)
    side->fiber = __tsan_create_fiber(0);
#ifdef VALGRIND_STACK_REGISTER
  VALGRIND_STACK_REGISTER(low, (const char *)low + bytes);
#endif
}

/* The stack that this thread runs on is one side of the switch from now on. */
static inline void callseq_tools_here(struct callseq_tools_side *side, const void *low,
                                      size_t bytes) {
  side->low = low;
  side->bytes = bytes;
  if (__tsan_get_current_fiber)
    side->fiber = __tsan_get_current_fiber();
}

/* Right before the switch. `from` may be the stack of any thread, another one than the last time:
 * what the tools keep for it is asked of them each time, by this and by callseq_tools_arrive.
 *
 * To ThreadSanitizer a stack is like a thread, and the switch orders what was done before it on one
 * and after it on the other, as the order of one thread's own code does. What a thread does after
 * it has switched back is not part of that: only the lock orders it with the next thread's call. */
static inline void callseq_tools_leave(struct callseq_tools_side *from,
                                       struct callseq_tools_side *to) {
  if (__sanitizer_start_switch_fiber)
    __sanitizer_start_switch_fiber(&from->fake, to->low, to->bytes);
  if (__tsan_switch_to_fiber && to->fiber) {
    from->fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to->fiber, 0);
  }
}

/* Right after the switch, on the stack that it went to. */
static inline void callseq_tools_arrive(struct callseq_tools_side *at,
                                        struct callseq_tools_side *from) {
  if (__sanitizer_finish_switch_fiber)
    __sanitizer_finish_switch_fiber(at->fake, &from->low, &from->bytes);
}

/* In a forked child: ThreadSanitizer's fibers are the parent's, and the child goes on without, on
 * whatever stack it is. (Where the parent had other threads it does not watch the child at all.) */
static inline void callseq_tools_forked(struct callseq_tools_side *one,
                                        struct callseq_tools_side *other) {
  one->fiber = other->fiber = NULL;
}

/* The thread is back on its own stack `to` without a switch, by pthread_exit or longjmp: the frames
 * that it has left on both are dead. */
static inline void callseq_tools_unwound(struct callseq_tools_side *from,
                                         struct callseq_tools_side *to) {
  callseq_tools_leave(from, to);
  callseq_tools_arrive(to, from);
  if (__asan_unpoison_memory_region)
    __asan_unpoison_memory_region(to->low, to->bytes);
}

/* What this thread did before callseq_tools_release(place) happens before what another does after
 * callseq_tools_acquire(place). ThreadSanitizer sees that by itself in code that is compiled for
 * it; elsewhere it has to take our word. */
static inline void callseq_tools_release(void *place) {
#ifdef CALLSEQ_TOOLS_THREADS
  (void)place;
#else
  if (__builtin_expect(__tsan_release != NULL, 0))
    __tsan_release(place);
#endif
}
static inline void callseq_tools_acquire(void *place) {
#ifdef CALLSEQ_TOOLS_THREADS
  (void)place;
#else
  if (__builtin_expect(__tsan_acquire != NULL, 0))
    __tsan_acquire(place);
#endif
}

/* Before and after a system call that takes an address as a mere number: valgrind would complain
 * that there is no memory at it. */
static inline void callseq_tools_number_begin(void) { VALGRIND_DISABLE_ERROR_REPORTING; }
static inline void callseq_tools_number_end(void) { VALGRIND_ENABLE_ERROR_REPORTING; }

#endif
