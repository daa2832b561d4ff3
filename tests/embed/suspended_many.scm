; Callbacks that wait, a thousand of them, and what they use.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken foreign) (chicken gc) callseq)

#>
#include <unistd.h>
static int take_byte(int fd) { char byte; return read(fd, &byte, 1) == 1 ? byte : -1; }
<#

(include "gates.scm")

(define-sequenced-callback (wait_at_gate (int n)) int (pass (gate 0)) n)

(define-sequenced-callback (receive_byte (int fd)) int
  (wait-for-input fd)
  ((foreign-lambda int "take_byte" int) fd))
; Is made ready by another, with nothing to read.
(define readers '())
(define-sequenced-callback (read_until_woken (int fd) (int n)) int
  (set! readers (cons ##sys#current-thread readers))
  (wait-for-input fd)
  n)
(define-sequenced-callback (wake_readers) void
  (let ((threads readers))
    (set! readers '())
    (for-each ##sys#thread-unblock! threads)))
;; How many waits CHICKEN's scheduler looks for itself, at each interrupt of the timer.
(define-sequenced-callback (waits_scheduled) int
  (##sys#all-threads (lambda (list argument thread n) (if (eq? list 'ready) n (+ n 1))) 0))
(define-sequenced-callback (heap_used) size_t (vector-ref (memory-statistics) 1))

(return-to-host)
