; Callbacks for threads that keep calling, for a forked child, and ones that fork.
(import (chicken platform) (chicken gc) (chicken foreign) (chicken process) callseq)

#>
int callseq_init(void);
int fork_in_c(void), call_fork_plainly(void);
<#

(define kept '())
(define-sequenced-callback (busy (int n)) int
  (set! kept (make-string n #\x))
  (string-length kept))
(define-sequenced-callback (init_inside) int ((foreign-safe-lambda int "callseq_init")))
(define-sequenced-callback (allocate (int n)) int
  (gc #t)
  (length (vector->list (make-vector n 0))))
(define-sequenced-callback (fail) int (error "failed"))

; Each returns twice: the child's process id, and in the child 0. What surrounds the fork must work
; on both sides.
(define (then-collect id) (gc #t) id)
(define-sequenced-callback (fork_plainly) int (then-collect ((foreign-lambda int "fork_in_c"))))
(define-sequenced-callback (fork_nested) int
  (then-collect ((foreign-safe-lambda int "call_fork_plainly"))))
(define-sequenced-callback (fork_in_scheme) int (then-collect (process-fork)))
; The child's exit status.
(define-sequenced-callback (fork_thunk) int
  (receive (id normally? status) (process-wait (process-fork (lambda () (error "in the child"))))
    (if normally? status -1)))
(define-sequenced-callback (fork_and_fail) int
  (error "after the fork" ((foreign-lambda int "fork_in_c"))))

(return-to-host)
