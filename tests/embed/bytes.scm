; char, unsigned-char and bool, in and out.
(import (chicken platform) callseq)

(define-sequenced-callback (code_a (char c)) int (char->integer c))
(define-sequenced-callback (make_a (int code)) char (integer->char code))
(define-sequenced-callback (wrong_a (bool flag)) char (if flag 65 "A"))
(define-sequenced-callback (code_b (unsigned-char c)) int (char->integer c))
(define-sequenced-callback (make_b (int code)) unsigned-char (integer->char code))
(define-sequenced-callback (wrong_b (bool flag)) unsigned-char (if flag 65 "B"))

(define-sequenced-callback (truth (bool flag)) c-string
  (case flag ((#t) "#t") ((#f) "#f") (else "neither")))
(define-sequenced-callback (negate (bool flag)) bool (not flag))
(define-sequenced-callback (answer (int which)) bool
  (vector-ref (vector 0 1 '() "yes" 'true 1.0) which))

(return-to-host)
