;;; From a define-sequenced-callback form to C text and a Scheme expression.
;;;
;;; Runs inside the compiler while a user's file is compiled; it changes nothing but the list of
;;; callbacks seen so far in this compilation, and the header file that the user asked for. The
;;; module lives in the compile-time part of the module callseq, which defines `prelude` in it: the C
;;; text that every callback needs before it, once in a file. A form is parsed into a
;;; `callback` record, or refused by `refuse`; everything else is a function from that record to
;;; text or to an expression:
;;;
;;;   the C structure of one call      request, arguments, result
;;;   the C reply function             Scheme value -> checked -> result; then the next request
;;;   the C function                   what the host calls
;;;   the Scheme procedure             arguments out of the structure, the body, the reply
;;;
;;; A type is a foreign type specifier of CHICKEN's manual. Its declaration in C, and the conversion
;;; of arguments, are left to the compiler that runs us; results are converted by our own checked
;;; code, by the type's kind: what is left when names made by define-foreign-type and an outer
;;; `const` are taken away.

(module callseq-compile-time (expand-callback expand-header)

(import scheme (chicken base) (chicken condition) (chicken format) (chicken platform) (chicken string)
        (chicken syntax))

;;; Parsing

(define-record callback
  form                                  ; symbol: the name of the syntax, for messages
  status?                               ; boolean: the /status form
  qualifiers                            ; string between type and name in C
  name                                  ; string, a C identifier
  types variables                       ; of the arguments: specifiers, symbols
  result                                ; specifier
  body)                                 ; list of forms

(define callbacks '())                  ; of this compilation, latest first
(define header #f)                      ; (file . lines to begin with), when callseq-header was seen

;; Ends the compilation. MESSAGE says what is wrong and what to do; CULPRIT is the part at fault.
(define (refuse form name message . culprit)
  (apply syntax-error form
         (if name (string-append name ": " message) message)
         culprit))

(define (compiled-only syntax)
  (unless (feature? 'compiling)
    (refuse syntax #f "a callback is a C function, so it needs the compiler; compile this file with csc -e"))
  syntax)

(define c-keywords                      ; of C11 and C++20, and names that every header has
  '("auto" "break" "case" "char" "const" "continue" "default" "do" "double" "else" "enum" "extern"
    "float" "for" "goto" "if" "inline" "int" "long" "register" "restrict" "return" "short" "signed"
    "sizeof" "static" "struct" "switch" "typedef" "union" "unsigned" "void" "volatile" "while"
    "_Alignas" "_Alignof" "_Atomic" "_Bool" "_Complex" "_Generic" "_Imaginary" "_Noreturn"
    "_Static_assert" "_Thread_local" "asm" "typeof"
    "alignas" "alignof" "and" "and_eq" "bitand" "bitor" "bool" "catch" "char16_t" "char32_t"
    "char8_t" "class" "co_await" "co_return" "co_yield" "compl" "concept" "const_cast" "consteval"
    "constexpr" "constinit" "decltype" "delete" "dynamic_cast" "explicit" "export" "false" "friend"
    "mutable" "namespace" "new" "noexcept" "not" "not_eq" "nullptr" "operator" "or" "or_eq" "private"
    "protected" "public" "reinterpret_cast" "requires" "static_assert" "static_cast" "template"
    "this" "thread_local" "throw" "true" "try" "typeid" "typename" "using" "virtual" "wchar_t" "xor"
    "xor_eq" "NULL" "errno" "main"))

;; Is STRING a C identifier that is no keyword of C or C++?
(define (c-identifier? string)
  (define (between? low c high) (and (char<=? low c) (char<=? c high)))
  (define (letter? c) (or (between? #\a c #\z) (between? #\A c #\Z) (char=? c #\_)))
  (let ((chars (string->list string)))
    (and (pair? chars)
         (letter? (car chars))
         (let loop ((chars (cdr chars)))
           (or (null? chars)
               (and (or (letter? (car chars)) (between? #\0 (car chars) #\9))
                    (loop (cdr chars)))))
         (not (member string c-keywords)))))

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

;;; Types

;; The registration of a name made by define-foreign-type: #(type argument-converter
;; result-converter), the converters global variables or #f. #f for anything else.
(define (registered type)
  (and (symbol? type) (chicken.compiler.support#lookup-foreign-type type)))

;; The type without registered names and outer const; TYPE must be known to be no loop.
(define (kind type)
  (cond ((registered type) => (lambda (r) (kind (vector-ref r 0))))
        ((and (pair? type) (eq? (car type) 'const)) (kind (cadr type)))
        (else type)))

;; TYPE without outer const.
(define (unconst type) (if (and (pair? type) (eq? (car type) 'const)) (unconst (cadr type)) type))

;; The converter that TYPE was registered with, by SLOT: 1 for results of a callback, 2 for its
;; arguments (what CHICKEN calls argument and result is the other way round). As in CHICKEN, a
;; name registered for another name does not inherit its converters.
(define (converter type slot)
  (let ((r (registered (unconst type))))
    (and r (vector-ref r slot))))

;; name, lowest and highest value in C, signed or unsigned
(define integer-types
  '((int "INT_MIN" "INT_MAX" signed) (integer "INT_MIN" "INT_MAX" signed)
    (int32 "INT32_MIN" "INT32_MAX" signed) (integer32 "INT32_MIN" "INT32_MAX" signed)
    (integer64 "INT64_MIN" "INT64_MAX" signed) (ssize_t "PTRDIFF_MIN" "PTRDIFF_MAX" signed)
    (short "SHRT_MIN" "SHRT_MAX" signed) (long "LONG_MIN" "LONG_MAX" signed)
    (byte "CHAR_MIN" "CHAR_MAX" signed)
    (unsigned-int "0" "UINT_MAX" unsigned) (unsigned-integer "0" "UINT_MAX" unsigned)
    (unsigned-int32 "0" "UINT32_MAX" unsigned) (unsigned-integer32 "0" "UINT32_MAX" unsigned)
    (unsigned-integer64 "0" "UINT64_MAX" unsigned) (size_t "0" "SIZE_MAX" unsigned)
    (unsigned-short "0" "USHRT_MAX" unsigned) (unsigned-long "0" "ULONG_MAX" unsigned)
    (unsigned-byte "0" "UCHAR_MAX" unsigned)))

(define kept-strings                    ; a result is the library's copy
  '(c-string nonnull-c-string unsigned-c-string nonnull-unsigned-c-string symbol))
(define given-strings                   ; a result is the caller's to free
  '(c-string* nonnull-c-string* unsigned-c-string* nonnull-unsigned-c-string*))
(define null-strings '(c-string c-string* unsigned-c-string unsigned-c-string*))

(define heap-types                      ; point into the Scheme heap
  '(scheme-pointer nonnull-scheme-pointer blob nonnull-blob pointer-vector nonnull-pointer-vector
    u8vector u16vector u32vector u64vector s8vector s16vector s32vector s64vector f32vector
    f64vector nonnull-u8vector nonnull-u16vector nonnull-u32vector nonnull-u64vector
    nonnull-s8vector nonnull-s16vector nonnull-s32vector nonnull-s64vector nonnull-f32vector
    nonnull-f64vector))

(define pointer-forms '(pointer c-pointer nonnull-pointer nonnull-c-pointer))
(define instance-forms '(instance nonnull-instance instance-ref))

(define (list-of-length? x n) (and (list? x) (= n (length x))))

;; A name after struct, union or enum, or of a class: C's, or C++'s with its namespaces.
(define (type-name? x)
  (let ((parts (string-split (string-translate* (->string x) '(("::" . " "))) " " #t)))
    (and (or (symbol? x) (string? x))
         (string=? (->string x) (string-intersperse parts "::"))
         (or (= 1 (length parts)) compiling-c++?)
         (every* c-identifier? parts))))

(define compiling-c++? (feature? 'chicken-scheme-to-c++))

;; Can TYPE stand inside another one, where it is only declared? Calls (BAD part message) if not.
(define (check-inner-type type bad)
  (define (one-type)
    (if (list-of-length? type 2)
        (check-inner-type (cadr type) bad)
        (bad type "one type must follow")))
  (define (c++-only)
    (unless compiling-c++?
      (bad type "this is a type of C++; compile the file with csc -c++")))
  (cond ((string? type)
         (when (string=? type "") (bad type "a type's name in C must not be empty")))
        ((memq type '(c-string-list c-string-list*))
         (bad type "a list of strings can only be an argument itself; write (c-pointer c-string)"))
        ((registered type) => (lambda (r) (check-inner-type (vector-ref r 0) bad)))
        ((symbol? type)
         (unless (or (simple-type? type) (memq type '(void scheme-object)) (memq type heap-types))
           (bad type "unknown type; register it with define-foreign-type, or write C's name of it as a string")))
        ((not (and (list? type) (pair? type) (symbol? (car type)))) (bad type "this is no type; take one of the manual's"))
        ((memq (car type) '(struct union enum))
         (unless (and (list-of-length? type 2) (type-name? (cadr type)))
           (bad type "a name in C must follow")))
        ((eq? (car type) 'const)
         (one-type)
         (when (begins-const? (cadr type))
           (bad type "const of what is const in C already; leave one out"))
         (when (declares-function? (cadr type))
           (bad type "const says nothing about a function type; leave it out")))
        ((memq (car type) '(scheme-pointer nonnull-scheme-pointer)) (one-type))
        ((memq (car type) pointer-forms)
         (one-type)
         (when (reference? (cadr type))
           (bad type "there is no pointer to a reference; leave the reference out")))
        ((eq? (car type) 'ref)
         (c++-only)
         (one-type)
         (when (or (reference? (cadr type)) (eq? (kind (cadr type)) 'void))
           (bad type "there is no reference to a reference or to void; take a c-pointer")))
        ((eq? (car type) 'template)
         (c++-only)
         (unless (and (> (length type) 2) (string? (kind (cadr type))))
           (bad type "a template's name, as a string, and its parameters must follow"))
         (for-each (lambda (t) (check-inner-type t bad)) (cdr type)))
        ((memq (car type) instance-forms)
         (c++-only)
         (unless (and (list-of-length? type 3)
                      (or (string? (cadr type))
                          (and (symbol? (cadr type)) (not (eq? (car type) 'instance-ref)))))
           (bad type "a C++ class, as a string, and a Scheme class must follow")))
        ((eq? (car type) 'function)
         (unless (and (memv (length type) '(3 4)) (list? (caddr type)) (every* string? (cdddr type)))
           (bad type "a result type, a list of argument types, and perhaps a string must follow"))
         (check-inner-type (cadr type) bad)
         (when (declares-function? (cadr type))
           (bad type "a function cannot return a function here; write c-pointer for its result"))
         (check-function-arguments (caddr type) type bad))
        (else (bad type "unknown type; take one of the manual's"))))

;; Is TYPE a function, or what leads to one? C writes such a declaration round its name.
(define (declares-function? type)
  (let ((k (kind type)))
    (and (pair? k)
         (or (eq? (car k) 'function)
             (and (or (eq? (car k) 'ref) (memq (car k) pointer-forms)) (declares-function? (cadr k)))))))

(define (check-function-arguments types function bad)
  (let loop ((types (if (equal? types '(void)) '() types)) (before '()))
    (when (pair? types)
      (cond ((eq? (car types) '...)
             (unless (and (pair? before) (null? (cdr types)))
               (bad function "... must be the last argument, and not the only one")))
            (else
             (check-inner-type (car types) bad)
             (when (eq? (kind (car types)) 'void)
               (bad function "an argument cannot be void; leave it out"))))
      (loop (cdr types) types))))

(define (simple-type? type)
  (or (assq type integer-types)
      (memq type '(char unsigned-char float double number bool c-pointer nonnull-c-pointer
                   c-string-list c-string-list*))
      (memq type kept-strings)
      (memq type given-strings)))

;; Is a name in TYPE registered so that it leads back to itself? SEEN are the names on the way.
(define (circular? type seen)
  (cond ((pair? type) (or (circular? (car type) seen) (circular? (cdr type) seen)))
        ((memq type seen) #t)
        ((registered type) => (lambda (r) (circular? (vector-ref r 0) (cons type seen))))
        (else #f)))

;; Is every const in front of TYPE, and of what it is registered for, followed by one type?
(define (const-complete? type)
  (cond ((registered type) => (lambda (r) (const-complete? (vector-ref r 0))))
        ((and (pair? type) (eq? (car type) 'const))
         (and (list-of-length? type 2)
              (not (begins-const? (cadr type)))
              (const-complete? (cadr type))))
        (else #t)))

;; Does C's text of TYPE begin with const?
(define (begins-const? type)
  (cond ((registered type) => (lambda (r) (begins-const? (vector-ref r 0))))
        ((not (and (list? type) (>= (length type) 2))) #f)
        ((eq? (car type) 'const) #t)
        (else
         (and (memq (car type) `(ref function scheme-pointer nonnull-scheme-pointer ,@pointer-forms))
              (begins-const? (cadr type))))))

(define (check-type form name type where)
  (define (bad part message)
    (refuse form name (sprintf "~A: ~A" where message) part))
  (when (circular? type '())
    (bad type "this foreign type is registered as itself; take a name of C's, as a string, inside it"))
  (unless (const-complete? type)
    (bad type "one type must follow const, which is not const in C already; leave one const out"))
  (let ((k (kind type)))
    (cond ((string? k)
           (bad k "a string is a type only inside a pointer, const, ref, template or function form; write (c-pointer STRING)"))
          ((memq k heap-types)
           (bad type "it would point into the Scheme heap, where objects move; take a c-string, or a c-pointer to memory of your own"))
          ((symbol? k)
           (unless (or (simple-type? k) (memq k '(void scheme-object)))
             (bad type "unknown type; register it with define-foreign-type, or use one of the manual's")))
          ((and (pair? k) (memq (car k) '(struct union)))
           (bad type (sprintf "a ~A cannot be passed by value; pass (c-pointer ~S)" (car k) k)))
          ((and (pair? k) (memq (car k) '(scheme-pointer nonnull-scheme-pointer)))
           (bad type "it would point into the Scheme heap, where objects move; take a c-pointer to memory of your own"))
          ((and (pair? k) (eq? (car k) 'template))
           (bad type (sprintf "an object cannot be passed by value; pass (c-pointer ~S)" k)))
          ((pair? k)
           (check-inner-type k bad)
           (check-inner-type (if (pair? type) type k) bad))
          (else (bad type "this is no type; take one of the manual's")))))

(define (check-argument-type form name type variable)
  (let ((where (sprintf "argument `~A'" variable)))
    (check-type form name type where)
    (when (eq? (kind type) 'void)
      (refuse form name (sprintf "~A: an argument cannot be void; leave it out" where)))))

(define (check-result-type form name type status?)
  (check-type form name type "the result")
  (let ((k (kind type)))
    (when (eq? k 'scheme-object)
      (refuse form name "the result: it would point into the Scheme heap, where objects move; return a number, a c-string or a c-pointer" type))
    (when (memq k '(c-string-list c-string-list*))
      (refuse form name "the result: a list of strings can only be an argument; return a c-pointer to memory of your own" type))
    (when (and status? (pair? k) (memq (car k) '(ref instance-ref)))
      (refuse form name "the result: there is no pointer to a reference; return a c-pointer" type))))

;; TYPE with TARGET (an identifier, or "" for an abstract declaration) declared of it in C.
(define (declaration type target)
  (if (memq (kind type) '(c-string-list c-string-list*))
      (string-append "char **" target)
      (chicken.compiler.c-backend#foreign-type-declaration type target)))

;; The same for a place in the structure of a call: not const, and a pointer for a reference.
(define (place type target)
  (let ((k (kind type)))
    (if (reference? k)
        (declaration (list 'c-pointer
                           (if (eq? (car k) 'ref) (cadr k) (sprintf "~A" (cadr k))))
                     target)
        (declaration k target))))

(define (reference? type) (let ((k (kind type))) (and (pair? k) (memq (car k) '(ref instance-ref)))))

;; What values a result type takes, in words for an error message.
(define (accepts type)
  (let ((k (kind type)))
    (cond ((assq k integer-types)
           => (lambda (i)
                (if (eq? (cadddr i) 'signed)
                    "an exact integer in the type's range"
                    "an exact integer from 0 up, in the type's range")))
          ((memq k '(char unsigned-char)) "a character of code 0 to 255")
          ((memq k '(double float number)) "a real number")
          ((eq? k 'bool) "#t or #f")
          ((eq? k 'symbol) "a symbol without NUL")
          ((memq k null-strings) "a string without NUL, or #f")
          ((or (memq k kept-strings) (memq k given-strings)) "a string without NUL")
          ((eq? k 'void) "anything")
          ((and (pair? k) (eq? (car k) 'enum)) "an exact integer in the type's range")
          ((nonnull? k) "a pointer that is not null")
          (else "a pointer, or #f"))))

(define (nonnull? k)
  (or (eq? k 'nonnull-c-pointer)
      (and (pair? k)
           (memq (car k) '(nonnull-pointer nonnull-c-pointer nonnull-instance ref instance-ref)))))

;;; C text

(define (lines . strings) (string-intersperse (flatten strings) "\n"))

;; "a, b, c"
(define (commas strings) (string-intersperse strings ", "))

(define (c-literal string) (sprintf "~S" string))

(define (names callback)
  (list-tabulate* (length (callback-types callback)) (lambda (i) (sprintf "a~A" i))))

(define (list-tabulate* n f)
  (let loop ((i (- n 1)) (result '()))
    (if (< i 0) result (loop (- i 1) (cons (f i) result)))))

(define (abi what callback) (sprintf "callseq_abi_~A_~A" what (callback-name callback)))

(define (void-result? callback) (eq? (kind (callback-result callback)) 'void))

;; Can STRING, the name of an argument, be its name in a header? Names in capitals are macros, and so
;; are linux and unix for gcc; int32_t and the like are types; a0, a1, ... stand in for what cannot be.
(define (header-name? string)
  (and (c-identifier? string)
       (any-char? char-lower-case? string)
       (not (member string '("linux" "unix")))
       (not (string-suffix? "_t" string))
       (not (and (char=? #\a (string-ref string 0)) (string->number (substring string 1))))))

(define (any-char? ok? string)
  (let loop ((chars (string->list string)))
    (and (pair? chars) (or (ok? (car chars)) (loop (cdr chars))))))

(define (string-suffix? suffix string)
  (let ((start (- (string-length string) (string-length suffix))))
    (and (>= start 0) (string=? suffix (substring string start)))))

;; The prototype, without a semicolon. READABLE? is for people, and for sources without chicken.h: it
;; takes the argument names of the form.
(define (prototype callback readable?)
  (define (declare-type type target)
    (if readable? (plain-declaration type target) (declaration type target)))
  (let* ((result (callback-result callback))
         (parameters
          (map (lambda (type variable name)
                 (let ((given (symbol->string (strip-syntax variable))))
                   (declare-type type (if (and readable? (header-name? given)) given name))))
               (callback-types callback) (callback-variables callback) (names callback)))
         (parameters
          (if (and (callback-status? callback) (not (void-result? callback)))
              (append parameters
                      (list (declare-type (list 'c-pointer (returned result))
                                          (if (and readable?
                                                   (memq 'result
                                                         (map strip-syntax
                                                              (callback-variables callback))))
                                              "callseq_result"
                                              "result"))))
              parameters))
         (qualifiers (callback-qualifiers callback))
         (head (sprintf "~A~A~A(~A)" qualifiers (if (string=? qualifiers "") "" " ")
                        (callback-name callback)
                        (if (null? parameters) "void" (commas parameters)))))
    ;; The name with its parameters is the declarator: it goes inside a function pointer's type.
    (if (callback-status? callback)
        (string-append "int " head)
        (declare-type (returned result) head))))

;; What a function returns. `const` of a string or a pointer is what that points to; of anything else
;; it is the result itself, which has to be written, and where C warns of it.
(define (returned type)
  (let ((k (kind type)))
    (if (or (and (pair? k) (not (eq? (car k) 'enum)))
            (memq k '(c-pointer nonnull-c-pointer))
            (memq k kept-strings)
            (memq k given-strings))
        type
        k)))

;; Forward declarations of the structures that the arguments point to: without them C would take
;; the first mention, inside a prototype, for a type of its own.
(define (forward-declarations callback)
  (let ((seen '()))
    (let walk ((type (cons (callback-result callback) (callback-types callback))))
      (cond ((registered type) => (lambda (r) (walk (vector-ref r 0))))
            ((and (list-of-length? type 2) (memq (car type) '(struct union))
                  (or (symbol? (cadr type)) (string? (cadr type))))
             (let ((text (sprintf "~A ~A;" (car type) (cadr type))))
               (unless (member text seen) (set! seen (cons text seen)))))
            ((pair? type) (walk (car type)) (walk (cdr type)))))
    (reverse seen)))

(define (structure-text callback)
  (lines
   (sprintf "struct ~A {" (abi "call" callback))
   "  struct callseq_abi_request request;"
   (map (lambda (type name) (sprintf "  ~A;" (place type name)))
        (callback-types callback) (names callback))
   (if (void-result? callback) '() (sprintf "  ~A;" (place (callback-result callback) "result")))
   "};"))

;; Statements that check `value` and leave the result in `result`; `return` if it is no good.
(define (result-text callback)
  (let* ((type (callback-result callback))
         (k (kind type))
         (bad "return callseq_abi_bad_result();")
         (c-type (place type "")))
    (define (convert test)
      (lines (sprintf "  if (CALLSEQ_UNLIKELY(!~A))" test) (string-append "    " bad)))
    (define (string-test)
      (sprintf "callseq_abi_string(value, ~A, ~A, &string)" (if (memq k null-strings) 1 0)
               (if (eq? k 'symbol) 1 0)))
    (define (integer-text low high signed?)
      (lines (sprintf "  if (CALLSEQ_LIKELY((value & C_FIXNUM_BIT) && ~AC_unfix(value) == (C_word)(~A)C_unfix(value)))"
                      (if signed? "" "C_unfix(value) >= 0 && ")
                      (if (pair? k) "int" c-type))
             (sprintf "    result = (~A)C_unfix(value);" c-type)
             (wide-integer low high signed? "  else ")))
    (define (wide-integer low high signed? prefix)
      (lines (string-append prefix "{")
             (sprintf "    ~A wide;" (if signed? "int64_t" "uint64_t"))
             (if signed?
                 (sprintf "    if (!callseq_abi_signed(value, ~A, ~A, &wide))" low high)
                 (sprintf "    if (!callseq_abi_unsigned(value, ~A, &wide))" high))
             (string-append "      " bad)
             (sprintf "    result = (~A)wide;" c-type)
             "  }"))
    (cond ((assq k integer-types)
           => (lambda (i) (integer-text (cadr i) (caddr i) (eq? 'signed (cadddr i)))))
          ((and (pair? k) (eq? (car k) 'enum)) (integer-text "INT_MIN" "INT_MAX" #t))
          ((memq k '(char unsigned-char))
           (lines
            (convert "((value & C_IMMEDIATE_TYPE_BITS) == C_CHARACTER_BITS && C_character_code(value) <= 255)")
            (sprintf "  result = (~A)C_character_code(value);" c-type)))
          ((memq k '(double float number))
           (lines "  if (value & C_FIXNUM_BIT)"
                  (sprintf "    result = (~A)C_unfix(value);" c-type)
                  "  else if (CALLSEQ_LIKELY(!C_immediatep(value) && C_block_header(value) == C_FLONUM_TAG))"
                  (sprintf "    result = (~A)C_flonum_magnitude(value);" c-type)
                  "  else"
                  "    return callseq_abi_real_result();"))
          ((eq? k 'bool)
           (lines (convert "(value == C_SCHEME_TRUE || value == C_SCHEME_FALSE)")
                  "  result = value == C_SCHEME_TRUE;"))
          ((or (memq k kept-strings) (memq k given-strings))
           (lines "  char *string;" (convert (string-test))
                  (sprintf "  result = (~A)string;" c-type)))
          (else
           (lines "  void *pointer;"
                  (convert (sprintf "callseq_abi_pointer(value, ~A, &pointer)" (if (nonnull? k) 0 1)))
                  (sprintf "  result = (~A)pointer;" c-type))))))

(define (reply-text callback)
  (let ((call (abi "call" callback)) (reply (abi "reply" callback)))
    (lines
     (sprintf "static C_word ~A(C_word serial, C_word value);" reply)
     (sprintf "static struct callseq_abi_callback ~A = {~A, ~A, ~A, ~A, CALLSEQ_ATOMIC_NULL};" (abi "callback" callback)
              (c-literal (callback-name callback))
              (c-literal (sprintf "~A" (callback-result callback)))
              (c-literal (accepts (callback-result callback)))
              reply)
     (sprintf "CALLSEQ_INLINE C_word ~A_inline(C_word serial, C_word value) {" reply)
     (if (void-result? callback) '() (sprintf "  ~A;" (place (callback-result callback) "result")))
     "  if (CALLSEQ_UNLIKELY(serial != callseq_abi_runtime.serial))"
     "    return callseq_abi_misdelivered();"
     (if (void-result? callback)
         "  (void)value;"
         (list (result-text callback)
               (sprintf "  CALLSEQ_ABI_CURRENT(struct ~A)->result = result;" call)))
     "  return callseq_abi_next();"
     "}"
     (sprintf "static C_word ~A(C_word serial, C_word value) {" reply)
     (sprintf "  return ~A_inline(serial, value);" reply)
     "}")))

(define (function-text callback)
  (let* ((result (callback-result callback))
         (k (kind result))
         (c-type (declaration (returned result) ""))
         (status? (callback-status? callback))
         (void? (void-result? callback))
         (zero (cond (status? "call.request.status")
                     ((reference? result) "*call.result")
                     (else (sprintf "(~A)0" (if void? "void" c-type)))))
         (value (cond ((memq k kept-strings)
                       (sprintf "(~A)callseq_abi_keep_string((char *)call.result)" c-type))
                      ((reference? result) "*call.result")
                      (else (sprintf "(~A)call.result" c-type))))
         (string? (or (memq k kept-strings) (memq k given-strings))))
    (lines
     "#ifdef __cplusplus"
     "extern \"C\""
     "#endif"
     "CALLSEQ_ENTRY"
     (string-append (prototype callback #f) " {")
     (sprintf "  struct ~A call;" (abi "call" callback))
     (map (lambda (type name)
            (sprintf "  call.~A = (~A)~A~A;" name (place type "") (if (reference? type) "&" "") name))
          (callback-types callback) (names callback))
     (if (or string? (reference? result)) "  call.result = 0;" '())
     (sprintf "  if (CALLSEQ_UNLIKELY(callseq_abi_call(&call.request, &~A))) {"
              (abi "callback" callback))
     (sprintf "    callseq_abi_failed(&call.request, ~A);" (if status? 1 0))
     (if string? "    free(call.result);" '())
     (if (and void? (not status?)) "    return;" (sprintf "    return ~A;" zero))
     "  }"
     (cond ((and status? void?) "  return 0;")
           (status?
            (lines "  if (result)"
                   (sprintf "    *result = ~A;" value)
                   (if string? (lines "  else" "    free(call.result);") '())
                   "  return 0;"))
           (void? '())
           (else (sprintf "  return ~A;" value)))
     "}")))

;; All C text of a callback.
(define (callback-text callback)
  (string-append
   (lines ""
          (forward-declarations callback)
          (structure-text callback)
          (reply-text callback)
          (function-text callback))
   "\n"))

;;; Scheme expressions

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
         (access (sprintf "CALLSEQ_ABI_REQUEST(struct ~A, word)->~A" (abi "call" callback) name))
         (stub (lambda (type before)
                 `((##core#foreign-lambda* ,(unconst type) ((scheme-object word))
                    ,(sprintf "C_return(~A~A);" before access))
                   ,request)))
         (value (gensym 'value)))
    (define (convert read) (if (converter type 2) `(,(converter type 2) ,read) read))
    (cond ((memq k '(c-string-list c-string-list*))
           `(##core#if ,(stub 'c-pointer "") ,(stub type "") (##core#quote #f)))
          ((not other) (stub type (if (reference? type) "*" "")))
          ((eq? k 'char) (convert (stub (cadr other) (caddr other))))
          (else
           (convert
            `(##core#let ((,value ,(stub (cadr other) (caddr other))))
               (##core#if ,value
                          ,value
                          (##sys#error ,(sprintf "argument `~A' is NULL, which its type ~A does not allow"
                                                 (strip-syntax variable) type)))))))))

;; What the reply function gets: the value after the type's converter.
(define (result-expression type value)
  (let ((k (kind type)) (convert (converter type 1)))
    (cond (convert `(,convert ,value))
          ((and (pair? k) (memq (car k) instance-forms))
           `((##core#foreign-lambda* c-pointer ((,k object))
              ,(if (reference? k) "C_return(&object);" "C_return(object);"))
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
                     (##core#let ((,next (##core#inline ,(string-append (abi "reply" callback) "_inline")
                                                        ,serial ,value)))
                       (,next (##core#inline "callseq_abi_next_serial" ,serial)
                              (##core#inline "callseq_abi_next_value" ,value))))))
              (loop (cdr types) (cdr variables) (cdr names)
                    (cons (list (gensym 'argument)
                                (argument-expression callback (car types) (car names)
                                                     (car variables) request)
                                (car variables))
                          bindings)))))))

;; Everything that a form becomes.
(define (callback-expression callback prelude)
  `(##core#begin
    (##core#declare (foreign-declare ,(string-append prelude (callback-text callback))))
    ((##core#foreign-lambda* void ((scheme-object procedure))
      ,(sprintf "callseq_abi_define(&~A, procedure);" (abi "callback" callback)))
     ,(procedure-expression callback))))

;;; The header

;; The text of a header with the prototypes of CALLBACKS, FILE giving its guard.
(define (header-text file first-lines callbacks)
  (let ((guard (list->string
                (map (lambda (c) (if (or (char-alphabetic? c) (char-numeric? c)) (char-upcase c) #\_))
                     (string->list (string-append "CALLSEQ_HEADER_" file))))))
    (string-append
     (lines
      (sprintf "/* Made by callseq-header; changes will be overwritten. */")
      (sprintf "#ifndef ~A" guard)
      (sprintf "#define ~A" guard)
      "#include <stddef.h>"
      "#include <stdint.h>"
      "#include <sys/types.h>"
      first-lines
      "#ifdef __cplusplus"
      "extern \"C\" {"
      "#endif"
      (map (lambda (c)
             (list (forward-declarations c) (string-append (prototype c #t) ";")))
           callbacks)
      "#ifdef __cplusplus"
      "}"
      "#endif"
      "#endif")
     "\n")))

;; A declaration without the names of types that only chicken.h knows. TARGET is put in last: it may
;; contain such a name itself.
(define (plain-declaration type target)
  (string-translate*
   (string-translate* (declaration type "@")
                      '(("C_char" . "char") ("C_s32" . "int32_t") ("C_u32" . "uint32_t")
                        ("C_s64" . "int64_t") ("C_u64" . "uint64_t") ("C_word" . "intptr_t")))
   `(("@" . ,target))))

;;; What the syntax calls

;; The expansion of a define-sequenced-callback form, or of a define-sequenced-callback/status form.
(define (expand-callback form status?)
  (let* ((callback (parse-callback form status?))
         (first? (null? callbacks)))
    (set! callbacks (cons callback callbacks))
    (write-header)
    (callback-expression callback (if first? prelude ""))))

;; A callseq-header form: (callseq-header FILE LINE ...), strings.
(define (expand-header form)
  (unless (and (list? form) (pair? (cdr form)) (every* string? (cdr form)))
    (refuse 'callseq-header #f "the shape is (callseq-header FILE LINE ...), all strings"
            (strip-syntax form)))
  (when header
    (refuse 'callseq-header #f "this file has one already; put its lines there" (cadr form)))
  (set! header (cdr form))
  (write-header)
  '(##core#undefined))

(define (every* ok? list) (or (null? list) (and (ok? (car list)) (every* ok? (cdr list)))))

;; Each callback writes it anew: there is no telling which one is the last.
(define (write-header)
  (when header
    (let ((text (header-text (car header) (cdr header) (reverse callbacks))))
      (condition-case
       (with-output-to-file (car header) (lambda () (display text)))
       ((exn)
        (refuse 'callseq-header #f "this file cannot be written; name one in a folder that exists"
                (car header)))))))

)
