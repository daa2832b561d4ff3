;; The Scheme of the C program (main.c): the voice, lines to evaluate, and work to be disturbed by.
(include "voice.scm")
(import (chicken eval) (chicken port))

;; Evaluates what a line has; its values as `write` prints them.
(define-sequenced-callback/status (evaluate (c-string line)) c-string*
  (with-output-to-string
    (lambda () (with-input-from-string line (lambda () (port-for-each print-value read))))))
(define (print-value form)
  (let ((value (eval form)))
    (unless (eq? value (void))
      (write value)
      (newline))))

(define-sequenced-callback (disturb) int (fib 15))
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))

(return-to-host)
