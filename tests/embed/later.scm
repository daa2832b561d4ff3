; Notifications, and all that is executed later at once.
(import (chicken platform) (chicken base) callseq)
(include "later.scm")

(define gate -1)
(define-sequenced-callback (set_gate (int fd)) void (set! gate fd))
(define-sequenced-callback/notify (slow_notice) void
  (set! running (+ running 1))
  (when (> running 1) (set! notified -1000000))
  (wait-for-input gate)
  (read-byte gate)
  (set! notified (+ notified 1))
  (set! running (- running 1)))
(define-sequenced-callback/notify (failing_notice) void (error "noticed"))

(return-to-host)
