;;; The module callseq: the syntax that users write, and the Scheme side of the library.
;;;
;;; serve is the resident loop. It waits, inside C, for the first request and jumps to its
;;; procedure; that one's reply gives the procedure of the next request, and so on: a callback ends
;;; by jumping to the next one. Nothing returns to serve; it begins anew after a failure, by the
;;; continuation kept in `levels`, with parameters, winders and handlers as they were.
;;;
;;; A call from C code that Scheme called is served by serve-level on top of that C code, and does
;;; return. `levels` has an entry (green-thread continuation failure) for each level, innermost first.
;;; Levels end in the opposite order of their beginning, whatever green threads do: one whose level
;;; is not the innermost waits (see turn). While a level begins or ends, from or to C, CHICKEN's
;;; interrupts are held, so that no other green thread comes between.

(declare (unit callseq) (disable-interrupts))

(module callseq
    (define-sequenced-callback define-sequenced-callback/status callseq-header)

  (import scheme (chicken base) (chicken condition) (chicken fixnum) (chicken foreign)
          (chicken format) (chicken platform) (chicken port) (chicken syntax))
  (import-for-syntax (chicken format) (chicken io) (chicken module) (chicken string))

;; The module in FOLDER goes into the compile-time part of this module, and so into its import library:
;; nothing of it is linked into programs. `prelude` in it is the text of the FILEs, with a name made of
;; that text and the version; the C of this file defines what is called so (see abi.h).
(define-syntax compile-time-part
  (er-macro-transformer
   (lambda (form rename compare)
     (define read-module (eval (with-input-from-file "src/compile-time/read-module.scm" read)))
     (define (text file) (with-input-from-file file read-string))
     (define (digest text)
       (foldl (lambda (sum c) (modulo (+ (* 31 sum) (char->integer c)) 4294967291))
              0 (string->list text)))
     (let* ((text (apply string-append (map text (cddr form))))
            (version (cadr (assq 'version (with-input-from-file "callseq.egg" read))))
            (name (sprintf "callseq_~A_~A_made_this_object_compile_it_again"
                           (string-translate* version '(("." . "_")))
                           (number->string (digest text) 16)))
            (definition (sprintf "#define CALLSEQ_ABI_MADE_BY ~A\n" name)))
       `(,(rename 'begin)
         (,(rename 'begin-for-syntax)
          ,(read-module (cadr form) '() `(define prelude ,(string-append definition text))))
         (,(rename 'foreign-declare) ,(sprintf "extern const char ~A;\nconst char ~A = 0;\n" name name)))))))

(compile-time-part "src/compile-time" "src/base/compiler.h" "src/context/context.h" "src/sequence/counts.h" "src/sequence/pace.h" "src/sequence/sequencer.h" "src/runtime/abi.h")

;;; Syntax

;; (define-sequenced-callback [QUALIFIERS] (NAME (TYPE ARG) ...) RTYPE BODY ...)
;;
;; Makes the C function `RTYPE NAME(TYPE ARG, ...)`, which any native thread may call; each call
;; evaluates BODY with the ARGs bound. NAME is not defined in Scheme. TYPE and RTYPE are foreign
;; type specifiers, QUALIFIERS a string put before the name in C. If BODY raises an error, or its
;; value is not of type RTYPE, the C function returns zero or NULL, callseq_last_status() tells
;; the calling thread, and the host's on_error is called.
(define-syntax define-sequenced-callback
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-callback form #f))))

;; (define-sequenced-callback/status [QUALIFIERS] (NAME (TYPE ARG) ...) RTYPE BODY ...)
;;
;; The same with the C function `int NAME(TYPE ARG, ..., RTYPE *result)`: it returns CALLSEQ_OK and
;; stores the value through `result` unless that is NULL, or returns another status and leaves
;; `*result` alone; on_error is not called. No last parameter where RTYPE is void.
(define-syntax define-sequenced-callback/status
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-callback form #t))))

;; (callseq-header FILE LINE ...)
;;
;; While this file is compiled, writes the C and C++ header FILE with the prototypes of all its
;; callbacks, the LINEs (for example an #include of the program's own types) before them.
(define-syntax callseq-header
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-header form))))

;;; C

(foreign-declare "#include <unistd.h>\n#include \"src/base/compiler.h\"\n#include \"src/context/context.h\"\n#include \"src/sequence/counts.h\"\n#include \"src/sequence/pace.h\"\n#include \"src/sequence/sequencer.h\"\n#include \"src/runtime/abi.h\"\n#include \"src/runtime/scheme.h\"\n")

(define provide (foreign-lambda void "callseq_scheme_provide" int scheme-object))
(define hosted? (foreign-lambda bool "callseq_scheme_hosted"))
(define abandon (foreign-lambda void "callseq_scheme_abandon"))
(define fail (foreign-lambda void "callseq_scheme_fail" c-string c-string))
(define load-failed (foreign-lambda void "callseq_scheme_load_failed" c-string))
(define end-process (foreign-lambda void "callseq_scheme_exit" int))
(define end-at-once (foreign-lambda void "_exit" int))
(define born (foreign-lambda void "callseq_scheme_born" bool))
(define current-name (foreign-lambda c-string "callseq_scheme_name"))
(define current-type (foreign-lambda c-string "callseq_scheme_type"))
(define current-accepts (foreign-lambda c-string "callseq_scheme_accepts"))
(define run-function (##core#primitive "callseq_scheme_run_function"))
(define new-lap (##core#primitive "callseq_scheme_new_lap"))
(define catch-signal (foreign-lambda void "callseq_scheme_catch_signal" int))

;; Evaluates EXPRESSION, which gives the procedure to go on with, and jumps to it. SERIAL and VALUE
;; are what EXPRESSION delivers, if it does.
(define-syntax go-on
  (syntax-rules ()
    ((_ expression serial value)
     (let ((next expression))
       (next (##core#inline "callseq_abi_next_serial" serial)
             (##core#inline "callseq_abi_next_value" value))))))

;;; Levels

(define levels '())

;; Makes CONTINUATION the one that a failure of the present level goes on with. Interrupts are held.
(define (level-begins continuation)
  (##core#inline "callseq_scheme_enter_level")
  (set! levels (cons (list ##sys#current-thread continuation #f) levels))
  (set! ##sys#current-exception-handler handle))

;; The innermost level of this green thread, or #f.
(define (own-level) (assq ##sys#current-thread levels))

;; Waits until the innermost level is one of this green thread, and returns #t with interrupts held;
;; or #f at once if no level is.
(define (turn)
  (##core#inline "callseq_scheme_hold_interrupts")
  (cond ((and (pair? levels) (eq? (caar levels) ##sys#current-thread)) #t)
        (else
         (##core#inline "callseq_scheme_allow_interrupts")
         (and (own-level)
              (begin (##sys#thread-yield!) (turn))))))

;; Tells C if the present level has failed. C frames above it go.
(define (settle-failure)
  (let* ((level (own-level)) (failure (and level (caddr level))))
    (when failure
      (turn)
      (abandon)
      (fail (car failure) (cdr failure))
      (set-car! (cddr level) #f))))

;; Has the global procedure NAME, if the program has it, be what WRAP makes of it.
(define (replace! name wrap)
  (when (##sys#symbol-has-toplevel-binding? name)
    (##sys#setslot name 0 (wrap (##sys#slot name 0)))))

;; Has CHICKEN's procedures that change the signal mask keep the caller's.
(define (keep-masks)
  (for-each
   (lambda (name)
     (replace! name
               (lambda (change)
                 (lambda arguments
                   (##core#inline "callseq_scheme_keep_mask")
                   (apply change arguments)))))
   '(chicken.process.signal#set-signal-mask! chicken.process.signal#signal-mask!
     chicken.process.signal#signal-unmask!)))

;; Has those that handle signals leave CHICKEN's own C handler out; see src/runtime/signals.c.
(define (catch-signals)
  (replace! 'chicken.process.signal#set-signal-handler!
            (lambda (change)
              (lambda (signal handler)
                (##sys#check-range signal 1 65 'set-signal-handler!)
                (cond (handler
                       (vector-set! ##sys#signal-vector signal handler)
                       (catch-signal signal))
                      (else (change signal handler))))))
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
                                    (chicken.process.signal#set-signal-handler! signal handler))))))

;; Level 0: never returns.
(define (serve)
  (keep-masks)
  (catch-signals)
  (keep-in-calls)
  (end-children)
  (call/cc (lambda (k) (set! levels '()) (level-begins k)))
  (set! ##sys#current-exception-handler handle)
  (settle-failure)
  (go-on (##core#inline "callseq_scheme_begin") 0 0))

;; A nested call: returns when it has been answered.
(define (serve-level)
  (let ((handler ##sys#current-exception-handler))
    (call/cc
     (lambda (k)
       (level-begins k)
       (go-on (##core#inline "callseq_scheme_begin") 0 0)))
    (settle-failure)
    (set! levels (cdr levels))
    (set! ##sys#current-exception-handler handler)))

;; With interrupts held, until C has been returned to.
(define (end-level serial value) (void))

;;; Failures

;; The handler of every level: fails its request and begins the level anew.
(define (handle exception)
  (if (own-level)
      (let ((message (describe exception))
            (trace (call-chain)))
        (leave message trace))
      (##sys#default-exception-handler exception)))

;; Unwinds first, as Scheme code does: that may take its time, and fail again.
(define (leave message trace)
  (let ((level (own-level)))
    (unless (caddr level) (set-car! (cddr level) (cons message trace)))
    ((cadr level) (void))))

;; "(location) message: arguments" of what was raised; never raises itself.
(define (describe exception)
  (call/cc
   (lambda (return)
     (with-exception-handler
      (lambda (_) (return "an error that cannot be printed: its printing raises an error"))
      (lambda ()
        (without-nul
         (if (condition? exception)
             (one-line (call-with-output-string
                        (lambda (port)
                          (##sys#with-print-length-limit ; a message may be a circular list
                           100000
                           (lambda () (print-error-message exception port ""))))))
             (sprintf "uncaught exception: ~A" (shown exception)))))))))

;; VALUE as it is written, cut off where it gets long.
(define (shown value)
  (call-with-output-string
   (lambda (port) (##sys#with-print-length-limit 200 (lambda () (write value port))))))

;; C ends a string at NUL.
(define (without-nul string)
  (list->string (map (lambda (c) (if (char=? c #\nul) #\space c)) (string->list string))))

;; What print-error-message prints, without the empty header and the lines' ends round it.
(define (one-line string)
  (let* ((blank? (lambda (c) (or (char-whitespace? c) (char=? c #\:))))
         (end (let loop ((i (string-length string)))
                (if (and (> i 0) (char-whitespace? (string-ref string (- i 1)))) (loop (- i 1)) i)))
         (start (let loop ((i 0))
                  (if (and (< i end) (blank? (string-ref string i))) (loop (+ i 1)) i))))
    (substring string start end)))

;; The call chain as CHICKEN prints it, or #f.
(define (call-chain)
  (call/cc
   (lambda (return)
     (with-exception-handler
      (lambda (_) (return #f))
      (lambda ()
        (without-nul (call-with-output-string print-call-chain)))))))

;; A reply came for another request than the current one: either its level is not the innermost
;; yet, or a continuation was entered that belongs to another call.
(define (misdelivered serial value)
  (let ((waits? (and (pair? levels) (not (eq? (caar levels) ##sys#current-thread)))))
    (cond ((not (turn))
           (error "a continuation captured in a callback cannot be entered by another green thread"))
          (waits? (go-on (##core#inline "callseq_scheme_redeliver" serial value) serial value))
          (else
           (##core#inline "callseq_scheme_allow_interrupts")
           (leave "a continuation was entered that was captured in another call; it can only be used until that call returns, and inside it"
                  (call-chain))))))

(define (bad-result serial value)
  (error (sprintf "the result ~A is not of type ~A: ~A is expected"
                  (shown value) (current-type) (current-accepts))))

(define (real-result serial value)
  (if (real? value)
      (let ((value (exact->inexact value)))
        (go-on (##core#inline "callseq_scheme_redeliver" serial value) serial value))
      (bad-result serial value)))

(define (strayed)
  (leave "return-to-host was called in a callback; it ends the loading of a program only" #f))

;; How many processes down from the one that loaded the program this one is, by process-fork.
(define generation 0)

;; In a child of process-fork: it is born here. For a THUNK? it must not leave the call in progress;
;; see src/runtime/fork.c.
(define (be-born thunk?)
  (set! generation (+ generation 1))
  (born thunk?))

;; A child must not go on as a second host against the program's will. One that process-fork makes for
;; a thunk ends with it, also by an error, and one that process-run makes if there is no such program.
(define (end-children)
  (define (tell exception)
    (print-error-message exception (current-error-port))
    (print-call-chain (current-error-port)))
  (replace! 'chicken.process#process-fork
            (lambda (fork)
              (lambda (#!optional thunk kill-others?)
                (let ((id (fork (and thunk
                                     (lambda ()
                                       (be-born #t)
                                       (with-exception-handler
                                        (lambda (exception)
                                          (tell exception)
                                          (end-process 70))
                                        thunk)))
                                kill-others?)))
                  (when (eq? id 0) (be-born #f))
                  id))))
  (replace! 'chicken.process#process-run
            (lambda (run)
              (lambda arguments
                (let ((before generation))
                  (with-exception-handler
                   (lambda (exception)
                     (when (> generation before)
                       (tell exception)
                       (end-at-once 70))
                     (abort exception))
                   (lambda () (apply run arguments))))))))

;; From now on neither (return-to-host) nor the end of the program's code, come by again through a
;; continuation, leaves Scheme: in a nested call CHICKEN would end the process.
(define (keep-in-calls)
  (replace! 'chicken.platform#return-to-host (lambda (_) strayed))
  (implicit-exit-handler strayed))

;; callseq_invoke, as a callback.
(define (invoke serial request)
  (run-function request)
  (go-on (##core#inline "callseq_scheme_reply_void" serial) serial 0))

;;; Loading and exit, when it was callseq_init that started CHICKEN

(define (handle-load-error exception)
  (print-error-message exception (current-error-port))
  (print-call-chain (current-error-port))
  (load-failed (call-chain))
  (return-to-host))

;; A thunk that calls THUNK; an error in it is printed, after HEADER, and that is all.
(define (guarded thunk header)
  (lambda ()
    (call/cc
     (lambda (return)
       (with-exception-handler
        (lambda (exception)
          (print-error-message exception (current-error-port) header)
          (return (void)))
        thunk)))))

;; Runs the handler of SIGNAL. An error in it is not the fault of the callback that it interrupted.
(define (handle-signal signal)
  (let ((handler (vector-ref ##sys#signal-vector signal)))
    (when handler
      ((guarded (lambda () (handler signal)) "Error in a signal handler")))))

;; A green thread that is terminated never says that it has ended.
(define (gone? thread) (memq (##sys#slot thread 3) '(dead terminated)))

;; The green thread that runs handlers, or #f.
(define handling #f)
(define (handling?) (and handling (not (gone? handling))))

;; Runs the handlers of all signals that have come, unless that is being done.
(define (handle-signals)
  (unless (handling?)
    (dynamic-wind
     (lambda () (set! handling ##sys#current-thread))
     (lambda ()
       (let loop ()
         (let ((signal (##core#inline "callseq_scheme_next_signal")))
           (when signal
             (handle-signal signal)
             (loop)))))
     (lambda () (set! handling #f)))))

;; The same for REASON, an interrupt number or #f, and what follows it in CHICKEN's own queue: signals
;; that came while the program was being loaded. The queue is emptied first: what comes meanwhile
;; would only be queued, and for good if a handler does not return.
(define (handle-queue reason)
  (let loop ((reason reason) (signals '()))
    (if reason
        (loop (##core#inline "C_i_pending_interrupt" #f) (cons reason signals))
        (for-each handle-signal (reverse signals)))))

;; An interrupt hook that runs the handlers of signals, and leaves the rest to HOOK.
(define (interrupt-hook hook)
  (define timer 255)
  (lambda (reason state)
    (handle-signals)
    (unless (eq? reason timer) (handle-queue reason))
    (hook (and (eq? reason timer) reason) (with-room state))))

;; A thunk that goes on with STATE, a procedure that an interrupt has stopped. It may have collected
;; so that the C function which it is about to call has the nursery, and green threads or a handler
;; have used that since.
(define (with-room state)
  (lambda ()
    (unless (##core#inline "callseq_scheme_has_room") (##sys#gc #f))
    (if (procedure? state) (state) (##sys#context-switch state))))

;; A callback, of the thread that runs handlers while nobody else is inside.
(define (deliver-signals serial request)
  (handle-signals)
  (handle-queue (##core#inline "C_i_pending_interrupt" #f))
  (go-on (##core#inline "callseq_scheme_reply_void" serial) serial 0))

(provide 0 serve)
(provide 1 strayed)
(provide 2 serve-level)
(provide 3 end-level)
(provide 4 misdelivered)
(provide 5 bad-result)
(provide 6 real-result)
(provide 7 new-lap)
((foreign-lambda void "callseq_scheme_define_invoke" scheme-object) invoke)
((foreign-lambda void "callseq_scheme_provide_signals" scheme-object scheme-object)
 ##sys#signal-vector deliver-signals)

(when (hosted?)
  (let ((clean-up (implicit-exit-handler))
        (register on-exit)
        (exiting #f))
    (set! chicken.base#on-exit (lambda (thunk) (register (guarded thunk "Error in an on-exit thunk"))))
    ;; The first to leave ends the process, whatever becomes of the clean-up: under a finalizer it
    ;; raises, and a thunk may jump out of it. Under a thunk (exit) does nothing, as in CHICKEN; other
    ;; green threads that leave meanwhile wait for the end.
    (exit-handler
     (lambda (#!optional (code 0))
       (##sys#check-fixnum code 'exit)
       (cond ((not exiting)
              (set! exiting ##sys#current-thread)
              (dynamic-wind
               void
               (lambda () (call/cc (lambda (return) (with-exception-handler return clean-up))))
               (lambda () (end-process code))))
             ((gone? exiting) (end-process code))
             ((not (eq? exiting ##sys#current-thread))
              (##sys#thread-yield!)
              (exit code)))))
    (set! chicken.base#emergency-exit (lambda (#!optional (code 0)) (end-process code)))
    (implicit-exit-handler return-to-host)
    (set! ##sys#interrupt-hook (interrupt-hook ##sys#interrupt-hook))
    (set! ##sys#current-exception-handler handle-load-error)))

)
