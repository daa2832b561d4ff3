; A Scheme signal handler.
(import (chicken platform) (chicken process signal) (chicken foreign) callseq)

#>
void raise_usr1(void);
<#

(define seen 0)
(define fail? #f)
(set-signal-handler! signal/usr1
  (lambda (signal)
    (set! seen (+ seen 1))
    (when fail? (error "in the signal handler"))))

(define raise-it (foreign-lambda void "raise_usr1"))
(define (spin n) (if (zero? n) 0 (spin (- n 1))))
(define-sequenced-callback (raise_inside (int n)) int (raise-it) (spin 100000) (* 2 n))
(define-sequenced-callback (seen_so_far) int (spin 100000) seen)
(define-sequenced-callback (let_it_fail (bool flag)) void (set! fail? flag))

(return-to-host)
