;; The function of the row callseq.
(import (chicken platform) callseq)

(define-sequenced-callback (foo (int x)) int
  (+ x 100))

(return-to-host)
