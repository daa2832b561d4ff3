; Callbacks with cancellation points, and one that keeps the runtime until the host lets it go.
(import (chicken platform) (chicken foreign) callseq)

#>
void wait_for_main(void), be_cancellable(void);
<#

(define wait (foreign-lambda void "wait_for_main"))
(define be-cancellable (foreign-lambda void "be_cancellable"))
(define held 0)
(define (twice n) (be-cancellable) (* 2 n))
(define-sequenced-callback (hold (int n)) int (wait) (set! held (+ held 1)) (twice n))
(define-sequenced-callback (held_to_the_end) int held)
(define-sequenced-callback (twice (int n)) int (twice n))

(return-to-host)
