;; SQL functions, aggregates, a collation and a hook, in Scheme: what sqlite3's .load makes available to any
;; program and on any of its threads (extension.c is the other half). The last part is yours.
(import (chicken platform) (chicken foreign) (chicken base) (chicken irregex) (chicken memory)
        (chicken sort) (chicken string) callseq)
(callseq-header "functions.h" "#include <callseq.h>" "#include <sqlite3ext.h>")
(foreign-declare "#include \"extension.h\"\nSQLITE_EXTENSION_INIT3")

(define-foreign-type db (c-pointer (struct "sqlite3")))
(define-foreign-type context (c-pointer (struct "sqlite3_context")))
(define-foreign-type values (c-pointer (c-pointer (struct "sqlite3_value"))))

;; ---- Values: integers, reals and strings; NULL is #f; a result may be #t, too, which is 1 ----

(define (string-at address length)
  (let ((string (make-string length)))
    (when address (move-memory! address string length))
    string))

(define kind
  (foreign-lambda* int ((values v) (int n)) "C_return(sqlite3_value_type(v[n]));"))
(define integer (foreign-lambda* integer64 ((values v) (int n)) "C_return(sqlite3_value_int64(v[n]));"))
(define real (foreign-lambda* double ((values v) (int n)) "C_return(sqlite3_value_double(v[n]));"))
(define bytes
  (foreign-lambda* c-pointer ((values v) (int n)) "C_return((void *)sqlite3_value_blob(v[n]));"))
(define size (foreign-lambda* int ((values v) (int n)) "C_return(sqlite3_value_bytes(v[n]));"))

;; By C's names of integers.
(define-syntax select-kind
  (syntax-rules ()
    ((_ kind ((name result) ...) otherwise)
     (let ((k kind)) (cond ((= k (foreign-value name int)) result) ... (else otherwise))))))

(define (value v n)
  (select-kind (kind v n)
    (("SQLITE_INTEGER" (integer v n)) ("SQLITE_FLOAT" (real v n)) ("SQLITE_NULL" #f))
    (string-at (bytes v n) (size v n))))

(define (arguments v count)
  (let next ((n (- count 1)) (rest '()))
    (if (negative? n) rest (next (- n 1) (cons (value v n) rest)))))

(define integer! (foreign-lambda void "sqlite3_result_int64" context integer64))
(define real! (foreign-lambda void "sqlite3_result_double" context double))
(define null! (foreign-lambda void "sqlite3_result_null" context))
(define string!
  (foreign-lambda* void ((context c) (scheme-pointer text) (int length))
    "sqlite3_result_text(c, text, length, SQLITE_TRANSIENT);"))

(define (result! context result)
  (cond ((not result) (null! context))
        ((eq? result #t) (integer! context 1))
        ((exact-integer? result) (integer! context result))
        ((number? result) (real! context result))
        ((string? result) (string! context result (string-length result)))
        (else (error "a number, a string or a boolean is expected" result))))

;; ---- What there is: a connection that loads the extension gets all of it ----

;; An entry's number is what SQLite gives back when it calls.
(define entries (make-vector 100))
(define entry-count 0)
(define (enter! entry)
  (vector-set! entries entry-count entry)
  (set! entry-count (+ entry-count 1)))

(define (sql-function name arity procedure) (enter! (list 'function name arity procedure)))
(define (sql-aggregate name arity start step end) (enter! (list 'aggregate name arity start step end)))
(define (sql-collation name compare) (enter! (list 'collation name 0 compare)))
(define (part n index) (list-ref (vector-ref entries n) index))

(define on-update void)                 ; procedure of the operation, a symbol, and the table's name

;; The thread that loads the extension has locked the connection. So it must be that one which asks for
;; more, on its own stack: a callback may be executed by another thread, a blocking lambda is not.
(define add
  (foreign-blocking-lambda int "extension_add" (c-pointer (struct "sqlite3")) int c-string c-string int))

(define-sequenced-callback/status (sql_add_all ((c-pointer (struct "sqlite3")) db)) int
  (let next ((n 0))
    (if (= n entry-count)
        0
        (let ((code (add db n (symbol->string (part n 0)) (part n 1) (part n 2))))
          (if (zero? code) (next (+ n 1)) code)))))

(define-sequenced-callback/status (sql_call (int n) (context c) (int count) (values v)) void
  (result! c (apply (part n 3) (arguments v count))))

;; An aggregate's state between its rows, in a list, is kept by SQLite, as a handle; #f is none yet.
(define (state-of n kept) (if kept (car kept) (part n 3)))

(define-sequenced-callback/status (sql_step (int n) (callseq-handle kept) (int count) (values v))
    callseq-handle
  (list (apply (part n 4) (state-of n kept) (arguments v count))))

(define-sequenced-callback/status (sql_end (int n) (callseq-handle kept) (context c)) void
  (result! c ((part n 5) (state-of n kept))))

(define-sequenced-callback/status
    (sql_compare (int n) (c-pointer a) (int a_size) (c-pointer b) (int b_size)) int
  ((part n 3) (string-at a a_size) (string-at b b_size)))

(define-sequenced-callback (sql_updated (int operation) (c-string table)) void
  (on-update (select-kind operation (("SQLITE_INSERT" 'insert) ("SQLITE_DELETE" 'delete)) 'update)
             table))

;; ---- Yours ----

(sql-function "slug" 1                  ; "Hello, World!" is "hello-world"
  (lambda (text)
    (and text (string-intersperse (irregex-extract "[a-z0-9]+" (lower-case text)) "-"))))

(define (lower-case text) (list->string (map char-downcase (string->list text))))

(sql-function "edit_distance" 2
  (lambda (a b)
    (and a b
      (let ((width (+ 1 (string-length b))))
        (let rows ((i 0) (above (number-row width)))
          (if (= i (string-length a))
              (vector-ref above (- width 1))
              (let ((row (make-vector width (+ i 1))))
                (do ((j 1 (+ j 1))) ((= j width) (rows (+ i 1) row))
                  (vector-set! row j
                    (min (+ 1 (vector-ref row (- j 1)))
                         (+ 1 (vector-ref above j))
                         (+ (vector-ref above (- j 1))
                            (if (char=? (string-ref a i) (string-ref b (- j 1))) 0 1))))))))))))

(define (number-row width)
  (let ((row (make-vector width)))
    (do ((j 0 (+ j 1))) ((= j width) row) (vector-set! row j j))))

(sql-aggregate "median" 1 '()           ; of what is not NULL
  (lambda (seen x) (if x (cons x seen) seen))
  (lambda (seen)
    (and (pair? seen)
         (let* ((sorted (list->vector (sort seen <))) (n (vector-length sorted)))
           (/ (+ (vector-ref sorted (quotient (- n 1) 2)) (vector-ref sorted (quotient n 2))) 2.0)))))

(sql-collation "numbered"                ; file2 before file10
  (lambda (a b)
    (let ((parts (lambda (text) (irregex-extract "[0-9]+|[^0-9]+" text))))
      (let next ((a (parts a)) (b (parts b)))
        (cond ((null? a) (if (null? b) 0 -1))
              ((null? b) 1)
              ((string=? (car a) (car b)) (next (cdr a) (cdr b)))
              (else
               (let ((x (string->number (car a))) (y (string->number (car b))))
                 (cond ((and x y (not (= x y))) (if (< x y) -1 1))
                       ((string<? (car a) (car b)) -1)
                       (else 1)))))))))

(define updates '())                    ; how often each table was changed, by all connections
(set! on-update
  (lambda (operation table)
    (set! updates (alist-update table (+ 1 (alist-ref table updates string=? 0)) updates string=?))))
(sql-function "updates_of" 1 (lambda (table) (alist-ref table updates string=? 0)))

(return-to-host)
