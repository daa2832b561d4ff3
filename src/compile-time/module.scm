;;; From a define-sequenced-callback form to C text and a Scheme expression.
;;;
;;; Runs inside the compiler while a user's file is compiled; it changes nothing but the list of
;;; callbacks seen so far in this compilation, what C text begins with, and the header file that the
;;; user asked for. The module is a part of the module callseq that only its import library has.
;;;
;;; A form is parsed into a `callback` record, or refused by `refuse`; everything else is a function from
;;; that record to text or to an expression:
;;;
;;;   the C structure of one call      request, arguments, result
;;;   the C reply function             Scheme value -> checked -> result; then the next request
;;;   the C function                   what the host calls
;;;   the Scheme procedure             arguments out of the structure, the body, the reply
;;;
;;; Each of the files below is one idea. read-module.scm puts them together, and defines `prelude`:
;;; the C text that every callback needs before it, once in a file.

(module callseq-compile-time (expand-callback expand-blocking expand-header)

(import scheme (chicken base) (chicken condition) (chicken file) (chicken file posix) (chicken format)
        (chicken io) (chicken pathname) (chicken platform) (chicken process-context)
        (chicken process-context posix) (chicken string) (chicken syntax))

(include "names.scm")
(include "library-names.scm")
(include "header-names.scm")
(include "types.scm")
(include "parsing.scm")
(include "text.scm")
(include "later.scm")
(include "expressions.scm")
(include "blocking.scm")
(include "header.scm")

;; The expansion of a define-sequenced-callback form, or of one of another MANNER, which another syntax
;; may have made of the form SOURCE, whose shape is SHAPE.
(define (expand-callback form manner #!optional (source form) (shape callback-shape))
  (let ((callback (parse-callback form manner source shape)))
    (begin-text!)
    (set! callbacks (cons callback callbacks))
    (callback-expression callback)))

;; The expansion of a foreign-blocking-lambda form, or with BODY? of a foreign-blocking-lambda* form.
(define (expand-blocking form body?)
  (let ((blocking (parse-blocking form body?)))
    (begin-text!)
    (blocking-expression blocking)))

;; Puts the common C text before the program's own, whose macros are not for ours.
(define (begin-text!)
  (unless text-begun?
    (set! text-begun? #t)
    (set! chicken.compiler.core#foreign-declarations
      (cons prelude chicken.compiler.core#foreign-declarations))))

(define text-begun? #f)                 ; in this compilation

;; What every file needs that imports callseq: done when its compiler loads this module.
(define (begin-file!)
  (register-types!)
  (set! chicken.compiler.core#foreign-declarations
    (cons "struct callseq_future;\nstruct callseq_handle;\n" chicken.compiler.core#foreign-declarations)))

(when (feature? 'compiling) (begin-file!))

;; The expansion of a callseq-header form.
(define (expand-header form)
  (parse-header form)
  (write-header-at-end!)
  '(##core#undefined))

;;; Lists and strings

(define (list-of-length? x n) (and (list? x) (= n (length x))))

(define (every* ok? list) (or (null? list) (and (ok? (car list)) (every* ok? (cdr list)))))
(define (any* ok? list) (and (pair? list) (or (ok? (car list)) (any* ok? (cdr list)))))

(define (list-tabulate* n f)
  (let loop ((i (- n 1)) (result '()))
    (if (< i 0) result (loop (- i 1) (cons (f i) result)))))

(define (any-char? ok? string) (any* ok? (string->list string)))

(define (begins? prefix string)
  (and (>= (string-length string) (string-length prefix))
       (string=? prefix (substring string 0 (string-length prefix)))))

(define (string-suffix? suffix string)
  (let ((start (- (string-length string) (string-length suffix))))
    (and (>= start 0) (string=? suffix (substring string start)))))

)
