;;; Text that is evaluated, and values that are written.

;; Stands behind a text, on a line of its own: a form that takes it in is not whole.
(define end-of-text 'callseq-eval#end-of-text)

;; What no form has as its value.
(define no-form (list 'no-form))

;; The body of callseq_eval: evaluates the forms of TEXT one by one. Gives the last value as it is written,
;; "" if there is no form; or #f if it is not WANTED?.
(define (evaluate-text text wanted?)
  (let ((port (open-input-string (string-append text "\n" (symbol->string end-of-text))))
        (end (string-length text)))
    (evaluate-in-callback
     (lambda ()
       (let loop ((value no-form))
         (let ((form (read port)) (at (##sys#slot port 10))) ; how far that was
           (cond ((and (eq? form #\newline) (fx= at end) (eq? #\\ (string-ref text (fx- end 1))))
                  (error "the text ends inside a character"))
                 ((fx<= at (fx+ end 1)) ; with the end of the line, which #<<TEXT takes in
                  (loop (first-value (lambda () (eval form)))))
                 ((not (eq? form end-of-text)) (error "the text ends inside a form"))
                 ((not wanted?) #f)
                 ((eq? value no-form) "")
                 (else (written value)))))))))

;; The first of the values of THUNK; the unspecified value if there is none.
(define (first-value thunk)
  (call-with-values thunk
    (lambda values (if (null? values) (void) (car values)))))

;; The body of callseq_load: loads the file NAME, a string. Gives #f, WANTED? or not. What loading raises fails
;; the call, with NAME before the message.
(define (load-file name wanted?)
  (evaluate-in-callback
   (lambda ()
     (with-exception-handler
      (lambda (exception)
        (callseq#leave (string-append name ": " (callseq#describe exception)) (callseq#call-chain)))
      (lambda ()
        (load name)
        #f)))))

;;; Writing

;; A value may be endless. One of so many parts or more is cut off after so many characters.
(define parts-limit 1000000)
(define length-limit 10000)

;; VALUE as it is written, without NUL.
(define (written value)
  (let ((port (open-output-string)))
    (if (parts-left value parts-limit)
        (write value port)
        (##sys#with-print-length-limit length-limit (lambda () (write value port))))
    (callseq#without-nul (get-output-string port))))

;; How many of LEFT parts are left after those of VALUE; #f: there are more.
(define (parts-left value left)
  (cond ((eq? left 0) #f)
        ((pair? value)
         (let ((left (parts-left (car value) (fx- left 1))))
           (and left (parts-left (cdr value) left))))
        ((vector? value) (parts-left-of-slots value 0 (fx- left 1)))
        ((and (##core#inline "C_blockp" value) (##core#inline "C_structurep" value))
         (parts-left-of-slots value 1 (fx- left 1)))
        (else (fx- left 1))))

;; The same for the slots of VALUE, from SLOT on.
(define (parts-left-of-slots value slot left)
  (let loop ((slot slot) (left left))
    (if (fx>= slot (##sys#size value))
        left
        (let ((left (and left (parts-left (##sys#slot value slot) left))))
          (and left (loop (fx+ slot 1) left))))))
