; A callback that keeps whatever it allocates.
(import (chicken platform) (chicken foreign) callseq)

(define kept '())
(define-sequenced-callback (keep (int megabytes)) int
  (do ((i 0 (+ i 1))) ((= i megabytes) (length kept))
    (set! kept (cons (make-string (* 1024 1024) #\x) kept))))

(return-to-host)
