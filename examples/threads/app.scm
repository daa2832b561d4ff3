;; Several threads call Scheme, with numbers and strings; Scheme keeps state without any lock, for
;; one callback runs at a time.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) (chicken format) callseq)

;; Writes the prototypes of the callbacks while this file is compiled; main.c includes it.
(callseq-header "app.h")

(define totals '())                     ; list of (name . sum)

(define (total-of name)
  (or (assoc name totals)
      (let ((entry (cons name 0.0)))
        (set! totals (cons entry totals))
        entry)))

(define-sequenced-callback (add (c-string name) (double amount)) void
  (let ((entry (total-of name)))
    (set-cdr! entry (+ (cdr entry) amount))))

(define-sequenced-callback (total (c-string name)) double (cdr (total-of name)))

;; A c-string result belongs to the library, until the calling thread's next call.
(define-sequenced-callback (describe (c-string name) (integer64 count)) c-string
  (sprintf "~A: ~A in ~A payments" name (cdr (total-of name)) count))

(return-to-host)
