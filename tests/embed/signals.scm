; Scheme signal handlers.
(import (chicken platform) (chicken process signal) (chicken foreign) (chicken time) callseq)

#>
#include <signal.h>
void handled(int), sleep_until_interrupted(void), sit(void);
int nest(int), enter_deep(int, int, int);
<#

(define handled (foreign-lambda void "handled" int))
(define handled-safely (foreign-safe-lambda void "handled" int))
(define sleep-until-interrupted (foreign-lambda void "sleep_until_interrupted"))
(define raise-it (foreign-lambda int "raise" int))

(define seen 0)
(define fail? #f)
(define (handle signal)
  (set! seen (+ seen 1))
  (when fail? (error "in the signal handler"))
  (when wait?
    (set! wait? #f)
    (##sys#thread-sleep! (+ (current-process-milliseconds) 1e7)))
  (handled signal))
(set-signal-handler! signal/usr1 handle)

(define (spin n) (if (zero? n) 0 (spin (- n 1))))
(define-sequenced-callback (raise_inside (int n)) int (raise-it signal/usr1) (spin 100000) (* 2 n))
(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (seen_so_far) int seen)
(define-sequenced-callback (let_it_fail (bool flag)) void (set! fail? flag))

; Runs for ever; a handler that comes between waits.
(define wait? #f)
(define-sequenced-callback (run_until_waiting) void
  (set! wait? #t)
  (handled 0)
  (let loop () (loop)))

(define-sequenced-callback (handle_also (int signal)) void (set-signal-handler! signal handle))
(define-sequenced-callback (handle_nesting (int signal)) void
  (set! (signal-handler signal) handled-safely))
(define-sequenced-callback (ignore_it (int signal)) void (set-signal-handler! signal #f))

; Runs until a handler has run meanwhile.
(define-sequenced-callback (run_until_seen) int
  (let ((before seen))
    (let loop () (if (= seen before) (loop) (- seen before)))))

; Sleeps in a system call, in which no handler of Scheme's can run.
(define-sequenced-callback (sleep_until_seen) int
  (let ((before seen))
    (sleep-until-interrupted)
    (let loop () (if (= seen before) (loop) (- seen before)))))

(define-sequenced-callback (sit_inside) void ((foreign-lambda void "sit")))

; A signal is pending as a nested call returns to C, and as a plain callback does.
(define nest (foreign-safe-lambda int "nest" int))
(define-sequenced-callback (inner (int n)) int (raise-it signal/usr1) n)
(define-sequenced-callback (outer (int n)) int (nest n))
(define-external (plain (int n)) int (raise-it signal/usr1) n)

; A signal comes when a procedure collects because it needs much room.
(define many (let loop ((i 0) (l '())) (if (= i 1000) l (loop (+ i 1) (cons i l)))))
(define-sequenced-callback (apply_to_many) int
  (raise-it signal/usr1)
  (length (apply list many)))

; Signals come while the handler of an earlier one runs, deep in C code that has used most of the
; nursery, or in levels below each other.
(define deep 0)
(define-sequenced-callback (handle_deeply (int signal)) void
  (set-signal-handler! signal
    (lambda (signal)
      (set! deep (+ deep 1))
      (when (odd? deep) (raise-it signal))
      (spin 1000))))
(define enter-deep (foreign-safe-lambda int "enter_deep" int int int))
(define-sequenced-callback (go_deep (int signal) (int kib) (int levels)) int
  (cond ((zero? levels) (raise-it signal) (spin 1000) deep)
        (else (enter-deep signal kib (- levels 1)))))

; A handler that gives up what it has interrupted.
(define-sequenced-callback (run_until_given_up (int signal)) int
  (call/cc
   (lambda (give-up)
     (set-signal-handler! signal (lambda (_) (give-up 7)))
     (handled 0)
     (let loop () (loop)))))

(return-to-host)
