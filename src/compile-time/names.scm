;;; Names in C: what is an identifier that a callback or an argument can have.

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
