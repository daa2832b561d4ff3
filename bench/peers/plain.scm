;; The function of the row plain.
(import (chicken foreign) (chicken platform))

(define-external (foo (int x)) int
  (+ x 100))

(return-to-host)
