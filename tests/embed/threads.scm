; Callbacks of several types for several threads.
(import (chicken platform) (chicken foreign) callseq)

(define calls 0)
(define (count!) (set! calls (+ calls 1)))

(define-sequenced-callback (add (int a) (int b)) int (count!) (+ a b))
(define-sequenced-callback (scale (double x) (double y)) double (count!) (* x y))
(define-sequenced-callback (join (c-string a) (c-string b)) c-string
  (count!)
  (string-append a "/" b))
(define-sequenced-callback (big (integer64 x)) integer64 (count!) (- x))
(define-sequenced-callback/status (half (int n)) int
  (count!)
  (if (odd? n) (error "odd" n) (quotient n 2)))
(define-sequenced-callback (garbage (int n)) int
  (count!)
  (let loop ((i 0) (items '()))
    (if (< i n) (loop (+ i 1) (cons (number->string i) items)) (length items))))
(define-sequenced-callback (nothing) void (count!))
(define-sequenced-callback (calls_so_far) int calls)

(return-to-host)
