;; Errors, in two ways. A callback of the plain form returns 0 when Scheme raises, and the host's
;; on_error is told. One of the /status form returns a status, and its value through a pointer.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) callseq)

(define ages '(("ann" . 41) ("bob" . 17)))

(define (age-of name)
  (let ((entry (assoc name ages)))
    (if entry (cdr entry) (error "nobody is called" name))))

(define-sequenced-callback (age (c-string name)) int (age-of name))
(define-sequenced-callback/status (find_age (c-string name)) int (age-of name))

;; A value that is not of the type declared is an error, too.
(define-sequenced-callback/status (age_in_words (c-string name)) c-string (age-of name))

(return-to-host)
