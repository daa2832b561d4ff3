; A callback that keeps the runtime until the host lets it go.
(import (chicken platform) (chicken foreign) callseq)

#>
void wait_for_main(void);
<#

(define wait (foreign-lambda void "wait_for_main"))
(define-sequenced-callback (slow_rule) int (wait) 1)
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
