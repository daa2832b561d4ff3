;; How a program ends while native threads call it; the first argument says how. A finalizer waits for
;; these threads at the end: so they must be told. Until then what it is of is kept, or a collection would
;; have it run in the middle. Run by ../programs.t.
(import (chicken base) (chicken gc) (chicken process signal) (chicken process-context) callseq)
(include "ledger.scm")
(include "green-threads.scm")

(define how (string->symbol (car (command-line-arguments))))
(define (work-on) (fib 15) (work-on))
(define (say what) (print what) (flush-output))

(define (end-when-interrupted) (set-signal-handler! signal/int (lambda (n) (exit 5))))
(when (eq? how 'masked) ; as the threads have it then
  (end-when-interrupted)
  (signal-mask! signal/int))
(hear)
(define kept (list how))
(set-finalizer! kept
                (lambda (_)
                  (when (eq? how 'callback-lends) ; what lets in others would do so to this thread too
                    (##sys#thread-yield!)
                    (begin-work 1 0))
                  (join-all)
                  (say (if (and (> (times-ended) 0) (zero? (times-closed))) "joined" "never told"))))
(on-exit (lambda () (set! kept #f) (say "thunk")))
(begin-work 3 0)
(begin-rest)
(do ((i 0 (+ i 1))) ((= i 4)) (await-call))
(gc #t)
(say "begun")

(case how
  ((returns) (void))
  ((exits) (exit 7))
  ((raises) (car how))
  ((raises-alone) ; calls would push this thread's out of the call history
   (stop)
   (let wait () (when (> (working) 1) (wait-5-ms 0) (wait)))
   (car how))
  ((leaves) (emergency-exit 6)) ; at once: no thunk
  ((thread-asleep) (start-thread (lambda () (exit 8))) (sleep-ms 60000))
  ((thread-computing) (start-thread (lambda () (exit 8))) (work-on))
  ((thread-outside) (start-thread (lambda () (exit 8))) (await-call))
  ((callback-asleep) (begin-leaving 9) (sleep-ms 60000))
  ((callback-computing) (begin-leaving 9) (work-on))
  ((callback-outside) (begin-leaving 9) (await-call))
  ((callback-lends) ; a green thread ends the program in a callback, which must not be answered any more
   (set! leave-with (lambda (code) (start-thread (lambda () (exit code))) (##sys#thread-yield!) code))
   (begin-leaving 9)
   (sleep-ms 60000))
  ((callback-thunk) ; an error in a thunk does not stop a callback's exit
   (on-exit (lambda () (car how)))
   (begin-leaving 9)
   (sleep-ms 60000))
  ((thunk-waits) (on-exit (lambda () (sleep-ms 5) (say "waited"))) (exit 3))
  ((thunk-calls) (on-exit (lambda () (say (deposit-nested 1)))) (exit 3))
  ((interrupted) (interrupt) (sleep-ms 60000)) ; no handler: the signal ends it
  ((handled-asleep)
   (end-when-interrupted)
   (interrupt)
   (sleep-ms 60000))
  ((handled-computing)
   (end-when-interrupted)
   (interrupt)
   (work-on))
  ((handled-outside)
   (end-when-interrupted)
   (interrupt)
   (await-call))
  ((masked) ; until it is let in, whatever the program does
   (interrupt)
   (sleep-ms 20)
   (wait-5-ms 0)
   (fib 15)
   (say "held")
   (signal-unmask! signal/int)
   (work-on))
  ((handler-escapes)
   (say (call/cc
         (lambda (return)
           (set-signal-handler! signal/int (lambda (n) (return "escaped")))
           (interrupt)
           (sleep-ms 60000)
           "slept"))))
  ((handler-raises)
   (set-signal-handler! signal/int (lambda (n) (error "in the handler")))
   (interrupt)
   (work-on)))
