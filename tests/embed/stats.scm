; What the statistics count.
(import (chicken platform) (chicken foreign) (chicken gc) (chicken locative) callseq)

#>
int nest(int);
int leave_frames(int);
int leave_by(int);
void wait_for_host(void);
<#

(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (outer (int n)) int ((foreign-safe-lambda int "nest" int) n))
(define-sequenced-callback (collect) void (gc #f))

; The value comes by a continuation from C code, whose frames CHICKEN keeps for good.
(define return #f)
(define-external (leave_by (int n)) int (return n))
(define-sequenced-callback (escape (int n)) int
  (call/cc (lambda (k) (set! return k) ((foreign-safe-lambda int "leave_frames" int) n))))

;; Each of them costs every collection some time.
(define locatives '())
(define-sequenced-callback (locate (int n)) void
  (do ((i 0 (+ i 1))) ((= i n))
    (set! locatives (cons (make-locative (vector i) 0) locatives))))

(define-sequenced-callback (hold) void ((foreign-lambda void "wait_for_host")))

(return-to-host)
