;;; Loading and exit, when it was callseq_init that started CHICKEN.

;; The handler while the program is loaded: prints any EXCEPTION, and has callseq_init fail for good.
;; Never returns.
(define (handle-load-error exception)
  (print-error-message exception (current-error-port))
  (print-call-chain (current-error-port))
  (load-failed (call-chain))
  (return-to-host))

;; Leaves the procedures that are named in FILE, src/runtime/procedures.h, for C.
(define-syntax provide-procedures
  (er-macro-transformer
   (lambda (form rename compare)
     (define (name-in line)             ; PROCEDURE(a_name) ...
       (let ((end (substring-index ")" line)))
         (string->symbol (string-translate (substring line 10 end) #\_ #\-))))
     (let loop ((lines (with-input-from-file (cadr form) read-lines)) (i 0) (forms '()))
       (cond ((null? lines) `(,(rename 'begin) ,@(reverse forms)))
             ((eqv? 0 (substring-index "PROCEDURE(" (car lines)))
              (loop (cdr lines) (+ i 1)
                    (cons `((,(rename 'foreign-lambda) void "callseq_scheme_provide" int scheme-object)
                            ,i ,(name-in (car lines)))
                          forms)))
             (else (loop (cdr lines) i forms)))))))

((foreign-lambda void "callseq_scheme_define_invoke" scheme-object) invoke)
((foreign-lambda void "callseq_scheme_define_resume" scheme-object) resume)
((foreign-lambda void "callseq_scheme_define_service" scheme-object) serve-all)
((foreign-lambda void "callseq_scheme_provide_signals" scheme-object) ##sys#signal-vector)

;; CHICKEN has one copy of this library at work: the first. An extension may bring another, whose calls
;; fail.
(define first-copy? (not (##sys#symbol-has-toplevel-binding? 'callseq:at-work)))
(##sys#setslot 'callseq:at-work 0 #t)
;; Each definition of a callback calls callseq#defined: the program may have loaded the unit posix since. In a C
;; host the rest is done when the program has been loaded.
(when first-copy?
  (##sys#setslot 'callseq#defined 0 (lambda () ((if hosting adopt-posix end-children))))
  (keep-scheduling)
  (keep-captures)
  (keep-errno))

;; Ends Scheme in a process that goes on; a procedure.
(define end-scheme void)

;; callseq_close, as a callback: does that. Once, and not while the process ends by (exit).
(define (finish serial request)
  (end-scheme)
  (go-on (##core#inline "callseq_scheme_reply_void" serial)))

((foreign-lambda void "callseq_scheme_define_finish" scheme-object) finish)

(when (hosted?)
  (let* ((finalize (implicit-exit-handler)) ; and runs the thunks that others had registered before
         (clean-up (lambda () (run-thunks) (finalize)))
         (exiting #f))
    (keep-exits)
    ;; The thunks first: after them, in a finalizer that the clean-up runs, (exit) is as anywhere else.
    (set! end-scheme
      (lambda ()
        (unless exiting
          (set! exiting ##sys#current-thread)
          (run-thunks)
          (set! exiting #f)
          (dropping-errors clean-up))))
    ;; The first to leave ends the process, whatever becomes of the clean-up: under a finalizer it
    ;; raises, and a thunk may jump out of it. Under a thunk (exit) does nothing, as in CHICKEN; other
    ;; green threads that leave meanwhile wait for the end.
    (exit-handler
     (lambda (#!optional (code 0))
       (##sys#check-fixnum code 'exit)
       (cond ((not exiting)
              (set! exiting ##sys#current-thread)
              (end-after clean-up (lambda () (end-process code))))
             ((gone? exiting) (end-process code))
             ((not (eq? exiting ##sys#current-thread))
              (##sys#thread-yield!)
              (exit code)))))
    (implicit-exit-handler return-to-host)
    (catch-interrupts)
    (set! ##sys#current-exception-handler handle-load-error)))
(when (and first-copy? (not (hosted?))) (host-threads))

(provide-procedures "src/runtime/procedures.h")
