; Callbacks that keep the runtime until the host lets it go.
(import (chicken platform) (chicken foreign) callseq)

#>
void wait_for_main(void), wait_cancellably(void);
<#

(define wait (foreign-lambda void "wait_for_main"))
(define wait-cancellably (foreign-lambda void "wait_cancellably"))
(define-sequenced-callback (hold (int n)) int (wait) (* 2 n))
(define-sequenced-callback (hold_cancellably (int n)) int (wait-cancellably) (* 2 n))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
