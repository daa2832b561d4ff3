;;; Scheme's signal handlers; see src/runtime/signals.c.

;; A thunk that calls THUNK; an error in it is printed, after HEADER, and that is all. But it ends a child that
;; process-fork has made meanwhile.
(define (guarded thunk header)
  (lambda ()
    (let ((before (forks)))
      (call/cc
       (lambda (return)
         (with-exception-handler
          (lambda (exception)
            (print-error-message exception (current-error-port) header)
            (when (> last-birth before) (end-process 70))
            (return (void)))
          thunk))))))

;; Runs the handler of SIGNAL.
(define (call-handler signal)
  (let ((handler (vector-ref ##sys#signal-vector signal)))
    (when handler (handler signal))))

;; Runs the handler of SIGNAL in what it has interrupted. An error in it is printed, and does not fail the
;; callback; in a Scheme program of its own it is raised.
(define (handle-signal signal)
  (if (program?)
      (call-handler signal)
      ((guarded (lambda () (call-handler signal)) "Error in a signal handler"))))

;; The green thread that runs handlers, or #f.
(define handling #f)
;; Does a green thread run handlers, and goes on? One may have been terminated in a handler that waits, or
;; wait there for a native thread of the parent of this process.
(define (handling?)
  (and handling
       (not (gone? handling))
       (let ((level (resident-level handling)))
         (not (and level (##core#inline "callseq_scheme_is_left" (record-of level)))))))

;; Leaves the handler that runs; a procedure of one argument, which is not used.
(define after-handler void)

;; Has HANDLE run the handlers of all signals that have come, in the present green thread.
(define (run-handlers handle)
  (dynamic-wind
   (lambda () (set! handling ##sys#current-thread))
   (lambda ()
     (let loop ()
       (let ((signal (##core#inline "callseq_scheme_next_signal")))
         (when signal
           (capture
            (lambda (return)
              (set! after-handler return)
              (handle signal)))
           (loop)))))
   (lambda () (set! handling #f))))

;; Has a new green thread run the handlers of all signals that have come, beside what runs now.
(define (start-handlers)
  (when (##core#inline "callseq_scheme_signals_pending")
    (##sys#add-to-ready-queue
     (make-green-thread 'signals base-winds
                        (lambda () (unless (handling?) (run-handlers handle-beside)))))))

;; Runs the handler of signal NUMBER in a green thread of its own. If the program is suspended, an error in
;; the handler is raised in the program. csi's handler gives the program another thunk to go on with: then it
;; is woken.
(define (handle-beside number)
  (if (and hosting (not (attached? first-level)))
      (let ((thunk (##sys#slot first-thread 1)))
        (call/cc
         (lambda (return)
           (with-exception-handler
            (lambda (exception)
              (return
               (end-wait! first-level
                          (lambda ()
                            (signal exception)
                            (thunk)))))
            (lambda () (call-handler number)))))
        (unless (eq? (##sys#slot first-thread 1) thunk) (wake-program)))
      (handle-signal number)))

;; Runs handlers where an interrupt looks: in what it has interrupted; or beside that, if it is a callback, and
;; the handlers are a program's.
(define (handle-signals)
  (cond ((handling?) (void))
        ((or (not hosting) (attached? first-level)) (run-handlers handle-signal))
        (else (start-handlers))))

;; Runs handlers while nobody is inside. A program that waits does so itself.
(define (serve-signals)
  (unless (or (handling?)
              (and hosting (##core#inline "callseq_scheme_signals_pending") (wake-program)))
    (start-handlers)))

;; Runs the handlers for REASON, an interrupt number or #f, and for what follows it in CHICKEN's own queue:
;; signals that came while the program was being loaded. The queue is emptied first: what comes meanwhile
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
