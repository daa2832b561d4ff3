;;; The Scheme expression that a form becomes: the procedure that the resident loop runs.

;; The types that arguments are read as, where CHICKEN's own conversion will not do: it takes a char
;; above 127 for a negative number, and looks through a NULL. With what C makes of the argument first.
(define read-as
  '((char unsigned-char "(unsigned char)")
    (nonnull-c-string c-string "")
    (nonnull-c-string* c-string* "")
    (nonnull-unsigned-c-string c-string "(char *)")
    (nonnull-unsigned-c-string* unsigned-c-string* "")))

;; How a value of TYPE is read that C text ACCESS has, in a structure whose address is in the variable
;; REQUEST: a pair of an expression that copies it, and never fails, and of a procedure that makes of a
;; variable with that copy the expression for the value: NULL is #f where the type allows it, and an
;; error elsewhere, which calls it WHAT.
(define (read-expression type access request what)
  (let* ((k (kind type))
         (other (assq k read-as))
         (read-type (cond (other (cadr other)) (else k)))
         (before (cond (other (caddr other)) ((reference? type) "*") (else "")))
         (stub (lambda (type text)
                 `((##core#foreign-lambda* ,type ((scheme-object callseq_word)) ,text) ,request)))
         (get (sprintf "C_return(~A~A);" before access))
         ;; The conversion frees it: no other may, see abandoned-arguments.
         (take (sprintf "~A = ~A; ~A = 0; C_return(~Acallseq_taken);"
                        (place type "callseq_taken") access access before))
         (copy (stub read-type (if (or (memq k given-strings) (eq? k 'c-string-list*)) take get)))
         (convert (lambda (read) (if (converter type 2) `(,(converter type 2) ,read) read))))
    (cond ((handle? type)
           (cons (stub 'scheme-object (sprintf "C_return(callseq_abi_object(~A));" access))
                 (lambda (object)
                   `(##core#if (##core#inline "C_unboundvaluep" ,object)
                               (callseq#released ,what)
                               ,object))))
          ((memq k '(c-string-list c-string-list*))
           (cons `(##core#if ,(stub 'c-pointer get) ,copy (##core#quote #f)) convert))
          ((and other (not (eq? k 'char)))
           (cons copy
                 (lambda (value)
                   (convert
                    `(##core#if ,value
                                ,value
                                (##sys#error ,(sprintf "~A is NULL, which its type ~A does not allow"
                                                       what type)))))))
          (else (cons copy convert)))))

;; Reads argument NAME of the call whose request is in the variable REQUEST; VARIABLE is its name in
;; Scheme.
(define (argument-expression callback type name variable request)
  (let ((reading (read-expression
                  type
                  (sprintf "CALLSEQ_ABI_REQUEST(struct ~A, callseq_word)->~A" (own "call" callback) name)
                  request
                  (sprintf "argument `~A'" (strip-syntax variable))))
        (value (gensym 'value)))
    `(##core#let ((,value ,(car reading))) ,((cdr reading) value))))

;; What the reply function gets: the value after the type's converter.
(define (result-expression type value)
  (let ((k (kind type)) (convert (converter type 1)))
    (cond (convert `(,convert ,value))
          ((and (pair? k) (memq (car k) instance-forms))
           `((##core#foreign-lambda* c-pointer ((,k callseq_object))
              ,(if (reference? k) "C_return(&callseq_object);" "C_return(callseq_object);"))
             ,value))
          (else value))))

;; The procedure that the resident loop runs for a call of CALLBACK.
(define (procedure-expression callback)
  (let ((serial (gensym 'serial)) (request (gensym 'request)) (value (gensym 'value))
        (next (gensym 'next)))
    `(##core#lambda (,serial ,request)
       ,(let loop ((types (callback-types callback)) (variables (callback-variables callback))
                   (names (names callback)) (bindings '()))
          (if (null? types)
              `(##core#let ,(reverse (map (lambda (b) (list (car b) (cadr b))) bindings))
                 (##core#let ((,value (##core#let ,(reverse (map (lambda (b) (list (caddr b) (car b)))
                                                                 bindings))
                                        ,@(callback-body callback))))
                   (##core#let ((,value ,(result-expression (callback-result callback) value)))
                     (##core#let ((,next (##core#inline ,(own "inline" callback)
                                                        ,serial ,value)))
                       (,next (##core#inline "callseq_abi_next_serial")
                              (##core#inline "callseq_abi_next_value"))))))
              (loop (cdr types) (cdr variables) (cdr names)
                    (cons (list (gensym 'argument)
                                (argument-expression callback (car types) (car names)
                                                     (car variables) request)
                                (car variables))
                          bindings)))))))

;; Everything that a form becomes.
(define (callback-expression callback)
  `(##core#begin
    (##core#declare (foreign-declare ,(callback-text callback)))
    ((##core#foreign-lambda* void ((scheme-object callseq_procedure))
      ,(if (eq? (callback-manner callback) 'notify)
           (sprintf "callseq_abi_define_notice(&~A, callseq_procedure);" (own "notice" callback))
           (sprintf "~A(&~A, callseq_procedure);"
                    (if (later? callback) "callseq_abi_define_later" "callseq_abi_define")
                    (own "callback" callback))))
     ,(procedure-expression callback))
    (callseq#defined)))
