/* What the parts of the CHICKEN binding tell each other: chicken.c, overrun.c and callseq.scm. */
#ifndef CALLSEQ_BINDING_H
#define CALLSEQ_BINDING_H

#include "stack.h"

/* Procedures of callseq.scm, by callseq_scheme_provide. What takes a serial and a value is run by
 * returning it from a reply function; see abi.h. */
enum callseq_procedure {
  CALLSEQ_SERVE,        /* (): the resident loop, begun by CHICKEN_continue */
  CALLSEQ_STRAYED,      /* (): a callback called return-to-host */
  CALLSEQ_SERVE_LEVEL,  /* (): serves one nested call, begun by C_callback */
  CALLSEQ_END_LEVEL,    /* (serial value): returns from it */
  CALLSEQ_MISDELIVERED, /* (serial value): not the current request's value */
  CALLSEQ_BAD_RESULT,   /* (serial value): not of the result's type */
  CALLSEQ_REAL_RESULT,  /* (serial value): for double, neither fixnum nor flonum */
  CALLSEQ_PROCEDURES
};

/* overrun.c: the opt-in message for code that runs off the dedicated stack. */
void callseq_overrun_watch(const struct callseq_stack *stack, int wanted);
void callseq_overrun_enter_thread(void);
void callseq_overrun_leave_thread(void);

#endif
