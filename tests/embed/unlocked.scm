; Compiled with CALLSEQ_NO_LOCK: see the makefile.
(import (chicken platform) (chicken base) (chicken time) callseq callseq-eval)

(define (sleep! ms) (##sys#thread-sleep! (+ ms (current-process-milliseconds))))

(define-sequenced-callback (nap (int ms) (int n)) int (sleep! ms) (+ n 1))

(define ticks 0)

; Leaves a green thread behind.
(define-sequenced-callback (start) void
  (let ((thread (##sys#make-thread #f 'created 'ticker 10)))
    (##sys#setslot thread 1 (lambda () (let loop () (set! ticks (+ ticks 1)) (sleep! 1) (loop))))
    (##sys#add-to-ready-queue thread)))

(define-sequenced-callback (ticked) int ticks)
(define-sequenced-callback/status (listen_at (c-string path)) int (repl-listen path) 1)
(return-to-host)
