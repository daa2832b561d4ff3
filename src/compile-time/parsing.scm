;;; Parsing: a form becomes a `callback` record, or is refused by name.

(define-record callback
  form                                  ; symbol: the name of the syntax, for messages
  status?                               ; boolean: the /status form
  qualifiers                            ; string between type and name in C
  name                                  ; string, a C identifier
  types variables                       ; of the arguments: specifiers, symbols
  result                                ; specifier
  body)                                 ; list of forms

(define callbacks '())                  ; of this compilation, latest first

;; Ends the compilation. MESSAGE says what is wrong and what to do; CULPRIT is the part at fault.
(define (refuse form name message . culprit)
  (apply syntax-error form
         (if name (string-append name ": " message) message)
         culprit))

(define (compiled-only syntax)
  (unless (feature? 'compiling)
    (refuse syntax #f "a callback is a C function, so it needs the compiler; compile this file with csc -e"))
  syntax)

;; The callback that a form defines. STATUS? tells which of the two forms it is.
(define (parse-callback form status?)
  (let* ((syntax (compiled-only (strip-syntax (car form))))
         (qualified? (and (list? form) (pair? (cdr form)) (string? (cadr form))))
         (rest (if qualified? (and (list? form) (cddr form)) (and (list? form) (cdr form)))))
    (define (usage message . culprit)
      (apply refuse syntax #f
             (sprintf "~A; the shape is (~A (NAME (TYPE ARG) ...) RTYPE BODY ...)" message syntax)
             culprit))
    (unless (and (pair? rest) (pair? (car rest)))
      (usage "a list (NAME (TYPE ARG) ...) must come first" (strip-syntax form)))
    (unless (and (list? (car rest)) (symbol? (strip-syntax (caar rest))))
      (usage "the callback's name must be a symbol" (strip-syntax (car rest))))
    (let ((name (symbol->string (strip-syntax (caar rest)))))
      (unless (c-identifier? name)
        (refuse syntax name
                "a callback's name is its name in C; take letters, digits and underscores, and no keyword"))
      (when (and (>= (string-length name) 8) (string=? (substring name 0 8) "callseq_"))
        (refuse syntax name "names that begin with callseq_ are the library's; take another"))
      (when (find-callback name)
        (refuse syntax name "this file has a callback of that name already; take another"))
      (unless (pair? (cdr rest))
        (usage (string-append name ": the result type is missing") (strip-syntax form)))
      (unless (pair? (cddr rest))
        (usage (string-append name ": the body is missing") (strip-syntax form)))
      (for-each
       (lambda (argument)
         (unless (and (list? argument) (= 2 (length argument)) (symbol? (cadr argument)))
           (usage (string-append name ": an argument is not (TYPE ARG)") (strip-syntax argument))))
       (cdar rest))
      (let ((types (map (lambda (a) (strip-syntax (car a))) (cdar rest)))
            (variables (map cadr (cdar rest)))
            (result (strip-syntax (cadr rest))))
        (let loop ((v variables))
          (when (pair? v)
            (when (memq (car v) (cdr v))
              (refuse syntax name "two arguments have the same name; rename one"
                      (strip-syntax (car v))))
            (loop (cdr v))))
        (for-each
         (lambda (type variable)
           (check-argument-type syntax name type (strip-syntax variable)))
         types variables)
        (check-result-type syntax name result status?)
        (make-callback syntax status? (if qualified? (cadr form) "") name types variables result
                       (cddr rest))))))

(define (find-callback name)
  (let loop ((c callbacks))
    (and (pair? c)
         (or (and (string=? name (callback-name (car c))) (car c))
             (loop (cdr c))))))
