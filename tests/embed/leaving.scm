; Callbacks whose C code does not return.
(import (chicken platform) (chicken foreign) callseq)

#>
#ifdef __cplusplus
extern "C"
#endif
void leave(int);
<#

(define leave-safely (foreign-safe-lambda void "leave" int))
(define leave (foreign-lambda void "leave" int))
(define-sequenced-callback (go (int how)) int (leave how) how)
(define-sequenced-callback (go_safely (int how)) int (leave-safely how) how)
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
