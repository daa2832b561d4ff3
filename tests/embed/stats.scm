; What the statistics count.
(import (chicken platform) (chicken foreign) (chicken gc) callseq)

#>
int nest(int);
void wait_for_host(void);
<#

(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (outer (int n)) int ((foreign-safe-lambda int "nest" int) n))
(define-sequenced-callback (collect) void (gc #f))
(define-sequenced-callback (hold) void ((foreign-lambda void "wait_for_host")))

(return-to-host)
