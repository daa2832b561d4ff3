/* A Scheme program that hosts native threads: CHICKEN runs on its main thread's stack, and it is in
 * no call. So it becomes one, that does not end: the program's request is executed by the main
 * thread from the moment that the library is loaded, and other threads wait for it as for any
 * callback.
 *
 * When the program waits, is in a blocking C function or gives way, its request is suspended. Other
 * threads then switch to the stack on which the program was, and the main thread goes on here, on a
 * side stack, as the caller's side of its request: it waits and resumes.
 *
 * A program that computes is asked to give way by those that wait: see program_turn.c.
 *
 * When the program ends, the door is closed after its on-exit thunks: whoever waits is told. The
 * process then ends as CHICKEN and C have it, on the Scheme stack by whichever thread has called
 * exit.
 */
#define _GNU_SOURCE /* pthread_getattr_np; chicken.h switches it off otherwise */
#include <chicken.h>

#include "runtime.h"

#include "base/clock.h"
#include "failure.h"
#include "fork.h"
#include "handles.h"
#include "laps.h"
#include "later.h"
#include "loading.h"
#include "messages.h"
#include "program.h"
#include "roots.h"
#include "scheme.h"
#include "setup.h"
#include "suspend.h"
#include "thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Blocking C functions run there. */
enum { SIDE_BYTES = sizeof(void *) == 8 ? 8 << 20 : 1 << 20 };

static C_word reply(C_word serial, C_word value) {
  (void)serial;
  (void)value;
  abort(); /* it does not end */
}

static struct callseq_abi_callback program = {.name = "(the program)",
                                              .type = "void",
                                              .accepts = "anything",
                                              .reply = reply,
                                              .bytes = sizeof(struct callseq_abi_request),
                                              .internal = 1};

/* ---- Becoming a host ---- */

static void wait_aside(void *runtime) {
  struct callseq_runtime *r = runtime;
  callseq_tools_arrive(&r->outside_tools, &r->inside_tools);
  for (;;) {
    callseq_sequencer_end_batch(&r->fast.sequencer);
    callseq_suspend_settle(r, &r->program.request);
  }
}

static void find_stack(struct callseq_stack *stack) {
#ifdef __linux__
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &stack->base, &stack->bytes);
    pthread_attr_destroy(&attributes);
    return;
  }
#endif
  stack->base = NULL; /* not known: all of memory */
  stack->bytes = SIZE_MAX;
}

/* The program that has loaded the library, on its main thread, hosts native threads from now on;
 * `nursery` is that of CHICKEN in bytes. False, with a message: it does not. */
C_word callseq_scheme_host(C_word nursery) {
  struct callseq_runtime *r = &callseq_runtime;
  callseq_config config, defaults = CALLSEQ_CONFIG_DEFAULT;
  char *problem = callseq_config_normalise(&config, &defaults);
  free(problem);
  callseq_thread_at_end(callseq_setup_thread_ends);
  if (problem || !callseq_fork_ready() || !callseq_thread_enter() ||
      !callseq_stack_map(&r->program.side, SIDE_BYTES)) {
    callseq_print("callseq: native threads cannot call: no memory for that\n");
    return C_SCHEME_FALSE;
  }
  find_stack(&r->setup.stack);
  r->setup.config = config;
  r->setup.nursery = C_unfix(nursery);
  r->setup.stack_top = (C_word *)((char *)C_stack_hard_limit + r->setup.nursery);
  r->setup.process = getpid();
  callseq_setup_sequencer(r, &config);
  callseq_roots_begin(r);
  callseq_context_make(&r->fast.outside, r->program.side.base, r->program.side.bytes, wait_aside, r,
                       &r->fast.inside);
  callseq_tools_add(&r->outside_tools, r->program.side.base, r->program.side.bytes);
  callseq_tools_here(&r->inside_tools, r->setup.stack.base, r->setup.stack.bytes);
  callseq_loading_watch_collections();
  callseq_handles_begin(r);
  callseq_thread_configure(false);
  r->program.hosts = true;
  r->program.request.callback = &program;
  r->fast.current.request = &r->program.request;
  r->fast.current.reply_to = CALLSEQ_ABI_TO_HOLDER;
  atomic_store_explicit(&r->fast.callback, &program, memory_order_relaxed);
  r->program.left = callseq_clock_now();
  callseq_program_comes(r);
  callseq_signals_begin();
  callseq_sequencer_open(&r->fast.sequencer, callseq_abi_self);
  callseq_laps_begin(r, r->setup.stack_top);
  /* release: pairs with the acquire in loading() of calls.c */
  atomic_store_explicit(&r->setup.state, CALLSEQ_READY, memory_order_release);
  return C_SCHEME_TRUE;
}

/* ---- The end ---- */

/* The process ends: refuses calls from now on, those that wait too. */
C_word callseq_scheme_close(void) {
  struct callseq_runtime *r = &callseq_runtime;
  callseq_handles_report(r);
  if (atomic_load_explicit(&r->setup.state, memory_order_relaxed) != CALLSEQ_READY)
    return C_SCHEME_UNDEFINED;
  /* release: pairs with the acquire in loading() of calls.c */
  atomic_store_explicit(&r->setup.state, CALLSEQ_ENDED, memory_order_release);
  callseq_later_close(r);
  callseq_suspend_end(r);
  callseq_sequencer_close(&r->fast.sequencer);
  return C_SCHEME_UNDEFINED;
}

/* Is it the program itself that runs, and not a callback? */
C_word callseq_scheme_is_program(void) {
  struct callseq_runtime *r = callseq_runtime_here();
  return C_mk_bool(!r->levels.depth && callseq_program_is(r, r->fast.current.request));
}

/* What is loaded was no program of its own: a C host runs CHICKEN, and gets control back now. Not a
 * callback that strays: #f then. */
C_word callseq_scheme_stop_hosting(void) {
  struct callseq_runtime *r = &callseq_runtime;
  CALLSEQ_ASSERT_IN_SCHEME(r);
  if (!callseq_program_is(r, r->fast.current.request) || r->levels.depth)
    return C_SCHEME_FALSE;
  r->program.hosts = false;
  callseq_sequencer_close(&r->fast.sequencer);
  /* release: pairs with the acquire in loading() of calls.c */
  atomic_store_explicit(&r->setup.state, CALLSEQ_NEW, memory_order_release);
  return C_SCHEME_TRUE;
}

#ifndef __GLIBC__
extern size_t __freadahead(FILE *file) __attribute__((weak)); /* musl */
#endif

/* Is there input that has been read, but not by the program? Then it need not be waited for. Where
 * C does not tell it is read at once, with the runtime held. */
int callseq_scheme_input_buffered(void) {
#ifdef __GLIBC__
  return stdin->_IO_read_ptr < stdin->_IO_read_end;
#else
  return !__freadahead || __freadahead(stdin) > 0;
#endif
}
