/* What src/base/relax.h is, on the simulated machine. */
#ifndef CALLSEQ_RELAX_H
#define CALLSEQ_RELAX_H

#include "machine.h"

static inline void callseq_relax(void) { machine_work(20); }

#endif
