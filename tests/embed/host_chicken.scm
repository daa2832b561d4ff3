; For a host that runs CHICKEN by itself, as without callseq.
(import (chicken platform) (chicken foreign) callseq)

(define-external (plainly (int n)) int (* 3 n))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
