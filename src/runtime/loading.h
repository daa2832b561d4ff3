/* Starting CHICKEN on the dedicated stack. Needs runtime.h before it. */
#ifndef CALLSEQ_LOADING_H
#define CALLSEQ_LOADING_H

#include "config.h"

/* Makes the Scheme stack's context, on the mapped stack. Set-up. */
void callseq_loading_make_stack(struct callseq_runtime *r);

/* Has CHICKEN tell of its collections. Set-up. */
void callseq_loading_watch_collections(void);

/* Starts CHICKEN and loads the library's unit and the program; this thread is the holder. False if
 * CHICKEN cannot get its memory; `setup.status` tells whether the program raised an error, and
 * `setup.not_in_stack` whether it wants another nursery than there is room for. */
bool callseq_loading_run(struct callseq_runtime *r, const struct callseq_sizes *sizes);

#endif
