;;; Sessions: a prompt for each connection.
;;;
;;; The *reader* waits for what comes and keeps it for the *evaluator*, which waits for that, evaluates a
;;; form at a time, and answers. The reader has it stop: a Ctrl-C (byte 3) abandons the form and all that
;;; has come before, a hang-up ends the session. When the input ends the evaluator goes on with what has
;;; come, and the reader looks every tenth of a second whether somebody still waits for the answer.
;;;
;;; The evaluator is stopped by another thunk to go on with, which enters a continuation of the prompt.
;;; Where C code waits for a call that it makes, that call fails instead: frames of C must end by themselves.
;;;
;;; In a forked child both end, as soon as the reader finds out.

(define-record session
  fd
  generation                            ; of the process that it belongs to, see sockets.h
  evaluator                             ; its green thread
  input last                            ; what has come and not been read, strings; and the last pair of them
  at unread                             ; how much of the first one has been read; how much has not, of all
  ended?                                ; no more comes
  waiting                               ; green threads that wait for more
  output unsent                         ; strings that are to be sent, the last one first; their length
  gone?                                 ; nobody reads them
  over?                                 ; ends after this form
  restart)                              ; thunk: abandons the form. The evaluator's

(define sessions '())

;; How many forks have made this process, a fixnum; see sockets.h.
(define (this-process) (foreign-value "callseq_eval.generation" int))

;; Does the session S belong to the parent of this process?
(define (forked? s) (not (eq? (session-generation s) (this-process))))

(define receive-bytes (foreign-lambda int "callseq_eval_receive" int scheme-pointer int))
(define send-bytes (foreign-lambda int "callseq_eval_send" int scheme-pointer int int))
(define hung-up? (foreign-lambda bool "callseq_eval_hung_up" int))
(define close-descriptor (foreign-lambda void "callseq_eval_close" int))

;;; Green threads

;; Waits until the descriptor FD is ready; DIRECTION is #:input or #:output.
(define (wait-for fd direction)
  (##sys#thread-block-for-i/o! ##sys#current-thread fd direction)
  (##sys#thread-yield!))

;; Waits for a tenth of a second.
(define (wait-a-little)
  (##sys#thread-block-for-timeout! ##sys#current-thread (+ 100 (callseq#milliseconds)))
  (##sys#thread-yield!))

;; Closes FD; who waits for it goes on.
(define (close-socket fd)
  (let ((entry (assv fd ##sys#fd-list)))
    (when entry (for-each ##sys#thread-unblock! (append (cdr entry) '()))))
  (close-descriptor fd))

;; Has THREAD, which is not the present one, go on with THUNK; see above.
(define (redirect! thread thunk)
  (unless (callseq#gone? thread)
    (##sys#setslot thread 1
                   (lambda ()
                     (if (callseq#own-level)
                         (error "interrupted; C code waits for this call, and goes on")
                         (thunk))))
    (##sys#thread-unblock! thread)))

;;; Beginning and end

;; Begins a session on the connection FD: makes its two green threads ready.
(define (start-session fd)
  (let* ((s (make-session fd (this-process) #f '() #f 0 0 #f '() '() 0 #f #f void))
         (evaluator (callseq#make-green-thread 'prompt '() (lambda () (converse s))))
         (state (##sys#slot evaluator 5))
         (out (output-port s)))
    (##sys#setslot state 1 (input-port s))
    (##sys#setslot state 2 out)
    (##sys#setslot state 3 out)
    (##sys#setslot state 5 (callseq#shared-parameters
                            (lambda ()
                              (vector-resize ##sys#current-parameter-vector
                                             (vector-length ##sys#current-parameter-vector)))))
    (session-evaluator-set! s evaluator)
    (set! sessions (cons s sessions))
    (##sys#add-to-ready-queue evaluator)
    (##sys#add-to-ready-queue (callseq#make-green-thread 'prompt-reader '() (lambda () (read-input s))))))

;; Ends the connection. What is evaluated goes on until it is redirected.
(define (close-session s)
  (unless (session-closed? s)
    (session-over?-set! s #t)
    (session-gone?-set! s #t)
    (set! sessions (callseq#without s sessions))
    (close-socket (session-fd s))))

;; Has the connection of S been ended, by close-session?
(define (session-closed? s) (not (memq s sessions)))

;; The same, and abandons what is evaluated.
(define (cancel-session s)
  (close-session s)
  (unless (eq? (session-evaluator s) ##sys#current-thread)
    (redirect! (session-evaluator s) (session-restart s))))

;; In a forked child: nothing that the parent evaluates goes on, but what has forked.
(define (abandon-session s)
  (close-session s)
  (unless (or (callseq#gone? (session-evaluator s)) (eq? (session-evaluator s) callseq#forked-by))
    (##sys#thread-kill! (session-evaluator s) 'terminated)))

;;; Input

;; So much is taken in while it is not read, at most: what comes then waits in the connection, a Ctrl-C too.
(define input-limit 1000000)

;; The life of the reader of S.
(define (read-input s)
  (let ((buffer (make-string 4096)))
    (let loop ()
      (if (fx< (session-unread s) input-limit)
          (wait-for (session-fd s) #:input)
          (wait-a-little))
      (when (keep-session? s)
        (let ((n (if (fx< (session-unread s) input-limit)
                     (receive-bytes (session-fd s) buffer (string-length buffer))
                     -1)))
          (cond ((eq? n 0)
                 (session-ended?-set! s #t)
                 (wake-waiting s)
                 (look-after s))
                ((fx> n 0)
                 (take-input s (substring buffer 0 n))
                 (loop))
                ((hung-up? (session-fd s)) (cancel-session s))
                (else (loop))))))))

;; Is there still somebody who evaluates? Ends the session if not.
(define (keep-session? s)
  (cond ((session-closed? s) #f)
        ((forked? s) (abandon-session s) #f)
        ((callseq#gone? (session-evaluator s)) (close-session s) #f)
        (else #t)))

;; The rest of it, when no more input comes: until the evaluator has ended, or nobody waits for its answer.
(define (look-after s)
  (wait-a-little)
  (when (keep-session? s)
    (if (hung-up? (session-fd s))
        (cancel-session s)
        (look-after s))))

;; TEXT has come.
(define (take-input s text)
  (let ((stop (last-index #\x3 text)))
    (cond (stop
           (session-input-set! s '())
           (session-at-set! s 0)
           (session-unread-set! s 0)
           (add-input s (substring text (fx+ stop 1) (string-length text)))
           (redirect! (session-evaluator s)
                      (lambda ()
                        (say s "\n*** interrupted ***\n")
                        ((session-restart s)))))
          (else
           (add-input s text)
           (wake-waiting s)))))

;; Keeps TEXT, a string, behind what has come and not been read.
(define (add-input s text)
  (unless (eq? 0 (string-length text))
    (let ((last (list text)))
      (if (null? (session-input s))
          (session-input-set! s last)
          (set-cdr! (session-last s) last))
      (session-last-set! s last)
      (session-unread-set! s (fx+ (session-unread s) (string-length text))))))

;; The index of the last CHAR in STRING, or #f.
(define (last-index char string)
  (let loop ((i (fx- (string-length string) 1)))
    (cond ((fx< i 0) #f)
          ((eq? char (string-ref string i)) i)
          (else (loop (fx- i 1))))))

;; Has anything come that has not been read?
(define (unread? s) (pair? (session-input s)))

;; Green threads that wait for input look again.
(define (wake-waiting s)
  (let ((threads (session-waiting s)))
    (session-waiting-set! s '())
    (for-each ##sys#thread-unblock! threads)))

;; The next byte, which stays; waits for it. The end of file if there is none.
(define (peek-input s)
  (cond ((unread? s) (string-ref (car (session-input s)) (session-at s)))
        ((or (session-ended? s) (session-over? s)) #!eof)
        (else
         (session-waiting-set! s (cons ##sys#current-thread (session-waiting s)))
         (##sys#setslot ##sys#current-thread 3 'blocked)
         (##sys#thread-yield!)
         (peek-input s))))

;; The next byte, a character, which is read by that; the end of file if there is none.
(define (read-byte s)
  (let ((byte (peek-input s)))
    (when (char? byte) (pass-byte s))
    byte))

;; It has been read.
(define (pass-byte s)
  (session-unread-set! s (fx- (session-unread s) 1))
  (session-at-set! s (fx+ 1 (session-at s)))
  (when (eq? (session-at s) (string-length (car (session-input s))))
    (session-input-set! s (cdr (session-input s)))
    (session-at-set! s 0)))

;; The current input port in S.
(define (input-port s)
  (make-input-port (lambda () (read-byte s))
                   (lambda () (or (unread? s) (session-ended? s)))
                   void
                   (lambda () (peek-input s))))

;;; Output

;; The current output and error port in S.
(define (output-port s)
  (make-output-port (lambda (string) (say s string)) void (lambda () (send-output s))))

;; Strings are sent together, up to this length.
(define output-limit 4096)

;; Sends STRING, at the latest with the end of its line.
(define (say s string)
  (unless (session-gone? s)
    (session-output-set! s (cons string (session-output s)))
    (session-unsent-set! s (fx+ (session-unsent s) (string-length string)))
    (when (or (fx>= (session-unsent s) output-limit) (last-index #\newline string))
      (send-output s))))

;; Sends what has been kept; waits until the connection has taken it.
(define (send-output s)
  (let ((strings (session-output s)))
    (session-output-set! s '())
    (session-unsent-set! s 0)
    (cond ((null? strings) (void))
          ((null? (cdr strings)) (send-string s (car strings)))
          (else (send-string s (apply string-append (reverse strings)))))))

;; Sends TEXT, a string, unless nobody reads it.
(define (send-string s text)
  (let loop ((from 0))
    (when (and (fx< from (string-length text)) (not (session-gone? s)))
      (let ((n (if (forked? s) 0 (send-bytes (session-fd s) text from (string-length text)))))
        (cond ((fx> n 0) (loop (fx+ from n)))
              ((eq? n 0) (session-gone?-set! s #t))
              (else
               (wait-for (session-fd s) #:output)
               (loop from)))))))

;;; Evaluating

;; The life of the evaluator of S: prompts, reads a form, evaluates it, tells its values, and so on.
(define (converse s)
  (let ((exit-process (exit-handler)))
    (exit-handler
     (lambda code
       (if (forked? s)                  ; by what this session evaluates
           (apply exit-process code)
           (leave s)))))
  (##sys#reset-handler (lambda () ((session-restart s))))
  (let loop ((n 1))
    (let ((before #f))
      (call/cc
       (lambda (return)
         (session-restart-set! s (lambda () (return (void))))
         (say s (sprintf "#;~A> " n))
         (send-output s)
         (with-exception-handler
          (lambda (exception)
            (tell-error s exception)
            (return (void)))
          (lambda ()
            (foreign-code "C_clear_trace_buffer();") ; an error of the reader has no chain
            (let ((form (read)))
              (skip-newline s)
              (cond ((and (eof-object? form) (not (unread? s))) (session-over?-set! s #t))
                    (else
                     (foreign-code "C_clear_trace_buffer();")
                     (set! before (adopt-environment))
                     (call-with-values (lambda () (eval form))
                       (lambda values
                         (stay s)
                         (tell-values s values))))))))))
      (stay s)
      (hand-on-environment before))
    (unless (or (session-over? s) (forked? s))
      (loop (fx+ n 1))))
  (send-output s)
  (close-session s))

;; Returns if this is the green thread of the session. Another one, of a callback or a session, has come here
;; by a continuation that was captured at the prompt.
(define (stay s)
  (unless (eq? (session-evaluator s) ##sys#current-thread)
    (fail "a continuation was entered that was captured in another session; it can only be used there")))

;; Has what the present green thread does fail, a call or a session's form, wherever a continuation of
;; another's has led it: the handlers of errors are not its own there.
(define (fail message)
  (when (callseq#own-level)
    (callseq#leave message (callseq#call-chain)))
  (for-each (lambda (s)
              (when (eq? (session-evaluator s) ##sys#current-thread)
                (say s (string-append "\nError: " message "\n"))
                ((session-restart s))))
            sessions)
  (##sys#thread-kill! ##sys#current-thread 'dead)
  (##sys#schedule))

;; (exit) in a session.
(define (leave s)
  (when (callseq#own-level)
    (error 'exit "C code waits for this call; the session can be left when that has ended"))
  (session-over?-set! s #t)
  (cond ((eq? (session-evaluator s) ##sys#current-thread) ((session-restart s)))
        (else
         (redirect! (session-evaluator s) (session-restart s))
         (##sys#thread-kill! ##sys#current-thread 'dead)
         (##sys#schedule))))

;; Of the line with the form: the next (read-line) is for what follows.
(define (skip-newline s)
  (when (and (unread? s) (eq? #\newline (peek-input s)))
    (pass-byte s)))

;; Tells VALUES, a list; nothing where the one value is unspecified.
(define (tell-values s values)
  (cond ((null? values) (say s "; no values\n"))
        ((and (null? (cdr values)) (eq? (void) (car values))) (void))
        (else (for-each (lambda (value) (say s (string-append (written value) "\n"))) values))))

;; Tells EXCEPTION, with its call chain.
(define (tell-error s exception)
  (let ((chain (callseq#call-chain)))
    (say s (string-append "\nError: " (callseq#describe exception) "\n" (or chain "")))))
