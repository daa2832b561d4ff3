; Calls that end the process.
(declare (uses scheduler))
(import (chicken platform) (chicken base) (chicken condition) (chicken gc) (chicken process signal)
        (chicken process-context) (chicken foreign) callseq)

#>
#include <signal.h>
int nest(int);
void sit(void), exit_in_c(int);
<#

(define (tell text) (display text) (flush-output))

(define-sequenced-callback (add_thunk (c-string text)) void
  (on-exit (lambda () (tell text))))
(define-sequenced-callback (add_failing_thunk) void
  (on-exit (lambda () (tell "fails ") (error "in an on-exit thunk"))))
(define-sequenced-callback (leave (int code)) int
  (dynamic-wind void (lambda () (exit code)) (lambda () (tell "unwound "))))
(define-sequenced-callback/status (try_leave (int code)) int (exit code))
(define-sequenced-callback (leave_plainly) void (exit))
(define-sequenced-callback (leave_at_once (int code)) void (emergency-exit code))
(define-external (leave_externally (int code)) int (exit code))
(define nest (foreign-safe-lambda int "nest" int))
(define-sequenced-callback (leave_nested (int code)) int (nest code))
(define-sequenced-callback (leave_in_c (int code)) void
  ((foreign-safe-lambda void "exit_in_c" int) code))
(define-sequenced-callback (work (int n)) int (vector-length (make-vector n n)))

(define-sequenced-callback (add_unprintable_thunk) void
  (on-exit (lambda () (tell "fails ") (abort (unprintable)))))
(define-sequenced-callback (add_leaving_thunk) void (on-exit (lambda () (tell "leaves ") (exit 1))))
(define-sequenced-callback (own_exit_handler) void
  (exit-handler (lambda (#!optional (code 0)) (error "no exit with" code))))

; (exit) where a finalizer runs: by itself, by a signal handler meanwhile; and later.
(define raise-it (foreign-lambda int "raise" int))
(define-sequenced-callback (finalize_leaving (int code)) void
  (set-finalizer! (vector 1) (lambda (_) (exit code)))
  (gc #t))
(define-sequenced-callback (finalize_interrupted (int code)) void
  (set-signal-handler! signal/usr1 (lambda (_) (exit code)))
  (set-finalizer! (vector 1) (lambda (_) (raise-it signal/usr1) (let loop () (loop))))
  (gc #t))
(define-sequenced-callback (finalize_at_exit (int code)) void
  (set-finalizer! (vector 1)
                  (lambda (_) (on-exit (lambda () (tell "finalized "))) (exit code))))
(define-sequenced-callback (finalize_interrupted_at_exit (int code)) void
  (set-signal-handler! signal/usr1 (lambda (_) (exit code)))
  (set-finalizer! (vector 1) (lambda (_) (raise-it signal/usr1) (let loop () (loop)))))
; A finalizer that is given up leaves CHICKEN's list of them locked for good.
(define-sequenced-callback (give_up_finalizer) int
  (call/cc
   (lambda (give-up)
     (set-finalizer! (vector 1) (lambda (_) (give-up 1)))
     (gc #t)
     0)))

; A thunk that jumps out of (exit), and one that lets another thread leave as well.
(define-sequenced-callback (jump_out_of_exit (int code)) int
  (call/cc
   (lambda (jump)
     (on-exit (lambda () (jump 1)))
     (exit code))))
(define-sequenced-callback (leave_twice (int code)) int
  (let ((other (##sys#make-thread #f 'created 'green 10)))
    (##sys#setslot other 1 (lambda () (exit (+ code 1)) (tell "returned ") (exit 98)))
    (on-exit
     (lambda ()
       (##sys#setslot other 3 'ready)
       (##sys#add-to-ready-queue other)
       (do ((i 0 (+ i 1))) ((= i 10)) (##sys#thread-yield!))))
    (exit code)))

; Its arguments are no list: to print it is an error.
(define (unprintable)
  (make-property-condition 'exn 'message "not printed" 'arguments 17))

; Keeps the runtime for good.
(define-sequenced-callback (wait_for_ever) void ((foreign-lambda void "sit")))

(when (equal? (get-environment-variable "LEAVE") "at load") (exit 6))
(return-to-host)
