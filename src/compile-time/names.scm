;;; Names in C: which ones a callback can have, and which ones an argument keeps in a header.
;;;
;;; What our own text adds to a user's begins with callseq_, local variables and members included: a
;;; user's type or macro of the same name would change its meaning otherwise.

(define keywords                        ; of C23, C++20 and GNU C
  '("auto" "break" "case" "char" "const" "continue" "default" "do" "double" "else" "enum" "extern"
    "float" "for" "goto" "if" "inline" "int" "long" "register" "restrict" "return" "short" "signed"
    "sizeof" "static" "struct" "switch" "typedef" "union" "unsigned" "void" "volatile" "while" "asm"
    "typeof" "typeof_unqual"
    "alignas" "alignof" "and" "and_eq" "bitand" "bitor" "bool" "catch" "char16_t" "char32_t"
    "char8_t" "class" "co_await" "co_return" "co_yield" "compl" "concept" "const_cast" "consteval"
    "constexpr" "constinit" "decltype" "delete" "dynamic_cast" "explicit" "export" "false" "friend"
    "mutable" "namespace" "new" "noexcept" "not" "not_eq" "nullptr" "operator" "or" "or_eq" "private"
    "protected" "public" "reinterpret_cast" "requires" "static_assert" "static_cast" "template"
    "this" "thread_local" "throw" "true" "try" "typeid" "typename" "using" "virtual" "wchar_t" "xor"
    "xor_eq"))

(define predefined-macros               ; of GCC and Clang in GNU C, on the CPUs of src/context
  '("linux" "unix" "i386"))

(define argument-refusals               ; of macros, those that no C text can have as a parameter
  (append predefined-macros '("NULL" "errno")))

(define header-macros                   ; of the C library's headers, that take no arguments
  '("NULL" "basename" "d_fileno" "errno" "h_addr" "h_errno" "math_errhandling" "s6_addr" "sa_handler"
    "sa_sigaction" "sched_priority" "si_addr" "si_band" "si_fd" "si_int" "si_overrun" "si_pid" "si_ptr"
    "si_status" "si_stime" "si_timerid" "si_uid" "si_utime" "si_value" "sigev_notify_attributes"
    "sigev_notify_function" "st_atime" "st_ctime" "st_mtime" "stderr" "stdin" "stdout"))

(define argument-macros                 ; the same, of headers that few include: a callback may have the name
  '("complex" "ifa_broadaddr" "ifa_dstaddr" "msg_cbytes" "noreturn" "s6_addr16" "s6_addr32" "si_addr_lsb"
    "si_arch" "si_call_addr" "si_lower" "si_pkey" "si_syscall" "si_upper"))

(define function-macros                 ; of headers that chicken.h includes
  '("isgreater" "isgreaterequal" "isless" "islessequal" "islessgreater" "isunordered"))

(define linker-names                    ; where a program begins, and where its data ends
  '("_start" "_init" "_fini" "_edata" "_end"))

;; Why no callback can be called STRING, with what to do about it; or #f.
(define (name-refusal string)
  (cond ((not (identifier? string))
         (let ((better (as-identifier string)))
           (string-append "a callback's name is its name in C; take letters, digits and underscores"
                          (if (name-refusal better) "" (sprintf ", as in ~A" better)))))
        ((string=? string "main") "main is where a C program begins; take another name in C")
        ((member string linker-names)
         "a callback's name is its name in C, and every program has that one already; take another")
        ((member string keywords)
         "a callback's name is its name in C, where this is a keyword; take another")
        ((or (begins? "callseq_" string) (begins? "CALLSEQ_" string))
         "names that begin with callseq_ or CALLSEQ_ are the library's; take another")
        ((or (begins? "C_" string) (begins? "CHICKEN_" string) (begins? "HAVE_" string)
             (generated? string))
         "a callback's name is its name in C, where CHICKEN has names like this one; take another")
        ((reserved? string)
         "a callback's name is its name in C, where names that begin so are the compiler's own; take another")
        ((member string predefined-macros)
         "a callback's name is its name in C, where compilers have a macro of that name; take another")
        ((or (memq (string->symbol string) library-names) (member string header-macros)
             (member string function-macros))
         "a callback's name is its name in C, and the C library has that one; take another")
        ((or (memq (string->symbol string) names-in-headers) (format-macro? string)
             (and compiling-c++? (memq (string->symbol string) names-in-c++-headers)))
         "a callback's name is its name in C, and headers of the C library have that one; take another")
        (else #f)))

;; Is STRING a C identifier that is no keyword of C or C++?
(define (c-identifier? string) (and (identifier? string) (not (member string keywords))))

;; What is left of the names of arguments in a header: those that can be nothing else there. TYPES are
;; the words of the prototype's types.
(define (header-names names types)
  (let loop ((names names) (kept '()))
    (if (null? names)
        (reverse kept)
        (let ((name (car names)))
          (loop (cdr names)
                (cons (if (and (c-identifier? name)
                               (any-char? char-lower-case? name) ; those in capitals are macros
                               (not (reserved? name))
                               (not (begins? "callseq_" name))
                               (not (string-suffix? "_t" name)) ; int32_t and its like
                               (not (member name predefined-macros))
                               (not (member name header-macros))
                               (not (member name argument-macros))
                               (not (begins? "ifr_" name)) ; a family of macros in <net/if.h>
                               (not (member name types))
                               (not (member name kept)))
                          name
                          "")
                      kept))))))

;; Has C text that CHICKEN generates a name like STRING: a word, then a number?
(define (generated? string)
  (or (member string '("lf" "ptable" "create_ptable" "toplevel_initialized"))
      (let ((number (lambda (word) (substring string (string-length word)))))
        (any* (lambda (word)
                (and (begins? word string)
                     (digits? (string-translate* (number word) '(("r" . ""))))))
              '("f_" "trf_" "tr" "va" "stub" "li")))))

(define (digits? string)
  (and (not (string=? string "")) (every* digit? (string->list string))))

;; Is STRING like PRId64 or SCNx8, of <inttypes.h>?
(define (format-macro? string)
  (and (or (begins? "PRI" string) (begins? "SCN" string))
       (> (string-length string) 3)
       (char-lower-case? (string-ref string 3))))

;; Does STRING begin as only a compiler's and its library's names may?
(define (reserved? string)
  (and (> (string-length string) 1)
       (char=? #\_ (string-ref string 0))
       (or (char=? #\_ (string-ref string 1)) (capital? (string-ref string 1)))))

;; A C identifier like STRING.
(define (as-identifier string)
  (let ((word (list->string (map (lambda (c) (if (word-char? c) c #\_)) (string->list string)))))
    (if (or (string=? word "") (digit? (string-ref word 0))) (string-append "f" word) word)))

;;; Words of C text

(define (between? low c high) (and (char<=? low c) (char<=? c high)))
(define (digit? c) (between? #\0 c #\9))
(define (capital? c) (between? #\A c #\Z))
(define (word-char? c) (or (digit? c) (capital? c) (between? #\a c #\z) (char=? c #\_)))

(define (identifier? string)
  (and (not (string=? string ""))
       (not (digit? (string-ref string 0)))
       (every* word-char? (string->list string))))

;; TEXT as a list of strings: words, and single other characters.
(define (tokens text)
  (let loop ((chars (reverse (string->list text))) (word '()) (result '()))
    (define (with-word) (if (null? word) result (cons (list->string word) result)))
    (cond ((null? chars) (with-word))
          ((word-char? (car chars)) (loop (cdr chars) (cons (car chars) word) result))
          (else (loop (cdr chars) '() (cons (string (car chars)) (with-word)))))))

;; TEXT with the words replaced that REPLACEMENTS, ((word . text) ...), has.
(define (replace-words text replacements)
  (string-intersperse
   (map (lambda (token)
          (let ((r (assoc token replacements))) (if r (cdr r) token)))
        (tokens text))
   ""))

;; Calls (FOUND tag name namespaced?) for each mention of a tagged type in TEXT, and (FOUND #f name #f)
;; for each other identifier.
(define (for-each-word found text)
  (let loop ((rest (filter-blanks (tokens text))))
    (when (pair? rest)
      (cond ((and (member (car rest) '("struct" "union" "enum" "class"))
                  (pair? (cdr rest))
                  (identifier? (cadr rest)))
             (found (car rest) (cadr rest)
                    (and (pair? (cddr rest)) (member (caddr rest) '(":" "<")) #t))
             (loop (cddr rest)))
            (else
             (when (c-identifier? (car rest)) (found #f (car rest) #f))
             (loop (cdr rest)))))))

;; TOKENS without blanks.
(define (filter-blanks tokens)
  (cond ((null? tokens) '())
        ((char-whitespace? (string-ref (car tokens) 0)) (filter-blanks (cdr tokens)))
        (else (cons (car tokens) (filter-blanks (cdr tokens))))))
