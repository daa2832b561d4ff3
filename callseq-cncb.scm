;;; The module callseq-cncb: what the egg concurrent-native-callbacks offers, by sequenced callbacks.
;;;
;;; A callback puts its body into the queue of its *dispatcher*, a green thread that runs one body after
;;; the other. A synchronous one then hands over to that green thread, if it is idle, and goes on when it
;;; has run the body: on the native thread that called, without a switch of native threads, and past the
;;; scheduler. Where the body waits, or others are before it, the callback waits as any other does: it is
;;; suspended.
;;; An asynchronous one leaves the dispatcher to the service; it waits only while the queue is full.
;;;
;;; A waiting callback waits for its call, and for the end of the dispatcher's green thread: whoever
;;; ends that one wakes all. A dispatcher that has work is not idle; its green thread is ready then, or
;;; in a body.
;;;
;;; Green threads change only where this file lets them: its code is not interrupted.

;; No C of callseq's is used here: the shared module is loaded before it has loaded callseq.
(declare (unit callseq-cncb) (uses scheduler) (disable-interrupts))

(module callseq-cncb
    ((define-concurrent-native-callback dispatcher call-later)
     (define-synchronous-concurrent-native-callback dispatcher call-now)
     dispatcher dispatcher? dispatcher-id dispatcher-thread dispatcher-terminate! dispatch)

  (import scheme (chicken base) (chicken fixnum)
          (chicken format) (chicken syntax) callseq)

;;; Syntax

;; The expansion of FORM, (SYNTAX (NAME (TYPE ARG) ...) RTYPE BODY ...) or with (NAME ID) for NAME, as a
;; sequenced callback whose body is given to PROCEDURE. Without RTYPE if RESULT? is #f: it is void then.
(begin-for-syntax
 (module callseq-cncb-compile-time (expand-dispatched)
   (import scheme (chicken base) (chicken format) (chicken syntax))
   (define needs-lock
     "#ifdef CALLSEQ_NO_LOCK\n#error callseq-cncb needs the lock: compile without CALLSEQ_NO_LOCK\n#endif\n")
   (define (expand-dispatched form rename procedure result?)
     (define syntax (strip-syntax (car form)))
     (define shape (if result? "(NAME (TYPE ARG) ...) RTYPE BODY ..." "(NAME (TYPE ARG) ...) BODY ..."))
     (define (refuse message culprit)
       (syntax-error syntax
                     (sprintf "~A~A; the shape is (~A ~A), or with (NAME DISPATCHER) for NAME"
                              (let ((line (get-line-number form))) (if line (sprintf "(~A) " line) ""))
                              message syntax shape)
                     (strip-syntax culprit)))
     (unless (and (list? form) (pair? (cdr form)) (pair? (cadr form)))
       (refuse "a list (NAME (TYPE ARG) ...) must come first" form))
     (let* ((head (caadr form))
            (given (cond ((not (pair? head)) 'default)
                         ((and (list? head) (= 2 (length head))) (strip-syntax (cadr head)))
                         (else (refuse "a name is NAME or (NAME DISPATCHER)" head))))
            (id (if (and (pair? given) (eq? 'quote (car given))) (cadr given) given))
            (name (if (pair? head) (car head) head))
            (body (cddr form)))
       (when (or (null? body) (and result? (null? (cdr body))))
         (refuse (if (and result? (null? body)) "the result type is missing" "the body is missing") form))
       `(##core#begin
         (##core#declare (foreign-declare ,needs-lock))
         (,(rename 'let) ((,(rename 'to) (,(rename 'dispatcher) (,(rename 'quote) ,id))))
          ,(callseq-compile-time#expand-callback
            `(,(car form) (,name ,@(cdadr form)) ,(if result? (car body) 'void)
              (,(rename procedure) ,(rename 'to) ,(sprintf "~A" (strip-syntax name))
               (,(rename 'lambda) () ,@(if result? (cdr body) body))))
            'plain form shape)))))))

;; (define-concurrent-native-callback (NAME (TYPE ARG) ...) BODY ...)
;;
;; Makes the C function `void NAME(TYPE ARG, ...)`, which any native thread may call: it has the
;; dispatcher `default` evaluate BODY, and returns at once, unless 1024 calls are before it. With
;; (NAME DISPATCHER) for NAME it is that dispatcher, which is made if there is none. An error in BODY is
;; told to on_error, by a thread of the library's.
(define-syntax define-concurrent-native-callback
  (er-macro-transformer
   (lambda (form rename compare) (callseq-cncb-compile-time#expand-dispatched form rename 'call-later #f))))

;; (define-synchronous-concurrent-native-callback (NAME (TYPE ARG) ...) RTYPE BODY ...)
;;
;; The same with the C function `RTYPE NAME(TYPE ARG, ...)`, which waits for the end of BODY and gives
;; its value. Errors are told as those of a sequenced callback.
(define-syntax define-synchronous-concurrent-native-callback
  (er-macro-transformer
   (lambda (form rename compare) (callseq-cncb-compile-time#expand-dispatched form rename 'call-now #t))))

;;; Dispatchers

;; A record's fields by their slots: what define-record makes of them checks and checks again, for ten
;; times as long.
(define-syntax define-fields
  (syntax-rules ()
    ((_ (slot get set!) ...)
     (begin
       (define-syntax get (syntax-rules () ((_ record) (##sys#slot record slot)))) ...
       (define-syntax set! (syntax-rules () ((_ record value) (##sys#setslot record slot value)))) ...))))

;; A dispatcher ID without a green thread.
(define (make-dispatcher id)
  (##sys#make-structure 'callseq-cncb#dispatcher id #f #f #f #f #f '() '() 0 '() #f))
(define (dispatcher? x) (##sys#structure? x 'callseq-cncb#dispatcher))
(define-fields
  (1 d-id d-id-set!)                    ; any object
  (2 d-thread d-thread-set!)            ; the green thread
  (3 d-process d-process-set!)          ; that it belongs to, see callseq#forks
  (4 d-idle? d-idle?-set!)              ; boolean: it waits for calls
  (5 d-running d-running-set!)          ; call in progress, or #f
  (6 d-failure d-failure-set!)          ; of that one: (message chain), or #f
  (7 d-calls d-calls-set!)              ; those that have not begun: a list,
  (8 d-last d-last-set!)                ; and its last pair
  (9 d-count d-count-set!)              ; of them
  (10 d-beyond d-beyond-set!)           ; the part of the list that is beyond the limit
  (11 d-ended? d-ended?-set!))          ; boolean: takes no more calls

(define-syntax make-call
  (syntax-rules () ((_ name body waits?) (##core#inline_allocate ("C_a_i_vector5" 6) name body waits? #f #f))))
(define-fields
  (0 call-name call-name-set!)          ; of the callback; #f ends the dispatcher
  (1 call-body call-body-set!)          ; thunk
  (2 call-waits? call-waits?-set!)      ; boolean: for the body's end
  (3 call-outcome call-outcome-set!)    ; of its wait: #f, #t, (value), or (message chain)
  (4 call-caller call-caller-set!))     ; green thread that is blocked until then, or #f

;; Its id, any object.
(define (dispatcher-id d)
  (check d 'dispatcher-id)
  (d-id d))

;; Its green thread.
(define (dispatcher-thread d)
  (check d 'dispatcher-thread)
  (d-thread d))

(define limit 1024)

(define dispatchers '())                ; ((id . dispatcher) ...)

;; The dispatcher ID, which is made if there is none.
(define dispatcher
  (lambda (id)
    (cond ((assv id dispatchers) => cdr)
          (else
           (let ((d (make-dispatcher id)))
             (begin-anew! d)
             (set! dispatchers (cons (cons id d) dispatchers))
             d)))))

;; Gives D a green thread, and no calls. That of another process goes on with no call after its present
;; one: its callers are not in this one.
(define (begin-anew! d)
  (let ((thread (##sys#make-thread #f 'blocked (d-id d) ##sys#default-thread-quantum)))
    (##sys#setslot (##sys#slot thread 5) 0 '()) ; none of the winders round this
    (##sys#setslot thread 1 (lambda () (run-calls d thread)))
    (d-thread-set! d thread)
    (d-process-set! d (callseq#forks))
    (d-idle?-set! d #t)
    (d-running-set! d #f)
    (empty! d)))

;; D has no calls.
(define (empty! d)
  (d-calls-set! d '())
  (d-last-set! d '())
  (d-count-set! d 0)
  (d-beyond-set! d '()))

;; In a forked child: has D begin anew, if that has not been done.
(define (look-for-fork! d)
  (unless (or (eq? (d-process d) (callseq#forks)) (over? d)) (begin-anew! d)))

;; Has the green thread of D ended?
(define (over? d) (memq (##sys#slot (d-thread d) 3) '(dead terminated)))

;; Raises an error, located in WHO, unless D is a dispatcher.
(define (check d who)
  (unless (dispatcher? d) (error who "bad argument type - not a dispatcher" d)))

;; Raises the error that D has ended.
(define (refuse-ended d)
  (error (sprintf "the dispatcher ~S has ended" (d-id d))))

;; Ends D, a dispatcher, after the calls that it has already. Later ones fail.
(define (dispatcher-terminate! d)
  (check d 'dispatcher-terminate!)
  (unless (d-ended? d)
    (add! d (make-call #f #f #f))
    (d-ended?-set! d #t)
    (wake! d)))

;; Waits for the end of the dispatcher ID.
(define (dispatch #!optional (id 'default))
  (let ((d (dispatcher id)))
    (when (in? d) (error 'dispatch "a dispatcher cannot wait for its own end" id))
    (let loop ()
      (unless (over? d)
        (block-for (d-thread d))
        (loop)))))

;;; Calls

;; Is the present green thread that of D? Then C code that a body has called calls back.
(define (in? d) (eq? ##sys#current-thread (d-thread d)))

;; Has D evaluate the thunk BODY of callback NAME, and returns.
(define (call-later d name body)
  (let ((call (make-call name body #f)))
    (add! d call)
    (wake! d)
    (unless (or (null? (d-beyond d)) (in? d))
      (##sys#thread-yield!)
      (await d call))
    (void)))

;; Has D evaluate the thunk BODY of callback NAME, and returns its value when that has ended.
(define (call-now d name body)
  (if (in? d)
      (body)
      (let ((call (make-call name body #t)))
        (add! d call)
        (cond ((d-idle? d)
               (d-idle?-set! d #f)
               (callseq#hand-over (d-thread d)))
              (else (##sys#thread-yield!)))
        (let ((outcome (await d call)))
          (if (null? (cdr outcome))
              (car outcome)
              (callseq#leave (car outcome) (cadr outcome)))))))

;; Puts CALL into the queue of D, or raises that error.
(define (add! d call)
  (look-for-fork! d)
  (when (or (d-ended? d) (over? d)) (refuse-ended d))
  (let ((pair (list call)))
    (if (null? (d-calls d))
        (d-calls-set! d pair)
        (set-cdr! (d-last d) pair))
    (d-last-set! d pair)
    (d-count-set! d (fx+ 1 (d-count d)))
    (when (and (null? (d-beyond d)) (fx> (d-count d) limit))
      (d-beyond-set! d pair))))

;; The first call of D, which leaves the queue, or #f. One that was beyond the limit is so no longer.
(define (take! d)
  (let ((calls (d-calls d)) (beyond (d-beyond d)))
    (cond ((null? calls) #f)
          (else
           (d-calls-set! d (cdr calls))
           (d-count-set! d (fx- (d-count d) 1))
           (when (pair? beyond)
             (d-beyond-set! d (cdr beyond))
             (unless (call-waits? (car beyond)) (settle! d (car beyond) #t)))
           (car calls)))))

;; Has the green thread of D be made ready, if it is idle.
(define (wake! d)
  (when (d-idle? d)
    (d-idle?-set! d #f)
    (##sys#add-to-ready-queue (d-thread d))))

;; Waits for the outcome of CALL, and gives it.
(define (await d call)
  (let loop ()
    (cond ((call-outcome call))
          ((over? d) (refuse-ended d))
          (else
           (call-caller-set! call ##sys#current-thread)
           (callseq#note-ready)         ; it may run, or wait, for longer than we do
           (block-for (d-thread d))
           (call-caller-set! call #f)
           (loop)))))

;; Blocks until THREAD has ended, or another unblocks the present one.
(define (block-for thread)
  (##sys#call-with-current-continuation
   (lambda (return)
     (let ((me ##sys#current-thread))
       (##sys#setslot me 1 (lambda () (return (void))))
       (##sys#thread-block-for-termination! me thread)
       (##sys#schedule)))))

;; CALL of D has OUTCOME: its caller goes on.
(define (settle! d call outcome)
  (let ((caller (call-caller call)) (thread (d-thread d)))
    (call-outcome-set! call outcome)
    (when caller
      (##sys#setslot thread 12 (callseq#without caller (##sys#slot thread 12)))
      (##sys#thread-unblock! caller))))

;;; The green thread of a dispatcher

;; Its life. An error in a body comes back to the beginning, as in a resident (residents.scm).
(define (run-calls d me)
  (call/cc
   (lambda (again)
     (set! ##sys#current-exception-handler
       (lambda (exception)
         (let ((failure (list (callseq#describe exception) (callseq#call-chain))))
           (unless (d-failure d) (d-failure-set! d failure)))
         (again (void))))))
  (let ((failure (d-failure d)))
    (when failure
      (d-failure-set! d #f)
      (end-call d failure)))
  (let loop ()
    (look-for-fork! d)
    (when (in? d)
      (let ((call (take! d)))
        (cond ((not call)
               (d-idle?-set! d #t)
               (stop)
               (loop))
              ((call-name call)
               (d-running-set! d call)
               (let ((value ((call-body call))))
                 ;; a continuation that another body has kept may have come back here
                 (end-call d (if (eq? call (d-running d)) (list value) (list callseq#captured-elsewhere #f))))
               (loop))))))
  (##sys#thread-kill! me 'dead)
  (##sys#schedule))

;; Waits until it is woken, or handed over to.
(define (stop)
  (##sys#call-with-current-continuation
   (lambda (return) (callseq#give-back (lambda () (return (void)))))))

;; The call that D runs has OUTCOME: tells who asked for it.
(define (end-call d outcome)
  (let ((call (d-running d)))
    (d-running-set! d #f)
    (cond ((not call) (void))
          ((call-waits? call) (settle! d call outcome))
          ((pair? (cdr outcome))
           (callseq#report (string-append (call-name call) ": " (car outcome)) (cadr outcome))))))

)
