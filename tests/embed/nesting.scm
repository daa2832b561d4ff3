; Scheme -> foreign-safe-lambda -> C -> callback, on the same thread.
(import (chicken platform) (chicken condition) (chicken gc) (chicken foreign) callseq)

#>
#include <stdbool.h>
int call_down(int), call_fail(int), call_leave(int), leave_often(int), fail_often(int);
char *call_greet(char *);
bool callseq_inside(void);
<#

(define call-down (foreign-safe-lambda int "call_down" int))
(define call-fail (foreign-safe-lambda int "call_fail" int))
(define call-greet (foreign-safe-lambda c-string "call_greet" c-string))
(define inside? (foreign-lambda bool "callseq_inside"))
(define inside-safe? (foreign-safe-lambda bool "callseq_inside"))

; The number of levels below. Garbage on every level, and a collection on some.
(define-sequenced-callback (down (int n)) int
  (let ((before (make-string 100 #\x)))
    (if (zero? n)
        (begin (gc) 0)
        (let ((below (call-down (- n 1))))
          (when (zero? (remainder n 50)) (gc #t))
          (+ 1 below (- (string-length before) 100))))))

(define-sequenced-callback (greet (c-string name)) c-string (string-append "hello " name))
(define-sequenced-callback (greet_twice (c-string name)) c-string
  (let ((one (call-greet name))) (string-append one ", " (call-greet name))))

; call-fail returns 1 when the call of fail failed as it should.
(define-sequenced-callback (fail (int n)) int (error "inner failure" n))
(define after 0)
(define-sequenced-callback (outer_of_fail (int n)) int
  (dynamic-wind void (lambda () (+ 1000 (call-fail n))) (lambda () (set! after (+ after 1)))))
(define-sequenced-callback (outer_with_handler (int n)) c-string
  (condition-case (if (= 1 (call-fail n)) "went on" "inner call went wrong") ((exn) "caught")))
(define-sequenced-callback (outer_fails_too (int n)) int (error "outer failure" (call-fail n) n))
(define-sequenced-callback (winders_run) int after)

; In one call: many nested calls that raise.
(define-sequenced-callback (outer_of_failures (int times)) int
  ((foreign-safe-lambda int "fail_often" int) times))

; From the innermost of some levels to the outermost: that one is not reached, each level between
; goes on when its C function returns.
(define outermost #f)
(define call-leave (foreign-safe-lambda int "call_leave" int))
(define-sequenced-callback (leave (int levels)) int
  (if (zero? levels) (outermost -1000) (+ 1 (call-leave (- levels 1)))))
(define-sequenced-callback (outer_of_leave (int levels)) int
  (call/cc (lambda (k) (set! outermost k) (call-leave levels))))
(define-sequenced-callback (outer_of_leaves (int times)) int
  (call/cc
   (lambda (k)
     (set! outermost k)
     ((foreign-safe-lambda int "leave_often" int) times))))

(define-sequenced-callback (inside_here) bool (inside?))
(define-sequenced-callback (inside_safe_here) bool (inside-safe?))
(define-sequenced-callback (twice (int n)) int (* 2 n))

(return-to-host)
