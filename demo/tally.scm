;; Tallies: sums by name, and their tables. A tally is a hash table from names to lists of exact
;; integers, one per column; integers, because their sum is the same in whatever order the records
;; of many threads arrive, which floating-point sums are not.
;;
;; It is kept as a pair: its headings, and a vector of association lists ((name sum ...) ...).

(define buckets 4093)

;; (make-tally NAME-HEADING COLUMN ...): an empty tally of at least one column. A COLUMN is a pair
;; of its heading and a procedure that makes its sums readable (exact integer -> string). Tables are
;; sorted by the first column.
(define (make-tally name-heading column . columns)
  (cons (cons name-heading (cons column columns)) (make-vector buckets '())))

(define (tally-name-heading tally) (caar tally))
(define (tally-columns tally) (cdar tally))
(define (tally-entries tally)
  (foldl (lambda (entries bucket) (append bucket entries)) '() (vector->list (cdr tally))))

(define (bucket name)
  (let loop ((i 0) (hash 0))
    (if (fx= i (string-length name))
        hash
        (loop (fx+ i 1)
              (fxmod (fx+ (fx* 31 hash) (char->integer (string-ref name i))) buckets)))))

;; (tally! TALLY NAME AMOUNT ...): adds an amount to each column of a name (a string). An error
;; unless the amounts are exact integers, as many as there are columns.
(define (tally! tally name . amounts)
  (unless (= (length amounts) (length (tally-columns tally)))
    (error 'tally! "expected one amount for each column" (tally-name-heading tally) amounts))
  (for-each
   (lambda (amount)
     (unless (exact-integer? amount)
       (error 'tally! "expected an exact integer as amount" name amount)))
   amounts)
  (let* ((table (cdr tally))
         (i (bucket name))
         (entry (assoc name (vector-ref table i))))
    (if entry
        (set-cdr! entry (map + (cdr entry) amounts))
        (vector-set! table i (cons (cons name amounts) (vector-ref table i))))))

;; (tally->table TALLY ROWS): the text of a table of the ROWS largest names, equal ones in the order
;; of their names, then the sum of the others, and of all.
(define (tally->table tally rows)
  (let* ((entries (sort (tally-entries tally) entry<?))
         (shown (min rows (length entries)))
         (others (list-tail entries shown))
         (sums
          (append
           (first-of entries shown)
           (if (null? others)
               '()
               (list (sum-of tally (string-append "(" (number->string (length others)) " others)")
                             others)))
           (list (sum-of tally "(all)" entries)))))
    (format-table
     (cons (tally-name-heading tally) (map car (tally-columns tally)))
     (map (lambda (entry)
            (cons (car entry)
                  (map (lambda (column sum) ((cdr column) sum)) (tally-columns tally) (cdr entry))))
          sums))))

(define (entry<? a b)
  (or (> (cadr a) (cadr b))
      (and (= (cadr a) (cadr b)) (string<? (car a) (car b)))))

(define (first-of items count)
  (if (zero? count)
      '()
      (cons (car items) (first-of (cdr items) (- count 1)))))

(define (sum-of tally name entries)
  (cons name
        (foldl (lambda (sums entry) (map + sums (cdr entry)))
               (map (lambda (column) 0) (tally-columns tally))
               entries)))

;; Lines of text from rows of cells (strings): the first column to the left, others to the right.
(define (format-table heading rows)
  (let ((widths (foldl (lambda (widths row) (map max widths (map width row)))
                       (map width heading)
                       rows)))
    (string-intersperse
     (map (lambda (row)
            (let* ((pads (map (lambda (cell wanted) (make-string (- wanted (width cell)) #\space))
                              row widths))
                   (left (string-append (car row) (car pads))))
              (string-intersperse (cons left (map string-append (cdr pads) (cdr row))) "  ")))
          (cons heading rows))
     "\n")))

;; How many characters a UTF-8 string shows: bytes that do not continue one.
(define (width text)
  (let loop ((i 0) (count 0))
    (cond ((fx= i (string-length text)) count)
          ((fx= (fxand (char->integer (string-ref text i)) #xC0) #x80) (loop (fx+ i 1) count))
          (else (loop (fx+ i 1) (fx+ count 1))))))

;; (in-units UNIT): for a column whose sums (not negative) are to be shown in units of UNIT with one
;; decimal.
(define (in-units unit)
  (lambda (sum)
    (let ((tenths (quotient (+ (* 20 sum) unit) (* 2 unit))))
      (string-append (number->string (quotient tenths 10)) "."
                     (number->string (remainder tenths 10))))))
