/* Setting up: callseq_init.
 *
 * One thread sets up, under `setup.mutex`; the others wait for it there. While it loads it is the
 * holder of the sequencer, so that calls by the loading code nest, and all others are told
 * CALLSEQ_CLOSED.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "close.h"
#include "failure.h"
#include "fork.h"
#include "later.h"
#include "loading.h"
#include "messages.h"
#include "program.h"
#include "service.h"
#include "setup.h"
#include "system/overrun.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  STACK_EXTRA = CALLSEQ_LIMIT(8 << 20, 1 << 20) /* default room below the nursery */
};

/* A failure that set-up returns: printed, and kept for the thread. */
static int refuse(int status, char *message) {
  callseq_thread_fail(status, message);
  fprintf(stderr, "callseq: %s\n", callseq_last_error());
  return status;
}

/* UINT_MAX, "off" in a configuration, is 0 in the sequencer. */
static uint32_t or_none(unsigned limit) { return limit == UINT_MAX ? 0 : limit; }

static struct callseq_sequencer_limits limits(const callseq_config *config) {
  return (struct callseq_sequencer_limits){
      .batch_limit = or_none(config->batch_limit),
      .spin_limit = or_none(config->spin_limit),
      .stall_ms = or_none(config->stall_ms),
      .batch_busy = (uint32_t)config->batch_busy,
      .ask = callseq_program_ask,
  };
}

void callseq_setup_sequencer(struct callseq_runtime *r, const callseq_config *config) {
  struct callseq_sequencer_limits wanted = limits(config);
  callseq_sequencer_init(&r->fast.sequencer, &wanted);
}

/* Starts CHICKEN and loads the program. Returns a status. */
static int load(struct callseq_runtime *r, const struct callseq_sizes *sizes) {
  if (!callseq_loading_run(r, sizes))
    return refuse(CALLSEQ_NOMEM, callseq_format("CHICKEN cannot get its memory"));
  if (r->setup.not_in_stack)
    return refuse(
        CALLSEQ_INVALID,
        callseq_format("the program was compiled with csc -nursery, for %zu bytes; that must be "
                       "from %d to %zu with this stack: leave it out and set nursery_bytes, or "
                       "set stack_bytes too",
                       r->setup.not_in_stack, CALLSEQ_NURSERY_MINIMUM,
                       r->setup.stack.bytes - CALLSEQ_STACK_RESERVE));
  return r->setup.status;
}

void callseq_setup_thread_ends(void) {
  callseq_suspend_thread_ends();
  callseq_sequencer_forget(&callseq_runtime.fast.sequencer, callseq_abi_self);
}

static void thread_ends(void) {
  callseq_setup_thread_ends();
  callseq_service_thread_ends(&callseq_runtime);
}

/* Can the runtime be set up, in this process and with this configuration? Returns a status, and
 * what CHICKEN is to be started with: its sizes, and the bytes of its stack. */
static int check(const callseq_config *config, struct callseq_sizes *sizes, size_t *bytes) {
  if (callseq_fork_holds_setup())
    return refuse(CALLSEQ_INVALID,
                  callseq_format("callseq_init: called for the first time by a handler of fork "
                                 "(pthread_atfork); call it before the process forks"));
  if (!callseq_fork_ready())
    return refuse(CALLSEQ_NOMEM,
                  callseq_format("no memory to register handlers of fork (pthread_atfork)"));
  if (C_temporary_stack_bottom)
    return refuse(
        CALLSEQ_INVALID,
        callseq_format("CHICKEN is set up in this process already, by the host or by another copy "
                       "of callseq; leave that to one callseq_init"));
  if (!config->toplevel)
    return refuse(
        CALLSEQ_INVALID,
        callseq_format("there is no Scheme code in this program: compile a Scheme file with "
                       "csc -e into it, or name its entry point in callseq_config.toplevel"));
  *sizes = callseq_config_sizes(config);
  if (sizes->nursery < CALLSEQ_NURSERY_MINIMUM ||
      (sizes->heap && sizes->heap < CALLSEQ_HEAP_MINIMUM))
    return refuse(
        CALLSEQ_INVALID,
        callseq_format("callseq_init_with: -:s or -:h in argv gives %d bytes of nursery, %d "
                       "of heap; each must be at least %d",
                       sizes->nursery, sizes->heap, CALLSEQ_NURSERY_MINIMUM));
  size_t least = (size_t)sizes->nursery + CALLSEQ_STACK_RESERVE;
  *bytes = config->stack_bytes ? config->stack_bytes : (size_t)sizes->nursery + STACK_EXTRA;
  if (*bytes < least)
    return refuse(CALLSEQ_INVALID,
                  callseq_format("callseq_init_with: stack_bytes is %zu; with this nursery it must "
                                 "be at least %zu, or 0 for the default",
                                 *bytes, least));
  return CALLSEQ_OK;
}

static int set_up(struct callseq_runtime *r, const callseq_config *config) {
  struct callseq_sizes sizes;
  size_t bytes;
  CALLSEQ_ASSERT_OUTSIDE(r);
  int status = check(config, &sizes, &bytes);
  if (status)
    return status;
  if (!callseq_stack_map(&r->setup.stack, bytes))
    return refuse(CALLSEQ_NOMEM,
                  callseq_format("cannot map %zu bytes for the Scheme stack and %zu for its guard: "
                                 "%s; addresses and locked memory may be limited (ulimit -v, -l)",
                                 bytes, r->setup.stack.guard, strerror(errno)));
  r->setup.config = *config;
  if (config->service == CALLSEQ_SERVICE_HOST &&
      !callseq_service_start(r, "callseq_init_with: the host cannot be the service"))
    return refuse(CALLSEQ_NOMEM, callseq_format("callseq_init_with: no descriptor or memory for "
                                                "the host's service"));
  r->setup.stack_top = (C_word *)((char *)r->setup.stack.base + r->setup.stack.bytes);
  callseq_setup_sequencer(r, config);
  callseq_loading_make_stack(r);
  callseq_thread_at_end(thread_ends);
  callseq_overrun_watch(&r->setup.stack, config->report_overrun);
  callseq_thread_configure(config->measure_time);
  r->setup.process = getpid();

  /* Calls by the loading code nest: this thread holds the runtime from here on. */
  atomic_store_explicit(&r->setup.state, CALLSEQ_LOADING, memory_order_relaxed);
  /* Releases the state above to loading() of calls.c, which fences. */
  callseq_sequencer_open(&r->fast.sequencer, callseq_abi_self);
  callseq_signals_begin();
  r->setup.status = load(r, &sizes);
  /* release, both: pair with the acquire in loading(). Nobody may queue for a lock that stays
   * closed; whoever has queued already for one that opens is served as by any holder that leaves.
   */
  if (r->setup.status) {
    callseq_sequencer_close(&r->fast.sequencer);
    atomic_store_explicit(&r->setup.state, CALLSEQ_FAILED, memory_order_release);
  } else {
    atomic_store_explicit(&r->setup.state, CALLSEQ_READY, memory_order_release);
    callseq_service_look(r, NULL); /* green threads that the program has started */
    callseq_sequencer_end_batch(&r->fast.sequencer);
    callseq_later_opened(r);
  }
  return r->setup.status;
}

/* The runtime is a Scheme program's, which CHICKEN has started: what it was started with stays. */
static int set_late(struct callseq_runtime *r, const callseq_config *config) {
  const callseq_config *present = callseq_runtime_config(r);
  const char *early = callseq_config_differs_early(config, present);
  if (early)
    return refuse(CALLSEQ_INVALID,
                  callseq_format("callseq_init_with: %s cannot be set in a Scheme program, which "
                                 "CHICKEN itself has started; leave it 0",
                                 early));
  if (!callseq_config_differs_late(config, present))
    return CALLSEQ_OK;
  struct callseq_late_config *late = malloc(sizeof *late);
  if (!late || !callseq_later_limit(r, config->post_limit)) {
    free(late);
    return refuse(CALLSEQ_NOMEM, callseq_format("callseq_init_with: no memory"));
  }
  struct callseq_sequencer_limits wanted = limits(config);
  late->config = *config;
  late->before = atomic_load_explicit(&r->setup.late, memory_order_relaxed);
  /* release: pairs with the acquire in callseq_runtime_config */
  atomic_store_explicit(&r->setup.late, late, memory_order_release);
  callseq_sequencer_limit(&r->fast.sequencer, &wanted);
  return CALLSEQ_OK;
}

/* `wanted` NULL: whatever it was, or will be, set up with. */
static int init(const callseq_config *wanted) {
  struct callseq_runtime *r = &callseq_runtime;
  callseq_config config;
  callseq_config defaults = CALLSEQ_CONFIG_DEFAULT;
  char *problem = callseq_config_normalise(&config, wanted ? wanted : &defaults);
  if (problem)
    return refuse(CALLSEQ_INVALID, problem);
  callseq_fork_catch_up();
  if (!callseq_thread_enter())
    return refuse(CALLSEQ_NOMEM, callseq_thread_refusal("callseq_init"));
  int cancel = callseq_thread_defer_cancel();
  /* A thread that is inside must not wait for the mutex: one that forks has it, and waits until the
   * thread is outside. Nor need it: set-up is over, or its own. In a handler of fork it has it. */
  bool locks = !callseq_runtime_inside(r) && !callseq_fork_holds_setup();
  if (locks)
    pthread_mutex_lock(&r->setup.mutex);
  int status = CALLSEQ_OK, state = atomic_load_explicit(&r->setup.state, memory_order_relaxed);
  if (callseq_close_has_begun(r))
    status = callseq_thread_fail(CALLSEQ_CLOSED,
                                 callseq_format("callseq_init: callseq_close has closed Scheme"));
  else if (state == CALLSEQ_NEW)
    status = set_up(r, &config);
  else if (state == CALLSEQ_ENDED)
    status = callseq_thread_fail(CALLSEQ_CLOSED,
                                 callseq_format("callseq_init: the Scheme program has ended"));
  else if (wanted && r->program.hosts)
    status = set_late(r, &config);
  else if (wanted && (callseq_config_differs_early(&config, &r->setup.config) ||
                      callseq_config_differs_late(&config, &r->setup.config)))
    status =
        refuse(CALLSEQ_INVALID, callseq_format("callseq_init_with: the runtime has been set up "
                                               "with another configuration"));
  else if (state == CALLSEQ_FAILED)
    status = callseq_thread_fail(r->setup.status, callseq_format("callseq_init has failed before"));
  if (locks)
    pthread_mutex_unlock(&r->setup.mutex);
  callseq_thread_allow_cancel(cancel);
  return status;
}

int callseq_init(void) { return init(NULL); }

int callseq_init_with(const callseq_config *config) {
  if (config)
    return init(config);
  callseq_config unused;
  return refuse(CALLSEQ_INVALID, callseq_config_normalise(&unused, NULL));
}
