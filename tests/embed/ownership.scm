; Strings that a call is given to keep: types with a star.
(import (chicken platform) (chicken foreign) (chicken base) callseq)

(foreign-declare "int give_in_scheme(void);")
(define-foreign-type refused c-string (lambda (s) s) (lambda (s) (error "the converter refuses")))

(define-sequenced-callback (taken (c-string* s)) int (if s (string-length s) -1))
(define-sequenced-callback (body_fails (c-string* s)) int (error "the body fails"))
(define-sequenced-callback (result_fails (unsigned-c-string* s)) int s)
(define-sequenced-callback (refused_before (nonnull-c-string a) (c-string* s)) int 1)
(define-sequenced-callback (refused_after (c-string* s) (nonnull-c-string a)) int 1)
(define-sequenced-callback (refused_between (c-string* s) (refused a) (nonnull-unsigned-c-string* t))
  int 1)
(define-sequenced-callback/status (try_refused (nonnull-c-string a) (nonnull-c-string* s)) int 1)
(define-sequenced-callback (list_taken (c-string-list* l)) int (if l (length l) -1))
(define-sequenced-callback (list_refused (nonnull-c-string a) (c-string-list* l)) int 1)
(define-sequenced-callback (constant ((const c-string*) s) (nonnull-c-string a)) int 1)

; From a plain foreign-lambda, where no call can be executed.
(define-sequenced-callback (unsafe) int ((foreign-lambda int give_in_scheme)))

; A converter that is left and entered again has the arguments after it read twice.
(define again #f)
(define-foreign-type twice int (lambda (n) n)
  (lambda (n) (call/cc (lambda (k) (set! again (lambda () (set! again #f) (k n))) n))))
(define-sequenced-callback (reread (twice n) (c-string* s)) int
  (if again (again) (if s 1 0)))

(return-to-host)
(define-sequenced-callback (undefined (c-string* s)) int 1)
(define-sequenced-callback (list_undefined (c-string-list* l)) int 1)
