;;; Green threads for the cases that include this file, as srfi-18, an egg, has them, and what they
;;; wait for.
(import (chicken base) (chicken time))

;; Starts a green thread that calls THUNK and ends; its quantum is short. It is marked as ended once
;; more, in one step with leaving: the timer may come between, and makes ready what it interrupts.
(define (start-thread thunk)
  (let ((thread (##sys#make-thread #f 'created 'green 10)))
    (##sys#setslot thread 1
                   (lambda ()
                     (thunk)
                     (##sys#thread-kill! thread 'dead)
                     (##sys#setslot thread 3 'dead)
                     (##sys#schedule)))
    (##sys#setslot thread 3 'ready)
    (##sys#add-to-ready-queue thread)
    thread))

;; Sleeps for MS milliseconds, a real number.
(define (doze ms) (##sys#thread-sleep! (+ ms (current-process-milliseconds))))

;; Waits until the file descriptor FD, a fixnum, can be read.
(define (wait-for-input fd)
  (##sys#thread-block-for-i/o! ##sys#current-thread fd #:input)
  (##sys#thread-yield!))

;; Lets others run until somebody makes this green thread ready: PREPARE, which is called with it,
;; sees to that.
(define (leave-with! prepare)
  (##sys#call-with-current-continuation
   (lambda (return)
     (let ((me ##sys#current-thread))
       (##sys#setslot me 1 (lambda () (return (void))))
       (prepare me)
       (##sys#schedule)))))

;; Waits until the green thread THREAD has ended.
(define (await thread)
  (unless (memq (##sys#slot thread 3) '(dead terminated))
    (leave-with! (lambda (me) (##sys#thread-block-for-termination! me thread)))))
