; C code under a plain foreign-lambda, where CHICKEN cannot be re-entered.
(import (chicken platform) (chicken foreign) callseq)

#>
int try_callback(void), try_invoke(void), enter(void);
<#

(define try-plainly (foreign-lambda int "try_callback"))
(define try-safely (foreign-safe-lambda int "try_callback"))
(define invoke-plainly (foreign-lambda int "try_invoke"))
(define enter (foreign-safe-lambda int "enter"))

(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback/status (try_twice (int n)) int (* 2 n))

; What C answers, and garbage enough to move everything that a corrupted stack would lose.
(define (with-garbage answer)
  (let loop ((i 0) (keep '()))
    (if (< i 1000)
        (loop (+ i 1) (cons (make-vector 10 i) keep))
        (+ answer (- (length keep) 1000)))))

(define-sequenced-callback (plainly) int (with-garbage (try-plainly)))
(define-sequenced-callback (safely) int (with-garbage (try-safely)))
(define-sequenced-callback (invoking) int (with-garbage (invoke-plainly)))
(define-sequenced-callback (nested_plainly) int (with-garbage (+ (enter) (try-plainly))))

(return-to-host)
