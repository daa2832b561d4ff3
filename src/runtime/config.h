/* The configuration: checked, and with its defaults filled in. */
#ifndef CALLSEQ_CONFIG_H
#define CALLSEQ_CONFIG_H

#include "../../callseq.h"

#include <stdbool.h>

enum {
  CALLSEQ_NURSERY_MINIMUM = 64 << 10,
  CALLSEQ_HEAP_MINIMUM = 64 << 10,
  CALLSEQ_STACK_RESERVE = 256 << 10 /* least room below the nursery */
};

/* Copies the configuration with its defaults filled in. Returns NULL, or what is wrong, malloc'd.
 * Any thread. */
char *callseq_config_normalise(callseq_config *config, const callseq_config *wanted);

/* The first field that differs in the two, normalised; NULL: none. `early` is of those that can
 * only be set when CHICKEN starts; `late` of the others. */
const char *callseq_config_differs_early(const callseq_config *a, const callseq_config *b);
const char *callseq_config_differs_late(const callseq_config *a, const callseq_config *b);

/* What CHICKEN is started with, in bytes; 0 is its default, but for the nursery. */
struct callseq_sizes {
  int heap, nursery, symbols;
};

/* From the configuration, and CHICKEN's own options in its command line, which go first. */
struct callseq_sizes callseq_config_sizes(const callseq_config *config);

#endif
