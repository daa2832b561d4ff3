; One callback that does everything: allocates, collects, raises, nests, now and then each.
(import (chicken platform) (chicken gc) (chicken foreign) callseq)

#>
int nest(int, int);
<#

(define calls 0)
(define nest (foreign-safe-lambda int "nest" int int))

(define (garbage n)
  (let loop ((i 0) (items '()))
    (if (< i n) (loop (+ i 1) (cons (make-string 20 #\x) items)) items)))

; n times one more than the depth of nesting. kind: 0 plain, 1 collects, 2 raises, 3 nests.
(define-sequenced-callback/status (work (int kind) (int n) (int depth)) int
  (set! calls (+ calls 1))
  (let ((items (garbage (remainder n 20))))
    (case kind
      ((1) (gc #t))
      ((2) (error "asked to fail" n)))
    (let ((below (if (= kind 3) (nest n depth) 0)))
      (if (= (length items) (remainder n 20)) (+ n below) -1))))

(define-sequenced-callback (calls_so_far) integer64 calls)

(return-to-host)
