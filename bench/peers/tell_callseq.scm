;; The functions of the second table's row callseq.
(import (chicken platform) (chicken foreign) callseq)

(foreign-declare "#include \"tell.h\"")

(define left 0)
(define sum 0)

(define tell-end (foreign-lambda void "tell_end" double))

(define-sequenced-callback (expect (int events)) void
  (set! left events))

(define-sequenced-callback/post (note (int x)) void
  (set! sum (+ sum x))
  (set! left (- left 1))
  (when (eq? left 0)
    (tell-end (exact->inexact sum))))

(return-to-host)
