; Failures whose on_error does not return.
(import (chicken platform) (chicken foreign) callseq)

(foreign-declare "extern \"C\" int call_fail(int);")

(define-sequenced-callback (fail (int n)) int (error "asked to fail" n))
(define-sequenced-callback (fail_for_text (int n)) c-string (error "asked to fail" n))
(define-sequenced-callback (around (int n)) int (+ 1 ((foreign-safe-lambda int "call_fail" int) n)))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
