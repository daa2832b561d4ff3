; Calls that wait no longer than their thread has patience.
(declare (uses scheduler))
(import (chicken platform) (chicken base) (chicken foreign) (chicken time) callseq)

#>
void hold(void);
int nested(int n);
<#

(define hold (foreign-safe-lambda void "hold"))
(define executed 0)
(define-sequenced-callback (count) int (set! executed (+ executed 1)) executed)
(define-sequenced-callback/status (count_status) int (set! executed (+ executed 1)) executed)
(define-sequenced-callback (hold_it (int n)) int (hold) n)
(define nest (foreign-safe-lambda int "nested" int))
(define-sequenced-callback (nest_it (int n)) int (nest n))
(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (sleep_it (int ms)) int
  (##sys#thread-sleep! (+ ms (exact->inexact (current-process-milliseconds))))
  ms)
(return-to-host)
