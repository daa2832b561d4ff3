/* Loading: CHICKEN and the program's Scheme code on the dedicated stack, and what goes on at the
 * bottom of that stack ever after.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "birth.h"
#include "exit.h"
#include "handles.h"
#include "laps.h"
#include "loading.h"
#include "messages.h"
#include "roots.h"
#include "scheme.h"
#include "thread.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* This library's Scheme code. */
extern void C_callseq_toplevel(C_word c, C_word *av);

/* csc -heap-size and -nursery have the first statements of a program change the sizes: the heap's
 * by throwing it away, which nothing may be in. After them the program looks if there is room for
 * it on the stack. So it is first entered with no room, while CHICKEN is empty: it changes the
 * sizes, and collects. What goes on after the collection is `load`, and when that enters the
 * program again the sizes are what it wants. */
#define NO_ROOM ((C_uword)1 << (C_WORD_SIZE - 2)) /* added to the limit: above any stack */

static void load(C_word c, C_word *av);

/* The first thing that CHICKEN runs. */
static void ask_sizes(C_word c, C_word *av) {
  callseq_runtime.setup.asking = C_stack_hard_limit;
  C_stack_hard_limit = C_stack_limit = (C_word *)((C_uword)C_stack_hard_limit + NO_ROOM);
  ((C_proc)callseq_runtime.setup.config.toplevel)(c, av);
}

static void take_sizes(struct callseq_runtime *r) {
  C_word *limit = (C_word *)((C_uword)C_stack_hard_limit - NO_ROOM);
  size_t nursery = (size_t)r->setup.nursery + (C_uword)r->setup.asking - (C_uword)limit;
  r->setup.asking = NULL;
  C_stack_hard_limit = C_stack_limit = limit;
  C_restart_trampoline = (void *)load;
  if (nursery < CALLSEQ_NURSERY_MINIMUM || nursery > INT_MAX ||
      nursery + CALLSEQ_STACK_RESERVE > r->setup.stack.bytes) {
    r->setup.not_in_stack = nursery;
    C_restart_trampoline = (void *)C_return_to_host;
  } else {
    r->setup.nursery = (int)nursery;
  }
}

/* An interrupt that has been raised has CHICKEN take the nursery for full, so that whatever runs
 * next has it handled instead of a collection. But where interrupts are held by then, or the queue
 * has been emptied, there is one collection after the other, for ever: each leaves the nursery as
 * full. So here, where it is a collection, the limit is the true one again. What is still queued is
 * handled instead of the next one. */
static void before_collection(int mode) {
  (void)mode;
  C_stack_limit = C_stack_hard_limit;
  callseq_handles_collecting(&callseq_runtime);
}

static void after_collection(int mode, C_long milliseconds) {
  (void)mode;
  (void)milliseconds;
  struct callseq_runtime *r = &callseq_runtime;
  callseq_handles_collected(r);
  if (r->setup.asking)
    take_sizes(r);
  atomic_store_explicit(&r->counts.collections,
                        atomic_load_explicit(&r->counts.collections, memory_order_relaxed) + 1,
                        memory_order_relaxed);
}

/* Continuation of the library's unit: the program. */
static void load_program(C_word c, C_word *av) {
  (void)c;
  C_word arguments[2] = {C_SCHEME_UNDEFINED, C_block_item(av[0], 1)};
  ((C_proc)callseq_runtime.setup.config.toplevel)(2, arguments);
}

/* Loading the library's unit before the program's first form has every error of the program
 * reported, and a program that was compiled without -uses find the unit provided instead of loading
 * a second copy. */
static void load(C_word c, C_word *av) {
  (void)c;
  callseq_roots_begin(&callseq_runtime);
  C_word *a = C_alloc(C_SIZEOF_CLOSURE(2));
  C_word arguments[2] = {C_SCHEME_UNDEFINED, C_closure(&a, 2, (C_word)load_program, av[1])};
  C_callseq_toplevel(2, arguments);
}

/* The life of the Scheme stack. CHICKEN_run returns for (return-to-host): at the end of loading, as
 * it should, and later when a callback strays into it. It also returns from an ordinary collection
 * if a (return-to-host) in a nested level, which cannot return, left its flag set: then the
 * computation goes on where it was. */
static void live(void *runtime) {
  struct callseq_runtime *r = runtime;
  callseq_tools_arrive(&r->inside_tools, &r->outside_tools);
  CHICKEN_run(ask_sizes);
  callseq_birth_returns(r);
  r->setup.return_to_host = C_restart_trampoline;
  r->levels.base.begins = true;
  r->fast.current.request = callseq_runtime_switch_out(r);
  callseq_tools_acquire(r->fast.current.request);
  C_word k = CHICKEN_continue(callseq_roots_procedure(r, CALLSEQ_PROCEDURE_begin_loop));
  for (;;) {
    if (C_restart_trampoline == r->setup.return_to_host) {
      k = CHICKEN_continue(callseq_roots_procedure(r, CALLSEQ_PROCEDURE_strayed));
    } else {
      C_save(k);
      k = CHICKEN_run(NULL);
    }
  }
}

void callseq_loading_watch_collections(void) {
  C_pre_gc_hook = before_collection;
  C_post_gc_hook = after_collection;
}

void callseq_loading_make_stack(struct callseq_runtime *r) {
  const struct callseq_stack *stack = &r->setup.stack;
  callseq_context_make(&r->fast.inside, stack->base, stack->bytes, live, r, &r->fast.outside);
  callseq_tools_add(&r->inside_tools, stack->base, stack->bytes);
}

bool callseq_loading_run(struct callseq_runtime *r, const struct callseq_sizes *sizes) {
  CALLSEQ_ASSERT_HOLDER(r);
  CALLSEQ_ASSERT_ON_OWN_STACK(r);
  if (!CHICKEN_initialize(sizes->heap, sizes->nursery, sizes->symbols, ask_sizes))
    return false;
  callseq_loading_watch_collections();
  callseq_handles_begin(r);
  r->setup.nursery = sizes->nursery;
  callseq_runtime_switch_in(r, NULL);
  if (r->setup.not_in_stack)
    return true;
  if (!r->setup.status)
    callseq_signals_take_over();
  callseq_laps_begin(r, r->setup.stack_top);
  return true;
}

int callseq_scheme_hosted(void) {
  return atomic_load_explicit(&callseq_runtime.setup.state, memory_order_relaxed) ==
         CALLSEQ_LOADING;
}

/* It has been printed. This is the thread that called callseq_init. A child that the program has
 * made while it loads is none that goes on without it. */
void callseq_scheme_load_failed(char *trace) {
  CALLSEQ_ASSERT_IN_SCHEME(&callseq_runtime);
  callseq_runtime.setup.status = CALLSEQ_ERROR;
  callseq_thread_remember(CALLSEQ_ERROR,
                          callseq_format("the Scheme code raised an error while it was loaded"),
                          trace ? strdup(trace) : NULL);
  if (getpid() != callseq_runtime.setup.process)
    callseq_scheme_exit(CALLSEQ_SOFTWARE_ERROR);
}
