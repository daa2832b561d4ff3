;; Callbacks for a thread that early.scm has begun.
(import (chicken base) (chicken foreign) callseq)
(foreign-declare "int deposit(int); int tell_early(int (*)(int));")
(define-sequenced-callback (deposit (int n)) int (+ n 1))
(print "late: " ((foreign-blocking-lambda* int ((int unused)) "return tell_early(deposit);") 0))
