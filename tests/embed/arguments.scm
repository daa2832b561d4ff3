; No argument, thirty, of mixed types; void; the optional qualifiers; forms inside a module.
(import (chicken platform) (chicken string) callseq)

(define calls 0)
(define-sequenced-callback (count_call) void (set! calls (+ calls 1)) "a value nobody wants")
(define-sequenced-callback (calls_so_far) int calls)
(define-sequenced-callback/status (try_nothing) void (set! calls (+ calls 1)))
(define-sequenced-callback/status (try_calls) int calls)

(define-sequenced-callback
  (thirty (int a1) (double a2) (c-string a3) (long a4) (char a5) (bool a6) (c-pointer a7)
          (float a8) (short a9) (unsigned-int a10) (int a11) (double a12) (c-string a13) (long a14)
          (char a15) (bool a16) (c-pointer a17) (float a18) (short a19) (unsigned-int a20)
          (int a21) (double a22) (c-string a23) (long a24) (char a25) (bool a26) (c-pointer a27)
          (float a28) (short a29) (unsigned-int a30))
  c-string
  (string-intersperse
   (map ->string
        (list a1 a2 a3 a4 a5 a6 (and a7 #t) a8 a9 a10 a11 a12 a13 a14 a15 a16 (and a17 #t) a18 a19
              a20 a21 a22 a23 a24 a25 a26 (and a27 #t) a28 a29 a30))))

(define-sequenced-callback/status
  (thirty_ints (int a1) (int a2) (int a3) (int a4) (int a5) (int a6) (int a7) (int a8) (int a9)
               (int a10) (int a11) (int a12) (int a13) (int a14) (int a15) (int a16) (int a17)
               (int a18) (int a19) (int a20) (int a21) (int a22) (int a23) (int a24) (int a25)
               (int a26) (int a27) (int a28) (int a29) (int a30))
  int
  (- (+ a1 a3 a5 a7 a9 a11 a13 a15 a17 a19 a21 a23 a25 a27 a29)
     (+ a2 a4 a6 a8 a10 a12 a14 a16 a18 a20 a22 a24 a26 a28 a30)))

(define-sequenced-callback "__attribute__((cold))" (qualified (int a)) int (+ a 1))
(define-sequenced-callback/status "__attribute__((cold))" (try_qualified (int a)) int (+ a 1))

; The body is a body: definitions first.
(define-sequenced-callback (factorial (int n)) integer64
  (define (product n) (if (zero? n) 1 (* n (product (- n 1)))))
  (define one (product 0))
  (* one (product n)))

; NAME is not defined in Scheme, so a procedure may have it.
(define (add a b) (+ a b))
(define-sequenced-callback (add (int a) (int b)) int (add a b))

(module shop (price)
  (import scheme callseq)
  (define price 5)
  (define-sequenced-callback (price_of (int pieces)) int (* price pieces)))

(return-to-host)
