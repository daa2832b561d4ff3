;; An event queue: threads that must not wait post events, and Scheme handles them in order. Where the
;; queue is full the producer decides: measurements are dropped and counted, alarms wait for their turn.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) callseq)

(callseq-header "app.h")

(define measurements 0)
(define alarms '())

(define-sequenced-callback/post (measured (int sensor) (double value)) void
  (set! measurements (+ measurements 1))
  (when (> value 100) (error "a sensor is broken" sensor))) ; is told to on_error

(define-sequenced-callback/post (raise_alarm (c-string what)) void
  (set! alarms (cons what alarms)))

(define-sequenced-callback (measurements_seen) int measurements)
(define-sequenced-callback (alarms_seen) int (length alarms))

(return-to-host)
