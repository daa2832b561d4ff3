/* The functions of src/runtime that callseq.scm calls, all on the Scheme stack and by the holder.
 * What takes more than a name and a line to say is said where a function is defined. Needs call.h
 * before it. */
#ifndef CALLSEQ_SCHEME_H
#define CALLSEQ_SCHEME_H

/* ---- Loading: loading.c, roots.c, signals.c, handles.c ---- */

int callseq_scheme_hosted(void);                      /* does callseq_init load the program? */
void callseq_scheme_provide(int which, C_word value); /* one of procedures.h, for C */
void callseq_scheme_load_failed(char *trace);         /* the program's code has raised */
void callseq_scheme_provide_signals(C_word handlers); /* CHICKEN's vector of handlers */
struct callseq_handle *callseq_scheme_handle(C_word object, char *place);
int callseq_scheme_watches_handles(void); /* is `place` wanted? */
/* Where the handle was made that has been read last and had been released; NULL: not watched. */
char *callseq_scheme_released_made_by(void);

/* ---- Levels and calls: levels.c, laps.c, invoke.c, refusal.c ---- */

C_word callseq_scheme_enter_level(void);
C_word callseq_scheme_begin(void);
C_word callseq_scheme_redeliver(C_word serial, C_word value);
C_word callseq_scheme_serial(void);   /* of the present call */
C_word callseq_scheme_withdraw(void); /* the result of its last reply */
C_word callseq_scheme_share(void);    /* another green thread may run in it */
void callseq_scheme_new_lap(C_word c, C_word *av) C_noret;
void callseq_scheme_run_function(C_word c, C_word *av) C_noret;
C_word callseq_scheme_refuse(C_word serial);

/* The library's own callbacks get their procedures, in the files that have the callbacks. */
void callseq_scheme_define_invoke(C_word value);
void callseq_scheme_define_post(C_word procedure);
void callseq_scheme_define_resume(C_word procedure);
void callseq_scheme_define_service(C_word procedure);
void callseq_scheme_define_finish(C_word procedure);
void callseq_scheme_define_evaluation(int which, C_word procedure);

/* ---- Failures and the end: levels.c, failure.c, exit.c, program.c ---- */

void callseq_scheme_abandon(void);
void callseq_scheme_fail(char *message, char *trace);
/* Of the current callback, for messages: its name, and its result's type and what that accepts. */
char *callseq_scheme_name(void);
char *callseq_scheme_type(void);
char *callseq_scheme_accepts(void);
void callseq_scheme_exit(int code); /* the thunks of on-exit have run: ends the process */
C_word callseq_scheme_close(void);

/* ---- Interrupts and signals: interrupts.c, signals.c, masks.c ---- */

C_word callseq_scheme_hold_interrupts(void);
C_word callseq_scheme_allow_interrupts(void);
C_word callseq_scheme_has_room(void);
C_word callseq_scheme_keep_mask(void);
C_word callseq_scheme_note_mask(C_word block, C_word signal);
C_word callseq_scheme_next_signal(void);
C_word callseq_scheme_signals_pending(void);
void callseq_scheme_catch_signal(int number);
void callseq_scheme_take_over_signals(void); /* all that have handlers are caught */

/* ---- fork: birth.c, fork_steps.c ---- */

void callseq_scheme_born(int thunk); /* this child of process-fork goes on in a call */
C_word callseq_scheme_forks(void);   /* how many have made this process */
C_word callseq_scheme_is_born(void); /* is this such a child, and is that call in progress? */
void callseq_scheme_tell_children(void *function); /* is called in each child */

/* ---- Suspension: suspend.c. A resident is a record as a fixnum ---- */

C_word callseq_scheme_make_resident(C_word level);
void callseq_scheme_drop_resident(C_word resident);
/* The resident's green thread was terminated: its call fails. */
C_word callseq_scheme_end_resident(C_word resident);
C_word callseq_scheme_can_suspend(void); /* can the current call be suspended? */
/* (exclusively ...) is evaluated so many times more, or fewer. */
C_word callseq_scheme_exclude(C_word change);
C_word callseq_scheme_is_later(void);
/* The current call waits: for a descriptor, or -1; for so long, or for ever if that is negative. */
void callseq_scheme_suspend(int fd, int input, int output, double milliseconds);
C_word callseq_scheme_give_way(void);        /* it waits for nothing but its next turn */
C_word callseq_scheme_ring(C_word resident); /* it can go on */
C_word callseq_scheme_attach_spare(C_word resident);
C_word callseq_scheme_attach(C_word request);
C_word callseq_scheme_resumed(C_word request);
C_word callseq_scheme_is_in_call(C_word resident, C_word serial);
C_word callseq_scheme_can_wake(C_word resident);
C_word callseq_scheme_is_left(C_word resident);

/* ---- Blocking C functions, and what errno they have left: invoke.c, suspend.c ---- */

void callseq_scheme_run_job(C_word c, C_word *av) C_noret;
C_word callseq_scheme_leave_job(C_word job);
C_word callseq_scheme_take_job(C_word job);
C_word callseq_scheme_left_errno(void);
C_word callseq_scheme_forget_errno(void);

/* ---- The service: service.c, batch.c, program_turn.c, errands.c ---- */

/* What the service waits for. A deadline begins a new list of descriptors; a negative one is none.
 */
void callseq_scheme_publish_deadline(double milliseconds);
void callseq_scheme_publish_descriptor(int fd, int input, int output);
C_word callseq_scheme_is_wanted(void);
C_word callseq_scheme_is_asked(void);
C_word callseq_scheme_stay(void);
C_word callseq_scheme_serve_again(void); /* it has left work, and is to call again */
C_word callseq_scheme_note_ready(void);  /* a green thread has been made ready */
int callseq_scheme_run_elsewhere(C_word job, C_word waiting);
C_word callseq_scheme_next_done(void);
C_word callseq_scheme_has_errands(void); /* is there one that has not ended? */

/* ---- Scheme programs: program.c ---- */

C_word callseq_scheme_host(C_word nursery);
C_word callseq_scheme_stop_hosting(void);
C_word callseq_scheme_is_program(void);
int callseq_scheme_input_buffered(void);

/* ---- Evaluating: evaluate.c ---- */

char *callseq_scheme_evaluation_text(C_word request); /* what is to be evaluated, */
C_word callseq_scheme_is_printed(C_word request);     /* and is its value wanted? */
char *callseq_scheme_unserved(void);

/* ---- Replies ---- */

/* The reply of the library's own callbacks, which have no result. */
CALLSEQ_INLINE C_word callseq_scheme_reply_void(C_word serial) {
  if (CALLSEQ_UNLIKELY(!callseq_abi_is_current(serial)))
    return callseq_abi_misdelivered(serial, C_SCHEME_UNDEFINED);
  return callseq_abi_next();
}
CALLSEQ_IN_HEADER C_word callseq_scheme_reply(C_word serial, C_word value) {
  (void)value;
  return callseq_scheme_reply_void(serial);
}

/* Members of such a callback; `call` is the type of its calls' structures. */
#define CALLSEQ_SCHEME_CALLBACK(what, call)                                                        \
  .name = what, .type = "void", .accepts = "anything", .reply = callseq_scheme_reply,              \
  .bytes = sizeof(call)

#endif
