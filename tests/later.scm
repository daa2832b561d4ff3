;;; Calls that are executed later, for the cases that include this file: what has been executed, and one
;;; callback of each kind.
(import (chicken base) (chicken foreign) callseq)
(include "green-threads.scm")

#>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>
void wait_for_host(void);
static size_t native(void) { return (size_t)pthread_self(); }
static int read_byte(int fd) { char c = 0; return read(fd, &c, 1) == 1 ? c : -1; }
<#

(define native (foreign-lambda size_t "native"))
(define read-byte (foreign-lambda int "read_byte" int))

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
(define-sequenced-callback/post (post_sleeping (int n) (int ms)) void (doze ms) (see! n))
(define thread-of-post 0)
(define-sequenced-callback/post (post_thread) void (set! thread-of-post (native)))
(define-sequenced-callback (post_was_on (size_t thread)) bool (= thread thread-of-post))

(define-sequenced-callback/future (add_later (int a) (int b)) int (+ a b))
(define-sequenced-callback/future (wait_later (int fd)) int
  (wait-for-input fd)
  (read-byte fd))

(define notified 0)
(define running 0)
(define-sequenced-callback/notify (notice) void
  (set! running (+ running 1))
  (when (> running 1) (set! notified -1000000))
  (set! notified (+ notified 1))
  (set! running (- running 1)))
(define-sequenced-callback (times_notified) int notified)
