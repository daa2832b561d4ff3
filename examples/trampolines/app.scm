;; Closures for C functions that have no user data, such as qsort. A C function pointer has no room for a
;; closure, so there is a bounded set of C functions, made when this file is compiled: each calls the
;; procedure in its own slot. Where all slots are taken that is an error. If the C library has user data,
;; take that instead (examples/closures): it has no bound.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) (chicken foreign) (chicken fixnum) callseq)
(import-for-syntax (chicken base))

#>
#include <stdlib.h>
<#

;; (define-trampolines PROCEDURES POINTERS N (TYPE ...) RTYPE) makes N callbacks: C functions of N slots.
;; PROCEDURES is defined as the vector of what these call, #f for a free slot; POINTERS as that of their
;; addresses.
(define-syntax define-trampolines
  (er-macro-transformer
   (lambda (form rename compare)
     (let ((procedures (cadr form)) (pointers (caddr form)) (n (cadddr form))
           (types (list-ref form 4)) (rtype (list-ref form 5)))
       (define (name i) (string->symbol (string-append (symbol->string procedures) "_" (number->string i))))
       (define (slots make) (let loop ((i (- n 1)) (l '())) (if (< i 0) l (loop (- i 1) (cons (make i) l)))))
       (define variables (map (lambda (t) (gensym 'argument)) types))
       `(,(rename 'begin)
         (,(rename 'define) ,procedures (,(rename 'make-vector) ,n #f))
         ,@(slots
            (lambda (i)
              `(,(rename 'define-sequenced-callback) (,(name i) ,@(map list types variables)) ,rtype
                ((,(rename 'vector-ref) ,procedures ,i) ,@variables))))
         (,(rename 'define) ,pointers
          (,(rename 'vector)
           ,@(slots (lambda (i)
                      `(,(rename 'foreign-value) ,(string-append "&" (symbol->string (name i)))
                        c-pointer))))))))))

(define-trampolines comparisons comparison-pointers 4 ((c-pointer (const int)) (c-pointer (const int))) int)

;; Calls (USE POINTER), where POINTER is a C function that calls PROCEDURE until USE has returned. Other
;; threads take other slots.
(define (with-comparison procedure use)
  (let loop ((i 0))
    (cond ((fx= i (vector-length comparisons))
           (error "all slots for comparisons are in use; make more in define-trampolines" i))
          ((vector-ref comparisons i) (loop (fx+ i 1)))
          (else
           (dynamic-wind
            (lambda () (vector-set! comparisons i procedure))
            (lambda () (use (vector-ref comparison-pointers i)))
            (lambda () (vector-set! comparisons i #f)))))))

(define value (foreign-lambda* int (((c-pointer (const int)) p)) "C_return(*p);"))
(define qsort                           ; safe: it calls Scheme
  (foreign-safe-lambda* void (((c-pointer int) numbers) (int n) (c-pointer compare))
    "qsort(numbers, (size_t)n, sizeof *numbers, (int (*)(const void *, const void *))compare);"))

;; Sorts N NUMBERS by how far they are from the CENTRE: a closure.
(define-sequenced-callback (sort_by_distance ((c-pointer int) numbers) (int n) (int centre)) void
  (with-comparison
   (lambda (a b)
     (- (abs (- (value a) centre)) (abs (- (value b) centre))))
   (lambda (compare) (qsort numbers n compare))))

;; So many comparisons at the same time, each inside the one before.
(define-sequenced-callback (nest (int depth)) int
  (let loop ((n 0))
    (if (= n depth)
        n
        (with-comparison (lambda (a b) 0) (lambda (_) (loop (+ n 1)))))))

(return-to-host)
