;;; The Scheme expression that a form becomes: the procedure that the resident loop runs.

;; The types that arguments are read as, where CHICKEN's own conversion will not do: it takes a char
;; above 127 for a negative number, and looks through a NULL. With what C makes of the argument first.
(define read-as
  '((char unsigned-char "(unsigned char)")
    (nonnull-c-string c-string "")
    (nonnull-c-string* c-string* "")
    (nonnull-unsigned-c-string c-string "(char *)")
    (nonnull-unsigned-c-string* unsigned-c-string* "")))

;; Reads argument NAME of the call whose request is in the variable REQUEST; VARIABLE is its name in
;; Scheme. NULL is #f where the type allows it, and an error elsewhere.
(define (argument-expression callback type name variable request)
  (let* ((k (kind type))
         (other (assq k read-as))
         (access (sprintf "CALLSEQ_ABI_REQUEST(struct ~A, callseq_word)->~A" (own "call" callback) name))
         (stub (lambda (type text)
                 `((##core#foreign-lambda* ,(unconst type) ((scheme-object callseq_word)) ,text)
                   ,request)))
         (get (lambda (before) (sprintf "C_return(~A~A);" before access)))
         ;; The conversion frees it: no other may, see abandoned-arguments.
         (take (lambda (before)
                 (sprintf "~A = ~A; ~A = 0; C_return(~Acallseq_taken);"
                          (place type "callseq_taken") access access before)))
         (given? (or (memq k given-strings) (eq? k 'c-string-list*)))
         (value (gensym 'value)))
    (define (convert read) (if (converter type 2) `(,(converter type 2) ,read) read))
    (cond ((memq k '(c-string-list c-string-list*))
           `(##core#if ,(stub 'c-pointer (get ""))
                       ,(stub type ((if given? take get) ""))
                       (##core#quote #f)))
          ((not other) (stub type (if given? (take "") (get (if (reference? type) "*" "")))))
          ((eq? k 'char) (convert (stub (cadr other) (get (caddr other)))))
          (else
           (convert
            `(##core#let ((,value ,(stub (cadr other) ((if given? take get) (caddr other)))))
               (##core#if ,value
                          ,value
                          (##sys#error ,(sprintf "argument `~A' is NULL, which its type ~A does not allow"
                                                 (strip-syntax variable) type)))))))))

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
      ,(sprintf "callseq_abi_define(&~A, callseq_procedure);" (own "callback" callback)))
     ,(procedure-expression callback))))
