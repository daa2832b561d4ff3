;; The same callbacks as in plain.scm, sequenced.
(import (chicken base) (chicken foreign) (chicken platform) callseq)

(define-sequenced-callback (foo (int a)) int
  (+ a 100))

(define-sequenced-callback (mixed (int a) (double b) (c-string c) (c-pointer d)) int
  (if (and (= b 0.5) (string=? c "text") d)
      (+ a 100)
      0))

(cond-expand
  (threads
   (foreign-declare "void row_occupy(void);")
   (define-sequenced-callback (busy (int a)) int
     ((foreign-lambda void "row_occupy"))
     (+ a 100)))
  (else))

(return-to-host)
