/* The end of the process by Scheme. */
#ifndef CALLSEQ_EXIT_H
#define CALLSEQ_EXIT_H

/* CHICKEN's exit code for an error that nothing handles. */
enum { CALLSEQ_SOFTWARE_ERROR = 70 };

#endif
