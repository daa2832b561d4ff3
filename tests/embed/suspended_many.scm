; Callbacks that wait, a thousand of them, and what they use.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken base) (chicken foreign) (chicken gc) callseq)

#>
#include <unistd.h>
static int take_byte(int fd) { char byte; return (int)read(fd, &byte, 1) == 1 ? byte : -1; }
<#

(define (wait-for-input fd)
  (##sys#thread-block-for-i/o! ##sys#current-thread fd #:input)
  (##sys#thread-yield!))

(define open? #f)
(define waiting '())
(define (pass)
  (unless open?
    (##sys#call-with-current-continuation
     (lambda (return)
       (let ((me ##sys#current-thread))
         (set! waiting (cons me waiting))
         (##sys#setslot me 1 (lambda () (return (void))))
         (##sys#setslot me 3 'blocked)
         (##sys#schedule))))
    (pass)))
(define-sequenced-callback (open_gate) void
  (let ((threads waiting))
    (set! open? #t)
    (set! waiting '())
    (for-each ##sys#thread-unblock! threads)))
(define-sequenced-callback (shut_gate) void (set! open? #f))
(define-sequenced-callback (wait_at_gate (int n)) int (pass) n)

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
(define-sequenced-callback (add (int n)) int (+ n 100))
(define-sequenced-callback (heap_used) size_t (vector-ref (memory-statistics) 1))

(return-to-host)
