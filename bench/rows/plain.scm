;; The plain callbacks: the post's, and one with arguments of four types.
(import (chicken base) (chicken foreign) (chicken platform))

(define-external (foo (integer x)) int
  (+ x 100))

(define-external (mixed (int a) (double b) (c-string c) (c-pointer d)) int
  (if (and (= b 0.5) (string=? c "text") d)
      (+ a 100)
      0))

;; The post's with more to do, for the rows with threads.
(cond-expand
  (threads
   (foreign-declare "void row_occupy(void);")
   (define-external (busy (integer x)) int
     ((foreign-lambda void "row_occupy"))
     (+ x 100)))
  (else))

;; From its first use on, eval makes every minor collection mark the trace buffer too.
(cond-expand
  (after-eval (eval '(+ 1 2)))
  (else))

(return-to-host)
