;; A program whose system has no descriptor left sets handlers for signals.
(import (chicken platform) (chicken process signal) callseq)

(define handled 0)
(define (handle number) (set! handled (+ handled 1)))
(define-sequenced-callback (set_handlers) void
  (set-signal-handler! signal/usr1 handle)
  (set-signal-handler! signal/usr2 handle))
; Runs until both have been handled.
(define-sequenced-callback (wait_for_both) int
  (let loop () (if (< handled 2) (loop) handled)))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
