; Callbacks that fault: in C code that they call, and in Scheme itself.
(import (chicken platform) (chicken foreign) (chicken memory) callseq)

#>
void fault(int), call_fault(int);
<#

(define fault (foreign-lambda void "fault" int))
(define call-fault (foreign-safe-lambda void "call_fault" int))

(define-sequenced-callback (fault_below (int which)) int (fault which) 1)
(define-sequenced-callback (fault_nested (int which)) int (call-fault which) 1)
(define-sequenced-callback (read_byte (c-pointer p)) int (pointer-u8-ref p))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
