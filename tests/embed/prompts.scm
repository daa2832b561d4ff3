;; Prompts on sockets. What a session has done is seen by callbacks.
(import (chicken base) (chicken foreign) (chicken platform) (chicken time) callseq callseq-eval)

(define events 0)
(define-sequenced-callback (count_events) int events)

(define (rule n) (+ n 1))
(define-sequenced-callback (apply_rule (int n)) int (rule n))

;; As a program does it: listens from the beginning, while nobody calls.
(define-sequenced-callback/status (listen_at (c-string path)) void (repl-listen path))
(let ((path (foreign-value "getenv(\"FIRST_PROMPT\")" c-string)))
  (when path (repl-listen path)))

(foreign-declare "int nest(void);")
(define nest (foreign-safe-lambda int "nest"))
(define-sequenced-callback (compute_below) int (let loop () (loop)))
(define (pause) (##sys#thread-sleep! (+ 1 (current-process-milliseconds))))
(define outside (foreign-blocking-lambda* void () "usleep(1000);"))
(return-to-host)
