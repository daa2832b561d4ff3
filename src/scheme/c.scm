;;; What C has for the Scheme side: functions of src/runtime, each explained in full where it
;;; is defined. All are called by the holder, on the Scheme stack, and none raises an error.

;; (hosted?) -> boolean: has a C host set CHICKEN up, by callseq_init? Else the program is Scheme.
(define hosted? (foreign-lambda bool "callseq_scheme_hosted"))

;; (abandon): drops the C frames that lie above the innermost level, as after an error that left them.
(define abandon (foreign-lambda void "callseq_scheme_abandon"))

;; (fail MESSAGE CHAIN): the current call fails; CHAIN, CHICKEN's call chain as text, may be #f.
(define fail (foreign-lambda void "callseq_scheme_fail" c-string c-string))

;; (load-failed CHAIN): ends the loading of the program by an error; CHAIN as above.
(define load-failed (foreign-lambda void "callseq_scheme_load_failed" c-string))

;; (end-process CODE): writes out C's streams and ends the process; does not return.
(define end-process (foreign-lambda void "callseq_scheme_exit" int))

;; (end-at-once CODE): ends the process, and writes nothing out; does not return.
(define end-at-once (foreign-lambda void "_exit" int))

;; (tell-children FUNCTION): has each forked child call a C function, by its address, before green threads
;; run there. One such function is known.
(define tell-children (foreign-lambda void "callseq_scheme_tell_children" c-pointer))

;; (born THUNK?): tells a child of process-fork that it is one; THUNK?: it ends with a thunk.
(define born (foreign-lambda void "callseq_scheme_born" bool))

;; (current-name), (current-type), (current-accepts) -> string: of the callback that is executed: its name,
;; the type of its result, and what values that takes, in words.
(define current-name (foreign-lambda c-string "callseq_scheme_name"))
(define current-type (foreign-lambda c-string "callseq_scheme_type"))
(define current-accepts (foreign-lambda c-string "callseq_scheme_accepts"))

;; (run-function): calls the C function of a callseq_invoke. A C function of CHICKEN's own kind, as the next
;; two: its frame stays on the Scheme stack, and it goes on with its continuation.
(define run-function (##core#primitive "callseq_scheme_run_function"))

;; (run-job): calls the C function of a blocking lambda, in place.
(define run-job (##core#primitive "callseq_scheme_run_job"))

;; (new-lap): collects the nursery, between two calls.
(define new-lap (##core#primitive "callseq_scheme_new_lap"))

;; (suspend-for-descriptor FD INPUT? OUTPUT? MILLISECONDS): makes the current call wait outside until the
;; descriptor is ready, or so long. -1: no descriptor. Negative milliseconds: without end.
(define suspend-for-descriptor
  (foreign-lambda void "callseq_scheme_suspend" int bool bool double))

;; (drop-resident RESIDENT): the call of this resident, whose green thread was terminated, fails.
(define drop-resident (foreign-lambda* void ((scheme-object resident)) "callseq_scheme_drop_resident(resident);"))

;; (drop-job JOB): frees a blocking call's arguments and result. JOB is its address, as a fixnum.
(define drop-job
  (foreign-lambda* void ((scheme-object job))
    "callseq_abi_drop(CALLSEQ_ABI_REQUEST(struct callseq_abi_job, job));"))

;; (run-elsewhere JOB THREAD) -> boolean: has a thread of the library's run the job; its end is told to the
;; green thread. #f: no native thread or no memory can be had.
(define run-elsewhere (foreign-lambda bool "callseq_scheme_run_elsewhere" scheme-object scheme-object))

;; (publish-deadline MILLISECONDS), (publish-descriptor FD INPUT? OUTPUT?): what the service waits for while
;; nobody is inside. Negative milliseconds: no deadline. A deadline begins a new list of descriptors.
(define publish-deadline (foreign-lambda void "callseq_scheme_publish_deadline" double))
(define publish-descriptor (foreign-lambda void "callseq_scheme_publish_descriptor" int bool bool))

;; (host NURSERY) -> boolean: lets native threads call this Scheme program, whose nursery has so many bytes.
;; #f: it cannot, and has said why.
(define (host nursery) (##core#inline "callseq_scheme_host" nursery))

;; (input-buffered?) -> boolean: has C's standard input characters that nobody has read?
(define input-buffered? (foreign-lambda* bool () "C_return(callseq_scheme_input_buffered());"))

;; (define-evaluation WHICH PROCEDURE): the body of callseq_eval, callseq_load or callseq_repl: 0, 1 or 2.
(define define-evaluation (foreign-lambda void "callseq_scheme_define_evaluation" int scheme-object))

;; (evaluation-text REQUEST): the C string that one of these has been given, or #f. REQUEST is a fixnum.
(define evaluation-text
  (foreign-lambda* c-string ((scheme-object request)) "C_return(callseq_scheme_evaluation_text(request));"))

;; (unserved) -> string or #f: why there can be no prompt in this program.
(define unserved (foreign-lambda c-string "callseq_scheme_unserved"))

;; (take-over-signals): has signals for which Scheme has handlers already come through the library.
(define take-over-signals (foreign-lambda void "callseq_scheme_take_over_signals"))

;; (make-handle OBJECT PLACE) -> pointer: a new handle of OBJECT; PLACE, a string or #f, is what reports say of
;; where it was made. #f: no memory.
(define make-handle
  (foreign-lambda (c-pointer (struct "callseq_handle")) "callseq_scheme_handle" scheme-object c-string))

;; (object-of HANDLE) -> object: what the handle, a pointer, stands for.
(define object-of
  (foreign-lambda scheme-object "callseq_abi_object" (c-pointer (struct "callseq_handle"))))

;; (watches-handles?) -> boolean: is it noted where handles are made?
(define watches-handles? (foreign-lambda bool "callseq_scheme_watches_handles"))

;; (released-made-by) -> string or #f: where the handle was made that has been read last and had been released.
(define released-made-by (foreign-lambda c-string "callseq_scheme_released_made_by"))

;; (catch-signal NUMBER): has Scheme's handler run when the signal, 1 to 64, comes to any thread.
(define catch-signal (foreign-lambda void "callseq_scheme_catch_signal" int))

;; Evaluates EXPRESSION, which gives the procedure to go on with, and jumps to it.
(define-syntax go-on
  (syntax-rules ()
    ((_ expression)
     (let ((next expression))
       (next (##core#inline "callseq_abi_next_serial")
             (##core#inline "callseq_abi_next_value"))))))
