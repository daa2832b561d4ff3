; Posts: how they are executed, what they are given, and where they are refused.
(import (chicken platform) (chicken base) (chicken foreign) callseq)

#>
int later_from_inside(int);
<#

(include "later.scm")

(define-sequenced-callback/post (post_strings (c-string a) (c-string* b) (c-string-list c) (symbol d)) void
  (set! strings (list a b c d)))
(define strings #f)
(define-sequenced-callback (strings_are (c-string a)) bool
  (equal? a (and strings
                 (apply string-append
                        (map (lambda (x) (cond ((symbol? x) (symbol->string x))
                                               ((list? x) (apply string-append x))
                                               (else (or x "#f"))))
                             strings)))))
(define-sequenced-callback/post (post_many (double a) (double b) (double c) (double d) (double e) (double f)
                                           (double g) (double h) (double i) (double j) (double k) (double l)
                                           (double m) (double n) (double o) (double p) (int q) (float r)) void
  (see! (inexact->exact (+ a b c d e f g h i j k l m n o p q r))))
(define-sequenced-callback/post (post_reading (int n) (int fd)) void
  (wait-for-input fd)
  (see! (+ n (read-byte fd))))
(define-sequenced-callback/post (post_blocking (int n) (int fd)) void
  (see! (+ n ((foreign-blocking-lambda int "read_byte" int) fd))))
(define-sequenced-callback/post (post_waiting_failing (int fd)) void
  (wait-for-input fd)
  (read-byte fd)
  (error "after its wait"))
(define-sequenced-callback (post_from_inside (int n)) int ((foreign-safe-lambda int "later_from_inside" int) n))

; Keeps the runtime until the host has enough, and then ends the process.
(define-sequenced-callback (leave_process (int code)) void
  ((foreign-lambda void "wait_for_host"))
  (exit code))
(define-sequenced-callback (define_late) void
  (define-sequenced-callback/post (post_late) void (see! 7))
  (void))
; While it is loaded.
((foreign-safe-lambda int "later_from_inside" int) 1000)
(return-to-host)
