;; The dispatcher of the cncb rows, which owns Scheme. It reads pointers to requests from a pipe and
;; runs the callback that each names. As in concurrent-native-callbacks the port is non-blocking and
;; has the one-byte buffer that such ports have by default.
(import (chicken base) (chicken file posix) (chicken foreign) (chicken io))

#>
#include "cncb.h"
<#

(define-foreign-type request (c-pointer (struct "request")))

(define request-callback
  (foreign-lambda* symbol ((request r)) "C_return(r->callback);"))
(define request-argument
  (foreign-lambda* int ((request r)) "C_return(r->argument);"))
(define finish
  (foreign-lambda void "cncb_finish" request int))

(define (foo request)
  (finish request (+ (request-argument request) 100)))

(cond-expand
  (threads
   (foreign-declare "void row_occupy(void);")
   (define (busy request)
     ((foreign-lambda void "row_occupy"))
     (foo request)))
  (else
   (define busy foo)))

(define callbacks
  (list (cons 'foo foo)
        (cons 'busy busy)))

(define pointer-size (foreign-value "sizeof(void *)" int))

(define requests
  (##sys#custom-input-port 'cncb "requests" (foreign-value "cncb_input" int) #t))

(define bytes->request
  (foreign-lambda* request ((scheme-object bytes))
    "C_return(*(struct request **)C_data_pointer(bytes));"))

((foreign-lambda void "cncb_ready"))

(let loop ()
  (let ((request (bytes->request (read-string pointer-size requests))))
    ((alist-ref (request-callback request) callbacks) request)
    (loop)))
