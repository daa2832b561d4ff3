;;; Green threads: what CHICKEN's scheduler does with them inside itself, done from outside.
;;;
;;; Slots of a green thread that are used here, as library.scm of CHICKEN 5 lays them out: 1 the thunk
;;; that it goes on with, 3 its state, 4 its deadline, 5 what it has of ports, winders, handler and
;;; parameters while another one runs, 9 its quantum, 11 what it waits for, 13 whether that has timed out.

;; Keeps in THREAD, the present one, what it has of its own. CHICKEN's procedure for that is hidden.
(define (save-state thread)
  (let ((state (##sys#slot thread 5)))
    (##sys#setslot state 0 ##sys#dynamic-winds)
    (##sys#setslot state 1 ##sys#standard-input)
    (##sys#setslot state 2 ##sys#standard-output)
    (##sys#setslot state 3 ##sys#standard-error)
    (##sys#setslot state 4 ##sys#current-exception-handler)
    (##sys#setslot state 5 ##sys#current-parameter-vector)))

;; The reverse, for a green thread that goes on.
(define (restore-state thread)
  (let ((state (##sys#slot thread 5)))
    (set! ##sys#dynamic-winds (##sys#slot state 0))
    (set! ##sys#standard-input (##sys#slot state 1))
    (set! ##sys#standard-output (##sys#slot state 2))
    (set! ##sys#standard-error (##sys#slot state 3))
    (set! ##sys#current-exception-handler (##sys#slot state 4))
    (set! ##sys#current-parameter-vector (##sys#slot state 5))))

;; A green thread of NAME that runs THUNK and ends, not yet ready; WINDS are its winders.
(define (make-green-thread name winds thunk)
  (let ((thread (##sys#make-thread #f 'created name ##sys#default-thread-quantum)))
    (##sys#setslot (##sys#slot thread 5) 0 winds)
    (##sys#setslot thread 1
                   (lambda ()
                     (thunk)
                     (##sys#thread-kill! thread 'dead)
                     (##sys#schedule)))
    thread))

;; Has THREAD ended, by itself or because another one has terminated it? A boolean.
(define (gone? thread) (and (memq (##sys#slot thread 3) '(dead terminated)) #t))

;; Has the present green thread wait until another makes it ready, and returns then. LEAVE, a thunk that does
;; not return, goes on with others.
(define (block leave)
  (##sys#call-with-current-continuation
   (lambda (return)
     (let ((thread ##sys#current-thread))
       (##sys#setslot thread 1 (lambda () (return (##core#undefined))))
       (##sys#setslot thread 3 'blocked)
       (leave)))))

;; Has nobody wake THREAD for the mutex, condition variable or green thread that it waits for, as far as
;; CHICKEN's ##sys#thread-unblock! leaves that.
(define (forget-wait thread)
  (let* ((what (##sys#slot thread 11))
         (slot (cond ((##sys#structure? what 'mutex) 3)
                     ((##sys#structure? what 'condition-variable) 2)
                     ((##sys#structure? what 'thread) 12)
                     (else #f))))
    (when slot
      (##sys#setslot what slot (without thread (##sys#slot what slot))))))

;; Has CHICKEN's scheduler not look for what THREAD waits for at DESCRIPTOR. Its procedure for that is hidden.
(define (forget-descriptor thread descriptor)
  (let ((entry (assq descriptor ##sys#fd-list))) ; (descriptor thread ...)
    (when entry
      (let ((others (without thread (cdr entry))))
        (if (null? others)
            (set! ##sys#fd-list (without entry ##sys#fd-list))
            (set-cdr! entry others))))))

;; LIST without OBJECT, which is in it once, or not at all.
(define (without object list)
  (cond ((null? list) '())
        ((eq? object (car list)) (cdr list))
        (else (cons (car list) (without object (cdr list))))))

;; Stands where another has left the ready queue.
(define nobody (##sys#make-thread #f 'dead 'nobody 0))

;; THREAD is ready no longer: its turn must not come in addition to those that it takes at once.
(define (leave-queue thread)
  (let loop ((queue (##sys#ready-queue)))
    (when (pair? queue)
      (when (eq? (car queue) thread) (set-car! queue nobody))
      (loop (cdr queue)))))

;; The scheduler's clock, an integer.
(define (milliseconds) (##core#inline_allocate ("C_a_i_current_process_milliseconds" 7) #f))

;; How many milliseconds there are until DUE, of the scheduler's clock; -1.0 if that is #f.
(define (until due)
  (if due (exact->inexact (max 0 (- due (milliseconds)))) -1.0))

;; Does MODE, as CHICKEN notes what a green thread waits for at a descriptor, have input in it? Or output?
(define (input? mode) (and (memq mode '(#t #:input #:all)) #t))
(define (output? mode) (and (memq mode '(#f #:output #:all)) #t))

;; The green thread that has handed over to the present one, or #f. It is ready, but in no queue.
(define lender #f)

;; Goes on at once with THREAD, which is blocked and waits for nothing; the present green thread goes on
;; when that one gives back, or else as any that is ready.
(define (hand-over thread)
  (##sys#call-with-current-continuation
   (lambda (return)
     (let ((me ##sys#current-thread))
       (release-lender)
       (##sys#setslot me 1 (lambda () (return (##core#undefined))))
       (##sys#setslot me 3 'ready)
       (save-state me)
       (##core#inline "callseq_scheme_share")
       (set! lender me)
       (continue thread)))))

;; Blocks the present green thread, which waits for nothing: it is made ready, or handed over to, and goes
;; on with THUNK then.
(define (give-back thunk)
  (let ((me ##sys#current-thread) (thread lender))
    (##sys#setslot me 1 thunk)
    (##sys#setslot me 3 'blocked)
    (cond (thread
           (set! lender #f)
           (save-state me)
           (continue thread))
          (else (##sys#schedule)))))

;; Goes on with THREAD, whose state has been saved. Never returns.
(define (continue thread)
  (restore-state thread)
  (set! ##sys#current-thread thread)
  (##sys#setslot thread 3 'running)
  ((##sys#slot thread 1)))

;; The scheduler is about to choose: it has to know of the lender.
(define (release-lender)
  (when lender
    (let ((thread lender))
      (set! lender #f)
      (queue-unless-kept-out thread (resident-level thread)))))
