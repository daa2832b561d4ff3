; Callbacks that keep the runtime until the host lets it go.
(import (chicken platform) (chicken foreign) callseq)

#>
void wait_for_main(void);
int run_inner(void);
<#

(define wait (foreign-lambda void "wait_for_main"))
(define-sequenced-callback (slow_rule) int (wait) 1)
(define-sequenced-callback (outer_rule) int (+ 1 ((foreign-safe-lambda int "run_inner"))))
(define-sequenced-callback (inner_rule) int (wait) 1)
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
