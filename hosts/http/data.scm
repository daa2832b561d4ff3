;; SQLite, from Scheme. What may wait for the disk, or for another connection's lock, is a
;; foreign-blocking-lambda: it runs on the stack of the thread that asks, and the runtime is free for
;; other requests meanwhile. What only looks at memory is a plain foreign-lambda.
;;
;; SQLite lets one thread at a time into a connection. A foreign-lambda that waited for another thread's
;; query would wait with the runtime held, and everybody with it: so each query has a connection of its
;; own, from a list of idle ones.
(foreign-declare "#include <sqlite3.h>\n#include \"http.h\"")

(define-foreign-type data (c-pointer (struct "sqlite3")))
(define-foreign-type statement (c-pointer (struct "sqlite3_stmt")))

(define data-open (foreign-blocking-lambda (c-pointer (struct "sqlite3")) "data_open" c-string))
(define data-close (foreign-blocking-lambda int "sqlite3_close" (c-pointer (struct "sqlite3"))))
(define data-error (foreign-lambda (const c-string) "sqlite3_errmsg" data))
(define prepare                         ; reads the tables' descriptions, and may wait for that
  (foreign-blocking-lambda* (c-pointer (struct "sqlite3_stmt"))
      (((c-pointer (struct "sqlite3")) data) (c-string sql))
    "sqlite3_stmt *statement = NULL;
     sqlite3_prepare_v2(data, sql, -1, &statement, NULL);
     return statement;"))
(define step (foreign-blocking-lambda int "sqlite3_step" (c-pointer (struct "sqlite3_stmt"))))
(define finish (foreign-blocking-lambda int "sqlite3_finalize" (c-pointer (struct "sqlite3_stmt"))))
(define bind
  (foreign-lambda* int ((statement statement) (int n) (c-string text))
    "C_return(sqlite3_bind_text(statement, n, text, -1, SQLITE_TRANSIENT));"))
(define columns (foreign-lambda int "sqlite3_column_count" statement))
(define column
  (foreign-lambda* c-string ((statement statement) (int n))
    "C_return((char *)sqlite3_column_text(statement, n));"))
(define row (foreign-value "SQLITE_ROW" int))
(define done (foreign-value "SQLITE_DONE" int))

(define file #f)                        ; the database's, once there is one
(define idle '())                       ; connections that nobody uses

(define (take-connection)
  (if (null? idle)
      (or (data-open file) (error "the database does not open" file))
      (let ((data (car idle)))          ; nobody comes between: nothing here waits
        (set! idle (cdr idle))
        data)))

(define (with-connection use)
  (let ((data (take-connection)))
    (dynamic-wind
      void
      (lambda () (use data))
      (lambda () (set! idle (cons data idle))))))

;; The rows of the answer, each a list of strings. An argument, a string, stands for each ? in the text.
(define (query sql . arguments)
  (with-connection
    (lambda (data)
      (let ((statement (or (prepare data sql) (error (data-error data) sql))))
        (let next ((n 1) (rest arguments))
          (unless (null? rest)
            (bind statement n (car rest))
            (next (+ n 1) (cdr rest))))
        (let next ((rows '()))
          (let ((state (step statement)))
            (if (= state row)
                (next (cons (list-tabulate (columns statement) (lambda (n) (column statement n)))
                            rows))
                (let ((why (data-error data)))
                  (finish statement)
                  (if (= state done) (reverse rows) (error why sql))))))))))

(define (list-tabulate count value)
  (let next ((n (- count 1)) (list '()))
    (if (negative? n) list (next (- n 1) (cons (value n) list)))))

(define (open-data path)
  (set! file path)
  (query "create table if not exists notes (id integer primary key, text)"))

(define (close-data)
  (for-each data-close idle)
  (set! idle '()))
