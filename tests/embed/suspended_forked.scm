; Callbacks that wait, in processes that fork and end meanwhile.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken base) (chicken foreign) (chicken process) callseq)

#>
int fork_in_c(void);
int call_nested(int);
<#

(include "gates.scm")

(define over 0)
(define (note-end n) (set! over (+ over 1)) n)
(define-sequenced-callback (ended) int over)
(define p (make-parameter 0))
(define-sequenced-callback (get) int (p))
(define-sequenced-callback (wait_at (int g) (int n)) int
  (parameterize ((p n)) (pass (gate g)) (note-end (p))))
(define-sequenced-callback (wait_for (int fd) (int n)) int (wait-for-input fd) (note-end n))
(define-sequenced-callback (sleep_until_open (int g) (int n)) int
  (let loop () (unless (gate-open? (gate g)) (doze 10) (loop)))
  (note-end n))
(define-sequenced-callback (nap (int n)) int (doze 2) n)

(define fork-in-c (foreign-lambda int "fork_in_c"))
(define-sequenced-callback (fork_now) int (fork-in-c))
(define-sequenced-callback (fork_after (int g)) int (pass (gate g)) (fork-in-c))
(define-sequenced-callback (fork_and_wait (int g)) int
  (let ((child (fork-in-c)))
    (when (zero? child) (doze 3))
    (pass (gate g))
    child))
(define-sequenced-callback (fork_in_scheme (int g)) int (pass (gate g)) (process-fork))
(define-sequenced-callback (fork_thunk (int g) (int code)) int
  (pass (gate g))
  (receive (id normally? status) (process-wait (process-fork (lambda () (doze 2) (exit code))))
    (if normally? status -1)))
(define-sequenced-callback (fork_and_fail) int
  (let ((child (process-fork)))
    (cond ((zero? child) (doze 2) (error "in the child"))
          (else (receive (id normally? status) (process-wait child) (if normally? status -1))))))

(on-exit (lambda () (display "thunk ")))
(define-sequenced-callback (quit (int code)) void (exit code))
(define-sequenced-callback (quit_after (int g) (int code)) void (pass (gate g)) (exit code))
(define-sequenced-callback (quit_slowly (int code)) void
  (on-exit (lambda () (doze 5) (display "slow ")))
  (exit code))
(define call-nested (foreign-safe-lambda int "call_nested" int))
(define-sequenced-callback (quit_nested (int code)) int (call-nested code))

(return-to-host)
