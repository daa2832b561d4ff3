/* The configuration: what it may be, what it is by default, and CHICKEN's own options in it.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "config.h"
#include "messages.h"
#include "system/system.h"

#include <limits.h>

enum {
  NURSERY_DEFAULT = sizeof(C_word) == 8 ? 1 << 20 : 256 << 10, /* what CHICKEN takes for 0 */
  BATCH_DEFAULT = CALLSEQ_LIMIT(16, 1),
  SPIN_DEFAULT = 40,
  STALL_DEFAULT = 10000,
  POST_DEFAULT = 1024,
  POST_MAXIMUM = 1 << 24
};

/* The program's Scheme code, weak because the shared egg in csi has none. */
extern void C_toplevel(C_word c, C_word *av) __attribute__((weak));

#define DIFFERS(field)                                                                             \
  if (a->field != b->field)                                                                        \
    return #field;

const char *callseq_config_differs_early(const callseq_config *a, const callseq_config *b) {
  DIFFERS(stack_bytes)
  DIFFERS(nursery_bytes)
  DIFFERS(heap_bytes)
  DIFFERS(argc)
  DIFFERS(argv)
  DIFFERS(toplevel)
  DIFFERS(report_overrun)
  DIFFERS(measure_time)
  DIFFERS(service)
  return NULL;
}

const char *callseq_config_differs_late(const callseq_config *a, const callseq_config *b) {
  DIFFERS(batch_limit)
  DIFFERS(spin_limit)
  DIFFERS(stall_ms)
  DIFFERS(on_error)
  DIFFERS(on_error_data)
  DIFFERS(batch_busy)
  DIFFERS(suspend)
  DIFFERS(post_limit)
  return NULL;
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

char *callseq_config_normalise(callseq_config *config, const callseq_config *wanted) {
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
  if (nursery < CALLSEQ_NURSERY_MINIMUM || nursery > INT_MAX)
    return callseq_format(
        "callseq_init_with: nursery_bytes is %zu; it must be from %d to %d, or 0 for the "
        "default",
        nursery, CALLSEQ_NURSERY_MINIMUM, INT_MAX);
  if (config->heap_bytes > INT_MAX ||
      (config->heap_bytes && config->heap_bytes < CALLSEQ_HEAP_MINIMUM))
    return callseq_format(
        "callseq_init_with: heap_bytes is %zu; the initial heap must be from %d to "
        "%d, or 0 for the default, and grows by itself",
        config->heap_bytes, CALLSEQ_HEAP_MINIMUM, INT_MAX);
  if (config->argc < 0 || (config->argc > 0 && !config->argv))
    return callseq_format("callseq_init_with: argc is %d and argv is %s", config->argc,
                          config->argv ? "not NULL" : "NULL");
  if (!config->batch_limit)
    config->batch_limit = BATCH_DEFAULT;
  if (!config->spin_limit)
    config->spin_limit = default_spin();
  if (!config->stall_ms)
    config->stall_ms = STALL_DEFAULT;
  if (config->suspend && config->suspend != CALLSEQ_SUSPEND_NONE)
    return callseq_format("callseq_init_with: suspend is %u; it must be 0 or CALLSEQ_SUSPEND_NONE",
                          config->suspend);
  if (config->service > CALLSEQ_SERVICE_HOST)
    return callseq_format("callseq_init_with: service is %u; it must be CALLSEQ_SERVICE_THREAD or "
                          "CALLSEQ_SERVICE_HOST",
                          config->service);
  if (!config->post_limit)
    config->post_limit = POST_DEFAULT;
  if (config->post_limit > POST_MAXIMUM)
    return callseq_format(
        "callseq_init_with: post_limit is %u; it must be from 1 to %d, or 0 for the "
        "default",
        config->post_limit, POST_MAXIMUM);
  config->report_overrun = config->report_overrun != 0;
  config->measure_time = config->measure_time != 0;
  config->batch_busy = config->batch_busy != 0;
  if (!config->toplevel)
    config->toplevel = (void *)C_toplevel;
  return NULL;
}

struct callseq_sizes callseq_config_sizes(const callseq_config *config) {
  struct callseq_sizes sizes = {.heap = (int)config->heap_bytes,
                                .nursery = (int)config->nursery_bytes};
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
    sizes.nursery = CALLSEQ_LIMIT(NURSERY_DEFAULT, CALLSEQ_NURSERY_MINIMUM);
  return sizes;
}
