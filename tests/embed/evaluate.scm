;; Evaluation from C: rules that text replaces, a callback that C code under evaluated text calls, one
;; that evaluates itself, and a wait in evaluated text.
(import (chicken base) (chicken foreign) (chicken platform) (chicken time)
        callseq callseq-eval)

(define (rule n) (* 2 n))
(define-sequenced-callback (apply_rule (int n)) int (rule n))

(foreign-declare "int evaluate_below(const char *code);")
(define evaluate-below (foreign-safe-lambda int "evaluate_below" nonnull-c-string))
(define evaluate-outside (foreign-blocking-lambda int "evaluate_below" nonnull-c-string))

(define level 0)

;; Waits in the scheduler for a millisecond.
(define (pause) (##sys#thread-sleep! (+ 1 (current-process-milliseconds))))
(return-to-host)
