;;; Parsing: a form becomes a `callback` record, or is refused by name.

(define-record callback
  form                                  ; symbol: the name of the syntax, for messages
  manner                                ; symbol: plain, status, post, future, notify
  qualifiers                            ; string between type and name in C
  place                                 ; "file:line" in the source, or #f
  name                                  ; string, a C identifier
  types variables                       ; of the arguments: specifiers, symbols
  result                                ; specifier
  body)                                 ; list of forms

;; Does its C function return a status, and store the result where its last argument points to?
(define (callback-status? callback) (eq? (callback-manner callback) 'status))

(define callbacks '())                  ; of this compilation, latest first
(define place-in-source #f)             ; "file:line" of the form that is being expanded, or #f

;; Ends the compilation. MESSAGE says what is wrong and what to do; CULPRIT is the part at fault.
(define (refuse form name message . culprit)
  (apply syntax-error form
         (string-append (if place-in-source (sprintf "(~A) " place-in-source) "")
                        (if name (string-append name ": ") "")
                        message)
         culprit))

;; The name of the syntax that FORM uses, for messages.
(define (begin-form! form)
  (set! place-in-source (get-line-number form))
  (let ((syntax (strip-syntax (car form))))
    (unless (feature? 'compiling)
      (refuse syntax #f "this form becomes C, so it needs the compiler; compile this file with csc -e"))
    syntax))

;; Ends the compilation unless FORM is (NAME BODY ...).
(define (check-body form)
  (set! place-in-source (get-line-number form))
  (let ((syntax (strip-syntax (car form))))
    (unless (and (list? form) (pair? (cdr form)))
      (refuse syntax #f (sprintf "the body is missing; the shape is (~A BODY ...)" syntax)
              (strip-syntax form)))))

;; What follows the name of the syntax.
(define callback-shape "(NAME (TYPE ARG) ...) RTYPE BODY ...")

;; The callback that a form of a MANNER defines; SOURCE is what the user wrote, SHAPE what that should
;; have been, for messages.
(define (parse-callback form manner source shape)
  (let* ((syntax (begin-form! source))
         (parts (if (list? form) (cdr form) '()))
         (qualified? (and (pair? parts) (string? (car parts))))
         (rest (if qualified? (cdr parts) parts))
         (whole (strip-syntax form)))
    (define (usage name message . culprit)
      (apply refuse syntax name
             (sprintf "~A; the shape is (~A ~A)" message syntax shape)
             culprit))
    (cond ((head-mistake (strip-syntax rest)) => (lambda (mistake) (usage #f mistake whole))))
    (let ((name (symbol->string (strip-syntax (caar rest)))) (arguments (cdar rest)))
      (cond ((name-refusal name) => (lambda (why) (refuse syntax name why))))
      (when (find-callback name)
        (refuse syntax name "this file has a callback of that name already; take another"))
      (unless (list? arguments)
        (usage name "a C function like this has a fixed number of arguments, so nothing follows a dot"
               (strip-syntax (car rest))))
      (for-each (lambda (a) (check-argument-shape (strip-syntax a) (lambda (m . c) (apply usage name m c))))
                arguments)
      (cond ((or (null? (cdr rest))
                 (let ((result (strip-syntax (cadr rest))))
                   (or (not (looks-like-type? result))
                       (and (null? (cddr rest)) (symbol? result) (not (named-type? result))))))
             (usage name "the result type is missing before the body; void if there is none" whole))
            ((null? (cddr rest)) (usage name "the body is missing" whole)))
      (let ((types (map (lambda (a) (strip-syntax (car a))) arguments))
            (variables (map cadr arguments))
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
        (check-result-type syntax name result (memq manner '(status future)))
        (let ((callback (make-callback syntax manner (if qualified? (car parts) "") place-in-source name
                                       types variables result (cddr rest))))
          (check-type-names callback)
          (when (later? callback) (check-later callback))
          (check-result-name callback)
          callback)))))

;; What is wrong with REST, that should begin with (NAME (TYPE ARG) ...); or #f.
(define (head-mistake rest)
  (let ((first (and (pair? rest) (car rest)))
        (next (and (pair? rest) (pair? (cdr rest)) (cadr rest))))
    (define (head? x)                   ; like (name (int a)), unlike (int a)
      (and (pair? x) (symbol? (car x)) (not (type? (car x))) (list? x) (every* pair? (cdr x))))
    (define (type? x) (if (symbol? x) (named-type? x) (looks-like-type? x)))
    (cond ((and (head? next) (type? first))
           "the result type stands after (NAME (TYPE ARG) ...), not before it")
          ((and (head? next) (symbol? first))
           (sprintf "what C has before the function's name is given as a string, \"~A\"" first))
          ((and (symbol? first) (list? next))
           (sprintf "the name is the first in the list of the arguments: (~A (TYPE ARG) ...)" first))
          ((not (pair? first)) "a list (NAME (TYPE ARG) ...) must come first")
          ((string? (car first))
           (sprintf "the callback's name must be a symbol, without quotes: ~A" (car first)))
          ((not (symbol? (car first))) "the callback's name must be a symbol")
          ((and (type? (car first)) (pair? (cdr first)) (symbol? (cadr first)))
           "the list begins with the callback's name; this one begins with a type")
          (else #f))))

;; Calls (BAD message part) if ARGUMENT is not (TYPE ARG): what people write instead is told apart.
(define (check-argument-shape argument bad)
  (cond ((memq argument '(#!rest #!optional #!key ...))
         (bad "a C function like this has a fixed number of arguments, so there are no optional ones"
              argument))
        ((and (list? argument) (= 2 (length argument)) (symbol? (cadr argument)))
         (let ((type (car argument)) (variable (cadr argument)))
           (cond ((and (symbol? type) (not (named-type? type)) (named-type? variable))
                  (bad (sprintf "the type stands before the argument: (~S ~S)" variable type) argument))
                 ((begins-with-star? variable)
                  (bad "this is C's way to write a pointer; here it is a type, (c-pointer TYPE)" argument)))))
        ((and (list? argument) (= 2 (length argument)) (symbol? (car argument))
              (looks-like-type? (cadr argument)))
         (bad (sprintf "the type stands before the argument: (~S ~S)" (cadr argument) (car argument))
              argument))
        ((equal? argument '(void)) (bad "without arguments the list is (NAME), without (void)" argument))
        ((and (list? argument) (> (length argument) 2) (every* symbol? argument))
         (bad "a type of several words is one symbol, as unsigned-int, or one form, as (c-pointer char)"
              argument))
        ((symbol? argument) (bad "each argument is a list of its own, (TYPE ARG)" argument))
        (else (bad "an argument is not (TYPE ARG)" argument))))

;; Is VARIABLE like *name, but not like *name*?
(define (begins-with-star? variable)
  (let ((s (symbol->string variable)))
    (and (> (string-length s) 1)
         (begins? "*" s)
         (word-char? (string-ref s 1))
         (not (string-suffix? "*" s)))))

;; The callback of this compilation called NAME, or #f.
(define (find-callback name)
  (let loop ((c callbacks))
    (and (pair? c)
         (or (and (string=? name (callback-name (car c))) (car c))
             (loop (cdr c))))))

;; A function and a type that one name stands for: C takes the later one for a mistake of its own.
(define (check-type-names callback)
  (define (check functions types)
    (for-each
     (lambda (name)
       (when (member name types)
         (refuse (callback-form callback) (callback-name callback)
                 (sprintf "~A is the name of a callback's function and of a type in C; rename one" name))))
     functions))
  (let ((functions (function-names callback)) (types (type-words callback)))
    (check functions types)
    (for-each
     (lambda (other)
       (check (function-names other) types)
       (check functions (type-words other)))
     callbacks)))
