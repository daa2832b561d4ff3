; What a callback that waits has for itself: continuations, winders, handlers, ports, bindings.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken base) (chicken condition) (chicken port) callseq)

(include "gates.scm")

;;; Continuations

(define kept #f)
(define-sequenced-callback (keep (int g)) int
  (call/cc (lambda (k) (set! kept k) (pass (gate g)) 5)))
(define-sequenced-callback (enter (int g)) int (pass (gate g)) (kept 7))
(define-sequenced-callback (enter_own (int g)) int
  (let ((again #f) (times 0))
    (call/cc (lambda (k) (set! again k)))
    (set! times (+ times 1))
    (pass (gate g))
    (if (< times 3) (again #f) times)))
(define-sequenced-callback (enter_in_thread (int n)) int
  (await (start-thread (lambda () (condition-case (kept 8) ((exn) #f)))))
  n)

;; A generator, resumed from call to call, that waits before each value.
(define resume #f)
(define (generate yield)
  (let loop ((i 1))
    (doze 1)
    (set! yield (call/cc (lambda (next) (set! resume next) (yield i))))
    (loop (+ i 1))))
(define-sequenced-callback (next_value) int
  (call/cc (lambda (k) (if resume (resume k) (generate k)))))

;;; Its own: winders, handlers, ports, bindings

(define entered 0)
(define left 0)
(define-sequenced-callback (wind (int g) (int n)) int
  (dynamic-wind
   (lambda () (set! entered (+ entered 1)))
   (lambda () (pass (gate g)) (if (negative? n) (error "inside" n) n))
   (lambda () (set! left (+ left 1)))))
(define-sequenced-callback (winds) int (+ (* 100 entered) left))
; An outer winder that waits itself.
(define-sequenced-callback (wait_in_winder (int g) (int n)) int
  (call/cc
   (lambda (leave)
     (dynamic-wind
      (lambda () (pass (gate g)))
      (lambda () (leave n))
      (lambda () (pass (gate g)) (set! left (+ left 1)))))))

(define p (make-parameter 0))
(define twice (make-parameter 1 (lambda (n) (* 2 n)))) ; converts once
(define fluid 0)
(define-sequenced-callback (get) int (p))
(define-sequenced-callback (put (int n)) void (p n))
(define-sequenced-callback (bound (int g) (int n)) int
  (parameterize ((p n) (twice n))
    (fluid-let ((fluid n))
      (pass (gate g))
      (if (and (= (p) n) (= (twice) (* 2 n)) (= fluid n)) n -1))))
(define-sequenced-callback (bound_and_set (int g) (int n)) int
  (parameterize ((p -5))
    (parameterize ((p -6))
      (p n)
      (pass (gate g))
      (if (= (p) n) (p) -1))))
(define-sequenced-callback (set_and_wait (int g) (int n)) int (p n) (pass (gate g)) (p))
(define-sequenced-callback (fluids) int (+ fluid (twice)))
(define-sequenced-callback (print_to_string (int g) (int n)) c-string
  (with-output-to-string
    (lambda ()
      (display n)
      (pass (gate g))
      (display "/")
      (with-output-to-string (lambda () (display "lost") (pass (gate g))))
      (doze 1)
      (display n))))
; Handlers: those of the call itself, and no others'.
(define-sequenced-callback (handle_own (int g) (int n)) int
  (call/cc
   (lambda (return)
     (with-exception-handler
      (lambda (e) (return (+ n (if (condition? e) 0 e))))
      (lambda () (pass (gate g)) (abort 1000))))))
(define output (current-output-port))
(define-sequenced-callback (output_is_common) bool (eq? output (current-output-port)))
(define-sequenced-callback (own_thread (int g)) bool
  (let ((me ##sys#current-thread)) (pass (gate g)) (eq? me ##sys#current-thread)))

; Left by an escape, and failed, while others have bound the same.
(define-sequenced-callback (escape_bound (int g) (int n)) int
  (call/cc
   (lambda (return)
     (parameterize ((p n)) (pass (gate g)) (return (p))))))
(define-sequenced-callback (fail_bound (int g) (int n)) int
  (parameterize ((p n)) (pass (gate g)) (error "bound" (p))))
; What a green thread of the call has bound.
(define-sequenced-callback (bound_in_thread (int g) (int n)) int
  (let ((seen #f))
    (await (start-thread (lambda () (parameterize ((p n)) (pass (gate g)) (set! seen (p))))))
    (if (eqv? seen n) n -1)))

(return-to-host)
