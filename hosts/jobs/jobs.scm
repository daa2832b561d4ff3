;; What the worker does: a procedure for each kind of job. It gets the payload, and its value, a string, is
;; the result; an error is a job that has failed, and is told instead.
(import (chicken platform) (chicken base) (chicken string) callseq)

(define kinds '())
(define (job kind procedure) (set! kinds (cons (cons kind procedure) kinds)))

(define-sequenced-callback/status (work (c-string kind) (c-string payload)) c-string*
  ((or (alist-ref kind kinds string=?) (error "no such kind of job" kind)) payload))

;; ---- Yours ----

;; "sum=100000 age=45 smoker=yes": the premium of an insurance.
(job "premium"
  (lambda (payload)
    (let* ((fields (map (lambda (field) (string-split field "=")) (string-split payload)))
           (field (lambda (name) (cadr (or (assoc name fields) (error "missing" name)))))
           (sum (string->number (field "sum")))
           (age (string->number (field "age"))))
      (number->string
        (quotient (* sum (cond ((< age 30) 2) ((< age 60) 5) (else 12)) (if (equal? (field "smoker") "yes") 2 1))
                  1000)))))

;; How many primes there are up to a number.
(job "primes"
  (lambda (payload)
    (let next ((n (string->number payload)) (count 0))
      (if (< n 2) (number->string count) (next (- n 1) (if (prime? n) (+ count 1) count))))))

(define (prime? n)
  (let next ((d 2))
    (cond ((> (* d d) n) #t) ((zero? (modulo n d)) #f) (else (next (+ d 1))))))

(job "exit" (lambda (payload) (exit 1))) ; takes its whole worker with it

(return-to-host)
