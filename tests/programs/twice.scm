;; A callback for a host: what tests of building and installing compile.
(import (chicken platform) callseq)
(define-sequenced-callback (twice (int n)) int (* 2 n))
(return-to-host)
