;;; The resident loop, and the levels above it.
;;;
;;; run-resident (residents.scm) is the resident loop. It waits, inside C, for the first request and
;;; jumps to its procedure; that one's reply gives the procedure of the next request, and so on: a
;;; callback ends by jumping to the next one. Nothing returns to it; it begins anew after a failure, by the
;;; continuation kept in `levels`, with parameters, winders and handlers as they were.
;;;
;;; A call from C code that Scheme called is executed by run-level on top of that C code, and does
;;; return. `levels` has an entry (green-thread continuation failure) for each level, innermost first.
;;; Levels end in the opposite order of their beginning, whatever green threads do: one whose level
;;; is not the innermost waits (see turn). While a level begins or ends, from or to C, CHICKEN's
;;; interrupts are held, so that no other green thread comes between.

;; The levels, innermost first; the last one is the attached resident's.
(define levels '())

;; Makes CONTINUATION the one that a failure of the present level goes on with. Interrupts are held.
(define (level-begins continuation)
  (##core#inline "callseq_scheme_enter_level")
  (set! levels (cons (list ##sys#current-thread continuation #f) levels))
  (set! ##sys#current-exception-handler handle))

;; The innermost level of this green thread, or #f.
(define (own-level)
  (or (assq ##sys#current-thread levels) (resident-level ##sys#current-thread)))

;; Waits until the innermost level is one of this green thread, and returns #t with interrupts held;
;; or #f at once if no level is.
(define (turn)
  (##core#inline "callseq_scheme_hold_interrupts")
  (cond ((and (pair? levels) (eq? (caar levels) ##sys#current-thread)) #t)
        (else
         (##core#inline "callseq_scheme_allow_interrupts")
         (and (own-level)
              (begin (##sys#thread-yield!) (turn))))))

;; Tells C if the present level has failed. C frames above it go.
(define (settle-failure)
  (let* ((level (own-level)) (failure (and level (caddr level))))
    (when failure
      (turn)
      (abandon)
      (fail (car failure) (cdr failure))
      (set-car! (cddr level) #f))))

;; Level 0: never returns.
(define (begin-loop)
  (keep-masks)
  (catch-signals)
  (keep-in-calls)
  (end-children)
  (set! base-winds ##sys#dynamic-winds)
  (let wait () ; for green threads that keep callbacks out
    (unless (null? exclusive)
      (##sys#thread-sleep! (+ (milliseconds) 1))
      (wait)))
  (reside-in-host))

;; A nested call: returns when it has been answered.
(define (run-level)
  (let ((handler ##sys#current-exception-handler))
    (call/cc
     (lambda (k)
       (level-begins k)
       (go-on (##core#inline "callseq_scheme_begin"))))
    (settle-failure)
    (set! levels (cdr levels))
    (set! ##sys#current-exception-handler handler)))

;; With interrupts held, until C has been returned to.
(define (end-level serial value)
  (unless (eq? (caar levels) ##sys#current-thread)
    (##core#inline "callseq_scheme_withdraw")
    (##core#inline "callseq_scheme_allow_interrupts")
    (misplaced serial value)))

;; callseq_invoke, as a callback.
(define (invoke serial request)
  (run-function request)
  (go-on (##core#inline "callseq_scheme_reply_void" serial)))
