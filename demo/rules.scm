;; The rules of the census: what is counted, and what the report shows. This file is yours to edit.
;;
;; Threads of census.c call rules_visit for each record of the file, at the same time and in no
;; particular order; one at a time runs here, so a rule needs no lock. At the end rules_report makes
;; the text that is printed.
;;
;; To change a rule, edit it and type `make demo` again (`make demo ARGS='-n 20 FILE'` for another
;; file). For example, to see who looks after the packages:
;;   1. beside the other tallies:   (define maintainers (make-tally "Maintainer" packages))
;;   2. beside the other tally!s:   (tally! maintainers (field-or record "Maintainer" "(none)") 1)
;;   3. in the list in rules_report: add maintainers
;; An error in a rule is reported with the line of its record, and the other records go on. What the
;; rule tallied before the error stays, so look everything up before the first tally!.

;; census --repl PATH reads the file again and again, and opens a prompt beside it: callseq-repl PATH. What is
;; defined there replaces what is defined here, for the records that follow. (stop) ends the census.

(import scheme (chicken base) (chicken fixnum) (chicken foreign) (chicken platform) (chicken sort)
        (chicken string) callseq callseq-eval)
(include "tally.scm")
(foreign-declare "#include \"stanza.h\"")
(callseq-header "rules.h")

;; A record, valid until the rule that was given it returns.
(define-foreign-type stanza (c-pointer (const (struct "stanza"))))

;; (field RECORD NAME): a field's value (a string; lines after the first follow a newline), or #f.
(define field (foreign-lambda c-string "stanza_field" stanza nonnull-c-string))

(define (field-or record name default)
  (or (field record name) default))

;; (whole-number RECORD NAME): the value of a field that holds a whole number, 0 without the field.
(define (whole-number record name)
  (let* ((text (field-or record name "0"))
         (number (string->number text)))
    (unless (and number (exact-integer? number) (not (negative? number)))
      (error (string-append name ": expected a whole number, got") text))
    number))

;; A package that was removed may leave a record behind. Other files have no Status field.
(define (installed? record)
  (let ((status (field record "Status")))
    (or (not status) (string=? (last-word status) "installed"))))

(define (last-word text)
  (let ((words (reverse (string-split text))))
    (if (null? words) "" (car words))))

;; The names in "libc6 (>= 2.36), default-mta | mail-transport-agent".
(define (dependencies record)
  (let loop ((parts (string-split (field-or record "Depends" "") ",|")))
    (if (null? parts)
        '()
        (let ((words (string-split (car parts) " \t\n:(")))
          (if (null? words)
              (loop (cdr parts))
              (cons (car words) (loop (cdr parts))))))))

;; Columns: a heading, and how to show a sum.
(define packages (cons "packages" number->string))
(define installed (cons "installed MB" (in-units 1024)))
(define entry (cons "entry KB" (in-units 1024)))
(define mentions (cons "mentions" number->string))

(define sections (make-tally "Section" installed packages entry))
(define largest (make-tally "Largest packages" installed))
(define needed (make-tally "Depended upon" mentions))

;; Does a record count? At the prompt, for example:
;;   (define (counts? record) (equal? (field record "Section") "libs"))
(define (counts? record) (installed? record))

;; One record: the value of its first field (which by custom names it) and its length in the file.
;; #t if it counts.
(define-sequenced-callback/status
    (rules_visit (stanza record) (c-string name) (size_t bytes)) bool
  (and (counts? record)
       (let ((kilobytes (whole-number record "Installed-Size")))
         (tally! sections (field-or record "Section" "(none)") kilobytes 1 bytes)
         (tally! largest name kilobytes)
         (for-each (lambda (package) (tally! needed package 1)) (dependencies record))
         #t)))

;; The report on a file of so many megabytes, with so many rows in each table.
(define-sequenced-callback/status
    (rules_report (c-string file) (double megabytes) (int rows)) c-string*
  (string-intersperse
   (cons (string-append file ", " (number->string (/ (round (* 10 megabytes)) 10)) " MB")
         (map (lambda (tally) (tally->table tally rows))
              (list sections largest needed)))
   "\n\n"))

;; Is the file to be read once more?
(define go-on? #t)
(define (stop) (set! go-on? #f))
(define-sequenced-callback/status (rules_go_on) bool go-on?)

(return-to-host)
