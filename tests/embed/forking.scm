; Callbacks for threads that keep calling, and two for a forked child.
(import (chicken platform) (chicken gc) (chicken foreign) callseq)

#>
int callseq_init(void);
<#

(define kept '())
(define-sequenced-callback (busy (int n)) int
  (set! kept (make-string n #\x))
  (string-length kept))
(define-sequenced-callback (init_inside) int ((foreign-safe-lambda int "callseq_init")))
(define-sequenced-callback (allocate (int n)) int
  (gc #t)
  (length (vector->list (make-vector n 0))))
(define-sequenced-callback (fail) int (error "failed"))

(return-to-host)
