;; Scheme calls C, which calls Scheme again: such a call nests on the same thread. What leads to a
;; callback must be a foreign-safe-lambda; under a plain foreign-lambda the call is refused.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) (chicken foreign) callseq)

;; In main.c: calls visit for each of the folder's entries.
(foreign-declare "void walk(int folder, int depth);")
(define walk (foreign-safe-lambda void "walk" int int))
(define walk/unsafe (foreign-lambda void "walk" int int))

(define (show depth number)
  (display (make-string (* 2 depth) #\space))
  (display number)
  (newline)
  (flush-output))

(define-sequenced-callback (visit (int number) (int depth)) void
  (show depth number)
  (walk number (+ depth 1)))

(define-sequenced-callback (start) void (walk 1 0))

(define-sequenced-callback (start_unsafely) void (walk/unsafe 1 0))

(return-to-host)
