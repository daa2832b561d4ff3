;; A program whose system refuses semaphores sets a handler for a signal.
(import (chicken platform) (chicken process signal) callseq)

(define-sequenced-callback (set_handlers) void
  (set-signal-handler! signal/usr1 (lambda (number) (exit 3)))
  (set-signal-handler! signal/usr2 (lambda (number) (exit 3))))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
