#include "rules.h"
#include <callseq.h>

int rules_begin(void) { return callseq_init(); }
const char *rules_error(void) { return callseq_last_error(); }
