; Callbacks that fault: in C code that they call, and in Scheme itself.
(declare (uses scheduler))
(import (chicken platform) (chicken foreign) (chicken memory) (chicken process signal)
        (chicken process-context) callseq)

#>
void fault(int), call_fault(int);
<#

(define fault (foreign-lambda void "fault" int))
(define call-fault (foreign-safe-lambda void "call_fault" int))

(include "green-threads.scm")

(define-sequenced-callback (fault_below (int which)) int (fault which) 1)
(define-sequenced-callback (fault_nested (int which)) int (call-fault which) 1)
(define-sequenced-callback (read_byte (c-pointer p)) int (pointer-u8-ref p))
(define-sequenced-callback/post (fault_later (int which)) void (fault which))
(define fault-outside (foreign-blocking-lambda void "fault" int))
(define-sequenced-callback/post (fault_in_green_thread (int which)) void
  (start-thread (lambda () (fault-outside which))))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(define sent 0)
(define (handle signal) (set-signal-handler! signal (lambda (_) (set! sent (+ sent 1)))))
(when (get-environment-variable "HANDLE_AT_LOAD")
  (for-each handle (list signal/segv signal/bus signal/fpe signal/ill)))
(define-sequenced-callback (handle_in_scheme (int signal)) void (handle signal))
(define-sequenced-callback (wait_until_sent (int times)) int
  (let loop () (if (< sent times) (loop) sent)))

(return-to-host)
