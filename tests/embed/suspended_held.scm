; Callbacks that wait with the runtime held: under C frames, exclusively.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken foreign) callseq)

#>
int call_nested(int);
<#

(include "waiting.scm")

(define count 0)
(define-sequenced-callback (bump) void (set! count (+ count 1)))
(define (stays) (let ((before count)) (doze 5) (= before count)))
(define-sequenced-callback (changes) bool
  (let ((before count)) (let loop () (doze 1) (or (not (= before count)) (loop)))))
(define-sequenced-callback (inner_stays (int n)) int (if (stays) n -1))
(define call-nested (foreign-safe-lambda int "call_nested" int))
(define-sequenced-callback (outer_stays (int n)) int (call-nested n))
(define-sequenced-callback (wait_and_nest (int g) (int n)) int
  (pass (gate g))
  (let ((value (call-nested n))) (doze 1) value))
(define-external (plain_stays (int n)) int (if (stays) n -1))
(define-sequenced-callback (exclusively_stays (int n)) int
  (exclusively (if (and (stays) (exclusively (stays)) (stays)) n -1)))
(define-sequenced-callback (leave_exclusively (int n)) int (exclusively (doze 1) (error "left" n)))
(define-sequenced-callback (escape_exclusively (int n)) int
  (call/cc (lambda (k) (exclusively (k n)))))
(define total 0)
(define-sequenced-callback (read_sleep_write) void
  (let ((t total)) (doze 1) (set! total (+ t 1))))
(define-sequenced-callback (exclusively_read_sleep_write) void
  (exclusively (let ((t total)) (doze 1) (set! total (+ t 1)))))
(define-sequenced-callback (take_total) int (let ((t total)) (set! total 0) t))

(return-to-host)
