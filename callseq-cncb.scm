;;; The module callseq-cncb: what the egg concurrent-native-callbacks offers, by sequenced callbacks.
;;;
;;; A callback puts its body into the queue of its *dispatcher*, a green thread that runs one body after
;;; the other. A synchronous one then yields: so the dispatcher has run the body, as a rule, when its
;;; green thread comes again, on the native thread that called and without a switch of native threads.
;;; Where the body waits, or others are before it, the callback waits as any other does: it is suspended.
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

  (import scheme (chicken base) (chicken fixnum) (chicken foreign)
          (chicken format) (chicken syntax) callseq)

(foreign-declare "#include <pthread.h>\n\
                  static int callseq_cncb_generation;\n\
                  static void callseq_cncb_born(void) { callseq_cncb_generation++; }\n")

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

(define-record dispatcher
  id                                    ; any object
  thread                                ; the green thread
  process                               ; that it belongs to, see this-process
  idle?                                 ; boolean: it waits for calls
  running                               ; call in progress, or #f
  failure                               ; of that one: (message chain), or #f
  calls last                            ; those that have not begun: a list, and its last pair
  count                                 ; of them
  beyond                                ; the part of the list that is beyond the limit
  ended?)                               ; boolean: takes no more calls

(define-record call
  name                                  ; of the callback; #f ends the dispatcher
  body                                  ; thunk
  waits?                                ; boolean: for the body's end
  outcome                               ; of its wait: #f, #t, (value), or (message chain)
  caller)                               ; green thread that is blocked until then, or #f

(define limit 1024)

(define dispatchers '())                ; ((id . dispatcher) ...)

;; How many forks made this process of the one that loaded the program.
(define-syntax this-process
  (syntax-rules () ((_) (foreign-value "callseq_cncb_generation" int))))
(foreign-code "pthread_atfork(0, 0, callseq_cncb_born);")

;; The dispatcher ID, which is made if there is none.
(define dispatcher
  (lambda (id)
    (cond ((assv id dispatchers) => cdr)
          (else
           (let ((d (make-dispatcher id #f #f #f #f #f '() '() 0 '() #f)))
             (begin-anew! d)
             (set! dispatchers (cons (cons id d) dispatchers))
             d)))))

;; Gives D a green thread, and no calls. That of another process goes on with no call after its present
;; one: its callers are not in this one.
(define (begin-anew! d)
  (let ((thread (##sys#make-thread #f 'blocked (dispatcher-id d) ##sys#default-thread-quantum)))
    (##sys#setslot (##sys#slot thread 5) 0 '()) ; none of the winders round this
    (##sys#setslot thread 1 (lambda () (run-calls d thread)))
    (dispatcher-thread-set! d thread)
    (dispatcher-process-set! d (this-process))
    (dispatcher-idle?-set! d #t)
    (dispatcher-running-set! d #f)
    (empty! d)))

(define (empty! d)
  (dispatcher-calls-set! d '())
  (dispatcher-last-set! d '())
  (dispatcher-count-set! d 0)
  (dispatcher-beyond-set! d '()))

(define (look-for-fork! d)
  (unless (or (eq? (dispatcher-process d) (this-process)) (over? d)) (begin-anew! d)))

;; Has the green thread of D ended?
(define (over? d) (memq (##sys#slot (dispatcher-thread d) 3) '(dead terminated)))

(define (check d who)
  (unless (dispatcher? d) (error who "bad argument type - not a dispatcher" d)))

(define (refuse-ended d)
  (error (sprintf "the dispatcher ~S has ended" (dispatcher-id d))))

;; Ends D, a dispatcher, after the calls that it has already. Later ones fail.
(define (dispatcher-terminate! d)
  (check d 'dispatcher-terminate!)
  (unless (dispatcher-ended? d)
    (add! d (make-call #f #f #f #f #f))
    (dispatcher-ended?-set! d #t)
    (wake! d ##sys#add-to-ready-queue)))

;; Waits for the end of the dispatcher ID.
(define (dispatch #!optional (id 'default))
  (let ((d (dispatcher id)))
    (when (in? d) (error 'dispatch "a dispatcher cannot wait for its own end" id))
    (let loop ()
      (unless (over? d)
        (block-for (dispatcher-thread d))
        (loop)))))

;;; Calls

;; Is the present green thread that of D? Then C code that a body has called calls back.
(define (in? d) (eq? ##sys#current-thread (dispatcher-thread d)))

;; Has D evaluate the thunk BODY of callback NAME, and returns.
(define (call-later d name body)
  (let ((call (make-call name body #f #f #f)))
    (add! d call)
    (wake! d ##sys#add-to-ready-queue)
    (unless (or (null? (dispatcher-beyond d)) (in? d)) (await d call))
    (void)))

;; Has D evaluate the thunk BODY of callback NAME, and returns its value when that has ended.
(define (call-now d name body)
  (if (in? d)
      (body)
      (let ((call (make-call name body #t #f #f)))
        (add! d call)
        (wake! d callseq#queue-for-this-call)
        (let ((outcome (await d call)))
          (if (null? (cdr outcome))
              (car outcome)
              (callseq#leave (car outcome) (cadr outcome)))))))

(define (add! d call)
  (look-for-fork! d)
  (when (or (dispatcher-ended? d) (over? d)) (refuse-ended d))
  (let ((pair (list call)))
    (if (null? (dispatcher-calls d))
        (dispatcher-calls-set! d pair)
        (set-cdr! (dispatcher-last d) pair))
    (dispatcher-last-set! d pair)
    (dispatcher-count-set! d (fx+ 1 (dispatcher-count d)))
    (when (and (null? (dispatcher-beyond d)) (fx> (dispatcher-count d) limit))
      (dispatcher-beyond-set! d pair))))

;; The first call of D, which leaves the queue, or #f. One that was beyond the limit is so no longer.
(define (take! d)
  (let ((calls (dispatcher-calls d)) (beyond (dispatcher-beyond d)))
    (cond ((null? calls) #f)
          (else
           (dispatcher-calls-set! d (cdr calls))
           (dispatcher-count-set! d (fx- (dispatcher-count d) 1))
           (when (pair? beyond)
             (dispatcher-beyond-set! d (cdr beyond))
             (unless (call-waits? (car beyond)) (settle! d (car beyond) #t)))
           (car calls)))))

;; Has the green thread of D, if it is idle, be made ready by QUEUE.
(define (wake! d queue)
  (when (dispatcher-idle? d)
    (dispatcher-idle?-set! d #f)
    (queue (dispatcher-thread d))))

;; Waits for the outcome of CALL, and gives it.
(define (await d call)
  (unless (or (call-outcome call) (over? d)) (##sys#thread-yield!))
  (let loop ()
    (cond ((call-outcome call))
          ((over? d) (refuse-ended d))
          (else
           (call-caller-set! call ##sys#current-thread)
           (callseq#note-ready)             ; it may run, or wait, for longer than we do
           (block-for (dispatcher-thread d))
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
  (let ((caller (call-caller call)) (thread (dispatcher-thread d)))
    (call-outcome-set! call outcome)
    (when caller
      (##sys#setslot thread 12 (remove-thread caller (##sys#slot thread 12)))
      (##sys#thread-unblock! caller))))

(define (remove-thread thread list)
  (cond ((null? list) '())
        ((eq? thread (car list)) (cdr list))
        (else (cons (car list) (remove-thread thread (cdr list))))))

;;; The green thread of a dispatcher

;; Its life. An error in a body comes back to the beginning, as in a server (suspension.scm).
(define (run-calls d me)
  (call/cc
   (lambda (again)
     (set! ##sys#current-exception-handler
       (lambda (exception)
         (let ((failure (list (callseq#describe exception) (callseq#call-chain))))
           (unless (dispatcher-failure d) (dispatcher-failure-set! d failure)))
         (again (void))))))
  (let ((failure (dispatcher-failure d)))
    (when failure
      (dispatcher-failure-set! d #f)
      (end-call d failure)))
  (let loop ()
    (look-for-fork! d)
    (when (in? d)
      (let ((call (take! d)))
        (cond ((not call)
               (dispatcher-idle?-set! d #t)
               (stop me)
               (loop))
              ((call-name call)
               (dispatcher-running-set! d call)
               (let ((value ((call-body call))))
                 ;; a continuation that another body has kept may have come back here
                 (end-call d (if (eq? call (dispatcher-running d)) (list value) strayed)))
               (loop))))))
  (##sys#thread-kill! me 'dead)
  (##sys#schedule))

(define (stop me)
  (##sys#call-with-current-continuation
   (lambda (return)
     (##sys#setslot me 1 (lambda () (return (void))))
     (##sys#setslot me 3 'blocked)
     (##sys#schedule))))

;; The call that D runs has OUTCOME: tells who asked for it.
(define (end-call d outcome)
  (let ((call (dispatcher-running d)))
    (dispatcher-running-set! d #f)
    (cond ((not call) (void))
          ((call-waits? call) (settle! d call outcome))
          ((pair? (cdr outcome))
           (callseq#report (string-append (call-name call) ": " (car outcome)) (cadr outcome))))))

(define strayed
  '("a continuation was entered that was captured in another call; it can only be used until that call returns, and inside it"
    #f))

)
