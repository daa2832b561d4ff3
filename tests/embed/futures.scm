; Futures: results of each kind, and of callbacks that fail or wait; handles as arguments and results.
(import (chicken platform) (chicken base) (chicken foreign) callseq)

#>
int wait_inside(void);
<#

(include "later.scm")

(define-sequenced-callback (wait_in_callback) int ((foreign-safe-lambda int "wait_inside")))
(define-sequenced-callback/future (halve_later (double a)) double (/ a 2))
(define-sequenced-callback/future (join_later (c-string a) (c-string b)) c-string (string-append a b))
(define-sequenced-callback/future (give_later (c-string a)) c-string* (string-append a "!"))
(define-sequenced-callback/future (void_later (int n)) void (see! n))
(define-sequenced-callback/future (fail_later (c-string what)) int (error what))
(define-sequenced-callback/future (bad_later) int "no number")
(define-sequenced-callback/future (pointer_later (c-pointer p)) c-pointer p)

(define-sequenced-callback (make_counter (int n)) callseq-handle (lambda () (set! n (+ n 1)) n))
(define-sequenced-callback/post (post_count (callseq-handle counter)) void (see! (counter)))
(define-sequenced-callback/future (handle_later (callseq-handle counter)) callseq-handle
  (lambda () (* 2 (counter))))

(return-to-host)
