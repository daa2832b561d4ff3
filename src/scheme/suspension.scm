;;; Suspension: a callback that waits lets others in; see src/runtime/suspend.c.
;;;
;;; Whoever waits in CHICKEN's scheduler does so through ##sys#schedule, and whoever is made ready comes
;;; by ##sys#add-to-ready-queue: both are replaced (hooks.scm). So a resident that waits is suspended
;;; there, and one that is made ready is told to its native thread instead of being queued.
;;;
;;; Interrupts are held from the moment that a resident begins to leave or to come.

;;; Changing over

;; Goes on with a resident, which has been attached. Ports and parameters stay as they are.
(define (change-over thread)
  (let ((state (##sys#slot thread 5)))
    (set! ##sys#current-thread thread)
    (##sys#setslot thread 3 'running)
    (set! ##sys#dynamic-winds (##sys#slot state 0))
    (set! ##sys#current-exception-handler (##sys#slot state 4))
    (redo-bindings ##sys#dynamic-winds)
    (##core#inline "C_set_initial_timer_interrupt_period" (##sys#slot thread 9))
    (##core#inline "callseq_scheme_allow_interrupts")
    (##sys#call-with-cthulhu (##sys#slot thread 1))))

;; The resident of the present green thread leaves; SUSPEND tells C for what. Never returns: what goes
;; on later is the thunk of the green thread.
(define (suspend! suspend)
  (undo-bindings ##sys#dynamic-winds)
  (save-state ##sys#current-thread)
  (suspend)
  (attach-spare!))

;; Attaches a spare resident, made if there is none, and goes on with it. Interrupts are held. Never returns.
(define (attach-spare!)
  (when (null? spares) (set! spares (list (make-resident))))
  (let ((level (car spares)))
    (set! spares (cdr spares))
    (set! levels (list level))
    (##core#inline "callseq_scheme_attach_spare" (record-of level))
    (change-over (car level))))

;; Is the present green thread the attached resident, and may that be suspended?
(define (suspendable?)
  (and (attached-alone?) (##core#inline "callseq_scheme_can_suspend")))

;;; Waiting in the scheduler

;; Tells C what THREAD waits for. CHICKEN's scheduler does not look for that any longer, unless the service
;; has to: a poll of many descriptors whenever the timer interrupts costs more than most callbacks.
(define (suspend-in-scheduler thread)
  (let ((file (##sys#slot thread 11))) ; (descriptor . mode), or something else
    (if (pair? file)
        (suspend-for-descriptor (car file) (input? (cdr file)) (output? (cdr file))
                                (until (##sys#slot thread 4)))
        (suspend-for-descriptor -1 #f #f (until (##sys#slot thread 4))))
    (unless (##core#inline "callseq_scheme_is_later")
      (##sys#remove-from-timeout-list thread)
      (when (pair? file) (forget-descriptor thread (car file))))))

;; Does the attached resident wait with the runtime held, though it need not any longer? What was in the
;; way when it began to wait, another green thread's C frames, is over.
(define (held-in-vain?)
  (and (pair? levels)
       (null? (cdr levels))
       (not (eq? (caar levels) ##sys#current-thread))
       (not (memq (##sys#slot (caar levels) 3) '(running ready dead terminated)))
       (##core#inline "callseq_scheme_can_suspend")))

;; Suspends that one. The present green thread, which schedules, goes on as CHICKEN has it; the service looks
;; after it. Never returns.
(define (suspend-held!)
  (let ((thread ##sys#current-thread) (resident (caar levels)))
    (##core#inline "callseq_scheme_hold_interrupts")
    (when (memq (##sys#slot thread 3) '(running ready))
      (##sys#setislot thread 13 #f)
      (##sys#add-to-ready-queue thread))
    (note-ready)
    (save-state thread)
    (set! ##sys#current-thread resident)
    (restore-state resident)
    (suspend! (lambda () (suspend-in-scheduler resident)))))

;; A scheduler that suspends the attached resident instead of waiting with the runtime held.
(define (scheduler schedule)
  (lambda ()
    (release-lender)
    (let* ((thread ##sys#current-thread) (state (##sys#slot thread 3)))
      (cond ((and (gone? thread) (attached-alone?))
             (##core#inline "callseq_scheme_hold_interrupts")
             (abandon)
             (replace-resident! (car levels)))
            ((held-in-vain?) (suspend-held!))
            ((or (memq state '(running ready)) (not (suspendable?)))
             (unblock-done)
             (look-after-errands)
             (when (pair? levels)
               (##core#inline "callseq_scheme_share")
               (unless (memq state '(running ready)) (start-handlers)))
             (schedule))
            (else
             (##core#inline "callseq_scheme_hold_interrupts")
             (when (##core#inline "callseq_scheme_is_later") (note-ready)) ; who polls for it
             (suspend! (lambda () (suspend-in-scheduler thread))))))))

;; The resident that is being resumed: it need not be told.
(define resumed #f)

;; CHICKEN's own ##sys#add-to-ready-queue: the service is not told.
(define queue-for-this-call #f)

;; Tells the service that a green thread is ready, or waits.
(define (note-ready) (##core#inline "callseq_scheme_note_ready"))

;; Has a suspended resident's native thread told that it is ready, and other green threads queued by
;; ADD. The service looks after these when nobody calls.
(define (queue add)
  (set! queue-for-this-call add)
  (lambda (thread)
    (let ((level (resident-level thread)))
      (cond ((not level)
             (note-ready)
             (add thread))
            ((eq? thread resumed) (void))
            ((attached? level)
             (when (eq? thread lender) (set! lender #f))
             (queue-unless-kept-out thread level))
            (else
             (##sys#setslot thread 3 'blocked)
             (##core#inline "callseq_scheme_ring" (record-of level)))))))

;; CHICKEN's scheduler ends a wait of the program's first green thread when a signal interrupts it, so
;; that its handler runs: not if that one is suspended, and waits elsewhere. Then it runs beside whoever waits
;; with the runtime held.
(define (interrupt-wait interrupt)
  (lambda ()
    (if (or (null? levels) (and first-level (attached? first-level)))
        (interrupt)
        (start-handlers))))

;; Drops what a green thread that is terminated has not taken, and lets in whom it kept out. Has the call of a
;; resident that is terminated fail. The attached one has to run once more for that.
(define (killer kill)
  (lambda (thread state)
    (kill thread state)
    (drop-result thread)
    (end-exclusively thread)
    (let ((level (resident-level thread)))
      (cond ((not level) (void))
            ((not (attached? level))
             (##core#inline "callseq_scheme_end_resident" (record-of level)))
            ((not (eq? thread ##sys#current-thread))
             (##sys#setslot thread 1
                            (lambda () (##sys#setslot thread 3 state) (##sys#schedule)))
             (##sys#add-to-ready-queue thread))))))

;; A callback, of the native thread whose suspended callback is to go on.
(define (resume serial request)
  (##core#inline "callseq_scheme_hold_interrupts")
  (let* ((me (car levels))
         (level (##core#inline "callseq_scheme_resumed" request))
         (thread (car level)))
    (save-state (car me))
    (##sys#setslot (car me) 1 (lambda () (go-on (##core#inline "callseq_scheme_begin"))))
    (##sys#setslot (car me) 3 'blocked)
    (set! spares (cons me spares))
    (set! levels (list level))
    (let ((timed-out (##core#inline "callseq_scheme_attach" request)))
      (cond ((gone? thread)
             (replace-resident! level))
            (else
             (when (boolean? timed-out)
               (##sys#setislot thread 13 timed-out)
               (set! resumed thread)
               (##sys#thread-unblock! thread)
               (set! resumed #f))
             (change-over thread))))))

;;; Exclusively
;;;
;;; While the attached resident does it, can_suspend of suspend.c sees to it that nobody else comes in. A
;;; green thread keeps the attached resident out besides, of the ready queue: so that one's call does not end,
;;; and the runtime is held, until the green thread lets it in again.

;; The green threads that keep others out, each as often as it has begun to.
(define exclusive '())

;; The attached resident, if it would be ready but for those; else #f.
(define kept-out #f)

;; Is the attached resident, of LEVEL, kept out? Not one that does so itself, nor a program, which is no
;; callback.
(define (keeps-out? level)
  (and (pair? exclusive)
       (not (eq? level first-level))
       (not (memq (car level) exclusive))))

;; THREAD, the attached resident, is ready, but has to wait.
(define (keep-out thread)
  (##sys#setslot thread 3 'ready)
  (set! kept-out thread))

;; THREAD, which is ready, is queued, if it is none that is kept out; LEVEL is its own, or #f.
(define (queue-unless-kept-out thread level)
  (if (and level (keeps-out? level))
      (keep-out thread)
      (queue-for-this-call thread)))

;; The attached resident goes on.
(define (let-in)
  (let ((thread kept-out))
    (set! kept-out #f)
    (when (and thread (eq? 'ready (##sys#slot thread 3))) ; not suspended by srfi-18
      (queue-for-this-call thread))))

;; THREAD keeps others out so many times more, 1 or -1.
(define (exclude thread change)
  (set! exclusive (if (fx> change 0) (cons thread exclusive) (without thread exclusive)))
  (##core#inline "callseq_scheme_exclude" change)
  (when (pair? levels)
    (let* ((level (last-level levels)) (resident (car level)))
      (cond ((not (keeps-out? level)) (let-in))
            ((and (eq? 'ready (##sys#slot resident 3)) (not (eq? resident lender)))
             (leave-queue resident)
             (keep-out resident))))))

;; Evaluates THUNK while no other callback runs, whatever it waits for.
(define (call-exclusively thunk)
  (dynamic-wind
   (lambda () (exclude ##sys#current-thread 1))
   thunk
   (lambda ()
     (when (memq ##sys#current-thread exclusive)
       (exclude ##sys#current-thread -1)
       (let ((level (resident-level ##sys#current-thread)))
         (when (and level (keeps-out? level)) ; a green thread has begun meanwhile
           (##sys#thread-yield!)))))))

;; THREAD is terminated: its winders do not run.
(define (end-exclusively thread)
  (when (memq thread exclusive)
    (exclude thread -1)
    (end-exclusively thread)))

;;; Giving way

;; Has the present green thread go on with THUNK later, if it is not RESIDENT, which is the present one
;; then. Interrupts are held.
(define (step-back resident thunk)
  (let ((thread ##sys#current-thread))
    (when (eq? lender resident) (set! lender #f))
    (##sys#setslot thread 1 thunk)
    (unless (eq? thread resident)
      (leave-queue resident)
      (##sys#add-to-ready-queue thread)
      (save-state thread)
      (restore-state resident)
      (set! ##sys#current-thread resident))))

;; The program lets native threads have the runtime, and goes on with THUNK later.
(define (give-way thunk)
  (let ((resident (caar levels)))
    (step-back resident thunk)
    (##sys#setslot resident 3 'blocked)
    (suspend! (lambda () (##core#inline "callseq_scheme_give_way")))))

;; The service is asked to look who waits; the present green thread goes on with THUNK later.
(define (back-to-service thunk)
  (let ((resident (caar levels)))
    (if (eq? resident ##sys#current-thread)
        (thunk)
        (begin
          (##core#inline "callseq_scheme_hold_interrupts")
          (step-back resident thunk)
          (##sys#setslot resident 3 'running)
          (##core#inline "callseq_scheme_allow_interrupts")
          (##sys#call-with-cthulhu (##sys#slot resident 1))))))
