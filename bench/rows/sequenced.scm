;; The same callbacks as in plain.scm, sequenced. With -D blocking the first one calls a blocking C
;; function, with -D sleeping it sleeps for a millisecond; with -D later some are executed later; with
;; -D green a green thread computes for ever, as a session at a prompt may.
(import (chicken base) (chicken foreign) (chicken platform) (chicken time) callseq)

(foreign-declare "void row_nap(void);")
(define (doze ms) (##sys#thread-sleep! (+ ms (current-process-milliseconds))))

(cond-expand
  ((and blocking threads)
   (define wait (foreign-blocking-lambda void "row_nap")))
  (blocking
   (define wait (foreign-blocking-lambda* void () "")))
  (sleeping
   (define (wait) (doze 1)))
  (else
   (define-syntax wait (syntax-rules () ((_) (void))))))

(define-sequenced-callback (foo (int a)) int
  (wait)
  (+ a 100))
(define-sequenced-callback (sleep_on) void (doze 1e9))

(define-sequenced-callback (mixed (int a) (double b) (c-string c) (c-pointer d)) int
  (if (and (= b 0.5) (string=? c "text") d)
      (+ a 100)
      0))

;; A closure as a handle, in two calls.
(define-sequenced-callback (adder (int a)) callseq-handle
  (lambda () (+ a 100)))
(define-sequenced-callback (called (callseq-handle procedure)) int
  (procedure))

(cond-expand
  (later
   (define sum 0)
   (define-sequenced-callback/post (post_foo (int a)) void (set! sum (+ sum a 100)))
   (define-sequenced-callback (take_sum) integer64
     (let ((taken sum)) (set! sum 0) taken))
   (define-sequenced-callback/future (foo_later (int a)) int (+ a 100))
   (define notices 0)
   (define-sequenced-callback/notify (notice) void (set! notices (+ notices 1)))
   (define-sequenced-callback (take_notices) int
     (let ((taken notices)) (set! notices 0) taken))
   (cond-expand
     (held
      (foreign-declare "void row_wait(void);")
      (define-sequenced-callback (hold) void ((foreign-lambda void "row_wait"))))
     (else)))
  (else))

(cond-expand
  (green
   (define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
   (##sys#add-to-ready-queue
    (##sys#make-thread (lambda () (let loop () (fib 12) (loop)))
                       'ready 'computes ##sys#default-thread-quantum)))
  (else))

(cond-expand
  (threads
   (foreign-declare "void row_occupy(void);")
   (define-sequenced-callback (busy (int a)) int
     ((foreign-lambda void "row_occupy"))
     (+ a 100)))
  (else))

(return-to-host)
