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
