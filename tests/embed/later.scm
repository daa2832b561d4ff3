; Callbacks whose calls are executed later: posts, futures, notifications.
(import (chicken platform) (chicken base) (chicken foreign) (chicken time) callseq)

#>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>
void wait_for_host(void);
static size_t native(void) { return (size_t)pthread_self(); }
static int read_byte(int fd) { char c = 0; return read(fd, &c, 1) == 1 ? c : -1; }
int later_from_inside(int), wait_inside(void);
<#

(define native (foreign-lambda size_t "native"))
(define (sleep! ms) (##sys#thread-sleep! (+ ms (current-process-milliseconds))))
(define (wait-for-input fd)
  (##sys#thread-block-for-i/o! ##sys#current-thread fd #:input)
  (##sys#thread-yield!))

;; What has been executed, latest first.
(define seen '())
(define (see! what) (set! seen (cons what seen)))
(define-sequenced-callback (sum_seen) int (apply + seen))
(define-sequenced-callback (count_seen) int (length seen))
(define-sequenced-callback (in_order) bool
  (or (null? seen) (let loop ((l seen)) (or (null? (cdr l)) (and (> (car l) (cadr l)) (loop (cdr l)))))))
(define-sequenced-callback (forget_seen) void (set! seen '()))
(define-sequenced-callback (first_seen) int (if (null? seen) -1 (car (reverse seen))))
(define-sequenced-callback (last_seen) int (if (null? seen) -1 (car seen)))

;; Keeps the runtime until the host has enough.
(define-sequenced-callback (hold) void ((foreign-lambda void "wait_for_host")))

(define-sequenced-callback/post (post_number (int n)) void (see! n))
(define-sequenced-callback/post (post_nothing) void (see! 1))
(define-sequenced-callback/post (post_failing (int n)) void (see! n) (error "posted" n))
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
(define-sequenced-callback/post (post_sleeping (int n) (int ms)) void (sleep! ms) (see! n))
(define-sequenced-callback/post (post_reading (int n) (int fd)) void
  (wait-for-input fd)
  (see! (+ n ((foreign-lambda int "read_byte" int) fd))))
(define-sequenced-callback/post (post_blocking (int n) (int fd)) void
  (see! (+ n ((foreign-blocking-lambda int "read_byte" int) fd))))
(define-sequenced-callback/post (post_waiting_failing (int fd)) void
  (wait-for-input fd)
  ((foreign-lambda int "read_byte" int) fd)
  (error "after its wait"))
(define thread-of-post 0)
(define-sequenced-callback/post (post_thread) void (set! thread-of-post (native)))
(define-sequenced-callback (post_was_on (size_t thread)) bool (= thread thread-of-post))
(define-sequenced-callback (post_from_inside (int n)) int ((foreign-safe-lambda int "later_from_inside" int) n))
(define-sequenced-callback (wait_in_callback) int ((foreign-safe-lambda int "wait_inside")))

(define-sequenced-callback/future (add_later (int a) (int b)) int (+ a b))
(define-sequenced-callback/future (halve_later (double a)) double (/ a 2))
(define-sequenced-callback/future (join_later (c-string a) (c-string b)) c-string (string-append a b))
(define-sequenced-callback/future (give_later (c-string a)) c-string* (string-append a "!"))
(define-sequenced-callback/future (void_later (int n)) void (see! n))
(define-sequenced-callback/future (fail_later (c-string what)) int (error what))
(define-sequenced-callback/future (bad_later) int "no number")
(define-sequenced-callback/future (wait_later (int fd)) int
  (wait-for-input fd)
  ((foreign-lambda int "read_byte" int) fd))
(define-sequenced-callback (make_counter (int n)) callseq-handle (lambda () (set! n (+ n 1)) n))
(define-sequenced-callback/post (post_count (callseq-handle counter)) void (see! (counter)))
(define-sequenced-callback/future (handle_later (callseq-handle counter)) callseq-handle
  (lambda () (* 2 (counter))))
(define-sequenced-callback/future (pointer_later (c-pointer p)) c-pointer p)

(define notified 0)
(define running 0)
(define-sequenced-callback/notify (notice) void
  (set! running (+ running 1))
  (when (> running 1) (set! notified -1000000))
  (set! notified (+ notified 1))
  (set! running (- running 1)))
(define-sequenced-callback (times_notified) int notified)
(define gate -1)
(define-sequenced-callback (set_gate (int fd)) void (set! gate fd))
(define-sequenced-callback/notify (slow_notice) void
  (set! running (+ running 1))
  (when (> running 1) (set! notified -1000000))
  (wait-for-input gate)
  ((foreign-lambda int "read_byte" int) gate)
  (set! notified (+ notified 1))
  (set! running (- running 1)))
(define-sequenced-callback/notify (failing_notice) void (error "noticed"))

;; Keeps it too, and then ends the process.
(define-sequenced-callback (leave_process (int code)) void
  ((foreign-lambda void "wait_for_host"))
  (exit code))
(define-sequenced-callback (define_late) void
  (define-sequenced-callback/post (post_late) void (see! 7))
  (void))
((foreign-safe-lambda int "later_from_inside" int) 1000)
(return-to-host)
