;;; Callbacks that wait, for the cases that include this file, in each way that CHICKEN has: at a gate
;;; (gates.scm), and otherwise.
(import (chicken base) (chicken foreign) (chicken gc) (chicken time) callseq)
(include "gates.scm")

#>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>
static size_t native(void) { return (size_t)pthread_self(); }
static int take_byte(int fd) { char byte; return read(fd, &byte, 1) == 1 ? byte : -1; }
<#

(define native (foreign-lambda size_t "native"))
(define take-byte (foreign-lambda int "take_byte" int))

; Passes a gate, with a deadline.
(define (pass-in-time gate ms)
  (unless (gate-open? gate)
    (leave-with! (lambda (me)
                   (enlist! gate me)
                   (##sys#thread-block-for-timeout! me (+ ms (current-process-milliseconds)))))
    (set-cdr! gate (delete ##sys#current-thread (cdr gate)))
    (pass-in-time gate ms)))
(define (delete x list)
  (cond ((null? list) '())
        ((eq? x (car list)) (cdr list))
        (else (cons (car list) (delete x (cdr list))))))

; A mutex's queue: its owner hands it over to the first that waits.
(define owned #f)
(define queue '())
(define (lock!)
  (if owned
      (leave-with! (lambda (me)
                     (set! queue (append queue (list me)))
                     (##sys#setslot me 3 'sleeping)))
      (set! owned #t)))
(define (unlock!)
  (if (null? queue)
      (set! owned #f)
      (let ((next (car queue)))
        (set! queue (cdr queue))
        (##sys#add-to-ready-queue next))))

; How the host's callback `wait_by` waits, by number.
(define ways
  (vector
   (lambda (gate fd) (pass gate))
   (lambda (gate fd) (let loop () (unless (gate-open? gate) (doze 10) (loop))))
   (lambda (gate fd) (await (start-thread (lambda () (pass gate)))))
   (lambda (gate fd) (lock!) (pass gate) (unlock!))
   (lambda (gate fd) (pass-in-time gate 1e7))
   (lambda (gate fd) (pass-in-time gate 10))
   (lambda (gate fd) (wait-for-input fd) (take-byte fd))
   (lambda (gate fd)
     (##sys#thread-block-for-timeout! ##sys#current-thread (+ 1e7 (current-process-milliseconds)))
     (wait-for-input fd)
     (take-byte fd))))
(define (wait way g fd) ((vector-ref ways way) (gate g) fd))

(define under-way 0)
(define-sequenced-callback (begun) int under-way)
(define over 0)
(define (note-end n) (set! over (+ over 1)) n)
(define-sequenced-callback (ended) int over)

;; Returns N if it goes on in the native thread CALLER.
(define-sequenced-callback (wait_by (int way) (int g) (int fd) (size_t caller) (int n)) int
  (set! under-way (+ under-way 1))
  (wait way g fd)
  (note-end (if (= caller (native)) n -1)))

(define-sequenced-callback (collect) void (gc #t))
