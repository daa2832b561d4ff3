/* Setting up: the configuration, loading the program's Scheme code on the dedicated stack, and what
 * goes on at the bottom of that stack ever after.
 *
 * One thread sets up, under `lock`; the others wait for it there. While it loads it is the holder
 * of the sequencer, so that calls by the loading code nest, and all others are told CALLSEQ_CLOSED.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "exports.h"

#include "binding.h"
#include "fork.h"
#include "runner.h"
#include "scheme.h"
#include "system/overrun.h"
#include "system/system.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
  STACK_RESERVE = 256 << 10, /* least room below the nursery */
  STACK_EXTRA = 8 << 20,     /* default room below the nursery */
  NURSERY_MINIMUM = 64 << 10,
  HEAP_MINIMUM = 64 << 10,
  NURSERY_DEFAULT = sizeof(C_word) == 8 ? 1 << 20 : 256 << 10, /* what CHICKEN takes for 0 */
  BATCH_DEFAULT = 16,
  SPIN_DEFAULT = 100,
  STALL_DEFAULT = 10000
};

struct callseq_setup callseq_setup = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- The Scheme stack ---- */

/* csc -heap-size and -nursery have the first statements of a program change the sizes: the heap's
 * by throwing it away, which nothing may be in. After them the program looks if there is room for
 * it on the stack. So it is first entered with no room, while CHICKEN is empty: it changes the
 * sizes, and collects. What goes on after the collection is `load`, and when that enters the
 * program again the sizes are what it wants. */
#define NO_ROOM ((C_uword)1 << (C_WORD_SIZE - 2)) /* added to the limit: above any stack */

static C_word *asking;      /* what the limit was before the program was entered so; or NULL */
static size_t not_in_stack; /* the nursery that it wanted, where the stack has no room for that */

static void take_sizes(void);

static void after_collection(int mode, C_long milliseconds) {
  (void)mode;
  (void)milliseconds;
  if (asking)
    take_sizes();
  atomic_store_explicit(&callseq_setup.collections,
                        atomic_load_explicit(&callseq_setup.collections, memory_order_relaxed) + 1,
                        memory_order_relaxed);
}

/* The program's Scheme code, weak because the shared egg in csi has none, and this library's. */
extern void C_toplevel(C_word c, C_word *av) __attribute__((weak));
extern void C_callseq_toplevel(C_word c, C_word *av);

/* Continuation of the library's unit: the program. */
static void load_program(C_word c, C_word *av) {
  (void)c;
  C_word arguments[2] = {C_SCHEME_UNDEFINED, C_block_item(av[0], 1)};
  ((C_proc)callseq_setup.config.toplevel)(2, arguments);
}

/* Loading the library's unit before the program's first form has every error of the program
 * reported, and a program that was compiled without -uses find the unit provided instead of loading
 * a second copy. */
static void load(C_word c, C_word *av) {
  (void)c;
  callseq_binding_begin();
  C_word *a = C_alloc(C_SIZEOF_CLOSURE(2));
  C_word arguments[2] = {C_SCHEME_UNDEFINED, C_closure(&a, 2, (C_word)load_program, av[1])};
  C_callseq_toplevel(2, arguments);
}

/* The first thing that CHICKEN runs. */
static void ask_sizes(C_word c, C_word *av) {
  asking = C_stack_hard_limit;
  C_stack_hard_limit = C_stack_limit = (C_word *)((C_uword)asking + NO_ROOM);
  ((C_proc)callseq_setup.config.toplevel)(c, av);
}

static void take_sizes(void) {
  C_word *limit = (C_word *)((C_uword)C_stack_hard_limit - NO_ROOM);
  size_t nursery = (size_t)callseq_setup.nursery + (C_uword)asking - (C_uword)limit;
  asking = NULL;
  C_stack_hard_limit = C_stack_limit = limit;
  C_restart_trampoline = (void *)load;
  if (nursery < NURSERY_MINIMUM || nursery > INT_MAX ||
      nursery + STACK_RESERVE > callseq_setup.stack.bytes) {
    not_in_stack = nursery;
    C_restart_trampoline = (void *)C_return_to_host;
  } else {
    callseq_setup.nursery = (int)nursery;
  }
}

/* The life of the Scheme stack. CHICKEN_run returns for (return-to-host): at the end of loading, as
 * it should, and later when a callback strays into it. It also returns from an ordinary collection
 * if a (return-to-host) in a nested level, which cannot return, left its flag set: then the
 * computation goes on where it was. */
static void live(void *unused) {
  (void)unused;
  callseq_tools_arrive(&callseq_binding_scheme, &callseq_binding_host);
  CHICKEN_run(ask_sizes);
  callseq_setup.return_to_host = C_restart_trampoline;
  callseq_abi_runtime.current = callseq_binding_switch_out();
  callseq_tools_acquire(callseq_abi_runtime.current);
  C_word k = CHICKEN_continue(callseq_binding_procedure(CALLSEQ_SERVE));
  for (;;) {
    if (C_restart_trampoline == callseq_setup.return_to_host) {
      k = CHICKEN_continue(callseq_binding_procedure(CALLSEQ_STRAYED));
    } else {
      C_save(k);
      k = CHICKEN_run(NULL);
    }
  }
}

/* ---- Configuration ---- */

/* A failure that set-up returns: printed, and kept for the thread. */
static int refuse(int status, char *message) {
  callseq_thread_enter();
  callseq_thread_remember(status, message, NULL);
  fprintf(stderr, "callseq: %s\n", callseq_last_error());
  return status;
}

static int same_config(const callseq_config *a, const callseq_config *b) {
  return a->stack_bytes == b->stack_bytes && a->nursery_bytes == b->nursery_bytes &&
         a->heap_bytes == b->heap_bytes && a->batch_limit == b->batch_limit &&
         a->spin_limit == b->spin_limit && a->stall_ms == b->stall_ms && a->argc == b->argc &&
         a->argv == b->argv && a->toplevel == b->toplevel && a->on_error == b->on_error &&
         a->on_error_data == b->on_error_data && a->report_overrun == b->report_overrun &&
         a->measure_time == b->measure_time && a->batch_busy == b->batch_busy;
}

/* The default number of polls: none where there is one processor. Always the same in a process, so
 * that the same configuration is the same. */
static unsigned default_spin(void) {
  static _Atomic(unsigned) limit;
  unsigned found = atomic_load_explicit(&limit, memory_order_relaxed);
  if (found)
    return found;
  unsigned wanted = callseq_system_processors() > 1 ? SPIN_DEFAULT : CALLSEQ_SPIN_NONE;
  return atomic_compare_exchange_strong_explicit(&limit, &found, wanted, memory_order_relaxed,
                                                 memory_order_relaxed)
             ? wanted
             : found;
}

/* Copies the configuration with its defaults filled in. Returns NULL, or what is wrong. */
static char *normalise(callseq_config *config, const callseq_config *wanted) {
  if (!wanted)
    return callseq_format("callseq_init_with: the configuration is NULL; start from "
                          "CALLSEQ_CONFIG_DEFAULT");
  if (wanted->size != sizeof *wanted)
    return callseq_format(
        "callseq_init_with: the configuration's size is %zu, this library knows %zu; "
        "start from CALLSEQ_CONFIG_DEFAULT, of this library's callseq.h",
        wanted->size, sizeof *wanted);
  *config = *wanted;
  size_t nursery = config->nursery_bytes ? config->nursery_bytes : (size_t)NURSERY_DEFAULT;
  if (nursery < NURSERY_MINIMUM || nursery > INT_MAX)
    return callseq_format(
        "callseq_init_with: nursery_bytes is %zu; it must be from %d to %d, or 0 for the "
        "default",
        nursery, NURSERY_MINIMUM, INT_MAX);
  if (config->heap_bytes > INT_MAX || (config->heap_bytes && config->heap_bytes < HEAP_MINIMUM))
    return callseq_format(
        "callseq_init_with: heap_bytes is %zu; the initial heap must be from %d to "
        "%d, or 0 for the default, and grows by itself",
        config->heap_bytes, HEAP_MINIMUM, INT_MAX);
  if (config->argc < 0 || (config->argc > 0 && !config->argv))
    return callseq_format("callseq_init_with: argc is %d and argv is %s", config->argc,
                          config->argv ? "not NULL" : "NULL");
  if (!config->batch_limit)
    config->batch_limit = BATCH_DEFAULT;
  if (!config->spin_limit)
    config->spin_limit = default_spin();
  if (!config->stall_ms)
    config->stall_ms = STALL_DEFAULT;
  config->report_overrun = config->report_overrun != 0;
  config->measure_time = config->measure_time != 0;
  config->batch_busy = config->batch_busy != 0;
  if (!config->toplevel)
    config->toplevel = (void *)C_toplevel;
  return NULL;
}

/* ---- Init ---- */

/* UINT_MAX, "off" in a configuration, is 0 in the sequencer. */
static uint32_t or_none(unsigned limit) { return limit == UINT_MAX ? 0 : limit; }

/* What CHICKEN is started with; 0 is its default, but for the nursery. */
struct sizes {
  int heap, nursery, symbols;
};

/* From the configuration, and CHICKEN's own options in its command line, which go first. */
static struct sizes sizes_of(const callseq_config *config) {
  struct sizes sizes = {.heap = (int)config->heap_bytes, .nursery = (int)config->nursery_bytes};
  if (config->argc > 0) {
    C_word heap, nursery, symbols;
    CHICKEN_parse_command_line(config->argc, config->argv, &heap, &nursery, &symbols);
    if (sizes.heap == 0 || heap != NURSERY_DEFAULT) /* the parser's default for both */
      sizes.heap = (int)heap;
    if (sizes.nursery == 0 || nursery != NURSERY_DEFAULT)
      sizes.nursery = (int)nursery;
    sizes.symbols = (int)symbols;
  }
  if (sizes.nursery == 0)
    sizes.nursery = NURSERY_DEFAULT;
  return sizes;
}

/* Starts CHICKEN and loads the program; this thread is the holder. Returns a status. */
static int load_all(const struct sizes *sizes) {
  if (!CHICKEN_initialize(sizes->heap, sizes->nursery, sizes->symbols, ask_sizes))
    return refuse(CALLSEQ_NOMEM, callseq_format("CHICKEN cannot get its memory"));
  C_post_gc_hook = after_collection;
  callseq_setup.nursery = sizes->nursery;
  callseq_binding_switch_in(NULL);
  if (not_in_stack)
    return refuse(
        CALLSEQ_INVALID,
        callseq_format("the program was compiled with csc -nursery, for %zu bytes; that must be "
                       "from %d to %zu with this stack: leave it out and set nursery_bytes, or "
                       "set stack_bytes too",
                       not_in_stack, NURSERY_MINIMUM, callseq_setup.stack.bytes - STACK_RESERVE));
  if (!callseq_setup.status)
    callseq_signals_take_over();
  callseq_binding_begin_lap(callseq_setup.stack_top);
  return callseq_setup.status;
}

static int set_up(const callseq_config *config) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
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
  struct sizes sizes = sizes_of(config);
  if (sizes.nursery < NURSERY_MINIMUM || (sizes.heap && sizes.heap < HEAP_MINIMUM))
    return refuse(
        CALLSEQ_INVALID,
        callseq_format("callseq_init_with: -:s or -:h in argv gives %d bytes of nursery, %d "
                       "of heap; each must be at least %d",
                       sizes.nursery, sizes.heap, NURSERY_MINIMUM));
  size_t least = (size_t)sizes.nursery + STACK_RESERVE;
  size_t bytes = config->stack_bytes ? config->stack_bytes : (size_t)sizes.nursery + STACK_EXTRA;
  if (bytes < least)
    return refuse(CALLSEQ_INVALID,
                  callseq_format("callseq_init_with: stack_bytes is %zu; with this nursery it must "
                                 "be at least %zu, or 0 for the default",
                                 bytes, least));
  if (!callseq_stack_map(&callseq_setup.stack, bytes))
    return refuse(CALLSEQ_NOMEM,
                  callseq_format("cannot map %zu bytes for the Scheme stack and %zu for its guard: "
                                 "%s; addresses and locked memory may be limited (ulimit -v, -l)",
                                 bytes, callseq_setup.stack.guard, strerror(errno)));
  callseq_setup.config = *config;
  callseq_setup.stack_top =
      (C_word *)((char *)callseq_setup.stack.base + callseq_setup.stack.bytes);
  callseq_sequencer_init(&r->sequencer, &(struct callseq_sequencer_limits){
                                            .batch_limit = or_none(config->batch_limit),
                                            .spin_limit = or_none(config->spin_limit),
                                            .stall_ms = or_none(config->stall_ms),
                                            .batch_busy = (uint32_t)config->batch_busy,
                                        });
  callseq_context_make(&r->scheme, callseq_setup.stack.base, callseq_setup.stack.bytes, live, NULL,
                       &r->host);
  callseq_tools_add(&callseq_binding_scheme, callseq_setup.stack.base, callseq_setup.stack.bytes);
  callseq_overrun_watch(&callseq_setup.stack, config->report_overrun);
  callseq_thread_configure(config->measure_time);

  callseq_setup.process = getpid();
  /* Calls by the loading code nest: this thread holds the runtime from here on. */
  atomic_store_explicit(&callseq_setup.state, CALLSEQ_LOADING, memory_order_relaxed);
  /* Releases the state above to loading() of chicken.c, which fences. */
  callseq_sequencer_open(&r->sequencer, callseq_abi_self);
  callseq_signals_begin();
  callseq_setup.status = load_all(&sizes);
  /* release, both: pair with the acquire in loading(). Nobody may queue for a lock that stays
   * closed; whoever has queued already for one that opens is served as by any holder that leaves.
   */
  if (callseq_setup.status) {
    callseq_sequencer_close(&r->sequencer);
    atomic_store_explicit(&callseq_setup.state, CALLSEQ_FAILED, memory_order_release);
  } else {
    atomic_store_explicit(&callseq_setup.state, CALLSEQ_READY, memory_order_release);
    callseq_sequencer_end_batch(&r->sequencer);
  }
  return callseq_setup.status;
}

/* `wanted` NULL: whatever it was, or will be, set up with. */
static int init(const callseq_config *wanted) {
  callseq_config config;
  callseq_config defaults = CALLSEQ_CONFIG_DEFAULT;
  char *problem = normalise(&config, wanted ? wanted : &defaults);
  if (problem)
    return refuse(CALLSEQ_INVALID, problem);
  callseq_fork_catch_up();
  if (!callseq_thread_enter())
    return refuse(CALLSEQ_NOMEM, callseq_thread_refusal("callseq_init"));
  int cancel = callseq_thread_defer_cancel();
  /* A thread that is inside must not wait for the lock: one that forks has it, and waits until the
   * thread is outside. Nor need it: set-up is over, or its own. In a handler of fork it has it. */
  bool locks = !callseq_binding_inside() && !callseq_fork_holds_setup();
  if (locks)
    pthread_mutex_lock(&callseq_setup.lock);
  int status = CALLSEQ_OK, state = atomic_load_explicit(&callseq_setup.state, memory_order_relaxed);
  if (state == CALLSEQ_NEW)
    status = set_up(&config);
  else if (wanted && !same_config(&config, &callseq_setup.config))
    status =
        refuse(CALLSEQ_INVALID, callseq_format("callseq_init_with: the runtime has been set up "
                                               "with another configuration"));
  else if (state == CALLSEQ_FAILED)
    callseq_thread_remember(status = callseq_setup.status,
                            callseq_format("callseq_init has failed before"), NULL);
  if (locks)
    pthread_mutex_unlock(&callseq_setup.lock);
  callseq_thread_allow_cancel(cancel);
  return status;
}

int callseq_init(void) { return init(NULL); }

int callseq_init_with(const callseq_config *config) {
  if (config)
    return init(config);
  callseq_config unused;
  return refuse(CALLSEQ_INVALID, normalise(&unused, NULL));
}
