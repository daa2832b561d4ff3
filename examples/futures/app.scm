;; Futures: a thread hands out many calls, does something else, and gathers the results. One is cancelled,
;; one fails, and one tells when it has ended.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) callseq)

(callseq-header "app.h")

(define (fibonacci n) (if (< n 2) n (+ (fibonacci (- n 1)) (fibonacci (- n 2)))))

(define-sequenced-callback/future (fib (int n)) integer64
  (if (< n 0) (error "there is none of" n) (fibonacci n)))

(define-sequenced-callback/future (greeting (c-string name)) c-string (string-append "hello, " name))

(return-to-host)
