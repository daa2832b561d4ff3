;; Rows callseq-hosted and, with -D cncb, callseq-cncb: a Scheme program that hosts native threads, in
;; one of which main.c measures, while the program waits in C.
(import (chicken base) (chicken foreign) callseq)

(cond-expand
  (cncb
   (import callseq-cncb)
   (define-synchronous-concurrent-native-callback (foo (int a)) int
     (+ a 100)))
  (else
   (define-sequenced-callback (foo (int a)) int
     (+ a 100))))

(foreign-declare "int row_main(int, char **);")
(define run (foreign-blocking-lambda* int () "return row_main(C_main_argc, C_main_argv);"))

(exit (run))
