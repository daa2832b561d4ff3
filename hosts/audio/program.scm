;; The Scheme of the C program (main.c): the voice, what evaluates, and work to be disturbed by.
(include "voice.scm")
(import callseq-eval)

(define-sequenced-callback (disturb) int (fib 15))
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))

(return-to-host)
