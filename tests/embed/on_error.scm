; Failures for the host to hear of.
(import (chicken platform) (chicken foreign) callseq)

(define-sequenced-callback (fetch (int n)) int
  (if (odd? n) (error 'fetch "no such record" n) n))
(define-sequenced-callback/status (try_fetch (int n)) int
  (if (odd? n) (error 'fetch "no such record" n) n))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
