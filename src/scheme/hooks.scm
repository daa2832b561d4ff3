;;; Where CHICKEN's own procedures are replaced: all of it is here.

;; Has the global procedure NAME, if the program has it, be what WRAP makes of it; once. Was it so just now?
(define (replace! name wrap)
  (and (##sys#symbol-has-toplevel-binding? name)
       (not (memq name replaced))
       (begin
         (set! replaced (cons name replaced))
         (##sys#setslot name 0 (wrap (##sys#slot name 0)))
         #t)))

(define replaced '())

;; Calls THUNK with interrupts held; gives its value.
(define (without-interrupts thunk)
  (with-exception-handler
   (let ((handle ##sys#current-exception-handler))
     (lambda (exception)
       (##core#inline "callseq_scheme_allow_interrupts")
       (handle exception)))
   (lambda ()
     (##core#inline "callseq_scheme_hold_interrupts")
     (let ((value (thunk)))
       (##core#inline "callseq_scheme_allow_interrupts")
       value))))

;; Has CHICKEN's procedures that change the signal mask keep the caller's, and tell what they change; see
;; src/runtime/masks.c. A green thread could go on elsewhere in between.
(define (keep-masks)
  (define (keep name note)
    (replace! name
              (lambda (change)
                (lambda (signals)
                  (without-interrupts
                   (lambda ()
                     (##core#inline "callseq_scheme_keep_mask")
                     (change signals)
                     (note signals)))))))
  (define (block signal) (##core#inline "callseq_scheme_note_mask" #t signal))
  (define (unblock signal) (##core#inline "callseq_scheme_note_mask" #f signal))
  (define set-signal-mask! 'chicken.process.signal#set-signal-mask!)
  (keep 'chicken.process.signal#signal-mask! block)
  (keep 'chicken.process.signal#signal-unmask! unblock)
  (keep set-signal-mask!
        (lambda (signals)
          (unblock 0)                   ; all
          (for-each block signals)))
  (replace! 'chicken.process.signal#signal-mask ; which has its setter for itself
            (lambda (mask)
              (getter-with-setter (lambda () (mask))
                                  (lambda (signals) ((##sys#slot set-signal-mask! 0) signals))))))

;; Has CHICKEN's procedures that set signal handlers leave its own C handler out; see src/runtime/signals.c.
;; Did they do so just before?
(define (catch-signals)
  (replace! 'chicken.process.signal#make-signal-handler ; since CHICKEN 5.4; tells signals by a queue
            (lambda (make)
              (lambda signals
                (let ((next (apply make signals)))
                  (for-each catch-signal signals)
                  next))))
  (replace! 'chicken.process.signal#signal-handler
            (lambda (handler-of)
              (getter-with-setter handler-of
                                  (lambda (signal handler)
                                    (chicken.process.signal#set-signal-handler! signal handler)))))
  (replace! 'chicken.process.signal#set-signal-handler!
            (lambda (change)
              (lambda (signal handler)
                (##sys#check-range signal 1 65 'set-signal-handler!)
                (cond (handler
                       (vector-set! ##sys#signal-vector signal handler)
                       (catch-signal signal))
                      (else (change signal handler)))))))

;; (forks) -> fixnum: how many forks have made this process of the one that loaded the program.
(define (forks) (##core#inline "callseq_scheme_forks"))

;; What that was when process-fork last made this process, or one that it stems from; 0: never. And the
;; green thread that it was in, or #f; callseq-eval uses this one.
(define last-birth 0)
(define forked-by #f)

;; In a child of process-fork: it is born here. For a THUNK? it must not leave the call in progress;
;; see src/runtime/birth.c.
(define (be-born thunk?)
  (set! last-birth (forks))
  (set! forked-by ##sys#current-thread)
  (born thunk?)
  (##core#inline "callseq_scheme_allow_interrupts"))

;; A child must not go on as a second host against the program's will. One that process-fork makes for
;; a thunk ends with it, also by an error, and one that process-run makes if there is no such program. So
;; the two procedures by which Scheme makes children are replaced, and where an error would be dropped.
;; Interrupts are held until it is known who has forked: others look for that.
(define (end-children)
  (define (tell exception)
    (print-error-message exception (current-error-port))
    (print-call-chain (current-error-port)))
  (define (run-born thunk)
    (be-born #t)
    (with-exception-handler
     (lambda (exception)
       (tell exception)
       (end-process 70))
     (lambda ()
       (let ((ended? #f))
         (dynamic-wind
          void
          (lambda () (thunk) (set! ended? #t))
          (lambda ()
            (unless ended? (error "a continuation left the thunk of process-fork"))))))))
  (replace! 'chicken.process#process-fork
            (lambda (fork)
              (lambda (#!optional thunk kill-others?)
                (without-interrupts
                 (lambda ()
                   (let ((id (fork (and thunk (lambda () (run-born thunk))) kill-others?)))
                     (when (eq? id 0) (be-born #f))
                     id))))))
  (replace! 'chicken.process#process-run
            (lambda (run)
              (lambda arguments
                (let ((before (forks)))
                  (with-exception-handler
                   (lambda (exception)
                     (when (> last-birth before)
                       (tell exception)
                       (end-at-once 70))
                     (abort exception))
                   (lambda () (apply run arguments)))))))
  ;; CHICKEN prints an error in a finalizer, and goes on.
  (replace! '##sys#show-exception-warning
            (lambda (show)
              (lambda (exception cause . thread)
                (apply show exception cause thread)
                (when (and (string=? cause "in finalizer") (##core#inline "callseq_scheme_is_born"))
                  (end-process 70))))))

;; From now on neither (return-to-host) nor the end of the program's code leaves Scheme, where a callback
;; comes there, perhaps by a continuation: in a nested call CHICKEN would end the process.
(define (keep-in-calls)
  (replace! 'chicken.platform#return-to-host (lambda (_) strayed))
  (implicit-exit-handler strayed))

;; Has (errno) read what a blocking C function has left, until CHICKEN next reads C's own. That is cheaper
;; than to read it after each such function, and nothing that comes between changes it.
(define (keep-errno)
  (replace! '##sys#errno
            (lambda (errno)
              (lambda () (or (##core#inline "callseq_scheme_left_errno") (errno)))))
  (replace! '##sys#update-errno
            (lambda (update)
              (lambda ()
                (##core#inline "callseq_scheme_forget_errno")
                (update)))))

;; Has callbacks that wait be suspended; see suspension.scm and bindings.scm.
(define (keep-scheduling)
  (set! ##sys#dynamic-wind bind)
  (replace! '##sys#schedule scheduler)
  (replace! '##sys#add-to-ready-queue queue)
  (replace! '##sys#force-primordial interrupt-wait)
  (replace! '##sys#thread-kill! killer))

;; Has continuations know whose they are; see continuations.scm.
(define (keep-captures)
  (replace! 'scheme#call-with-current-continuation (lambda (_) capture))
  (replace! 'chicken.base#call/cc (lambda (_) capture)))

;; Has interrupts look for signals, and for who waits; see signals.scm.
(define (catch-interrupts)
  (replace! '##sys#interrupt-hook interrupt-hook))

;; What (on-exit) has registered in a C host, the latest first.
(define thunks '())

;; Runs these, and then what they have registered meanwhile, as CHICKEN does.
(define (run-thunks)
  (unless (null? thunks)
    (let ((registered thunks))
      (set! thunks '())
      (for-each (lambda (thunk) (thunk)) registered)
      (run-thunks))))

;; Has thunks of (on-exit) be run by themselves, too, an error in one be printed, and no more; and
;; (emergency-exit) end the process of a C host.
(define (keep-exits)
  (replace! 'chicken.base#on-exit
            (lambda (_)
              (lambda (thunk) (set! thunks (cons (guarded thunk "Error in an on-exit thunk") thunks)))))
  (replace! 'chicken.base#emergency-exit
            (lambda (_)
              (lambda (#!optional (code 0)) (end-process code)))))

;; Has (return-to-host) close the door for native threads: it returns to a C host that runs CHICKEN by
;; itself.
(define (end-hosting)
  (replace! 'chicken.platform#return-to-host
            (lambda (return)
              (lambda ()
                (if (##core#inline "callseq_scheme_stop_hosting")
                    (return)
                    (strayed))))))

;; Has the prompt of csi wait for input in the scheduler, so that native threads may call meanwhile.
(define (keep-prompt)
  (replace! '##sys#read-prompt-hook
            (lambda (prompt)
              (lambda ()
                (prompt)
                (let wait ()
                  (handle-signals)
                  (unless (input-buffered?)
                    (##sys#thread-block-for-i/o! ##sys#current-thread 0 #:input)
                    (##sys#thread-yield!)
                    (when (##core#inline "callseq_scheme_signals_pending") (wait))))))))
