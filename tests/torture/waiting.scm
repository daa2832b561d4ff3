;;; How green threads of the torture program wait. A thread that has said what it waits for must not be
;;; preempted before it leaves: so this unit is compiled without interrupts, as CHICKEN's scheduler is.
(declare (unit waiting) (disable-interrupts))
(import (chicken base) (chicken process-context posix) (chicken time))

; Has the present green thread wait; HOW says for what.
(define (wait-for how)
  (call/cc
   (lambda (return)
     (let ((thread ##sys#current-thread))
       (##sys#setslot thread 1 (lambda () (return (void))))
       (how thread)
       (##sys#schedule)))))

(define (wait-to-be-woken) (wait-for (lambda (thread) (##sys#setslot thread 3 'blocked))))

(define (pause ms)
  (wait-for
   (lambda (thread)
     (##sys#thread-block-for-timeout! thread (+ ms (current-process-milliseconds))))))

(define (pause-for-input descriptor)
  (wait-for (lambda (thread) (##sys#thread-block-for-i/o! thread descriptor #:input))))

; In a pair: the first waits for the second, but no longer than MS.
(define first-here #f)
(define (meet ms)
  (let ((other first-here))
    (cond (other
           (set! first-here #f)
           (##sys#thread-unblock! other))
          (else
           (set! first-here ##sys#current-thread)
           (pause ms)
           (when (eq? first-here ##sys#current-thread) (set! first-here #f))))))

; Waits until call-for has come for KEY, or has come before: #t.
(define awaited '())                    ; (key . #t) or (key . green thread)
(define (await key)
  (let ((entry (assv key awaited)))
    (unless entry
      (set! entry (cons key ##sys#current-thread))
      (set! awaited (cons entry awaited))
      (wait-to-be-woken))
    (set! awaited (remove-entry entry awaited))
    (eq? (cdr entry) #t)))
(define (call-for key)
  (let ((entry (assv key awaited)))
    (cond (entry
           (let ((thread (cdr entry)))
             (set-cdr! entry #t)
             (##sys#thread-unblock! thread)))
          (else (set! awaited (cons (cons key #t) awaited))))))
(define (remove-entry entry list)
  (cond ((null? list) '())
        ((eq? (car list) entry) (cdr list))
        (else (cons (car list) (remove-entry entry (cdr list))))))

; A lock of green threads. A forked child has those of its own threads only: #t the first time there.
(define lock-owner #f)
(define lock-process #f)
(define lock-queue '())
(define (lock!)
  (let ((new (not (eqv? lock-process (current-process-id)))))
    (when new
      (set! lock-process (current-process-id))
      (set! lock-owner #f)
      (set! lock-queue '()))
    (cond (lock-owner
           (set! lock-queue (append lock-queue (list ##sys#current-thread)))
           (wait-to-be-woken))
          (else (set! lock-owner ##sys#current-thread)))
    new))
(define (unlock!)
  (cond ((null? lock-queue) (set! lock-owner #f))
        (else
         (set! lock-owner (car lock-queue))
         (set! lock-queue (cdr lock-queue))
         (##sys#thread-unblock! lock-owner))))
