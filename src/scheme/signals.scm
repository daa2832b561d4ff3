;;; Scheme's signal handlers; see src/runtime/signals.c.

;; A thunk that calls THUNK; an error in it is printed, after HEADER, and that is all.
(define (guarded thunk header)
  (lambda ()
    (call/cc
     (lambda (return)
       (with-exception-handler
        (lambda (exception)
          (print-error-message exception (current-error-port) header)
          (return (void)))
        thunk)))))

;; Runs the handler of SIGNAL. An error in it is not the fault of the callback that it interrupted; the
;; program's are its own.
(define (handle-signal signal)
  (let ((handler (vector-ref ##sys#signal-vector signal)))
    (cond ((not handler) (void))
          ((program?) (handler signal))
          (else ((guarded (lambda () (handler signal)) "Error in a signal handler"))))))

;; The green thread that runs handlers, or #f.
(define handling #f)
;; Does a green thread run handlers, and goes on? One may have been terminated in a handler that waits, or
;; wait there for a native thread of the parent of this process.
(define (handling?)
  (and handling
       (not (gone? handling))
       (let ((level (resident-level handling)))
         (not (and level (##core#inline "callseq_scheme_is_left" (record-of level)))))))

;; Runs the handlers of all signals that have come, unless that is being done, or left to the program.
(define (handle-signals)
  (unless (or (handling?)
              (and hosting (##core#inline "callseq_scheme_signals_pending") (wake-program)))
    (dynamic-wind
     (lambda () (set! handling ##sys#current-thread))
     (lambda ()
       (let loop ()
         (let ((signal (##core#inline "callseq_scheme_next_signal")))
           (when signal
             (handle-signal signal)
             (loop)))))
     (lambda () (set! handling #f)))))

;; The same for REASON, an interrupt number or #f, and what follows it in CHICKEN's own queue: signals
;; that came while the program was being loaded. The queue is emptied first: what comes meanwhile
;; would only be queued, and for good if a handler does not return.
(define (handle-queue reason)
  (let loop ((reason reason) (signals '()))
    (if reason
        (loop (##core#inline "C_i_pending_interrupt" #f) (cons reason signals))
        (for-each handle-signal (reverse signals)))))

;; An interrupt hook that runs the handlers of signals, gives way where that is asked, and leaves the
;; rest to HOOK.
(define (interrupt-hook hook)
  (define timer 255)
  (lambda (reason state)
    (handle-signals)
    (unless (eq? reason timer) (handle-queue reason))
    (let* ((reason (and (eq? reason timer) reason)) (state (with-room state)))
      (define asked
        (if (and reason (pair? levels) (null? (cdr levels)))
            (##core#inline "callseq_scheme_is_asked")
            0))
      (cond ((eq? asked 0) (hook reason state))
            ((or (binds?) (not (##core#inline "callseq_scheme_can_suspend"))) (hook reason state))
            ((eq? asked 1)
             (##core#inline "callseq_scheme_hold_interrupts")
             (give-way (lambda () (hook #f state))))
            (else (back-to-service (lambda () (hook #f state))))))))

;; A thunk that goes on with STATE, a procedure that an interrupt has stopped. It may have collected
;; so that the C function which it is about to call has the nursery, and green threads or a handler
;; have used that since.
(define (with-room state)
  (lambda ()
    (unless (##core#inline "callseq_scheme_has_room") (##sys#gc #f))
    (if (procedure? state) (state) (##sys#context-switch state))))
