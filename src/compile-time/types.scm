;;; Types: foreign type specifiers, which ones can be passed, and what they are in C.
;;;
;;; Their declaration in C is left to the compiler that runs us. Checks and conversions go by a type's
;;; *kind*: what is left when names made by define-foreign-type and an outer `const` are taken away.

;; The registration of a name made by define-foreign-type: #(type argument-converter
;; result-converter), the converters global variables or #f. #f for anything else.
(define (registered type)
  (and (symbol? type) (chicken.compiler.support#lookup-foreign-type type)))

;; C's references to Scheme objects are a foreign type that every file knows which imports callseq: the
;; compiler applies the two converters where it makes foreign lambdas.
(define handle-type 'callseq-handle)

;; Has the compiler know the type of handles.
(define (register-types!)
  (chicken.compiler.support#register-foreign-type!
   handle-type '(c-pointer (struct "callseq_handle")) 'callseq#object->handle 'callseq#handle->object))

;; Is TYPE that one? Our own text converts in C. As in CHICKEN, a name registered for it is a mere
;; pointer.
(define (handle? type) (eq? (unconst type) handle-type))

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
  (let ((r (and (not (handle? type)) (registered (unconst type)))))
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
        ((symbol? type) (unless (named-type? type) (bad type (unknown-type type))))
        ((c-spelling? type) (bad type c-spelling))
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

;; The same for TYPES, the arguments of the type FUNCTION.
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

;; Is TYPE the name of a type that is passed by value? A boolean or other true object.
(define (simple-type? type)
  (or (assq type integer-types)
      (memq type '(char unsigned-char float double number bool c-pointer nonnull-c-pointer
                   c-string-list c-string-list*))
      (memq type kept-strings)
      (memq type given-strings)))

;; Is the symbol a type's name? (Perhaps of one that can only be pointed to.)
(define (named-type? symbol)
  (or (registered symbol)
      (simple-type? symbol)
      (memq symbol '(void scheme-object))
      (memq symbol heap-types)))

;; Is X what somebody would write as a type, rather than as the first form of a body?
(define (looks-like-type? x)
  (or (symbol? x)
      (string? x)
      (and (pair? x) (or (memq (car x) type-forms) (c-spelling? x)))))

(define type-forms
  `(const function struct union enum ref template scheme-pointer nonnull-scheme-pointer
    ,@pointer-forms ,@instance-forms))

;; Is TYPE written as in C, word by word?
(define (c-spelling? type)
  (and (list? type)
       (pair? type)
       (every* symbol? type)
       (or (memq (car type) '(unsigned signed long short char int double float void static volatile))
           (any* (lambda (s) (memq s '(* ** & unsigned signed char* void* int*))) (cdr type)))))

(define c-spelling
  "this is C's way to write a type; text is a c-string, a pointer (c-pointer TYPE), and what C calls the type may stand in a string there, as in (c-pointer \"const char\")")

;; The symbol for what C calls by STRING, if it is one of those that are passed by value.
(define (symbol-for string)
  (let ((symbol (string->symbol (string-translate* string '((" " . "-"))))))
    (cond ((member string '("char *" "char*" "const char *" "const char*")) 'c-string)
          ((or (simple-type? symbol) (eq? symbol 'void)) symbol)
          ((assq symbol other-names) => cadr)
          (else #f))))

(define other-names                     ; that people know from elsewhere
  '((string c-string) (char* c-string) (boolean bool) (character char) (_Bool bool) (real double)
    (flonum double) (float32 float) (float64 double) (fixnum int) (pointer c-pointer)
    (void* c-pointer) (callseq_handle callseq-handle) (handle callseq-handle)
    (unsigned unsigned-int) (uint unsigned-int) (uchar unsigned-char)
    (ushort unsigned-short) (ulong unsigned-long) (uint32 unsigned-int32)
    (uint64 unsigned-integer64) (int64 integer64) (int8_t byte) (uint8_t unsigned-byte)
    (int16_t short) (uint16_t unsigned-short) (int32_t int32) (uint32_t unsigned-int32)
    (int64_t integer64) (uint64_t unsigned-integer64)))

;; What is said of a type called SYMBOL that is not known.
(define (unknown-type symbol)
  (string-append
   "unknown type; "
   (cond ((assq symbol other-names) => (lambda (n) (sprintf "~A is ~A here, or " symbol (cadr n))))
         ((string-suffix? "*" (symbol->string symbol)) "a pointer is (c-pointer TYPE), or ")
         (else ""))
   "register it with define-foreign-type, or take one of the manual's"))

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

;; Ends the compilation, for FORM and callback NAME, unless TYPE can be passed; WHERE says in words as what.
(define (check-type form name type where)
  (define (bad part message)
    (refuse form name (sprintf "~A: ~A" where message) part))
  (when (c-spelling? type) (bad type c-spelling))
  (when (circular? type '())
    (bad type "this foreign type is registered as itself; take a name of C's, as a string, inside it"))
  (unless (const-complete? type)
    (bad type "one type must follow const, which is not const in C already; leave one const out"))
  (let ((k (kind type)))
    (cond ((and (string? k) (symbol-for k))
           => (lambda (symbol) (bad k (sprintf "C's type ~A is a symbol here; write ~A" k symbol))))
          ((string? k)
           (bad k "a string is a type only inside a pointer, const, ref, template or function form; write (c-pointer STRING)"))
          ((memq k heap-types)
           (bad type "it would point into the Scheme heap, where objects move; take a c-string, or a c-pointer to memory of your own"))
          ((symbol? k)
           (unless (named-type? k) (bad type (unknown-type k))))
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

;; The same for the argument VARIABLE.
(define (check-argument-type form name type variable)
  (let ((where (sprintf "argument `~A'" variable)))
    (check-type form name type where)
    (when (eq? (kind type) 'void)
      (refuse form name (sprintf "~A: an argument cannot be void; leave it out" where)))))

;; STORED?: the C function stores it where an argument points to.
(define (check-result-type form name type stored?)
  (check-type form name type "the result")
  (let ((k (kind type)))
    (when (eq? k 'scheme-object)
      (refuse form name "the result: it would point into the Scheme heap, where objects move; return a callseq-handle, which keeps it alive there" type))
    (when (memq k '(c-string-list c-string-list*))
      (refuse form name "the result: a list of strings can only be an argument; return a c-pointer to memory of your own" type))
    (when (and stored? (pair? k) (memq (car k) '(ref instance-ref)))
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

;; Is TYPE a reference of C++?
(define (reference? type) (let ((k (kind type))) (and (pair? k) (memq (car k) '(ref instance-ref)))))

;; What values a result type takes, in words for an error message.
(define (accepts type)
  (let ((k (kind type)))
    (cond ((handle? type) "anything")
          ((assq k integer-types)
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

;; Is a pointer of kind K never NULL?
(define (nonnull? k)
  (or (eq? k 'nonnull-c-pointer)
      (and (pair? k)
           (memq (car k) '(nonnull-pointer nonnull-c-pointer nonnull-instance ref instance-ref)))))
