;; Scheme programs that host native threads, in which main.c or threads.c measures.
;;
;; Rows callseq-hosted and, with -D cncb, callseq-cncb, with -D async callseq-cncb-async: the program
;; waits in C. With -D asleep row callseq-asleep: it waits in the scheduler. With -D computing row
;; callseq-computing: it computes.
(import (chicken base) (chicken foreign) (chicken time) callseq)

(cond-expand
  (async
   (import callseq-cncb)
   (foreign-declare "void row_got(int);")
   (define-concurrent-native-callback (foo_later (int a))
     ((foreign-lambda void "row_got" int) (+ a 100))))
  (cncb
   (import callseq-cncb)
   (define-synchronous-concurrent-native-callback (foo (int a)) int
     (+ a 100)))
  (else
   (define-sequenced-callback (foo (int a)) int
     (+ a 100))))
(define-sequenced-callback (busy (int a)) int
  (+ a 100))

(foreign-declare "int row_main(int, char **), row_begin(int, char **), row_result(void);")
(foreign-declare "int row_is_over(void); void row_step(double);")

(define (wait-for-input fd)
  (##sys#thread-block-for-i/o! ##sys#current-thread fd #:input)
  (##sys#thread-yield!))

(define (begin-row) ((foreign-lambda* int () "C_return(row_begin(C_main_argc, C_main_argv));")))
(define result (foreign-blocking-lambda int "row_result"))

(cond-expand
  (asleep
   (wait-for-input (begin-row)))
  (computing
   (define over? (foreign-lambda bool "row_is_over"))
   (define step! (foreign-lambda void "row_step" double))
   (define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
   (define (work) (fib 12))
   (define (steps-in ms)
     (let ((end (+ ms (current-process-milliseconds))))
       (let loop ((steps 0))
         (work)
         (if (< (current-process-milliseconds) end) (loop (+ steps 1)) steps))))
   (steps-in 100)
   (define alone (* 10. (steps-in 100)))
   (begin-row)
   (let loop ()
     (work)
     (step! alone)
     (unless (over?) (loop))))
  (else
   (define result
     (foreign-blocking-lambda* int () "return row_main(C_main_argc, C_main_argv);"))))

(exit (result))
