;; A window that shows what threads have found. GTK calls `clicked` on the thread of its loop; workers post
;; `counted`, and do not wait for it.
(import (chicken base) (chicken foreign) callseq)
(foreign-declare "#include \"gui.h\"")
(callseq-header "callbacks.h")

(define window-show (foreign-lambda void "window_show"))
(define window-entry (foreign-lambda c-string "window_entry"))
(define window-set (foreign-lambda void "window_set" double c-string c-string))
(define workers-begin (foreign-lambda void "workers_begin" long int))
(define workers-stop (foreign-lambda void "workers_stop"))
;; They may be telling us something meanwhile: a wait for threads that call is a blocking one.
(define workers-end (foreign-blocking-lambda void "workers_end"))

(define busy #f)
(define run 0)                          ; which one: of an earlier one there may be posts left
(define-values (to seen found) (values 1 0 0))

(define (result) (string-append (number->string found) " primes up to " (number->string seen)))

;; Only the thread of GTK's loop may do this.
(define (show)
  (window-set (exact->inexact (/ seen to)) (if busy (string-append (result) " ...") (result)) (if busy "Stop" "Count")))

(define (finish)
  (workers-end)
  (set! busy #f)
  (print (result) (if (< seen to) ", stopped" ""))
  (flush-output))

(define-sequenced-callback (clicked) void
  (cond (busy
         (workers-stop)
         (finish))
        ((string->number (window-entry)) =>
         (lambda (n)
           (set!-values (busy to seen found) (values #t (max 1 n) 0 0))
           (set! run (+ run 1))
           (workers-begin to run))))
  (show))

;; What is done when there is news.
(define changed show)

(define-sequenced-callback/post (counted (int by) (long numbers) (long primes)) void
  (when (and busy (= by run))
    (set! seen (+ seen numbers))
    (set! found (+ found primes))
    (when (= seen to) (finish))
    (changed)))
