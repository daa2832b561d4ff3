;;; Residents: green threads that run the resident loop; see src/runtime/suspend.c.
;;;
;;; One is attached, and executes the current call; the others are suspended, each with its call, or
;;; spare. The level of a resident is (green-thread continuation failure record), the last of `levels`
;;; while the resident is attached.

;; The levels of residents that wait for nothing and have no request.
(define spares '())

;; The green thread of a program that hosts native threads, which CHICKEN has made, and its level; else #f.
;; Residents that are made here have their level in a slot of their own, behind CHICKEN's.
(define first-thread #f)
(define first-level #f)
;; How many slots CHICKEN's green threads have.
(define thread-size (##sys#size ##sys#primordial-thread))

;; The level of the resident that runs in THREAD, or #f.
(define (resident-level thread)
  (cond ((eq? thread first-thread) first-level)
        ((fx> (##sys#size thread) thread-size) (##sys#slot thread thread-size))
        (else #f)))

;; The record, a fixnum, that C has of the resident of LEVEL.
(define (record-of level) (cadddr level))

;; The last of LEVELS, which is the attached resident's.
(define (last-level levels) (if (null? (cdr levels)) (car levels) (last-level (cdr levels))))

;; Is LEVEL the attached resident's?
(define (attached? level) (and (pair? levels) (eq? (last-level levels) level)))

;; Is the present green thread the attached resident, with no nested call above it?
(define (attached-alone?)
  (and (pair? levels) (null? (cdr levels)) (eq? (caar levels) ##sys#current-thread)))

;; The level of a new resident in THREAD.
(define (resident-in thread)
  (let ((level (list thread #f #f #f)))
    (set-car! (cdddr level) (##core#inline "callseq_scheme_make_resident" level))
    level))

;; Attaches LEVEL, that of the first resident.
(define (attach-first! level)
  (##core#inline "callseq_scheme_attach_spare" (record-of level))
  (set! levels (list level))
  (##core#inline "callseq_scheme_enter_level"))

;; A program that hosts native threads is the first resident itself.
(define (reside-as-program)
  (set! first-thread ##sys#current-thread)
  (set! first-level (resident-in first-thread))
  (attach-first! first-level))

;; In a C host CHICKEN's own green thread is none, since srfi-18 ends the process where that one is terminated:
;; it waits for ever. Never returns.
(define (reside-in-host)
  (let ((thread ##sys#current-thread) (level (make-resident)))
    (##core#inline "callseq_scheme_hold_interrupts")
    (##sys#setslot thread 1 (lambda () (block ##sys#schedule)))
    (##sys#setslot thread 3 'blocked)
    (save-state thread)
    (attach-first! level)
    (change-over (car level))))

;; The level of a new resident, which begins when it is first attached.
(define (make-resident)
  (let* ((made (##sys#make-thread #f 'blocked 'callseq ##sys#default-thread-quantum))
         (thread (apply ##sys#make-structure
                        (let loop ((i 0))
                          (if (fx= i thread-size)
                              '(#f)
                              (cons (##sys#slot made i) (loop (fx+ i 1)))))))
         (level (resident-in thread))
         (state (##sys#slot thread 5)))
    (##sys#setslot state 0 base-winds)
    (##sys#setslot state 4 handle)
    (##sys#setslot thread 1 (lambda () (run-resident level)))
    (##sys#setslot thread thread-size level)
    level))

;; The life of a resident, from when it is first attached, or its request has failed. Never returns.
(define (run-resident level)
  (call/cc (lambda (k) (set-car! (cdr level) k)))
  (set! ##sys#current-exception-handler handle)
  (settle-failure)
  (go-on (##core#inline "callseq_scheme_begin")))

;; Has the call of the attached resident, whose green thread was terminated, fail, and attaches another one.
;; The green thread is none of ours any more: who has kept it may terminate it again. Never returns.
(define (replace-resident! level)
  (drop-resident (record-of level))
  (##sys#setslot (car level) thread-size #f)
  (attach-spare!))
