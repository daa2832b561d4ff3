; Recursion that csc -O3 compiles to C functions that call themselves, on the stack, in the nursery.
(declare (block))
(import (chicken platform) (chicken fixnum) callseq)

(define (depth n) (if (eq? n 0) 0 (fx+ 1 (depth (fx- n 1)))))
(define-sequenced-callback (direct (int n)) int (depth n))
(define-sequenced-callback (direct_after (int garbage) (int n)) int
  (let ((vector (make-vector garbage 'x)))
    (if (eq? 'x (vector-ref vector (fx- garbage 1))) (depth n) -1)))

(return-to-host)
