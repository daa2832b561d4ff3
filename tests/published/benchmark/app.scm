(import (chicken platform) (chicken foreign) callseq)

(define run (foreign-lambda void "start_threads"))

(define-sequenced-callback (foo (integer x)) int
  (+ x 100))
(define-sequenced-callback (total (unsigned-integer64 a) (unsigned-integer64 b)) unsigned-integer64
  (+ a b))

(run) ; the threads wait until the host lets them go
(return-to-host)
