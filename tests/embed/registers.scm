; Callbacks that leave few registers as they were. Their arguments are those of a context switch.
(import (chicken platform) (chicken foreign) (chicken gc) callseq)
(foreign-declare "void dirty(void); void call_again(void);")

(define dirty (foreign-lambda void dirty))
(define call-again (foreign-safe-lambda void call_again))

(define-sequenced-callback (plain (c-pointer a) (c-pointer b) (c-pointer c)) void
  (dirty))
(define-sequenced-callback (collected (c-pointer a) (c-pointer b) (c-pointer c)) void
  (dirty)
  (gc #f))
(define-sequenced-callback (nested (c-pointer a) (c-pointer b) (c-pointer c)) void
  (call-again)
  (dirty))
(define-sequenced-callback (failed_call (c-pointer a) (c-pointer b) (c-pointer c)) void
  (dirty)
  (error "failed on purpose"))

(return-to-host)
