; Callbacks that wait: their results, batches, and green threads while nobody calls.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken base) (chicken condition) (chicken foreign) callseq)

#>
void call_in_batch(void);
void tick(void);
<#

(include "waiting.scm")

(define-sequenced-callback (wait_twice (int g) (int h) (size_t caller) (c-string text)) c-string
  (pass (gate g))
  (pass (gate h))
  (if (= caller (native)) (string-append text ", " text) "another thread"))
(define-sequenced-callback (wait_a_third (int g)) double (pass (gate g)) (/ 1 3))

(define-sequenced-callback (fail_after (int g) (int n)) int (pass (gate g)) (error "after a wait" n))
(define-sequenced-callback (raise_after (int g) (int n)) int (pass (gate g)) (abort n))
(define-sequenced-callback (bad_after (int g)) int (pass (gate g)) "no number")
(define-sequenced-callback/status (status_after (int g) (int n)) int
  (pass (gate g))
  (if (negative? n) (error "negative" n) n))
(define-sequenced-callback (catch_after (int g) (int n)) int
  (condition-case (begin (pass (gate g)) (error "caught" n))
    ((exn) (pass (gate g)) n)))

;;; Batches

(define-sequenced-callback (hold) void ((foreign-lambda void "call_in_batch")))
(define-sequenced-callback (lent_first (int g) (size_t caller)) int
  (let ((first (if (= caller (native)) 1 2)))
    (pass (gate g))
    (if (= caller (native)) first -1)))

;;; Green threads while nobody calls

(define-sequenced-callback (tick_in_thread (int n)) void
  (start-thread
   (lambda ()
     (do ((i 0 (+ i 1))) ((= i n))
       (doze 1)
       ((foreign-lambda void "tick")))
     (open! (gate 15)))))
(define-sequenced-callback (read_in_thread (int fd)) void
  (start-thread (lambda () (wait-for-input fd) ((foreign-lambda void "tick")))))

(return-to-host)
