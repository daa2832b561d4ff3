/* What the parts of the CHICKEN binding tell each other: setup.c, chicken.c, and callseq.scm. Needs
 * abi.h before it. */
#ifndef CALLSEQ_BINDING_H
#define CALLSEQ_BINDING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/tools.h"
#include "system/stack.h"

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
  CALLSEQ_NEW_LAP,      /* (serial request): collects, and goes on with the request */
  CALLSEQ_PROCEDURES
};

enum callseq_state { CALLSEQ_NEW, CALLSEQ_LOADING, CALLSEQ_READY, CALLSEQ_FAILED };

/* How the runtime was set up; setup.c writes it, `state` last. */
extern struct callseq_setup {
  pthread_mutex_t lock; /* set-up is in progress; whoever forks outside has it too */
  _Atomic(int) state;
  pid_t process;         /* that loads, or has loaded, the program */
  int status;            /* what callseq_init returned, once FAILED */
  callseq_config config; /* with the defaults filled in */
  ptrdiff_t nursery;     /* its size in bytes */
  struct callseq_stack stack;
  C_word *stack_top;             /* above all of it */
  void *return_to_host;          /* CHICKEN's trampoline when it has returned to the host */
  _Atomic(uint64_t) collections; /* the holder writes it */
} callseq_setup;

/* The procedure `which`, once callseq.scm has provided it. */
C_word callseq_binding_procedure(enum callseq_procedure which);

/* To be called once CHICKEN has its symbols, before it runs. */
void callseq_binding_begin(void);

/* No call begins further than a lap from here on the Scheme stack without a collection. */
void callseq_binding_begin_lap(const void *at);

/* In signals.c. Before the program is loaded: notes who handles faults. When it has been loaded:
 * catches the signals that it handles. In a forked child. */
void callseq_signals_begin(void);
void callseq_signals_take_over(void);
void callseq_signals_forked(void);

/* Is this thread the holder? */
bool callseq_binding_inside(void);

/* Where the holder finds the request that it executes for another thread; NULL if it executes its
 * own. */
struct callseq_abi_request **callseq_binding_lent(void);

/* The stack of the thread that switched to the Scheme stack, and that one. The holder's. */
extern struct callseq_tools_side callseq_binding_host, callseq_binding_scheme;

/* Goes on on the Scheme stack, with a request or NULL; returns when that switches out. */
static inline void callseq_binding_switch_in(struct callseq_abi_request *q) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  callseq_tools_leave(&callseq_binding_host, &callseq_binding_scheme);
  callseq_context_switch(&r->host, &r->scheme, q);
  callseq_tools_arrive(&callseq_binding_host, &callseq_binding_scheme);
}

/* Leaves the Scheme stack; returns the request that the next thread comes with. */
static inline struct callseq_abi_request *callseq_binding_switch_out(void) {
  struct callseq_abi_runtime *r = &callseq_abi_runtime;
  callseq_tools_leave(&callseq_binding_scheme, &callseq_binding_host);
  struct callseq_abi_request *q =
      (struct callseq_abi_request *)callseq_context_switch_fresh(&r->scheme, &r->host, NULL);
  callseq_tools_arrive(&callseq_binding_scheme, &callseq_binding_host);
  return q;
}

#endif
