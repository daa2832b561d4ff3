/* The functions of chicken.c that callseq.scm calls; each is explained where it is defined. Needs
 * abi.h before it. */
#ifndef CALLSEQ_SCHEME_H
#define CALLSEQ_SCHEME_H

void callseq_scheme_provide(int which, C_word value);
int callseq_scheme_hosted(void);
C_word callseq_scheme_enter_level(void);
C_word callseq_scheme_begin(void);
C_word callseq_scheme_keep_mask(void);
void callseq_scheme_abandon(void);
void callseq_scheme_fail(char *message, char *trace);
void callseq_scheme_load_failed(void);
C_word callseq_scheme_redeliver(C_word serial, C_word value);
char *callseq_scheme_name(void);
char *callseq_scheme_type(void);
char *callseq_scheme_accepts(void);
void callseq_scheme_exit(int code);
void callseq_scheme_run_function(C_word c, C_word *av) C_noret;

/* The reply of callseq_invoke. */
CALLSEQ_INLINE C_word callseq_scheme_reply_to_invoke(C_word serial) {
  if (CALLSEQ_UNLIKELY(serial != callseq_abi_runtime.serial))
    return callseq_abi_misdelivered();
  return callseq_abi_next();
}

void callseq_scheme_define_invoke(C_word value);

#endif
