; Posts: how they are executed, what they are given, and where they are refused.
(import (chicken platform) (chicken base) (chicken foreign) (chicken process signal) callseq)

#>
#include <fenv.h>
#include <signal.h>
int later_from_inside(int), call_from_inside(int);

/* Rounding and mask are those that a thread of the host's or the library's has. */
static int is_clean(void) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  return fegetround() == FE_TONEAREST && sigismember(&mask, SIGUSR1) == sigismember(&mask, SIGUSR2);
}
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

; What posts one after the other may leave behind for the next one.
(define round-down (foreign-lambda* void () "fesetround(FE_DOWNWARD);"))
(define clean? (foreign-lambda bool "is_clean"))
(define call-from-inside (foreign-safe-lambda int "call_from_inside" int))
(define unclean 0)
(define-sequenced-callback (count_unclean) int unclean)
(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback/post (post_kind (int n) (int kind)) void
  (unless (clean?) (set! unclean (+ unclean 1)))
  (see! n)
  (case kind
    ((0) (error "a kind"))
    ((1) (doze 1))
    ((2) (round-down))
    ((3) (signal-mask! signal/usr1))
    ((4) (signal-unmask! signal/usr1))
    ((5) (unless (= (call-from-inside n) (* 2 n)) (set! unclean -1000)))
    ((6) (##sys#thread-yield!))
    ((7) (call/cc (lambda (k) (make-string 100000) (k #t))))))

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
