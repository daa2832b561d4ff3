/* What the parts of the CHICKEN binding tell each other: setup.c, chicken.c, and callseq.scm. */
#ifndef CALLSEQ_BINDING_H
#define CALLSEQ_BINDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

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
  CALLSEQ_INTERRUPT,    /* (reason state): CHICKEN's interrupt hook */
  CALLSEQ_PROCEDURES
};

enum callseq_state { CALLSEQ_NEW, CALLSEQ_LOADING, CALLSEQ_READY, CALLSEQ_FAILED };

/* How the runtime was set up; setup.c writes it, `state` last. */
extern struct callseq_setup {
  _Atomic(int) state;
  int status;            /* what callseq_init returned, once FAILED */
  callseq_config config; /* with the defaults filled in */
  ptrdiff_t nursery;     /* its size in bytes */
  struct callseq_stack stack;
  C_word *stack_top;    /* above all of it */
  void *return_to_host; /* CHICKEN's trampoline when it has returned to the host */
} callseq_setup;

/* The procedure `which`, once callseq.scm has provided it. */
C_word callseq_binding_procedure(enum callseq_procedure which);

/* To be called once CHICKEN has its symbols, before it runs. */
void callseq_binding_begin(void);

/* In signals.c. After each collection: have signals come? When the program has been loaded: catches
 * those that it handles. In a forked child. */
void callseq_signals_look(void);
void callseq_signals_take_over(void);
void callseq_signals_forked(void);

/* Is this thread the holder? */
bool callseq_binding_inside(void);

#endif
