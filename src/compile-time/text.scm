;;; C text of a callback: the structure of one call, the reply function, the function that hosts call.

(define (lines . strings) (string-intersperse (flatten strings) "\n"))

;; "a, b, c"
(define (commas strings) (string-intersperse strings ", "))

(define (c-literal string) (sprintf "~S" string))

(define (names callback)
  (list-tabulate* (length (callback-types callback)) (lambda (i) (sprintf "a~A" i))))

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
     (sprintf "static struct callseq_abi_callback ~A = {~A, ~A, ~A, ~A, sizeof(struct ~A), CALLSEQ_ATOMIC_NULL, &CALLSEQ_ABI_MADE_BY};" (abi "callback" callback)
              (c-literal (callback-name callback))
              (c-literal (sprintf "~A" (callback-result callback)))
              (c-literal (accepts (callback-result callback)))
              reply call)
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
     (if string? "    free(call.result);" '()) ; first, for on_error may not return
     (sprintf "    callseq_abi_failed(&call.request, ~A);" (if status? 1 0))
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
