; The status form, and the thread's record of its last failure.
(import (chicken platform) (chicken foreign) callseq)

#>
void fail_in_c(void);
<#

(define-sequenced-callback/status (divide (int a) (int b)) int (quotient a b))
(define-sequenced-callback/status (fail_with (c-string text)) void (error text))
(define-sequenced-callback/status (halve (double x)) double
  (if (negative? x) (error "negative") (/ x 2)))
(define-sequenced-callback/status (shout (c-string s)) c-string (string-append s "!"))
(define-sequenced-callback/status (is_even (int n)) bool (even? n))
(define-sequenced-callback/status (next_char (char c)) char
  (integer->char (+ 1 (char->integer c))))
(define-sequenced-callback (divide_plainly (int a) (int b)) int (quotient a b))

(define-sequenced-callback (fail_below) void ((foreign-safe-lambda void "fail_in_c")))

(return-to-host)
