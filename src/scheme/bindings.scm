;;; Bindings of a callback that is suspended.
;;;
;;; Each callback has its own winders and exception handler, as each green thread has. Values of
;;; parameters and the current ports are everybody's. What parameterize, fluid-let and with-output-to-...
;;; bind is undone when their callback is suspended, and done again when it goes on, by their own
;;; thunks. So a value that others set meanwhile stays. Winders of dynamic-wind are not run: nobody
;;; has left or entered. Binding forms wind by ##sys#dynamic-wind, users by dynamic-wind, which are one
;;; procedure in CHICKEN and two here.
;;;
;;; In the list of winders those of `bind` are vectors, dynamic-wind's are pairs.

;; What winders there were before the first callback.
(define base-winds '())

;; The green thread that makes or ends a binding at this moment, or #f. A half-made binding cannot be undone,
;; so a program that is asked to give way meanwhile refuses: at most so many times, since what makes the
;; binding may be left by a continuation, or compute for long.
(define binding #f)
(define refusals 0)
(define most-refusals 1000)

;; The present green thread begins to make or to end a binding.
(define (begin-binding)
  (set! binding ##sys#current-thread)
  (set! refusals 0))

;; A winder that binds; dynamic-wind's are pairs.
(define (bind before thunk after)
  (begin-binding)
  (before)
  (set! ##sys#dynamic-winds (cons (vector before after #t) ##sys#dynamic-winds))
  (set! binding #f)
  (##sys#call-with-values
   thunk
   (lambda results
     (begin-binding)
     (set! ##sys#dynamic-winds (##sys#slot ##sys#dynamic-winds 1))
     (after)
     (set! binding #f)
     (apply ##sys#values results))))

;; Runs the winders between the present ones and WINDS, a list that has N fewer, or so many more, as
;; CHICKEN does where a continuation is entered; but it marks what binds.
(define (unwind winds n)
  (cond ((eq? ##sys#dynamic-winds winds))
        ((< n 0)
         (unwind (##sys#slot winds 1) (+ n 1))
         (when (vector? (##sys#slot winds 0)) (begin-binding))
         ((##sys#slot (##sys#slot winds 0) 0))
         (set! ##sys#dynamic-winds winds)
         (set! binding #f))
        (else
         (let ((winder (##sys#slot ##sys#dynamic-winds 0)))
           (when (vector? winder) (begin-binding))
           (set! ##sys#dynamic-winds (##sys#slot ##sys#dynamic-winds 1))
           ((##sys#slot winder 1))
           (set! binding #f)
           (unwind winds (- n 1))))))

;; Is a binding half made, which shall be let end?
(define (binds?)
  (and (eq? binding ##sys#current-thread)
       (< refusals most-refusals)
       (begin (set! refusals (+ refusals 1)) #t)))

;; Runs the `after` thunks of what binds among WINDS, a list of winders, innermost first: down to what there
;; was before the first callback.
(define (undo-bindings winds)
  (unless (or (null? winds) (eq? winds base-winds))
    (when (vector? (car winds)) ((vector-ref (car winds) 1)))
    (undo-bindings (cdr winds))))

;; Runs their `before` thunks, outermost first.
(define (redo-bindings winds)
  (unless (or (null? winds) (eq? winds base-winds))
    (redo-bindings (cdr winds))
    (when (vector? (car winds)) ((vector-ref (car winds) 0)))))
