; A callback that waits for what the thread of the call before does.
(import (chicken platform) (chicken foreign) callseq)

#>
void wait_inside(int);
<#

(define wait-inside (foreign-lambda void "wait_inside" int))
(define-sequenced-callback (wait_for_last (int call)) int (wait-inside call) call)

(return-to-host)
