; Callbacks that allocate much, keep much, recurse deeply.
(import (chicken platform) (chicken base) callseq)

(define (strings megabytes)
  (do ((i 0 (+ i 1))
       (strings '() (cons (make-string (* 1024 1024) #\x) strings)))
      ((= i megabytes) strings)))

(define kept '())
(define-sequenced-callback (keep (int megabytes)) int
  (set! kept (append (strings megabytes) kept))
  (length kept))

; Small objects that are dropped at once.
(define-sequenced-callback (waste (int megabytes)) int
  (do ((i 0 (+ i 1)) (length 0 (+ length (vector-length (make-vector 127 i)))))
      ((= i (* 1024 megabytes)) (quotient length (* 127 1024)))))

; Small and large ones that live until the body ends.
(define-sequenced-callback (hold (int megabytes)) int
  (let ((large (strings (quotient megabytes 2)))
        (small (vector->list (make-vector (* (quotient megabytes 2) 43690) 'x))))
    (for-each (lambda (string) (string-set! string 1000 #\y)) large)
    (+ (length (filter-y large)) (quotient (length small) 43690))))
(define (filter-y strings)
  (cond ((null? strings) '())
        ((char=? (string-ref (car strings) 1000) #\y) (cons #t (filter-y (cdr strings))))
        (else (filter-y (cdr strings)))))

; Three ways down: an operand that waits, a captured continuation on each level, a library procedure
; that calls back.
(define-sequenced-callback (deep (int n)) int
  (let loop ((i n)) (if (zero? i) 0 (+ 1 (loop (- i 1))))))
(define-sequenced-callback (deep_continuations (int n)) int
  (let loop ((i n))
    (if (zero? i) 0 (+ 1 (call/cc (lambda (k) (if (odd? i) (loop (- i 1)) (k (loop (- i 1))))))))))
(define-sequenced-callback (deep_winds (int n)) int
  (let loop ((i n))
    (if (zero? i) 0 (+ 1 (dynamic-wind void (lambda () (loop (- i 1))) void)))))
(define-sequenced-callback (deep_and_fail (int n)) int
  (let loop ((i n)) (if (zero? i) (error "at the bottom") (+ 1 (loop (- i 1))))))

; equal? recurses in C, on the stack.
(define (nest n) (do ((i 0 (+ i 1)) (list '() (cons list '()))) ((= i n) list)))
(define-sequenced-callback (compare (int n)) bool (equal? (nest n) (nest n)))

(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
