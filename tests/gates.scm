; Gates, which the host opens and shuts by their numbers, 0 to 15, for the cases that include this
; file. A case declares (disable-interrupts): no thread is preempted between looking and waiting.
(import (chicken base) callseq)
(include "green-threads.scm")

; A gate is (open? . green threads that wait for that).
(define gates (let loop ((i 0)) (if (= i 16) '() (cons (cons #f '()) (loop (+ i 1))))))
(define (gate g) (list-ref gates g))
(define gate-open? car)
(define (enlist! gate thread) (set-cdr! gate (cons thread (cdr gate))))
(define (pass gate)
  (unless (gate-open? gate)
    (leave-with! (lambda (me) (enlist! gate me) (##sys#setslot me 3 'blocked)))
    (pass gate)))
(define (open! gate)
  (let ((waiting (cdr gate)))
    (set-car! gate #t)
    (set-cdr! gate '())
    (for-each ##sys#thread-unblock! waiting)))

(define-sequenced-callback (open_gate (int g)) void (open! (gate g)))
(define-sequenced-callback (shut_gate (int g)) void (set-car! (gate g) #f))
(define-sequenced-callback (add (int n)) int (+ n 100))
