; Everything that Scheme can raise.
(import (chicken platform) (chicken base) (chicken condition) (chicken foreign) callseq)

(define table (vector 1 2 3))
(define (apply-to f x) (f x))

(define failures
  (vector
   (lambda () (error 'fetch "no such record:" 17 "blue"))
   (lambda () (error "without a location" '(1 . 2)))
   (lambda () (abort 42))
   (lambda () (abort 'flat))
   (lambda () (abort "just text"))
   (lambda () (abort #f))
   (lambda () (abort (list 1 (vector 2) "three")))
   (lambda () (signal 43))
   (lambda () (signal 'signalled))
   (lambda () (abort (make-property-condition 'exn 'location 'here 'message "by hand"
                                              'arguments '(1 2))))
   (lambda () (abort (make-property-condition 'mine 'colour "green")))
   (lambda () (abort (make-composite-condition
                      (make-property-condition 'exn 'message "composite" 'arguments '())
                      (make-property-condition 'io))))
   (lambda () (assert (= 1 2) "asserted"))
   (lambda () (car (vector-ref table 0)))
   (lambda () (vector-ref table 3))
   (lambda () (apply-to 5 6))
   (lambda () (apply-to (lambda (a b) a) 1))
   (lambda () (no-such-variable))
   (lambda () (quotient 1 0))
   (lambda () (string->symbol (vector-ref table 0)))
   (lambda () (handle-exceptions c (error "from the handler") (error "first")))))

(define-sequenced-callback (fail (int which)) int ((vector-ref failures which)))
(define-sequenced-callback (ways_to_fail) int (vector-length failures))

; A printer that raises: in a condition, as the raised object, in a result of the wrong type; and
; conditions that are malformed.
(define-record sulky problem)
(set-record-printer! sulky (lambda (object port) (abort (sulky-problem object))))
(define sulky-condition (make-sulky (make-property-condition 'exn 'message "not printed")))
(define sulky-symbol (make-sulky 'not-printed))
(define endlessly-sulky (make-sulky #f))
(sulky-problem-set! endlessly-sulky endlessly-sulky)

(define circle (list 1 2))
(set-cdr! (cdr circle) circle)

(define unprintable
  (vector
   (lambda () (error circle))
   (lambda () (error 'somewhere circle circle))
   (lambda () (error "a condition with" sulky-condition))
   (lambda () (error "a condition with" sulky-symbol))
   (lambda () (error "a condition with" endlessly-sulky))
   (lambda () (error sulky-condition))
   (lambda () (abort sulky-condition))
   (lambda () (abort endlessly-sulky))
   (lambda () (abort (make-property-condition 'exn 'message "malformed" 'arguments 17)))
   (lambda () (abort (make-property-condition 'exn 'message sulky-symbol 'arguments '(1 . 2))))
   (lambda () sulky-symbol)
   (lambda () endlessly-sulky)))
(define-sequenced-callback (fail_unprintably (int which)) int ((vector-ref unprintable which)))
(define-sequenced-callback (ways_unprintable) int (vector-length unprintable))

; Conditions that the body itself handles are no failures.
(define-sequenced-callback (recover (int which)) c-string
  (condition-case ((vector-ref failures which))
    ((exn) "a condition")
    (x () "something else")))
(define-sequenced-callback (resume (int n)) int
  (with-exception-handler
   (lambda (c) (* c 2))
   (lambda () (+ 1 (signal n)))))

(return-to-host)
