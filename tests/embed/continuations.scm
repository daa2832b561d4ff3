; Continuations that leave a call, stay in it, or come back after it ended.
(import (chicken platform) (chicken foreign) (chicken base) callseq)

#>
int call_nested(void), capture_nested(void), reenter_nested(int);
<#

(define inside #f)
(define trace '())
(define (note x) (set! trace (cons x trace)))
(define top (call/cc (lambda (k) k))) ; whoever calls it has the rest of this file run again

; Leaves by a continuation that was captured while the program was loaded.
(define-sequenced-callback (escape_to_top) int
  (dynamic-wind
   (lambda () (note 'in))
   (lambda () (top top) 1)
   (lambda () (note 'out))))
(define-sequenced-callback (take_trace) c-string
  (let ((old trace))
    (set! trace '())
    (apply string-append (map symbol->string (reverse old)))))

; Captures its own continuation; the others re-enter it after it has ended.
(define-sequenced-callback (capture (int n)) int
  (+ n (call/cc (lambda (k) (set! inside k) 0))))
(define-sequenced-callback (reenter_int) int (inside 1000) 5)
(define-sequenced-callback (reenter_string) c-string (inside 1000) "not reached")
(define-sequenced-callback (reenter_void) void (inside 1000))
(define-sequenced-callback/status (try_reenter) int (inside 1000) 5)

; Within one call everything is allowed: a loop made of re-entered continuations, and an early exit.
(define-sequenced-callback (count_to (int n)) int
  (let* ((i 0) (again (call/cc (lambda (k) k))))
    (set! i (+ i 1))
    (if (< i n) (again again) i)))
(define-sequenced-callback (first_negative (int a) (int b)) int
  (call/cc (lambda (return)
             (for-each (lambda (x) (when (negative? x) (return x))) (list a b))
             0)))

; A generator: it is resumed from call to call, but hands its values to the newest call's own
; continuation.
(define resume-generator #f)
(define (generate yield)
  (let loop ((i 1)) (set! yield (call/cc (lambda (next) (set! resume-generator next) (yield i))))
    (loop (+ i 1))))
(define-sequenced-callback (next_value) int
  (call/cc (lambda (k) (if resume-generator (resume-generator k) (generate k)))))

; From a nested call to a continuation of the call around it.
(define call-nested (foreign-safe-lambda int "call_nested"))
(define around #f)
(define-sequenced-callback (outer) int
  (let ((got (call/cc (lambda (k) (set! around k) (call-nested)))))
    (+ got 100)))
(define-sequenced-callback (leave_nested) int (around 7) 8)

; A continuation captured in a nested call, for the call that comes next.
(define capture-nested (foreign-safe-lambda int "capture_nested"))
(define-sequenced-callback (around_capture) int (capture-nested))

; From a nested call into a call that has ended, and what the calls around it then return.
(define reenter-nested (foreign-safe-lambda int "reenter_nested" int))
(define-sequenced-callback (around_reenter (int levels)) int (+ 10 (reenter-nested levels)))

(return-to-host)
