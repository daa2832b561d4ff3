; What comes to callbacks that wait: signals, and the end of their native thread or green one.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken process signal) callseq)

(include "waiting.scm")

;;; Termination

(define victim #f)
(define-sequenced-callback (be_victim (int g)) int
  (set! victim ##sys#current-thread)
  (pass (gate g))
  1)
(define-sequenced-callback (sleep_as_victim) int
  (set! victim ##sys#current-thread)
  (doze 1e7)
  1)
(define-sequenced-callback (read_as_victim (int fd)) int
  (set! victim ##sys#current-thread)
  (wait-for-input fd)
  1)
(define-sequenced-callback (kill_victim) void (##sys#thread-kill! victim 'terminated))
(define-sequenced-callback (wake_victim) void (##sys#thread-unblock! victim))
(define-sequenced-callback (kill_itself) int
  (##sys#thread-kill! ##sys#current-thread 'terminated)
  (##sys#schedule)
  1)
(define-sequenced-callback (wait_and_kill_itself (int g)) int
  (pass (gate g))
  (##sys#thread-kill! ##sys#current-thread 'terminated)
  (##sys#schedule)
  1)

;; By a green thread, while it runs itself, or waits with the runtime held.
(define-sequenced-callback (be_killed_by_thread) int
  (let ((me ##sys#current-thread))
    (start-thread (lambda () (##sys#thread-kill! me 'terminated)))
    (let loop () (##sys#thread-yield!) (loop))))
(define-sequenced-callback (be_killed_exclusively) int
  (let ((me ##sys#current-thread))
    (exclusively
     (start-thread (lambda () (##sys#thread-kill! me 'terminated)))
     (doze 1e7)
     1)))

;;; Signals

(define handled 0)
(define-sequenced-callback (open_by_signal (int g)) void
  (set-signal-handler! signal/usr1
    (lambda (_) (set! handled (+ handled 1)) (open! (gate g)))))
(define-sequenced-callback (signals_handled) int handled)

(return-to-host)
