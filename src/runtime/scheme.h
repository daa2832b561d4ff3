/* The functions of src/runtime that callseq.scm calls, all on the Scheme stack and by the holder;
 * each is explained where it is defined. Needs call.h before it. */
#ifndef CALLSEQ_SCHEME_H
#define CALLSEQ_SCHEME_H

void callseq_scheme_provide(int which, C_word value);
int callseq_scheme_hosted(void);
C_word callseq_scheme_enter_level(void);
C_word callseq_scheme_begin(void);
C_word callseq_scheme_hold_interrupts(void);
C_word callseq_scheme_allow_interrupts(void);
C_word callseq_scheme_has_room(void);
C_word callseq_scheme_keep_mask(void);
void callseq_scheme_abandon(void);
void callseq_scheme_fail(char *message, char *trace);
void callseq_scheme_load_failed(char *trace);
C_word callseq_scheme_redeliver(C_word serial, C_word value);
char *callseq_scheme_name(void);
char *callseq_scheme_type(void);
char *callseq_scheme_accepts(void);
void callseq_scheme_exit(int code);
void callseq_scheme_born(int thunk);
void callseq_scheme_tell_children(void *function);
C_word callseq_scheme_forks(void);
void callseq_scheme_run_function(C_word c, C_word *av) C_noret;
void callseq_scheme_new_lap(C_word c, C_word *av) C_noret;
C_word callseq_scheme_next_signal(void);
void callseq_scheme_catch_signal(int number);
void callseq_scheme_provide_signals(C_word handlers);
C_word callseq_scheme_signals_pending(void);
void callseq_scheme_run_job(C_word c, C_word *av) C_noret;
void callseq_scheme_define_resume(C_word procedure);
C_word callseq_scheme_make_server(C_word level);
C_word callseq_scheme_can_suspend(void);
C_word callseq_scheme_exclude(C_word begins);
C_word callseq_scheme_is_later(void);
C_word callseq_scheme_is_polled(C_word server);
void callseq_scheme_suspend(int fd, int input, int output, double milliseconds);
C_word callseq_scheme_give_way(void);
C_word callseq_scheme_take_job(C_word job);
C_word callseq_scheme_left_errno(void);
C_word callseq_scheme_forget_errno(void);
C_word callseq_scheme_ring(C_word server);
C_word callseq_scheme_end_server(C_word server);
C_word callseq_scheme_attach_spare(C_word server);
C_word callseq_scheme_resumed(C_word request);
C_word callseq_scheme_attach(C_word request);
void callseq_scheme_drop_server(C_word server);
void callseq_scheme_define_service(C_word procedure);
void callseq_scheme_publish_deadline(double milliseconds);
void callseq_scheme_publish_descriptor(int fd, int input, int output);
C_word callseq_scheme_is_wanted(void);
C_word callseq_scheme_is_asked(void);
C_word callseq_scheme_stay(void);
C_word callseq_scheme_serve_again(void);
C_word callseq_scheme_note_ready(void);
int callseq_scheme_run_elsewhere(C_word job, C_word waiting);
C_word callseq_scheme_next_done(void);
C_word callseq_scheme_has_errands(void);
C_word callseq_scheme_host(C_word nursery);
C_word callseq_scheme_stop_hosting(void);
C_word callseq_scheme_close(void);
C_word callseq_scheme_is_program(void);
C_word callseq_scheme_can_wake(C_word server);
C_word callseq_scheme_is_left(C_word server);
int callseq_scheme_input_buffered(void);
void callseq_scheme_take_over_signals(void);
struct callseq_handle *callseq_scheme_handle(C_word object, char *place);
int callseq_scheme_watches_handles(void);
void callseq_scheme_define_evaluation(int which, C_word procedure);
char *callseq_scheme_evaluation_text(C_word request);
char *callseq_scheme_unserved(void);
C_word callseq_scheme_is_printed(C_word request);
C_word callseq_scheme_refuse(C_word serial);
void callseq_scheme_define_finish(C_word procedure);

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

/* Members of such a callback; its calls are structures of this type. */
#define CALLSEQ_SCHEME_CALLBACK(what, call)                                                        \
  .name = what, .type = "void", .accepts = "anything", .reply = callseq_scheme_reply,              \
  .bytes = sizeof(call)

void callseq_scheme_define_invoke(C_word value);
void callseq_scheme_define_post(C_word procedure);

#endif
