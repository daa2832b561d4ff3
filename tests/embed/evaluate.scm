;; Evaluation from C: rules that text replaces, a callback that C code under evaluated text calls, one
;; that evaluates itself, and a wait in evaluated text.
(import (chicken base) (chicken foreign) (chicken platform) (chicken time)
        callseq callseq-eval)

(include "green-threads.scm")

(define (rule n) (* 2 n))
(define-sequenced-callback (apply_rule (int n)) int (rule n))

(foreign-declare "int evaluate_below(const char *code);")
(define evaluate-below (foreign-safe-lambda int "evaluate_below" nonnull-c-string))
(define evaluate-outside (foreign-blocking-lambda int "evaluate_below" nonnull-c-string))

(define level 0)

;; Waits in the scheduler for a millisecond.
(define (pause) (##sys#thread-sleep! (+ 1 (current-process-milliseconds))))
;; Gives WRONG to its continuation in a green thread, which may not, and ends by that; then gives RIGHT.
(define (enter-by-thread wrong right)
  (call/cc
   (lambda (k)
     (let ((thread (start-thread (lambda () (k wrong)))))
       (let loop ()
         (unless (memq (##sys#slot thread 3) '(dead terminated))
           (##sys#thread-yield!)
           (loop)))
       right))))
(define large (make-string 400000 #\x))
(return-to-host)
