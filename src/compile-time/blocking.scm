;;; foreign-blocking-lambda and foreign-blocking-lambda*: C that is called with the runtime free.
;;;
;;; A call is a *job* in malloc'd memory, because the thread that runs it has no part in Scheme while it
;;; does. The Scheme procedure makes the job, of its converted arguments and copies of strings; gives it
;;; to call-outside, which returns when it has run; reads the result; then drops the job, copies
;;; included. So a result may point into a copy. A job that nobody comes back for is dropped by who has
;;; run it.

(define-record blocking
  form place                            ; as in a callback
  number                                ; of the form in this file, for names in C
  function                              ; string: what is called
  body                                  ; string: its C body, or #f if the program has it
  result types                          ; specifiers
  parameters)                           ; strings: the names of arguments in that body

(define blocking-count 0)               ; forms of this compilation

;; The record that FORM defines, or the end of the compilation. BODY?: the form has the text of a C function.
(define (parse-blocking form body?)
  (let* ((syntax (begin-form! form))
         (whole (strip-syntax form))
         (parts (if (list? whole) (cdr whole) '()))
         (usage (lambda (message . culprit)
                  (apply refuse syntax #f
                         (sprintf "~A; the shape is (~A RTYPE ~A)" message syntax
                                  (if body? "((TYPE ARG) ...) BODY ..." "NAME TYPE ..."))
                         culprit))))
    (unless (and (pair? parts) (pair? (cdr parts))) (usage "a part is missing" whole))
    (set! blocking-count (+ 1 blocking-count))
    (let* ((arguments (if body? (cadr parts) (cddr parts)))
           (number (number->string blocking-count))
           (function (if body? (string-append "callseq_body_of_" number) (->string (cadr parts)))))
      (cond (body?
             (unless (list? arguments) (usage "a list ((TYPE ARG) ...) must follow the result type" arguments))
             (for-each (lambda (a) (check-argument-shape a usage)) arguments)
             (unless (and (pair? (cddr parts)) (every* string? (cddr parts)))
               (usage "the body must be C text, one string or more" (cddr parts)))
             (check-parameters syntax (map cadr arguments)))
            ((not (type-name? (cadr parts)))
             (usage "a function's name in C must follow the result type" (cadr parts))))
      (let ((name (if body? #f function))
            (types (if body? (map car arguments) arguments)))
        (let loop ((t types) (i 1))
          (when (pair? t)
            (check-blocking-type syntax name (car t)
                                 (if body?
                                     (sprintf "argument `~A'" (cadr (list-ref arguments (- i 1))))
                                     (sprintf "argument ~A" i))
                                 #t)
            (loop (cdr t) (+ i 1))))
        (check-blocking-type syntax name (car parts) "the result" #f)
        (make-blocking syntax place-in-source number function
                       (and body? (string-intersperse (cddr parts) "\n"))
                       (car parts) types
                       (if body? (map (lambda (a) (symbol->string (cadr a))) arguments) '()))))))

;; The names are the program's own in C: its body uses them.
(define (check-parameters syntax variables)
  (let loop ((v variables))
    (when (pair? v)
      (unless (c-identifier? (symbol->string (car v)))
        (refuse syntax #f "an argument's name is its name in the C body; take letters, digits and underscores, and no keyword"
                (car v)))
      (when (member (symbol->string (car v)) argument-refusals)
        (refuse syntax #f "an argument's name is its name in the C body, where this is a macro; rename it" (car v)))
      (when (memq (car v) (cdr v))
        (refuse syntax #f "two arguments have the same name; rename one" (car v)))
      (loop (cdr v)))))

;; Nothing in the Scheme heap stays where it is while C runs beside Scheme.
(define (check-blocking-type syntax name type where argument?)
  (check-type syntax name type where)
  (let ((k (kind type)))
    (when (eq? k 'scheme-object)
      (refuse syntax name
              (sprintf "~A: it would point into the Scheme heap, where objects move meanwhile; take a callseq-handle, which keeps it alive there"
                       where)
              type))
    (when (and argument? (eq? k 'void))
      (refuse syntax name (sprintf "~A: an argument cannot be void; leave it out" where) type))
    (when (and argument? (memq k '(c-string-list c-string-list*)))
      (refuse syntax name
              (sprintf "~A: a list of strings can only be a result; pass a c-pointer to memory of your own"
                       where)
              type))))

;;; C text

;; The name in C of WHAT belongs to a form: "job", "run", "drop" or "spare".
(define (job what blocking) (sprintf "callseq_~A_of_~A" what (blocking-number blocking)))

;; The members of a job's structure that have the arguments.
(define (job-members blocking)
  (list-tabulate* (length (blocking-types blocking)) (lambda (i) (sprintf "callseq_a~A" i))))

;; Where handles are made that are arguments, in words.
(define (given-by blocking)
  (sprintf "~A~A, an argument"
           (if (blocking-place blocking) (string-append (blocking-place blocking) ": ") "")
           (if (blocking-body blocking) "foreign-blocking-lambda*" (blocking-function blocking))))

;; Is TYPE one of strings, of whatever owner?
(define (string-type? type)
  (let ((k (kind type))) (or (memq k kept-strings) (memq k given-strings))))

;; C text of a form: the structure of a job, the program's own C function, and how a job is run and dropped.
(define (blocking-text blocking)
  (let* ((result (blocking-result blocking))
         (types (blocking-types blocking))
         (members (job-members blocking))
         (void? (eq? (kind result) 'void))
         (struct (sprintf "struct ~A" (job "job" blocking)))
         (own-job (sprintf "  ~A *callseq_call = (~A *)callseq_job;" struct struct)))
    (string-append
     (lines
      ""
      (forward-declarations (cons result types))
      (sprintf "~A {" struct)
      "  struct callseq_abi_job callseq_job;"
      (map (lambda (t m) (sprintf "  ~A;" (place t m))) types members)
      (if void? '() (sprintf "  ~A;" (place result "callseq_result")))
      "};"
      (sprintf "static struct callseq_abi_job *~A;" (job "spare" blocking))
      (if (blocking-body blocking)
          (lines
           (sprintf "static ~A {"
                    (declaration (returned result)
                                 (sprintf "~A(~A)" (blocking-function blocking)
                                          (if (null? types)
                                              "void"
                                              (commas (map declaration types (blocking-parameters blocking)))))))
           (blocking-body blocking)
           "}")
          '())
      (sprintf "static void ~A(struct callseq_abi_job *callseq_job) {" (job "run" blocking))
      own-job
      "  (void)callseq_call;"
      (sprintf "  ~A~A(~A);"
               (cond (void? "")
                     ((reference? result) "callseq_call->callseq_result = &")
                     (else (sprintf "callseq_call->callseq_result = (~A)" (place result ""))))
               (blocking-function blocking)
               (commas (map (lambda (t m)
                              (sprintf (cond ((reference? t) "*callseq_call->~A")
                                             ((handle? t) "callseq_abi_hand_over(&callseq_call->~A)")
                                             (else "callseq_call->~A"))
                                       m))
                            types members)))
      ;; It is borrowed, and its owner may release it before it is read.
      (if (handle? result)
          "  callseq_call->callseq_result = callseq_abi_retain(callseq_call->callseq_result);"
          '())
      "}"
      (sprintf "static void ~A(struct callseq_abi_job *callseq_job) {" (job "drop" blocking))
      own-job
      (map (lambda (t m)
             (cond ((string-type? t) (sprintf "  callseq_abi_free((void *)callseq_call->~A);" m))
                   ((handle? t) (sprintf "  callseq_abi_release(callseq_call->~A);" m))
                   (else '())))
           types members)
      (cond ((memq (kind result) given-strings)
             "  callseq_abi_free((void *)callseq_call->callseq_result);")
            ((eq? (kind result) 'c-string-list*)
             "  callseq_abi_free_strings(callseq_call->callseq_result);")
            ((handle? result) "  callseq_abi_release(callseq_call->callseq_result);")
            (else '()))
      (sprintf "  callseq_abi_put(&~A, callseq_job);" (job "spare" blocking))
      "}")
     "\n")))

;; The body of the C function that makes a job: its word, or #f where there is no memory.
(define (job-maker blocking)
  (let ((struct (sprintf "struct ~A" (job "job" blocking)))
        (result (kind (blocking-result blocking))))
    (lines
     (sprintf "~A *callseq_call = (~A *)callseq_abi_take(&~A, sizeof(~A));"
              struct struct (job "spare" blocking) struct)
     "int callseq_whole = 1;"
     "if (!callseq_call) C_return(C_SCHEME_FALSE);"
     (if (or (memq result given-strings)
             (eq? result 'c-string-list*)
             (handle? (blocking-result blocking)))
         "callseq_call->callseq_result = 0;"
         '())
     (sprintf "callseq_abi_make_job(&callseq_call->callseq_job, ~A, ~A);"
              (job "run" blocking) (job "drop" blocking))
     (map (lambda (t m)
            (cond ((string-type? t)
                   (sprintf "callseq_call->~A = (~A)callseq_abi_copy((const char *)~A, &callseq_whole);" m
                            (place t "") m))
                  ((handle? t)
                   (sprintf "callseq_whole &= callseq_abi_handle(~A, ~A, &callseq_call->~A);" m
                            (c-literal (given-by blocking)) m))
                  (else
                   (sprintf "callseq_call->~A = (~A)~A~A;" m (place t "") (if (reference? t) "&" "") m))))
          (blocking-types blocking) (job-members blocking))
     (sprintf "if (!callseq_whole) { ~A(&callseq_call->callseq_job); C_return(C_SCHEME_FALSE); }"
              (job "drop" blocking))
     "C_return((C_word)callseq_call | C_FIXNUM_BIT);")))

;;; The Scheme procedure

;; CHICKEN passes a nonnull-unsigned-c-string without the NUL at its end, and without a check. A handle
;; is made when all other arguments have been converted, which may fail.
(define (passed-type type)
  (cond ((handle? type) 'scheme-object)
        ((eq? (kind type) 'nonnull-unsigned-c-string) 'nonnull-c-string)
        (else type)))

;; The expression for an argument that is passed, of VARIABLE: with the converter that its other type does not have.
(define (passed type variable)
  (if (and (eq? (kind type) 'nonnull-unsigned-c-string) (converter type 1))
      `(,(converter type 1) ,variable)
      variable))

;; Everything that a form becomes.
(define (blocking-expression blocking)
  (let* ((variables (map (lambda (t) (gensym 'argument)) (blocking-types blocking)))
         (result (blocking-result blocking))
         (value (gensym 'value))
         (word (gensym 'job))
         (state (gensym 'state))
         (reading (if (eq? (kind result) 'void)
                      (cons '(##core#undefined) values)
                      (read-expression result
                                       (sprintf "CALLSEQ_ABI_REQUEST(struct ~A, callseq_word)->callseq_result"
                                                (job "job" blocking))
                                       word "the result"))))
    ;; From the job on to its end nothing may come between that could end this green thread: CHICKEN does not
    ;; look for interrupts where no procedure is called, and they are held from callseq_abi_go_outside on.
    `(##core#begin
      (##core#declare (foreign-declare ,(blocking-text blocking)))
      (##core#lambda ,variables
        (##core#let ((,word ((##core#foreign-lambda* scheme-object
                              ,(map list (map passed-type (blocking-types blocking))
                                    (map string->symbol (job-members blocking)))
                              ,(job-maker blocking))
                             ,@(map passed (blocking-types blocking) variables))))
          (##core#let ((,state (##core#inline "callseq_abi_go_outside" ,word ##sys#current-thread)))
            (##core#if (##core#inline "C_eqp" ,state (##core#quote #t))
                       (##core#undefined)
                       (callseq#call-outside ,word ,state ,(blocking-function blocking))))
          (##core#let ((,value ,(car reading)))
            ((##core#foreign-lambda* void ((scheme-object callseq_word))
              "callseq_abi_end(CALLSEQ_ABI_REQUEST(struct callseq_abi_job, callseq_word));")
             ,word)
            ,((cdr reading) value)))))))
