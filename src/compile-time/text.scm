;;; C text of a callback: the structure of one call, the reply function, the function that hosts call.

;; STRINGS, and those in lists among them, each on a line of its own.
(define (lines . strings) (string-intersperse (flatten strings) "\n"))

;; "a, b, c"
(define (commas strings) (string-intersperse strings ", "))

;; STRING as C writes it in a source.
(define (c-literal string) (sprintf "~S" string))

;; The members of the structure of a call that have the arguments, and the parameters.
(define (names callback)
  (list-tabulate* (length (callback-types callback)) (lambda (i) (sprintf "callseq_a~A" i))))

;; What belongs to the callback in C: its call, reply, inline or callback. No two callbacks share such
;; a name, whatever they are called, and the library has none like it.
(define (own what callback) (sprintf "callseq_~A_of_~A" what (callback-name callback)))

;; Has CALLBACK no result?
(define (void-result? callback) (eq? (kind (callback-result callback)) 'void))

;; The prototype, without a semicolon. READABLE? is for people, and for sources without chicken.h: it
;; takes the argument names of the form where it can.
(define (prototype callback readable?)
  (let* ((declare-type (if readable? plain-declaration declaration))
         (names (if readable?
                    (header-names
                     (map (lambda (v) (symbol->string (strip-syntax v))) (callback-variables callback))
                     (type-words callback))
                    (names callback)))
         (result-name (if (and readable? (not (member "result" (append names (type-words callback)))))
                          "result"
                          "callseq_result"))
         (parameters
          (append (map declare-type (callback-types callback) names)
                  (if (and (callback-status? callback) (not (void-result? callback)))
                      (list (declare-type (list 'c-pointer (returned (callback-result callback)))
                                          result-name))
                      '())))
         (head (sprintf "~A~A(~A)" (qualifiers callback) (callback-name callback)
                        (if (null? parameters) "void" (commas parameters)))))
    ;; The name with its parameters is the declarator: it goes inside a function pointer's type.
    (string-append
     (storage callback)
     (case (callback-manner callback)
       ((status post) (string-append "int " head))
       ((future) (string-append "struct callseq_future *" head))
       (else (declare-type (returned (callback-result callback)) head))))))

;; Is the function of CALLBACK known to its file only?
(define (local? callback) (member "static" (tokens (callback-qualifiers callback))))

;; What a function of CALLBACK has before its type: "static " may not stand behind a pointer's.
(define (storage callback) (if (local? callback) "static " ""))

;; What it has between its type and its name.
(define (qualifiers callback)
  (let ((text (replace-words (callback-qualifiers callback) '(("static" . "")))))
    (if (null? (filter-blanks (tokens text))) "" (string-append text " "))))

;; TEXT, a function of CALLBACK, with C linkage, which C++ does not let a local one have.
(define (in-c callback text)
  (if (local? callback) text (lines "#ifdef __cplusplus" "extern \"C\"" "#endif" text)))

;; The prototypes of all functions of a callback.
(define (prototypes callback readable?)
  (cons (prototype callback readable?)
        (if (future? callback) (list (result-prototype callback readable?)) '())))

;; Their names.
(define (function-names callback)
  (cons (callback-name callback) (if (future? callback) (list (result-name callback)) '())))

;; The value of the C function, from the result of the call in the C text ACCESS.
(define (value-text callback access)
  (let* ((result (callback-result callback)) (c-type (declaration (returned result) "")))
    (cond ((memq (kind result) kept-strings)
           (sprintf "(~A)callseq_abi_keep_string((char *)~A)" c-type access))
          ((reference? result) (string-append "*" access))
          (else (sprintf "(~A)~A" c-type access)))))

;; Calls PROC with the C text of each type.
(define (for-each-type-text proc types)
  (for-each (lambda (type) (proc (declaration type ""))) types))

;; The types of result and arguments.
(define (all-types callback) (cons (callback-result callback) (callback-types callback)))

;; The names of types that the callback mentions, without those behind struct and its like.
(define (type-words callback)
  (let ((words '()))
    (for-each-type-text
     (lambda (text)
       (for-each-word (lambda (tag name namespaced?) (unless tag (set! words (cons name words)))) text))
     (all-types callback))
    words))

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

;; Forward declarations of the structures that the types mention: without them C would take the first
;; mention, inside a prototype, for a type of its own. Where a name has parts, only the program knows
;; what the first one is.
(define (forward-declarations types)
  (let ((seen '()))
    (for-each-type-text
     (lambda (text)
       (for-each-word
        (lambda (tag name namespaced?)
          (when (and (member tag '("struct" "union")) (not namespaced?))
            (let ((line (sprintf "~A ~A;" tag name)))
              (unless (member line seen) (set! seen (cons line seen))))))
        text))
     types)
    (reverse seen)))

;; What the preprocessor would change is no function's name: the compilation ends here, at the form's
;; line.
(define (macro-guard callback name)
  (lines
   (sprintf "#ifdef ~A" name)
   (line-directive (callback-place callback))
   (sprintf "#error \"~A: ~A: a callback's name is its name in C, where it is a macro; take another\""
            (callback-form callback) name)
   "#endif"))

;; PLACE is "file:line", or #f.
(define (line-directive place)
  (let* ((parts (if place (string-split place ":") '()))
         (line (and (pair? parts) (car (reverse parts)))))
    (if (and line (digits? line))
        (sprintf "#line ~A ~A" line (c-literal (string-chomp place (string-append ":" line))))
        '())))

;; C text of the structure of a call.
(define (structure-text callback)
  (lines
   (sprintf "struct ~A {" (own "call" callback))
   "  struct callseq_abi_request callseq_request;"
   (map (lambda (type name) (sprintf "  ~A;" (place type name)))
        (callback-types callback) (names callback))
   (if (void-result? callback)
       '()
       (sprintf "  ~A;" (place (callback-result callback) "callseq_result")))
   "};"))

;; Statements that check the value and leave the result in callseq_result; `return` if it is no good.
(define (result-text callback)
  (let* ((type (callback-result callback))
         (k (kind type))
         (bad "return callseq_abi_bad_result(callseq_serial, callseq_value);")
         (c-type (place type "")))
    (define (convert test)
      (lines (sprintf "  if (CALLSEQ_UNLIKELY(!~A))" test) (string-append "    " bad)))
    (define (string-test)
      (sprintf "callseq_abi_string(callseq_value, ~A, ~A, &callseq_string)" (if (memq k null-strings) 1 0)
               (if (eq? k 'symbol) 1 0)))
    (define (integer-text low high signed?)
      (lines (sprintf "  if (CALLSEQ_LIKELY((callseq_value & C_FIXNUM_BIT) && ~AC_unfix(callseq_value) == (C_word)(~A)C_unfix(callseq_value)))"
                      (if signed? "" "C_unfix(callseq_value) >= 0 && ")
                      (if (pair? k) "int" c-type))
             (sprintf "    callseq_result = (~A)C_unfix(callseq_value);" c-type)
             (wide-integer low high signed? "  else ")))
    (define (wide-integer low high signed? prefix)
      (lines (string-append prefix "{")
             (sprintf "    ~A callseq_wide;" (if signed? "int64_t" "uint64_t"))
             (if signed?
                 (sprintf "    if (!callseq_abi_signed(callseq_value, ~A, ~A, &callseq_wide))" low high)
                 (sprintf "    if (!callseq_abi_unsigned(callseq_value, ~A, &callseq_wide))" high))
             (string-append "      " bad)
             (sprintf "    callseq_result = (~A)callseq_wide;" c-type)
             "  }"))
    (cond ((handle? type)
           (sprintf "  callseq_result = (~A)callseq_abi_handle_result(callseq_value, ~A);" c-type
                    (c-literal (made-by callback))))
          ((assq k integer-types)
           => (lambda (i) (integer-text (cadr i) (caddr i) (eq? 'signed (cadddr i)))))
          ((and (pair? k) (eq? (car k) 'enum)) (integer-text "INT_MIN" "INT_MAX" #t))
          ((memq k '(char unsigned-char))
           (lines
            (convert "((callseq_value & C_IMMEDIATE_TYPE_BITS) == C_CHARACTER_BITS && C_character_code(callseq_value) <= 255)")
            (sprintf "  callseq_result = (~A)C_character_code(callseq_value);" c-type)))
          ((memq k '(double float number))
           (lines "  if (callseq_value & C_FIXNUM_BIT)"
                  (sprintf "    callseq_result = (~A)C_unfix(callseq_value);" c-type)
                  "  else if (CALLSEQ_LIKELY(!C_immediatep(callseq_value) && C_block_header(callseq_value) == C_FLONUM_TAG))"
                  (sprintf "    callseq_result = (~A)C_flonum_magnitude(callseq_value);" c-type)
                  "  else"
                  "    return callseq_abi_real_result(callseq_serial, callseq_value);"))
          ((eq? k 'bool)
           (lines (convert "(callseq_value == C_SCHEME_TRUE || callseq_value == C_SCHEME_FALSE)")
                  "  callseq_result = callseq_value == C_SCHEME_TRUE;"))
          ((or (memq k kept-strings) (memq k given-strings))
           (lines "  char *callseq_string;" (convert (string-test))
                  (sprintf "  callseq_result = (~A)callseq_string;" c-type)))
          (else
           (lines "  void *callseq_pointer;"
                  (convert (sprintf "callseq_abi_pointer(callseq_value, ~A, &callseq_pointer)" (if (nonnull? k) 0 1)))
                  (sprintf "  callseq_result = (~A)callseq_pointer;" c-type))))))

;; Where handles are made that the callback returns, in words.
(define (made-by callback)
  (sprintf "~Acallback ~A"
           (if (callback-place callback) (string-append (callback-place callback) ": ") "")
           (callback-name callback)))

;; A C function that frees the result of a reply that was not to be delivered.
(define (withdrawal callback)
  (if (owned? (callback-result callback))
      (lines
       (sprintf "static void ~A(struct callseq_abi_request *callseq_request) {" (own "withdraw" callback))
       (sprintf "  struct ~A *callseq_call = (struct ~A *)callseq_request;" (own "call" callback)
                (own "call" callback))
       (free-text (list (callback-result callback)) '("callseq_result"))
       "  callseq_call->callseq_result = 0;"
       "}")
      '()))

;; C text of the reply function, and of the record that describes the callback.
(define (reply-text callback)
  (let ((reply (own "reply" callback)) (inline (own "inline" callback)))
    (lines
     (sprintf "static C_word ~A(C_word callseq_serial, C_word callseq_value);" reply)
     (withdrawal callback)
     (sprintf "static struct callseq_abi_callback ~A = {~A, ~A, ~A, ~A, sizeof(struct ~A), CALLSEQ_ATOMIC_NULL, &CALLSEQ_ABI_MADE_BY, 0, CALLSEQ_ABI_UNLOCKED, ~A, ~A, ~A};"
              (own "callback" callback)
              (c-literal (callback-name callback))
              (c-literal (sprintf "~A" (callback-result callback)))
              (c-literal (accepts (callback-result callback)))
              reply (own "call" callback)
              (if (later? callback) 1 0) (dropper callback)
              (if (owned? (callback-result callback)) (own "withdraw" callback) "0"))
     (sprintf "CALLSEQ_INLINE C_word ~A(C_word callseq_serial, C_word callseq_value) {" inline)
     (if (void-result? callback) '() (sprintf "  ~A;" (place (callback-result callback) "callseq_result")))
     "  if (CALLSEQ_UNLIKELY(!callseq_abi_is_current(callseq_serial)))"
     "    return callseq_abi_misdelivered(callseq_serial, callseq_value);"
     (if (void-result? callback)
         "  (void)callseq_value;"
         (list (result-text callback)
               (sprintf "  ((struct ~A *)callseq_abi_current())->callseq_result = callseq_result;"
                        (own "call" callback))))
     "  return callseq_abi_next();"
     "}"
     (sprintf "static C_word ~A(C_word callseq_serial, C_word callseq_value) {" reply)
     (sprintf "  return ~A(callseq_serial, callseq_value);" inline)
     "}")))

;; Statements of a call that has failed: strings that the call was given, and that no conversion has
;; taken, go with it.
(define (abandoned-arguments callback)
  (map (lambda (type name)
         (let ((k (kind type)))
           (cond ((memq k given-strings) (sprintf "    callseq_abi_free(callseq_call.~A);" name))
                 ((eq? k 'c-string-list*)
                  (sprintf "    callseq_abi_free_strings(callseq_call.~A);" name))
                 (else '()))))
       (callback-types callback) (names callback)))

;; C text of the function that hosts call.
(define (function-text callback)
  (let* ((result (callback-result callback))
         (k (kind result))
         (c-type (declaration (returned result) ""))
         (status? (callback-status? callback))
         (void? (void-result? callback))
         (fail (sprintf "callseq_abi_fail(&callseq_call.callseq_request, ~A)" (if status? 1 0)))
         (value (value-text callback "callseq_call.callseq_result"))
         (string? (or (memq k kept-strings) (memq k given-strings)))
         (free-result "    callseq_abi_free(callseq_call.callseq_result);")
         (discard (cond (string? free-result)
                        ((handle? result)
                         "    callseq_abi_release((struct callseq_handle *)callseq_call.callseq_result);")
                        (else #f))))
    (lines
     (in-c callback (lines "CALLSEQ_ENTRY" (string-append (prototype callback #f) " {")))
     (sprintf "  struct ~A callseq_call;" (own "call" callback))
     (map (lambda (type name)
            (sprintf "  callseq_call.~A = (~A)~A~A;" name (place type "") (if (reference? type) "&" "")
                     name))
          (callback-types callback) (names callback))
     (if (or string? (reference? result)) "  callseq_call.callseq_result = 0;" '())
     (sprintf "  if (CALLSEQ_UNLIKELY(callseq_abi_call(&callseq_call.callseq_request, &~A)) &&"
              (own "callback" callback))
     "      callseq_abi_settle(&callseq_call.callseq_request)) {"
     ;; First, for on_error may not return.
     (abandoned-arguments callback)
     (if string? free-result '())
     (cond (status? (sprintf "    return ~A;" fail))
           (else
            (lines
             (sprintf "    ~A;" fail)
             (cond (void? "    return;")
                   ((reference? result) "    return *callseq_call.callseq_result;")
                   (else (sprintf "    return (~A)0;" c-type))))))
     "  }"
     (cond ((and status? void?) "  return 0;")
           (status?
            (lines "  if (callseq_result)"
                   (sprintf "    *callseq_result = ~A;" value)
                   (if discard (lines "  else" discard) '())
                   "  return 0;"))
           (void? '())
           (else (sprintf "  return ~A;" value)))
     "}")))

;; All C text of a callback.
(define (callback-text callback)
  (string-append
   (lines ""
          (map (lambda (name) (macro-guard callback name)) (function-names callback))
          (if (later? callback) (lock-guard callback) '())
          (forward-declarations (all-types callback))
          (structure-text callback)
          (drop-text callback)
          (reply-text callback)
          (if (later? callback) (later-text callback) (function-text callback)))
   "\n"))
