;;; Continuations, and the calls that they belong to.
;;;
;;; `capture` takes the place of CHICKEN's call/cc (hooks.scm). Its continuations know the green thread and the
;;; call in which they were captured.
;;;
;;; A signal handler may enter a continuation of a call that waits. That ends the wait: the call goes on from the
;;; continuation, in its own green thread. So a handler can limit the time of a callback, whatever it does.
;;;
;;; Any other continuation is entered as in CHICKEN, so that generators go from call to call. If that leads to the
;;; end of another call, the reply finds out (failures.scm): a callback that has come there fails; a program, or
;;; a green thread without a call, gets an error where it has entered the continuation.

;; call/cc. Messages name it as CHICKEN's own.
(define capture
  (letrec ((call-with-current-continuation
            (lambda (procedure)
              (let ((winds ##sys#dynamic-winds)
                    (thread ##sys#current-thread)
                    (serial (##core#inline "callseq_scheme_serial")))
                (##sys#call-with-current-continuation
                 (lambda (k)
                   (define (enter results)
                     (unless (eq? ##sys#dynamic-winds winds)
                       (unwind winds (- (length ##sys#dynamic-winds) (length winds))))
                     (apply k results))
                   (procedure
                    (lambda results
                      (if (eq? thread ##sys#current-thread)
                          (enter results)
                          (enter-elsewhere thread serial (lambda () (enter results))))))))))))
    call-with-current-continuation))

;; The present green thread ENTERs a continuation that THREAD has captured, in the call SERIAL. Never returns.
(define (enter-elsewhere thread serial enter)
  (let ((level (resident-level thread)) (own (own-level)))
    (cond ((and level
                (eq? handling ##sys#current-thread)
                (not (gone? thread))
                (##core#inline "callseq_scheme_is_in_call" (record-of level) serial))
           (end-wait! level enter)
           (after-handler #f))
          ((and own (not (eq? own first-level)))
           (enter))
          (else
           ((capture
             (lambda (return)
               (set! entered (cons ##sys#current-thread return))
               (enter))))))))

;; The green thread in no callback that has last entered another one's continuation: (green-thread . its own
;; continuation at that place, which takes a thunk); or #f.
(define entered #f)

;; Raises an error in the present green thread, which is in no callback: where it has entered such a
;; continuation, or else here.
(define (fail-entry message)
  (if (and entered (eq? (car entered) ##sys#current-thread))
      (let ((return (cdr entered)))
        (set! entered #f)
        (return (lambda () (error message))))
      (error message)))

;; The green thread of LEVEL, a resident with no nested call above it, waits no longer, and goes on with THUNK.
(define (end-wait! level thunk)
  (let ((thread (car level)))
    (##core#inline "callseq_scheme_hold_interrupts")
    (forget-wait thread)
    (##sys#setslot thread 1 thunk)
    (##sys#thread-unblock! thread)
    (##core#inline "callseq_scheme_allow_interrupts")))
