/* What setting up a C host and a Scheme program have in common. Needs runtime.h before it. */
#ifndef CALLSEQ_SETUP_H
#define CALLSEQ_SETUP_H

/* Prepares the sequencer, closed, for the configuration. Set-up. */
void callseq_setup_sequencer(struct callseq_runtime *r, const callseq_config *config);

/* For callseq_thread_at_end. */
void callseq_setup_thread_ends(void);

#endif
