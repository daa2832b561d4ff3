;;; Suspension: a callback that waits lets others in; see src/runtime/suspend.c.
;;;
;;; A server is a green thread that runs the resident loop. Its level is (green-thread continuation
;;; failure record), the last of `levels` while the server is attached. Whoever waits in CHICKEN's
;;; scheduler does so through ##sys#schedule, and whoever is made ready comes by
;;; ##sys#add-to-ready-queue: both are replaced (hooks.scm). So a server that waits is suspended
;;; there, and one that is made ready is told to its native thread instead of being queued.
;;;
;;; Each callback has its own winders and exception handler, as each green thread has. Values of
;;; parameters and the current ports are everybody's; what parameterize, fluid-let and with-output-to-...
;;; bind is undone when their callback is suspended and done again when it goes on, by their own
;;; thunks. So a value that others set meanwhile stays. Winders of dynamic-wind are not run: nobody
;;; has left or entered. Binding forms wind by ##sys#dynamic-wind, users by dynamic-wind, which are one
;;; procedure in CHICKEN and two here.
;;;
;;; Interrupts are held from the moment that a server begins to leave or to come.

;; What winders there were before the first callback.
(define base-winds '())

;; The levels of servers that wait for nothing and have no request.
(define spares '())

;; The green thread that serves first, and its level: CHICKEN has made it. Servers that are made here
;; have their level in a slot of their own, behind CHICKEN's.
(define first-thread #f)
(define first-level #f)
;; How many slots CHICKEN's green threads have.
(define thread-size (##sys#size ##sys#primordial-thread))

;; The level of the server that runs in THREAD, or #f.
(define (server-level thread)
  (cond ((eq? thread first-thread) first-level)
        ((fx> (##sys#size thread) thread-size) (##sys#slot thread thread-size))
        (else #f)))

;; The record, a fixnum, that C has of the server of LEVEL.
(define (record-of level) (cadddr level))

;; Has the call of the attached server, whose green thread was terminated, fail, and another one serve.
;; The green thread is none of ours any more: who has kept it may terminate it again. Never returns.
(define (replace-server! level)
  (drop-server (record-of level))
  (if (eq? (car level) first-thread)
      (set! first-thread #f)
      (##sys#setslot (car level) thread-size #f))
  (attach-spare!))

;; The level of a new server in THREAD.
(define (server-in thread)
  (let ((level (list thread #f #f #f)))
    (set-car! (cdddr level) (##core#inline "callseq_scheme_make_server" level))
    level))

;; Has the present green thread be the first server, attached. Returns its level.
(define (begin-serving)
  (set! first-thread ##sys#current-thread)
  (set! first-level (server-in first-thread))
  (##core#inline "callseq_scheme_attach_spare" (record-of first-level))
  (set! levels (list first-level))
  (##core#inline "callseq_scheme_enter_level")
  first-level)

;; The level of a server that has not served yet.
(define (make-server)
  (let* ((made (##sys#make-thread #f 'blocked 'callseq ##sys#default-thread-quantum))
         (thread (apply ##sys#make-structure
                        (let loop ((i 0))
                          (if (fx= i thread-size)
                              '(#f)
                              (cons (##sys#slot made i) (loop (fx+ i 1)))))))
         (level (server-in thread))
         (state (##sys#slot thread 5)))
    (##sys#setslot state 0 base-winds)
    (##sys#setslot state 4 handle)
    (##sys#setslot thread 1 (lambda () (run-server level)))
    (##sys#setslot thread thread-size level)
    thread
    level))

;; The life of a server, from when it is first attached, or its request has failed. Never returns.
(define (run-server level)
  (call/cc (lambda (k) (set-car! (cdr level) k)))
  (set! ##sys#current-exception-handler handle)
  (settle-failure)
  (go-on (##core#inline "callseq_scheme_begin")))

;;; Changing over

;; What CHICKEN's scheduler does where green threads change; its own procedures are hidden.
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

;; The green thread that makes or ends a binding at this moment, or #f. Half of it cannot be undone, so a
;; program that is asked to give way meanwhile does not, so many times: who makes it may never come to the
;; end of that, by a continuation, or compute for long.
(define binding #f)
(define refusals 0)
(define most-refusals 1000)

(define (begin-binding)
  (set! binding ##sys#current-thread)
  (set! refusals 0))

;; A winder that binds; dynamic-wind's are pairs.
(define (bind before thunk after)
  (begin-binding)
  (before)
  (set! ##sys#dynamic-winds (cons (vector before after #t) ##sys#dynamic-winds))
  (set! binding #f)
  (##sys#call-with-values
   thunk
   (lambda results
     (begin-binding)
     (set! ##sys#dynamic-winds (##sys#slot ##sys#dynamic-winds 1))
     (after)
     (set! binding #f)
     (apply ##sys#values results))))

;; Runs the winders between the present ones and WINDS, a list that has N fewer, or so many more, as
;; CHICKEN does where a continuation is entered.
(define (unwind winds n)
  (cond ((eq? ##sys#dynamic-winds winds))
        ((< n 0)
         (unwind (##sys#slot winds 1) (+ n 1))
         (when (vector? (##sys#slot winds 0)) (begin-binding))
         ((##sys#slot (##sys#slot winds 0) 0))
         (set! ##sys#dynamic-winds winds)
         (set! binding #f))
        (else
         (let ((winder (##sys#slot ##sys#dynamic-winds 0)))
           (when (vector? winder) (begin-binding))
           (set! ##sys#dynamic-winds (##sys#slot ##sys#dynamic-winds 1))
           ((##sys#slot winder 1))
           (set! binding #f)
           (unwind winds (- n 1))))))

;; call/cc of a program, as CHICKEN's own but for the binding that is marked.
(define (capture procedure)
  (let ((winds ##sys#dynamic-winds))
    (##sys#call-with-current-continuation
     (lambda (k)
       (procedure
        (lambda results
          (unless (eq? ##sys#dynamic-winds winds)
            (unwind winds (- (length ##sys#dynamic-winds) (length winds))))
          (apply k results)))))))

;; Is a binding half made, which shall be let end?
(define (binds?)
  (and (eq? binding ##sys#current-thread)
       (< refusals most-refusals)
       (begin (set! refusals (+ refusals 1)) #t)))

;; Runs the `after` thunks of what binds among WINDS, a list of winders, innermost first: down to what there
;; was before the first callback.
(define (undo-bindings winds)
  (unless (or (null? winds) (eq? winds base-winds))
    (when (vector? (car winds)) ((vector-ref (car winds) 1)))
    (undo-bindings (cdr winds))))

;; Runs their `before` thunks, outermost first.
(define (redo-bindings winds)
  (unless (or (null? winds) (eq? winds base-winds))
    (redo-bindings (cdr winds))
    (when (vector? (car winds)) ((vector-ref (car winds) 0)))))

;; Calls PROCEDURE while the parameters are those that all callbacks share, also from a green thread that
;; has its own, and gives its value. What it sets, it sets for all callbacks.
(define (shared-parameters procedure)
  (let* ((thread (if (pair? levels) (car (last-level levels)) ##sys#current-thread))
         (state (##sys#slot thread 5))
         (own ##sys#current-parameter-vector))
    (if (eq? thread ##sys#current-thread)
        (procedure)
        (begin
          (set! ##sys#current-parameter-vector (##sys#slot state 5))
          (let ((value (procedure)))
            (##sys#setslot state 5 ##sys#current-parameter-vector) ; it may have had to grow
            (set! ##sys#current-parameter-vector own)
            value)))))

;; Goes on with a server, which has been attached. Ports and parameters stay as they are.
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

;; The server of the present green thread leaves; SUSPEND tells C for what. Never returns: what goes
;; on later is the thunk of the green thread.
(define (suspend! suspend)
  (undo-bindings ##sys#dynamic-winds)
  (save-state ##sys#current-thread)
  (suspend)
  (attach-spare!))

;; Attaches a spare server, made if there is none, and goes on with it. Interrupts are held. Never returns.
(define (attach-spare!)
  (when (null? spares) (set! spares (list (make-server))))
  (let ((level (car spares)))
    (set! spares (cdr spares))
    (set! levels (list level))
    (##core#inline "callseq_scheme_attach_spare" (record-of level))
    (change-over (car level))))

;; Is this green thread the attached server, with no nested call above it?
(define (attached-alone?)
  (and (pair? levels) (null? (cdr levels)) (eq? (caar levels) ##sys#current-thread)))

;; Is it, and may it be suspended?
(define (suspendable?)
  (and (attached-alone?) (##core#inline "callseq_scheme_can_suspend")))

;;; Waiting in the scheduler

;; The scheduler's clock, an integer.
(define (milliseconds) (##core#inline_allocate ("C_a_i_current_process_milliseconds" 7) #f))

;; How many milliseconds there are until DUE, of the scheduler's clock; -1.0 if that is #f.
(define (until due)
  (if due (exact->inexact (max 0 (- due (milliseconds)))) -1.0))

;; Does MODE, as CHICKEN notes what a green thread waits for at a descriptor, have input in it? Or output?
(define (input? mode) (and (memq mode '(#t #:input #:all)) #t))
(define (output? mode) (and (memq mode '(#f #:output #:all)) #t))

;; Tells C what THREAD waits for.
(define (suspend-in-scheduler thread)
  (let ((file (##sys#slot thread 11))) ; (descriptor . mode), or something else
    (if (pair? file)
        (suspend-for-descriptor (car file) (input? (cdr file)) (output? (cdr file))
                                (until (##sys#slot thread 4)))
        (suspend-for-descriptor -1 #f #f (until (##sys#slot thread 4))))))

;; A scheduler that suspends the attached server instead of waiting with the runtime held.
(define (scheduler schedule)
  (lambda ()
    (release-lender)
    (let* ((thread ##sys#current-thread) (state (##sys#slot thread 3)))
      (cond ((and (memq state '(dead terminated)) (attached-alone?))
             (##core#inline "callseq_scheme_hold_interrupts")
             (abandon)
             (replace-server! (car levels)))
            ((or (memq state '(running ready)) (not (suspendable?)))
             (unblock-done)
             (look-after-errands)
             (schedule))
            (else
             (##core#inline "callseq_scheme_hold_interrupts")
             (when (##core#inline "callseq_scheme_is_later") (note-ready)) ; who polls for it
             (suspend! (lambda () (suspend-in-scheduler thread))))))))

;; The server that is being resumed: it need not be told.
(define resumed #f)

;; CHICKEN's own ##sys#add-to-ready-queue: the service is not told.
(define queue-for-this-call #f)

;; Tells the service that a green thread is ready, or waits.
(define (note-ready) (##core#inline "callseq_scheme_note_ready"))

;; Has a suspended server's native thread told that it is ready, and other green threads queued by
;; ADD. The service looks after these when nobody calls.
(define (queue add)
  (set! queue-for-this-call add)
  (lambda (thread)
    (let ((level (server-level thread)))
      (cond ((not level)
             (note-ready)
             (add thread))
            ((eq? thread resumed) (void))
            ((attached? level)
             (when (eq? thread lender) (set! lender #f))
             (add thread))
            (else
             (##sys#setslot thread 3 'blocked)
             (##core#inline "callseq_scheme_ring" (record-of level)))))))

;; Does a native thread of its own wait for what THREAD waits for? Not for a green thread that is no
;; server, nor for a call that no native thread waits for: the service does.
(define (waits-outside? thread)
  (let ((level (server-level thread)))
    (and level (not (##core#inline "callseq_scheme_is_polled" (record-of level))))))

;; The last of LEVELS, which is the attached server's.
(define (last-level levels) (if (null? (cdr levels)) (car levels) (last-level (cdr levels))))

;; Is LEVEL the attached server's?
(define (attached? level) (and (pair? levels) (eq? (last-level levels) level)))

;; CHICKEN's scheduler ends a wait of the program's first green thread when a signal interrupts it, so
;; that its handler runs: not if that one is suspended, and waits elsewhere. Then it runs beside whoever waits
;; with the runtime held.
(define (interrupt-wait interrupt)
  (lambda ()
    (if (or (null? levels) (not first-level) (attached? first-level))
        (interrupt)
        (start-handlers))))

;; Drops what a green thread that is terminated has not taken. Has the call of a server that is terminated
;; fail. The attached one has to run once more for that.
(define (killer kill)
  (lambda (thread state)
    (kill thread state)
    (drop-result thread)
    (let ((level (server-level thread)))
      (cond ((not level) (void))
            ((not (attached? level))
             (##core#inline "callseq_scheme_end_server" (record-of level)))
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
      (cond ((memq (##sys#slot thread 3) '(dead terminated))
             (replace-server! level))
            (else
             (when (boolean? timed-out)
               (##sys#setislot thread 13 timed-out)
               (set! resumed thread)
               (##sys#thread-unblock! thread)
               (set! resumed #f))
             (change-over thread))))))

;;; Waiting elsewhere

;; Has a C function run on the native thread that has made this green thread's call, outside; JOB is
;; what generated code has made for it, #f if there was no memory. Returns when it has ended, with
;; interrupts held, so that its result is read by whoever else is terminated. STATE is what
;; callseq_abi_go_outside has returned: not #f if this green thread is suspended, and another server has to
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
         (run-job job)))
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

(define (leave-results errand)
  (set! results (let loop ((list results))
                  (cond ((null? list) '())
                        ((eq? errand (car list)) (cdr list))
                        (else (cons (car list) (loop (cdr list))))))))

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

(define (errands-lack-service?)
  (and (##core#inline "callseq_scheme_has_errands")
       (not (##core#inline "callseq_scheme_can_suspend"))))

(define (look-after-errands)
  (when (and (not looks-after-errands) (errands-lack-service?))
    (set! looks-after-errands #t)
    (let ((thread (##sys#make-thread #f 'created 'errands ##sys#default-thread-quantum)))
      (##sys#setslot thread 1
                     (lambda ()
                       (let loop ()
                         (when (errands-lack-service?)
                           (##sys#thread-sleep! (+ (milliseconds) 2))
                           (unblock-done)
                           (loop)))
                       (set! looks-after-errands #f)
                       (##sys#thread-kill! thread 'dead)
                       (##sys#schedule)))
      (##sys#add-to-ready-queue thread))))

;; The present green thread has been made to go on though its C function runs still: an error.
(define (given-up)
  (error "the C function's result has been given up, because its green thread went on otherwise"))

;; Has the present green thread wait; LEAVE does not return.
(define (block leave)
  (##sys#call-with-current-continuation
   (lambda (return)
     (let ((thread ##sys#current-thread))
       (##sys#setslot thread 1 (lambda () (return (##core#undefined))))
       (##sys#setslot thread 3 'blocked)
       (leave)))))

;; Evaluates THUNK while no other callback runs, whatever it waits for.
(define (call-exclusively thunk)
  (dynamic-wind
   (lambda () (##core#inline "callseq_scheme_exclude" #t))
   thunk
   (lambda () (##core#inline "callseq_scheme_exclude" #f))))

;;; Handing over

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
      (queue-for-this-call thread))))

;;; Giving way

;; Stands where another has left the ready queue.
(define nobody (##sys#make-thread #f 'dead 'nobody 0))

;; THREAD is ready no longer: its turn must not come in addition to those that it takes at once.
(define (leave-queue thread)
  (let loop ((queue (##sys#ready-queue)))
    (when (pair? queue)
      (when (eq? (car queue) thread) (set-car! queue nobody))
      (loop (cdr queue)))))

;; Has the present green thread go on with THUNK later, if it is not SERVER, which is the present one
;; then. Interrupts are held.
(define (step-back server thunk)
  (let ((thread ##sys#current-thread))
    (when (eq? lender server) (set! lender #f))
    (##sys#setslot thread 1 thunk)
    (unless (eq? thread server)
      (leave-queue server)
      (##sys#add-to-ready-queue thread)
      (save-state thread)
      (restore-state server)
      (set! ##sys#current-thread server))))

;; The program lets native threads have the runtime, and goes on with THUNK later.
(define (give-way thunk)
  (let ((server (caar levels)))
    (step-back server thunk)
    (##sys#setslot server 3 'blocked)
    (suspend! (lambda () (##core#inline "callseq_scheme_give_way")))))

;; The service is asked to look who waits; the present green thread goes on with THUNK later.
(define (back-to-service thunk)
  (let ((server (caar levels)))
    (if (eq? server ##sys#current-thread)
        (thunk)
        (begin
          (##core#inline "callseq_scheme_hold_interrupts")
          (step-back server thunk)
          (##sys#setslot server 3 'running)
          (##core#inline "callseq_scheme_allow_interrupts")
          (##sys#call-with-cthulhu (##sys#slot server 1))))))
