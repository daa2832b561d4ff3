; Plain define-external functions, as an existing embedding has them, and a callback beside them.
(import (chicken platform) (chicken foreign) (chicken locative) callseq)

#>
int invoke_from_scheme(void), invoke_below(int);
void invoke_with_frames(void);
int raise_in_place(char *), nest_in_place(int), leave_in_place(char *);
int call_below(void), call_unsafely(void);
<#

(define total 0)
(define-external (add_to_total (int n)) int (set! total (+ total n)) total)
(define-external (total_now) int total)
(define-external (raise_plainly (int n)) int (error "plain failure" n))
; A blocking C function that is run in place, and left by the failure of a plain one under it.
(define raise-in-place (foreign-blocking-lambda int "raise_in_place" c-string))
(define large (make-string 200000 #\x))
(define-external (fail_in_place) int (raise-in-place large))
;; One that is left by a continuation.
(define leave-in-place (foreign-blocking-lambda int "leave_in_place" c-string))
(define leave #f)
(define-external (leave_plainly (int n)) int (leave n))
(define-sequenced-callback (escape_in_place) int
  (exclusively
   (call/cc
    (lambda (k)
      (set! leave k)
      (leave-in-place large)))))
;; Uses up some of the nursery, and calls in place what makes a nested call.
(define nest-in-place (foreign-blocking-lambda int "nest_in_place" int))
(define-external (use_up_and_nest (int conses)) int
  (let loop ((i conses) (last '()))
    (if (zero? i) (nest-in-place (car last)) (loop (- i 1) (list i)))))
;; With so many locatives collections are costly, so that few are made: calls begin at the nursery's end, too.
(define locatives '())
(define-sequenced-callback (make_locatives) void
  (let loop ((i 0))
    (when (< i 20000)
      (set! locatives (cons (make-locative (vector i)) locatives))
      (loop (+ i 1)))))
(define-sequenced-callback (use_up (int conses)) int
  (let loop ((i conses) (last '(0)))
    (if (zero? i) (car last) (loop (- i 1) (list i)))))
(define-external (join_plainly (c-string a)) int (string-length (string-append a "!")))

(define invoke (foreign-safe-lambda int "invoke_from_scheme"))
(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (invoke_inside) int (+ 100 (invoke)))

; Plain functions and invocations in turn: how many levels there were room for, of n.
(define invoke-below (foreign-safe-lambda int "invoke_below" int))
(define-external (levels (int n)) int (if (zero? n) 0 (+ 1 (invoke-below (- n 1)))))
; A callback below a plain function calls C that may not call back.
(define call-below (foreign-safe-lambda int "call_below"))
(define call-unsafely (foreign-lambda int "call_unsafely"))
(define-external (nest_plainly) int (call-below))
(define-sequenced-callback (nest_unsafely) int (call-unsafely))
(define-sequenced-callback (with_frames) void
  ((foreign-safe-lambda void "invoke_with_frames")))

(return-to-host)
