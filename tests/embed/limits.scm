; A time limit: a signal handler gives a callback up, by a continuation, whatever it is doing.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken base) (chicken condition) (chicken foreign)
        (chicken process signal) callseq)

#>
#include <unistd.h>
static int take_byte(int fd) { char byte; return (int)read(fd, &byte, 1); }
const char *call_text(void);
void signal_now(void), about_to_wait(void);
<#

(include "green-threads.scm")

(define mutex (##sys#make-mutex 'held #f))
(define-sequenced-callback (mutex_waited_for) bool (pair? (##sys#slot mutex 3)))
(define (lock) ; as srfi-18 waits for one that another holds
  (leave-with! (lambda (me)
                 (##sys#setslot me 3 'sleeping)
                 (##sys#setslot me 11 mutex)
                 (##sys#setslot mutex 3 (list me)))))
(define (read-outside fd)
  ((foreign-blocking-lambda* int ((int fd)) "char byte; return (int)read(fd, &byte, 1);") fd))

(define handled 0)
(define-sequenced-callback (times_handled) int handled)
(define wound 0)
(define p (make-parameter 0))
(define-sequenced-callback (winds) int wound)
(define-sequenced-callback (get) int (p))

(define (limited signal value work)
  (call/cc
   (lambda (k)
     (set-signal-handler! signal (lambda (_) (set! handled (+ handled 1)) (k value)))
     (dynamic-wind
      (lambda () (set! wound (+ wound 1)))
      (lambda () (parameterize ((p value)) (work)) 5)
      (lambda () (set! wound (- wound 1)))))))

(define-sequenced-callback (limit (int way) (int fd) (int value)) int
  (let ((value (limited signal/usr1 value
                        (lambda ()
                          (case way
                            ((0) (doze 1e7))
                            ((1) (lock))
                            ((2) (wait-for-input fd))
                            ((3) (read-outside fd))
                            ((4) (exclusively ((foreign-lambda void "about_to_wait")) (doze 1e7))))))))
    (set-signal-handler! signal/usr1 #f)
    (when (zero? value) (error "time is up" way))
    value))
(define-sequenced-callback (add (int n)) int (+ n 100))
; The handler interrupts this one.
(define-sequenced-callback (signal_and_compute (int n)) int
  (parameterize ((p n))
    ((foreign-lambda void "signal_now"))
    (let loop ((i 0)) (if (< i 100000) (loop (+ i 1))))
    (+ n (p))))
(define-sequenced-callback (exclusive_limit (int value)) int
  (start-thread (lambda () ((foreign-lambda void "signal_now"))))
  (limited signal/usr1 value (lambda () (exclusively (doze 1e7)))))

; A green thread may not do that, whether the call is suspended or not; the next call is right.
(define (enter-by-thread wrong right failure)
  (call/cc
   (lambda (k)
     (let ((told #f))
       (start-thread
        (lambda ()
          (condition-case (k wrong)
            (e (exn) (set! told (get-condition-property e 'exn 'message))))))
       (let loop () (unless told (##sys#thread-yield!) (loop)))
       (if (string=? told "a continuation captured in a callback cannot be entered by another green thread")
           right
           failure)))))
(define-sequenced-callback (enter_by_thread (int n)) int (enter-by-thread 77 n -1))
; What C would have got of the wrong value is freed.
(define large (make-string 200000 #\x))
(define-sequenced-callback (text_by_thread) c-string (enter-by-thread large "right" "failed"))
(define-sequenced-callback (handle_by_thread) callseq-handle (enter-by-thread 1 2 3))
(define-sequenced-callback/future (text_by_thread_later) c-string (enter-by-thread large "right" "failed"))
(define call-text (foreign-safe-lambda c-string "call_text"))
(define-sequenced-callback (nested_text_by_thread) c-string (call-text))
(define-sequenced-callback (fail (int n)) int (error "failed" n))

; srfi-18 ends the process where this is terminated.
(define-sequenced-callback (is_first) bool (eq? ##sys#current-thread ##sys#primordial-thread))

(return-to-host)
