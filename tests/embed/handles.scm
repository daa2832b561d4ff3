; Handles: Scheme objects in C, in and out of callbacks and foreign lambdas of all forms. What C calls
; `last` is a handle that C has kept.
(import (chicken platform) (chicken base) (chicken foreign) (chicken gc) (chicken condition)
        (chicken memory) callseq)

#>
void keep(struct callseq_handle *handle);
struct callseq_handle *last(void), *itself(struct callseq_handle *handle);
struct callseq_handle *stranger(struct callseq_handle *handle);
void let_go(struct callseq_handle *handle), call_closures(struct callseq_handle *handle, int times);
int is_null(struct callseq_handle *handle);
struct callseq_handle *released_outside(struct callseq_handle *handle);
void release_borrowed(void);
<#

; As callbacks.
(define-sequenced-callback (closure (int step)) callseq-handle
  (let ((sum 0))
    (lambda (n) (set! sum (+ sum (* n step))) sum)))
(define-sequenced-callback (call_closure (callseq-handle f) (int n)) int (f n))
(define-sequenced-callback (same_object (callseq-handle x)) callseq-handle x)
(define-sequenced-callback/future (same_later (callseq-handle x)) callseq-handle x)
(define-sequenced-callback (const_object ((const callseq-handle) x)) (const callseq-handle) x)
(define-sequenced-callback/status (try_object (callseq-handle x) (bool fail)) callseq-handle
  (if fail (error "asked to fail") x))
(define-sequenced-callback (is_false (callseq-handle x)) bool (not x))
(define-sequenced-callback (false_object) callseq-handle #f)
(define-sequenced-callback (number_object (double x)) callseq-handle x)
(define-sequenced-callback (number_of (callseq-handle x)) double x)
(define-sequenced-callback (symbol_object (symbol x)) callseq-handle x)
(define-sequenced-callback (list_of (callseq-handle a) (callseq-handle b)) callseq-handle (list a b))
(define-sequenced-callback (first_of (callseq-handle x)) callseq-handle (car x))
(define-sequenced-callback (second_of (callseq-handle x)) callseq-handle (cadr x))

; A result that comes twice is for one call only.
(define again #f)
(define-sequenced-callback (twice_out) callseq-handle
  (call/cc (lambda (k) (set! again k)))
  (list 'one))
(define-sequenced-callback (once_more) callseq-handle (again #t))

; As foreign lambdas.
(define keep (foreign-lambda void "keep" callseq-handle))
(define last (foreign-lambda callseq-handle "last"))
(define keep-safely (foreign-safe-lambda* void ((callseq-handle x)) "keep(x);"))
(define last* (foreign-lambda* callseq-handle () "C_return(last());"))
(define keep-outside (foreign-blocking-lambda void "keep" callseq-handle))
(define last-outside (foreign-blocking-lambda* callseq-handle () "return last();"))
(define itself (foreign-lambda callseq-handle "itself" callseq-handle))
(define itself-outside (foreign-blocking-lambda callseq-handle "itself" callseq-handle))
(define null-handle? (foreign-lambda bool "is_null" callseq-handle))
(define null-outside? (foreign-blocking-lambda bool "is_null" callseq-handle))
(define released-outside (foreign-blocking-lambda callseq-handle "released_outside" callseq-handle))

(define-sequenced-callback (keep_by (int way) (callseq-handle x)) bool
  ((case way ((0) keep) ((1) keep-safely) (else keep-outside)) x)
  (and (eq? x (last)) (eq? x (last*)) (eq? x (last-outside))))
(define-sequenced-callback (pass_through (callseq-handle x)) bool
  (let ((a (itself x)) (b (itself-outside x)))
    (and (eq? a x) (eq? b x))))
(define-sequenced-callback (false_is_null) bool
  (and (null-handle? #f) (null-outside? #f) (not (null-handle? '())) (not (null-outside? 0))))
(define-sequenced-callback (from_outside) bool
  (let ((x (list 'x))) (eq? x (released-outside x))))
(define-sequenced-callback (release_while_holding) void
  ((foreign-lambda void "release_borrowed")))

; The types have a C type like any other.
(define handle-pointer (foreign-lambda* c-pointer ((callseq-handle x)) "C_return(x);"))
(define release-pointer (foreign-lambda void "let_go" (c-pointer (struct "callseq_handle"))))
(define-foreign-type pointer-to-handle callseq-handle)
(define-sequenced-callback (mere_pointer (pointer-to-handle p)) bool
  (and (pointer? p)
       (let ((q (handle-pointer 'x)))
         (release-pointer q)
         (not (pointer=? p q)))))
(define-external (external_object (callseq-handle x)) callseq-handle (list x))
(define-foreign-variable variable callseq-handle "last()")
(define-sequenced-callback (variable_is (callseq-handle x)) bool (eq? x variable))

; Closures as C callbacks with data: nested.
(define call-closures (foreign-safe-lambda void "call_closures" callseq-handle int))
(define-sequenced-callback (sum_of (int times)) int
  (let ((sum 0))
    (call-closures (lambda (n) (set! sum (+ sum n)) sum) times)
    sum))

; What lives.
(define finalized 0)
(define-sequenced-callback (mortal) callseq-handle
  (let ((object (list 'mortal)))
    (set-finalizer! object (lambda (x) (set! finalized (+ finalized 1))))
    object))
(define-sequenced-callback (collect) int
  (gc #t)
  (gc #t)
  finalized)
(define-sequenced-callback (fill) void (let loop ((i 0) (l '())) (when (< i 100000) (loop (+ i 1) (cons i l)))))

; A foreign lambda whose C function gives what C has released.
(define stranger (foreign-lambda callseq-handle "stranger" callseq-handle))
(define stranger-outside (foreign-blocking-lambda callseq-handle "stranger" callseq-handle))
(define-sequenced-callback (give_stranger (callseq-handle x) (bool outside)) bool
  (eq? x ((if outside stranger-outside stranger) x)))

(return-to-host)
