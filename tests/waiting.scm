;;; Callbacks that wait, for the cases that include this file, and what they wait for: gates, which
;;; the host opens and shuts by their numbers, 0 to 15, and each way to wait that CHICKEN has. A case
;;; declares (disable-interrupts): no thread is preempted between looking and waiting.
(import (chicken base) (chicken foreign) (chicken gc) (chicken time) callseq)
(include "green-threads.scm")

#>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>
static size_t native(void) { return (size_t)pthread_self(); }
static int take_byte(int fd) { char byte; return read(fd, &byte, 1) == 1 ? byte : -1; }
<#

(define native (foreign-lambda size_t "native"))
(define take-byte (foreign-lambda int "take_byte" int))

; Gates are open or not; threads wait for that.
(define-record gate open? waiting)
(define gates (let loop ((i 0)) (if (= i 16) '() (cons (make-gate #f '()) (loop (+ i 1))))))
(define (gate g) (list-ref gates g))
(define (enlist! gate thread) (gate-waiting-set! gate (cons thread (gate-waiting gate))))
(define (pass gate)
  (unless (gate-open? gate)
    (leave-with! (lambda (me) (enlist! gate me) (##sys#setslot me 3 'blocked)))
    (pass gate)))
(define (pass-in-time gate ms)
  (unless (gate-open? gate)
    (leave-with! (lambda (me)
                   (enlist! gate me)
                   (##sys#thread-block-for-timeout! me (+ ms (current-process-milliseconds)))))
    (gate-waiting-set! gate (delete ##sys#current-thread (gate-waiting gate)))
    (pass-in-time gate ms)))
(define (delete x list)
  (cond ((null? list) '())
        ((eq? x (car list)) (cdr list))
        (else (cons (car list) (delete x (cdr list))))))
(define (open! gate)
  (let ((waiting (gate-waiting gate)))
    (gate-open?-set! gate #t)
    (gate-waiting-set! gate '())
    (for-each ##sys#thread-unblock! waiting)))

(define-sequenced-callback (open_gate (int g)) void (open! (gate g)))
(define-sequenced-callback (shut_gate (int g)) void (gate-open?-set! (gate g) #f))

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

(define-sequenced-callback (add (int n)) int (+ n 100))
(define-sequenced-callback (collect) void (gc #t))
