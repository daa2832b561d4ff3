; CHICKEN's own threads, sleeping, and TCP ports, inside callbacks.
(declare (uses scheduler))
(import (chicken platform) (chicken base) (chicken foreign) (chicken io)
        (chicken process signal) (chicken tcp) (chicken time) callseq)

#>
#include <signal.h>
int enter_lower(int), enter_upper(int), enter_failing(int), enter_one(int), enter_other(int);
int enter_inner(int);
<#

(include "green-threads.scm")

(define (wait-until done?) (unless (done?) (##sys#thread-yield!) (wait-until done?)))

(define (garbage n) (length (vector->list (make-vector n n))))

(define raise-it (foreign-lambda int "raise" int))

; Two threads of one callback make a nested call each. The lower one begins first and ends first, as
; far as Scheme goes: its C function cannot return before the upper one.
(define enter-lower (foreign-safe-lambda int "enter_lower" int))
(define enter-upper (foreign-safe-lambda int "enter_upper" int))
(define begun '())
(define lower-over #f)

(define-sequenced-callback (lower (int n)) int
  (set! begun '(lower))
  (wait-until (lambda () (memq 'upper begun)))
  (garbage 1000)
  (set! lower-over #t)
  (+ n 1))
(define-sequenced-callback (upper (int n)) c-string
  (set! begun '(upper lower))
  (wait-until (lambda () lower-over))
  (do ((i 0 (+ i 1))) ((= i 20)) (garbage 1000) (##sys#thread-yield!))
  (number->string (+ n 2)))

(define results '())
(define (note key value) (set! results (cons (cons key value) results)))
(define (result key) (cond ((assq key results) => cdr) (else 0)))

(define (start-both n)
  (set! begun '())
  (set! lower-over #f)
  (set! results '())
  (start-thread (lambda () (note 'lower (enter-lower n))))
  (wait-until (lambda () (pair? begun)))
  (start-thread (lambda () (note 'upper (enter-upper n)))))

(define-sequenced-callback (both (int n)) int
  (start-both n)
  (wait-until (lambda () (= (length results) 2)))
  (if (and (= (result 'lower) (+ n 1)) (= (result 'upper) (+ n 2))) n -1))
; The body ends first of all; the call cannot.
(define-sequenced-callback (leave_both_behind (int n)) int (start-both n) n)
(define-sequenced-callback (left_behind (int n)) bool
  (and (= (result 'lower) (+ n 1)) (= (result 'upper) (+ n 2))))

; A nested call that raises in one thread, while another one's level is below it.
(define enter-failing (foreign-safe-lambda int "enter_failing" int))
(define-sequenced-callback (failing (int n)) int
  (set! begun '(upper lower))
  (wait-until (lambda () lower-over))
  (error "in a green thread's nested call" n))
(define-sequenced-callback (one_fails (int n)) int
  (set! begun '())
  (set! lower-over #f)
  (set! results '())
  (start-thread (lambda () (note 'lower (enter-lower n))))
  (wait-until (lambda () (pair? begun)))
  (start-thread (lambda () (note 'failing (enter-failing n))))
  (wait-until (lambda () (= (length results) 2)))
  (if (and (= (result 'lower) (+ n 1)) (= (result 'failing) -7)) n -1))

; Threads that take turns, preempted by CHICKEN's timer.
(define-sequenced-callback (take_turns (int threads) (int n)) int
  (let ((sum 0) (over 0))
    (do ((i 0 (+ i 1))) ((= i threads))
      (start-thread
       (lambda ()
         (do ((i 0 (+ i 1))) ((= i n))
           (set! sum (+ sum (garbage 1))))
         (set! over (+ over 1)))))
    (wait-until (lambda () (= over threads)))
    sum))

; Two that sleep at the same time, and the callback too.
(define-sequenced-callback (sleep_well (int n)) int
  (let ((awake 0))
    (define (sleep-a-little)
      (##sys#thread-sleep! (+ 5.0 (current-process-milliseconds)))
      (set! awake (+ awake 1)))
    (start-thread sleep-a-little)
    (start-thread sleep-a-little)
    (sleep-a-little)
    (wait-until (lambda () (= awake 3)))
    n))

; A server and its client in one callback; both block on the loopback.
(define-sequenced-callback (talk (int n)) c-string
  (let ((listener (tcp-listen 0 4 "127.0.0.1")))
    (start-thread
     (lambda ()
       (let-values (((in out) (tcp-accept listener)))
         (write-line (string-append "you said " (read-line in)) out)
         (close-output-port out)
         (close-input-port in))))
    (let-values (((in out) (tcp-connect "127.0.0.1" (tcp-listener-port listener))))
      (write-line (number->string n) out)
      (let ((answer (read-line in)))
        (close-output-port out)
        (close-input-port in)
        (tcp-close listener)
        answer))))
(define-sequenced-callback (nobody_there) int
  (let-values (((in out) (tcp-connect "127.0.0.1" 1))) 0))

; An error in a thread that nobody waits for, as CHICKEN has it: a warning.
(define-sequenced-callback (fail_in_a_thread (int n)) int
  (start-thread (lambda () (error "in a green thread")))
  (do ((i 0 (+ i 1))) ((= i 10)) (##sys#thread-yield!))
  n)

; A body that waits for what can never come: CHICKEN's scheduler has nobody to run.
(define-sequenced-callback (deadlock (int n)) int
  (exclusively
   (##sys#setslot ##sys#current-thread 3 'blocked)
   (##sys#schedule)
   n))

(define-sequenced-callback (twice (int n)) int (* 2 n))

; A signal handler ends the thread that it has interrupted, and so itself. Later ones run all the same.
(define handled 0)
(define-sequenced-callback (end_what_is_interrupted (int times)) int
  (let again ((i 0))
    (if (= i times)
        handled
        (let ((running #t) (worker #f))
          (set-signal-handler! signal/usr1
            (lambda (_)
              (set! handled (+ handled 1))
              (set! running #f)
              (##sys#thread-kill! worker 'terminated)
              (when (eq? worker ##sys#current-thread) (##sys#schedule))))
          (set! worker (start-thread (lambda () (raise-it signal/usr1) (let loop () (loop)))))
          (wait-until (lambda () (not running)))
          (again (+ i 1))))))

; A handler gives way to green threads that run, sleep and wait, itself in the middle of any of them.
(define-sequenced-callback (yield_in_handler (int times)) int
  (let ((running #t) (handled 0) (ticks 0) (threads 3) (over 0))
    (define (in-thread step)
      (start-thread (lambda () (let loop () (step) (when running (loop))) (set! over (+ over 1)))))
    (set-signal-handler! signal/usr2
      (lambda (_)
        (do ((i 0 (+ i 1))) ((= i 3)) (##sys#thread-yield!) (garbage 50))
        (set! handled (+ handled 1))))
    (in-thread (lambda () (set! ticks (+ ticks 1)) (garbage 20)))
    (in-thread (lambda () (##sys#thread-yield!)))
    (in-thread (lambda () (##sys#thread-sleep! (+ 1.0 (current-process-milliseconds)))))
    (let again ((i 0))
      (when (< i times)
        (let ((before handled))
          (raise-it signal/usr2)
          (wait-until (lambda () (> handled before)))
          (again (+ i 1)))))
    (set! running #f)
    (wait-until (lambda () (= over threads)))
    (if (> ticks 0) handled -1)))

; Nested calls of two threads, one after the other, while the timer switches between them. The number
; of results that are not the call's own.
(define enter-one (foreign-safe-lambda int "enter_one" int))
(define enter-other (foreign-safe-lambda int "enter_other" int))
(define (spin n) (if (zero? n) 0 (spin (- n 1))))
(define-sequenced-callback (one (int n)) int (spin (modulo n 97)) n)
(define-sequenced-callback (other (int n)) int (spin (modulo n 89)) (if (odd? n) (error "odd" n) n))
(define-sequenced-callback (nest_preempted (int rounds)) int
  (let ((running 2) (wrong 0))
    (define (work enter base)
      (do ((i 0 (+ i 1))) ((= i rounds))
        (spin (modulo i 53))
        (unless (= (+ base i) (enter (+ base i))) (set! wrong (+ wrong 1))))
      (set! running (- running 1)))
    (start-thread (lambda () (work enter-one 1000000)))
    (start-thread (lambda () (work enter-other 2000000)))
    (wait-until (lambda () (zero? running)))
    wrong))

; Another thread uses the nursery, at any moment, while one callback after the other nests.
(define busy #f)
(define work 0)
(define-sequenced-callback (begin_busy) void
  (set! busy #t)
  (start-thread
   (lambda ()
     (let loop ((n 0))
       (set! work (+ work 1))
       (unless (eqv? n (vector-ref (make-vector 20 n) 7)) (set! busy #f))
       (when (= 5 (modulo n 2500)) (##sys#thread-yield!))
       (when busy (loop (+ n 1)))))))
(define-sequenced-callback (end_busy) void (set! busy #f))
(define enter-inner (foreign-safe-lambda int "enter_inner" int))
(define-sequenced-callback (outer (int n)) int (enter-inner n))
(define-sequenced-callback (inner (int n)) int (+ n 1))
(define-sequenced-callback (yielding_inner (int n)) int (begin (##sys#thread-yield!) (+ n 1)))

(return-to-host)
