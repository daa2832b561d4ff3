; The types that only C++ has; compiled with csc -c++.
(import (chicken platform) (chicken foreign) callseq)

#>
#include <vector>
struct Counter { int n; };
extern "C" int throw_and_catch(int);
extern "C" struct callseq_handle *kept_handle;
<#

; What the FFI asks of an object system for (instance ...).
(define (make class key pointer) (list class pointer))
(define (slot-ref instance slot) (cadr instance))
(define <counter> 'counter)

(define add (foreign-lambda* void (((ref int) target) (int n)) "target += n;"))
(define bump (foreign-lambda* int (((c-pointer "Counter") c)) "C_return(++c->n);"))
(define size (foreign-lambda* int (((c-pointer (template "std::vector" int)) v))
               "C_return((int)v->size());"))

(define-sequenced-callback (add_to ((ref int) target) (int n)) void (add target n))
(define-sequenced-callback (same_int ((ref int) target)) (ref int) target)
(define-sequenced-callback (bump_it ((instance "Counter" <counter>) c)) int (bump (cadr c)))
(define-sequenced-callback (same_counter ((instance "Counter" <counter>) c))
  (instance "Counter" <counter>)
  c)
(define-sequenced-callback (vector_size ((c-pointer (template "std::vector" int)) v)) int (size v))
(define-sequenced-callback/post (post_vector ((c-pointer (template "std::vector" int)) v) (c-string s)) void
  (set! posted (+ (string-length s) (size v))))
(define posted 0)
(define-sequenced-callback/future (add_later (int a) (double b)) double (+ a b posted))
(define noticed 0)
(define-sequenced-callback/notify (notice) void (set! noticed (+ noticed 1)))
(define-sequenced-callback/future (noticed_later (c-string s)) c-string (if (= noticed 0) #f s))
(define-sequenced-callback (counter_from (int n)) callseq-handle
  (lambda () (set! n (+ n 1)) n))
(define-sequenced-callback (count_on (callseq-handle counter)) int (counter))
(define-sequenced-callback/status (try_same (callseq-handle x)) callseq-handle x)
(define keep (foreign-blocking-lambda* void ((callseq-handle x)) "kept_handle = x;"))
(define-sequenced-callback (keep_handle (callseq-handle x)) void (keep x))

(define-sequenced-callback (greet (c-string name)) c-string (string-append "hello " name))
; C++ has no conversion from char ** to const char **.
(define-sequenced-callback (no_texts) (const (c-pointer c-string)) #f)
(define-sequenced-callback/status (try_half (int n)) int (/ n 2))


; C++ under Scheme that calls back, throws and catches.
(define throw-and-catch (foreign-safe-lambda int "throw_and_catch" int))
(define-sequenced-callback (around (int n)) int (+ 1 (throw-and-catch n)))

(return-to-host)
