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

/* The name of the first field in which two normalised configurations differ; NULL: there is none.
 * The first function looks at the fields that can only be set when CHICKEN starts, the second at
 * the others. Any thread. */
const char *callseq_config_differs_early(const callseq_config *a, const callseq_config *b);
const char *callseq_config_differs_late(const callseq_config *a, const callseq_config *b);

/* What CHICKEN is started with, in bytes. 0 stands for its default; the nursery's is filled in. */
struct callseq_sizes {
  int heap, nursery, symbols;
};

/* From the configuration, and from CHICKEN's own options in its command line, which prevail. */
struct callseq_sizes callseq_config_sizes(const callseq_config *config);

#endif
