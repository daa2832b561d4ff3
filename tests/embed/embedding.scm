; CHICKEN's own embedding API, which needs nothing of the program but its evaluator.
(import (chicken platform) callseq)

(define calls 0)
(define (count n) (set! calls (+ calls 1)) (* 2 n))
(define-sequenced-callback (twice (int n)) int (count n))
(define-sequenced-callback (calls_so_far) int calls)

(return-to-host)
