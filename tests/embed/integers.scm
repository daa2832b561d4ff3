; Every integer type, in and out. The C names carry a letter, not the type's name, so that a message
; that names the type does it on purpose.
;   show_L(x)             how Scheme writes the argument that it got
;   make_L(text)          the result is what Scheme reads from text
;   try_L(text, &result)  the same in the status form
(import (chicken platform) (chicken port) callseq)

(define (written x) (with-output-to-string (lambda () (write x))))
(define (value text) (with-input-from-string text read))

(define-syntax integer-type
  (syntax-rules ()
    ((_ type show make try)
     (begin
       (define-sequenced-callback (show (type x)) c-string (written x))
       (define-sequenced-callback (make (c-string text)) type (value text))
       (define-sequenced-callback/status (try (c-string text)) type (value text))))))

(integer-type byte show_a make_a try_a)
(integer-type unsigned-byte show_b make_b try_b)
(integer-type short show_c make_c try_c)
(integer-type unsigned-short show_d make_d try_d)
(integer-type int show_e make_e try_e)
(integer-type unsigned-int show_f make_f try_f)
(integer-type integer show_g make_g try_g)
(integer-type unsigned-integer show_h make_h try_h)
(integer-type int32 show_i make_i try_i)
(integer-type unsigned-int32 show_j make_j try_j)
(integer-type integer32 show_k make_k try_k)
(integer-type unsigned-integer32 show_l make_l try_l)
(integer-type integer64 show_m make_m try_m)
(integer-type unsigned-integer64 show_n make_n try_n)
(integer-type long show_o make_o try_o)
(integer-type unsigned-long show_p make_p try_p)
(integer-type size_t show_q make_q try_q)
(integer-type ssize_t show_r make_r try_r)
(integer-type (const long) show_s make_s try_s)

(return-to-host)
