;;; What C has for the Scheme side: functions of src/runtime, each explained where it is defined.

(define hosted? (foreign-lambda bool "callseq_scheme_hosted"))
(define abandon (foreign-lambda void "callseq_scheme_abandon"))
(define fail (foreign-lambda void "callseq_scheme_fail" c-string c-string))
(define load-failed (foreign-lambda void "callseq_scheme_load_failed" c-string))
(define end-process (foreign-lambda void "callseq_scheme_exit" int))
(define end-at-once (foreign-lambda void "_exit" int))
(define born (foreign-lambda void "callseq_scheme_born" bool))
(define current-name (foreign-lambda c-string "callseq_scheme_name"))
(define current-type (foreign-lambda c-string "callseq_scheme_type"))
(define current-accepts (foreign-lambda c-string "callseq_scheme_accepts"))
(define run-function (##core#primitive "callseq_scheme_run_function"))
(define run-job (##core#primitive "callseq_scheme_run_job"))
(define new-lap (##core#primitive "callseq_scheme_new_lap"))
(define suspend-for-descriptor
  (foreign-lambda void "callseq_scheme_suspend" int bool bool double))
(define drop-server (foreign-lambda* void ((scheme-object server)) "callseq_scheme_drop_server(server);"))
(define drop-job
  (foreign-lambda* void ((scheme-object job))
    "callseq_abi_drop(CALLSEQ_ABI_REQUEST(struct callseq_abi_job, job));"))
(define run-elsewhere (foreign-lambda bool "callseq_scheme_run_elsewhere" scheme-object scheme-object))
(define publish-deadline (foreign-lambda void "callseq_scheme_publish_deadline" double))
(define publish-descriptor (foreign-lambda void "callseq_scheme_publish_descriptor" int bool bool))
(define (host nursery) (##core#inline "callseq_scheme_host" nursery))
(define input-buffered? (foreign-lambda* bool () "C_return(callseq_scheme_input_buffered());"))
(define take-over-signals (foreign-lambda void "callseq_scheme_take_over_signals"))
(define make-handle
  (foreign-lambda (c-pointer (struct "callseq_handle")) "callseq_scheme_handle" scheme-object c-string))
(define object-of
  (foreign-lambda scheme-object "callseq_abi_object" (c-pointer (struct "callseq_handle"))))
(define watches-handles? (foreign-lambda bool "callseq_scheme_watches_handles"))
(define catch-signal (foreign-lambda void "callseq_scheme_catch_signal" int))

;; Evaluates EXPRESSION, which gives the procedure to go on with, and jumps to it.
(define-syntax go-on
  (syntax-rules ()
    ((_ expression)
     (let ((next expression))
       (next (##core#inline "callseq_abi_next_serial")
             (##core#inline "callseq_abi_next_value"))))))
