;;; Failures: an error in a callback unwinds to its level, and fails its request.

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

;; Calls THUNK, and then END, whatever becomes of THUNK: an error in it is dropped, and an escape out of it
;; leaves by END. For the end of the process: END does not return then.
(define (end-after thunk end)
  (dynamic-wind void (lambda () (dropping-errors thunk)) end))

;; Calls THUNK; an error in it ends it.
(define (dropping-errors thunk)
  (call/cc (lambda (return) (with-exception-handler return thunk))))

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

;; STRING, in which each NUL becomes a space: C ends a string there.
(define (without-nul string)
  (let loop ((i 0))
    (when (fx< i (string-length string))
      (when (eq? #\nul (string-ref string i)) (string-set! string i #\space))
      (loop (fx+ i 1))))
  string)

;; What print-error-message prints, without the empty header and the lines' ends round it.
(define (one-line string)
  (let* ((blank? (lambda (c) (or (char-whitespace? c) (char=? c #\:))))
         (end (let loop ((i (string-length string)))
                (if (and (> i 0) (char-whitespace? (string-ref string (- i 1)))) (loop (- i 1)) i)))
         (start (let loop ((i 0))
                  (if (and (< i end) (blank? (string-ref string i))) (loop (+ i 1)) i))))
    (substring string start end)))

;; The call chain as CHICKEN prints it; or #f: there is none, as in code that is compiled with -d0.
(define (call-chain)
  (call/cc
   (lambda (return)
     (with-exception-handler
      (lambda (_) (return #f))
      (lambda ()
        (let ((chain (without-nul (call-with-output-string print-call-chain))))
          (and (not (string=? chain "")) chain)))))))

;; A reply came for another request than the current one: either its level is not the innermost
;; yet, or a continuation was entered that belongs to another call.
(define (misdelivered serial value)
  (let ((waits? (and (pair? levels) (not (eq? (caar levels) ##sys#current-thread)))))
    (cond ((not (turn))
           (misplaced serial value))
          (waits? (go-on (##core#inline "callseq_scheme_redeliver" serial value)))
          (else
           (##core#inline "callseq_scheme_allow_interrupts")
           (if (eq? (own-level) first-level)
               (fail-entry captured-elsewhere)
               (leave captured-elsewhere (call-chain)))))))

;; What is said of a continuation that is entered where it does not belong.
(define captured-elsewhere
  "a continuation was entered that was captured in another call; it can only be used until that call returns, and inside it")

;; A reply came in a green thread that has no call: it has entered a continuation of one.
(define (misplaced serial value)
  (fail-entry "a continuation captured in a callback cannot be entered by another green thread"))

;; A call came too late; REQUEST is not used.
(define (refused serial request)
  (go-on (##core#inline "callseq_scheme_refuse" serial)))

;; VALUE is none that the current callback may return: raises an error that names callback, value and
;; type. SERIAL is not used; the reply has compared it.
(define (bad-result serial value)
  (error (sprintf "the result ~A is not of type ~A: ~A is expected"
                  (shown value) (current-type) (current-accepts))))

;; A reply for `double` or `float` was given no flonum: delivers VALUE, a real number, as one, or raises
;; that error.
(define (real-result serial value)
  (if (real? value)
      (let ((value (exact->inexact value)))
        (go-on (##core#inline "callseq_scheme_redeliver" serial value)))
      (bad-result serial value)))

;; (return-to-host) in a callback: fails the present call. Never returns.
(define (strayed)
  (leave "return-to-host was called in a callback; it ends the loading of a program only" #f))
