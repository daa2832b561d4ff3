; Names that collide: arguments called like Scheme syntax, like C keywords or like what an expansion
; may use, types and macros in C called like that, callbacks whose names differ by what generated
; names could add, and a program that redefines standard procedures.
(import (chicken platform) (chicken foreign) callseq)

#>
typedef struct { int n; } call, string, wide, pointer, a0;
#define value no_value
#define result no_result
#define status no_status
#define request no_request
#define serial no_serial
#define current no_current
#define runtime no_runtime
#define callback no_callback
#define free no_free
#define q no_q
<#
(define-sequenced-callback (typed ((c-pointer "call") call) ((c-pointer "a0") a0)
                                  (c-string* string))
  (c-pointer "pointer")
  (and (equal? string "given") call))
(define-sequenced-callback/status (try_typed ((c-pointer "wide") wide)) (c-pointer "string") wide)
(define-sequenced-callback (alike (int n)) int n)
(define-sequenced-callback (alike_inline (int n)) int (+ n 1))
(define-sequenced-callback (alike_call (int n)) int (+ n 2))
(define-sequenced-callback (inline_alike (int n)) int (+ n 3))
(define-sequenced-callback (slowly (int n)) int (+ n 4))
(define-sequenced-callback (callback_of_alike (int n)) int (+ n 5))

(define-sequenced-callback (syntax (int if) (int lambda) (int let) (int begin) (int quote)) int
  (- if lambda let begin quote))
(define-sequenced-callback (procedures (c-string list) (int vector) (c-string values)) c-string
  (string-append list values))
(define-sequenced-callback (keywords (int int) (int for) (int return) (int void) (int struct)) int
  (- int for return void struct))
(define-sequenced-callback (internals (int result) (int status) (int request) (int C_k) (int t0))
  int
  (- result status request C_k t0))
(define-sequenced-callback/status (try_internals (int result) (int status) (int request) (int k))
  int
  (- result status request k))
(define-sequenced-callback (scheme_like (int x->y) (int ready?) (int *star*) (int a-b)) int
  (- x->y ready? *star* a-b))

;; Macros: a variable is that of whoever wrote it.
(define total 0)
(define x 1000)
(define-syntax with-hidden
  (syntax-rules ()
    ((_ (name (type argument) ...) result body ...)
     (define-sequenced-callback (name (int x) (type argument) ...) result
       (set! total (+ total x))
       body ...))))
(with-hidden (hidden_global (int y)) int (+ y x))
(with-hidden (hidden_own (int x)) int x)
(define-sequenced-callback (hidden_total) int total)
(define-syntax typed-by
  (syntax-rules () ((_ name type value) (define-sequenced-callback (name (type value)) type value))))
(typed-by macro_double double v)
(define-syntax both
  (syntax-rules ()
    ((_ plain status)
     (begin
       (define-sequenced-callback (plain (int n)) int (+ n 1))
       (define-sequenced-callback/status (status (int n)) int (+ n 2))))))
(both macro_plain macro_status)
(define-syntax explicit
  (er-macro-transformer
   (lambda (form rename compare)
     (let ((n (rename 'n)))
       `(,(rename 'define-sequenced-callback) (,(cadr form) (,(rename 'int) ,n)) ,(rename 'int)
         (,(rename '*) ,n 3))))))
(explicit macro_explicit)
(define-syntax implicit
  (ir-macro-transformer
   (lambda (form inject compare)
     `(define-sequenced-callback (,(cadr form) (int n)) int (* n 4)))))
(implicit macro_implicit)
(define-syntax named-inside
  (syntax-rules () ((_) (define-sequenced-callback (macro_named (int q)) int (* q 5)))))
(named-inside)
(letrec-syntax ((local
                 (syntax-rules ()
                   ((_ name) (local name 7))
                   ((_ name k) (define-sequenced-callback (name (int q)) int (* q k))))))
  (local macro_local))
(let-syntax ((later
              (syntax-rules ()
                ((_ name) (define-sequenced-callback/future (name (int q)) int (* q 8))))))
  (later macro_later))

(module own-procedures ()
  (import (except scheme car not string? integer? vector apply) callseq)
  (define (car x) 'mine)
  (define (not x) 'mine)
  (define (string? x) 'mine)
  (define (integer? x) 'mine)
  (define (vector . rest) 'mine)
  (define (apply . rest) 'mine)
  (define (error . rest) 'mine)
  (define-sequenced-callback (own (c-string s)) symbol (car s))
  (define-sequenced-callback (wrong) int "still checked"))

(return-to-host)
