;; Closures as C callbacks with user data, released by the C library's destroy notify. timers.c stands for any
;; such library: GLib, libuv, a scheduler or plugin table of your own.
;;
;;   csc -e app.scm main.c timers.c -o app -link callseq && ./app
(import (chicken platform) (chicken foreign) callseq)

#>
#include <callseq.h>
#include "timers.h"
void fire(int now, callseq_handle *procedure);
<#

;; The C callback of every timer: its user data is the handle of a Scheme procedure, which is borrowed.
(define-sequenced-callback (fire (int now) (callseq-handle procedure)) void
  (procedure now))

;; Has PROCEDURE called with the time, WHEN it is that time. An argument of a foreign lambda is a new
;; reference, C's to release: the library does that when it drops the timer.
(define at
  (foreign-lambda* void ((int when) (callseq-handle procedure))
    "timer_add(when, (timer_function *)fire, procedure, (timer_destroy *)callseq_handle_release);"))

(define (count-down name n)
  (let ((left n))
    (lambda (now)
      (set! left (- left 1))
      (print name " at " now ", " left " left")
      (when (> left 0)
        (at (+ now 2) (count-down name left))))))

(define-sequenced-callback (start) void
  (at 1 (count-down "egg" 3))
  (at 2 (lambda (now) (print "once, at " now))))

(return-to-host)
