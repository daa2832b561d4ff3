; Callbacks for threads and processes that begin or end.
(import (chicken platform) callseq)

(define calls 0)
(define-sequenced-callback (twice (int n)) int (set! calls (+ calls 1)) (* 2 n))
(define-sequenced-callback/status (try_twice (int n)) int (set! calls (+ calls 1)) (* 2 n))
(define-sequenced-callback (shout (c-string text)) c-string (string-append text "!"))
(define-sequenced-callback (fail (int n)) int (error "failed" n))
(define-sequenced-callback (calls_so_far) int calls)

(return-to-host)
