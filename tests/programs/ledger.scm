;; The callbacks, and what the programs know of workers.c. Included after (import callseq).
(import (chicken foreign) (chicken time) (chicken gc))
(foreign-declare "#include <unistd.h>\n")
(foreign-declare "int deposit_here(int); void begin_work(int, int); void begin_rest(void); void begin_leaving(int);"
                 "void await_call(void); int working(void); int calls_made(void); int times_closed(void);"
                 "int times_ended(void);"
                 "void stop(void); int join(void); int inside(void);"
                 "unsigned long self(void); void interrupt(void); void begin_fork(void);"
                 "int fork_result(void); int answers(void); int hear(void); int deep(void);")

(define balance 0)
(define-sequenced-callback (deposit (int n)) int
  (set! balance (+ balance n))
  (+ n 1))
(define resting #f)
(define-sequenced-callback (rest (int ms)) int
  (set! resting #t)
  (sleep-ms ms)
  ms)
(define leave-with exit)
(define-sequenced-callback (leave (int code)) int
  (leave-with code))

(define begin-work (foreign-lambda void "begin_work" int int))
(define begin-rest (foreign-lambda void "begin_rest"))
(define begin-leaving (foreign-lambda void "begin_leaving" int))
(define begin-fork (foreign-lambda void "begin_fork"))
(define fork-result (foreign-lambda int "fork_result"))
(define await-call (foreign-blocking-lambda void "await_call"))
(define working (foreign-lambda int "working"))
(define calls-made (foreign-lambda int "calls_made"))
(define times-closed (foreign-lambda int "times_closed"))
(define times-ended (foreign-lambda int "times_ended"))
(define stop (foreign-lambda void "stop"))
(define join-all (foreign-blocking-lambda int "join"))
(define deposit-nested (foreign-safe-lambda int "deposit_here" int))
(define deposit-plainly (foreign-lambda int "deposit_here" int))
(define deposit-outside (foreign-blocking-lambda int "deposit_here" int))
(define deposit-deep-down (foreign-blocking-lambda int "deep"))
(define inside? (foreign-lambda bool "inside"))
(define inside-outside? (foreign-blocking-lambda bool "inside"))
(define self (foreign-lambda unsigned-long "self"))
(define interrupt (foreign-lambda void "interrupt"))
(define wait-5-ms (foreign-blocking-lambda* void ((int unused)) "usleep(5000);"))
(define answers (foreign-lambda int "answers"))
(define hear (foreign-lambda int "hear"))

(define (sleep-ms n) (##sys#thread-sleep! (+ n (current-process-milliseconds))))
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(define (numbers n) (if (= n 0) '() (cons n (numbers (- n 1)))))
