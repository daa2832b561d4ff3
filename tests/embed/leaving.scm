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
(define leave-outside (foreign-blocking-lambda void "leave" int))
(define-sequenced-callback (go_outside (int how)) int (leave-outside how) how)
(define (start thunk)
  (let ((thread (##sys#make-thread #f 'created 'green 10)))
    (##sys#setslot thread 1 thunk)
    (##sys#setslot thread 3 'ready)
    (##sys#add-to-ready-queue thread)))
(define-sequenced-callback (go_beside (int how)) int
  (start (lambda () (leave-outside how)))
  (##sys#setslot ##sys#current-thread 3 'blocked)
  (##sys#schedule))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
