; double, float and number, in and out. The letters keep type names out of the C names.
(import (chicken platform) (chicken port) callseq)

(define (written x) (with-output-to-string (lambda () (write x))))
(define (value text) (with-input-from-string text read))

(define-syntax float-type
  (syntax-rules ()
    ((_ type show make echo try)
     (begin
       (define-sequenced-callback (show (type x)) c-string (written x))
       (define-sequenced-callback (make (c-string text)) type (value text))
       (define-sequenced-callback (echo (type x)) type x)
       (define-sequenced-callback/status (try (c-string text)) type (value text))))))

(float-type double show_a make_a echo_a try_a)
(float-type float show_b make_b echo_b try_b)
(float-type number show_c make_c echo_c try_c)

(return-to-host)
