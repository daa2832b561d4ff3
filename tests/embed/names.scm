; Names that collide: arguments called like Scheme syntax, like C keywords or like what an expansion
; may use, and a program that redefines standard procedures.
(import (chicken platform) callseq)

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
