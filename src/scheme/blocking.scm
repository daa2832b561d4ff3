;;; Blocking C functions, which run outside with the runtime free; see src/runtime/suspend.c and
;;; errands.c. What the forms expand into is src/compile-time/blocking.scm.
;;;
;;; A *job* is the record of such a call, made by generated code. An *errand* is a job that a thread of
;;; the library's runs, for a green thread that no native thread waits for.

;; Has a C function run on the native thread that has made this green thread's call, outside; JOB is
;; what generated code has made for it, #f if there was no memory. Returns when it has ended, with
;; interrupts held, so that its result is read by whoever else is terminated. STATE is what
;; callseq_abi_go_outside has returned: not #f if this green thread is suspended, and another resident has to
;; go on. NAME is the function's.
;;
;; In place, where C frames are in the way, or the runtime must be held. In a green thread that has no
;; native thread of its own, on one of the library's.
(define (call-outside job state name)
  (unless job (error (string-append "no memory for a call of " name)))
  (cond (state
         (block (lambda () (suspend! void)))
         (unless (##core#inline "callseq_scheme_take_job" job) (given-up)))
        ((or (null? levels)
             (and (own-level) (not (##core#inline "callseq_scheme_is_later")))
             (not (##core#inline "callseq_scheme_can_suspend"))
             (not (call-elsewhere job)))
         (dynamic-wind
          void
          (lambda () (run-job job))
          (lambda () (##core#inline "callseq_scheme_leave_job" job)))))
  (##core#inline "callseq_scheme_hold_interrupts"))

;; The same on a thread of the library's; #f if none can be had. The service looks after ERRAND, which is
;; (green-thread waits job done?): WAITS is the thunk that it waits with, or #f; JOB is #f once it has
;; been dropped.
;; The green thread may be made ready before the job has ended, by an exception that another throws to it.
(define (call-elsewhere job)
  (let* ((thread ##sys#current-thread) (errand (list thread #f job #f)))
    (drop-result thread)
    (and (run-elsewhere job errand)
         (let loop ()
           (unless (cadddr errand)
             (block (lambda ()
                      (set-car! (cdr errand) (##sys#slot thread 1))
                      (##sys#schedule)))
             (loop))
           (leave-results errand)
           (unless (caddr errand) (given-up))
           #t))))

;; Errands that are done, whose green threads have not gone on yet: one for each of these.
(define results '())

;; ERRAND is done, and its green thread has gone on.
(define (leave-results errand) (set! results (without errand results)))

;; The service's: ERRAND is done. Its job is dropped if the green thread does not wait for it any more.
(define (end-errand errand)
  (let ((thread (car errand)))
    (set-car! (cdddr errand) #t)
    (set! results (cons errand results))
    (if (and (eq? (##sys#slot thread 1) (cadr errand)) (not (gone? thread)))
        (##sys#thread-unblock! thread)
        (drop-result thread))))

;; THREAD will not take the result of its errand, if there is one.
(define (drop-result thread)
  (let ((errand (assq thread results)))
    (when errand
      (leave-results errand)
      (drop-job (caddr errand))
      (set-car! (cddr errand) #f))))

;; Where a callback waits with the runtime held the service cannot look after errands, and CHICKEN's
;; scheduler does not know of them: a green thread does, which sleeps for some milliseconds at a time.
(define looks-after-errands #f)

;; Are there errands that the service cannot look after?
(define (errands-lack-service?)
  (and (##core#inline "callseq_scheme_has_errands")
       (not (##core#inline "callseq_scheme_can_suspend"))))

;; Has a green thread look after errands that the service cannot, if there is none yet.
(define (look-after-errands)
  (when (and (not looks-after-errands) (errands-lack-service?))
    (set! looks-after-errands #t)
    (##sys#add-to-ready-queue
     (make-green-thread
      'errands base-winds
      (lambda ()
        (let loop ()
          (when (errands-lack-service?)
            (##sys#thread-sleep! (+ (milliseconds) 2))
            (unblock-done)
            (loop)))
        (set! looks-after-errands #f))))))

;; The present green thread has been made to go on though its C function runs still: an error.
(define (given-up)
  (error "the C function's result has been given up, because its green thread went on otherwise"))
