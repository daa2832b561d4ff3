; Pointers of every form, functions, enums, structs and unions by pointer, in and out.
(import (chicken platform) (chicken port) (chicken memory) (chicken foreign) callseq)

#>
struct point { int x, y; };
typedef struct point point_t;
union word { int number; char bytes[4]; };
enum colour { RED, GREEN = 7, BLUE = -3 };
<#

(define (value text) (with-input-from-string text read))

(define-sequenced-callback (address (c-pointer p)) unsigned-integer64
  (if p (pointer->address p) 1))
(define-sequenced-callback (at (unsigned-integer64 address)) c-pointer (address->pointer address))
(define-sequenced-callback (echo_a (c-pointer p)) c-pointer p)
(define-sequenced-callback (echo_b (nonnull-c-pointer p)) nonnull-c-pointer p)
(define-sequenced-callback (echo_c ((c-pointer int) p)) (c-pointer int) p)
(define-sequenced-callback (echo_d ((nonnull-c-pointer double) p)) (nonnull-c-pointer double) p)
(define-sequenced-callback (echo_e ((c-pointer (struct "point")) p)) (c-pointer (struct "point")) p)
(define-sequenced-callback (echo_f ((c-pointer "point_t") p)) (c-pointer "point_t") p)
(define-sequenced-callback (echo_g ((c-pointer (const (struct "point"))) p))
  (c-pointer (const (struct "point")))
  p)
(define-sequenced-callback (echo_h ((c-pointer (c-pointer char)) p)) (c-pointer (c-pointer char)) p)
(define-sequenced-callback (echo_i ((c-pointer (union "word")) p)) (c-pointer (union "word")) p)
(define-sequenced-callback (echo_j ((const c-pointer) p)) (const c-pointer) p)
(define-sequenced-callback (echo_k ((pointer int) p)) c-pointer p)
(define-sequenced-callback (echo_l ((nonnull-pointer int) p)) c-pointer p)
(define-sequenced-callback (echo_m ((function int (int)) f)) (function int (int)) f)
(define-sequenced-callback (echo_n ((enum "colour") c)) (enum "colour") c)
(define-sequenced-callback/status (try_c ((c-pointer int) p)) (c-pointer int) p)
(define-sequenced-callback/status (try_e ((c-pointer (struct "point")) p))
  (c-pointer (struct "point"))
  p)
(define-sequenced-callback (echo_p ((c-pointer (function int (int))) f)) (c-pointer (function int (int))) f)
(define-sequenced-callback/status (try_m ((function int (int)) f)) (function int (int)) f)
(define-sequenced-callback/status (try_n ((enum "colour") c)) (enum "colour") c)

(define sum (foreign-lambda* int (((c-pointer (struct "point")) p)) "C_return(p->x + p->y);"))
(define set-x! (foreign-lambda* void (((c-pointer (struct "point")) p) (int x)) "p->x = x;"))
(define call (foreign-lambda* int (((function int (int)) f) (int x)) "C_return(f(x));"))
(define-sequenced-callback (add_up ((c-pointer (struct "point")) p)) int (sum p))
(define-sequenced-callback (move_to ((c-pointer (struct "point")) p) (int x)) void (set-x! p x))
(define-sequenced-callback (apply_it ((function int (int)) f) (int x)) int (call f x))
(define-sequenced-callback (code ((enum "colour") c)) int c)

(define-sequenced-callback (make_a (c-string text)) c-pointer (value text))
(define-sequenced-callback (make_b (c-string text)) nonnull-c-pointer (value text))
(define-sequenced-callback (make_c (c-string text)) (c-pointer int) (value text))
(define-sequenced-callback (make_m (c-string text)) (function int (int)) (value text))
(define-sequenced-callback (make_n (c-string text)) (enum "colour") (value text))

; A raw Scheme object can only come in.
(define-sequenced-callback (describe (scheme-object x)) c-string
  (with-output-to-string (lambda () (write x))))

(return-to-host)
