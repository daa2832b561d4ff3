; The end of the runtime: what is let end, what is given up, and what runs then.
(declare (uses scheduler))
(import (chicken platform) (chicken base) (chicken foreign) (chicken process) callseq)

#>
int close_now(int ms);
void hold(void);
void thunk_ran(void);
int call_back(int n);
int fork_here(void);
void post_ran(void);
void wait_in_c(int fd);
void note_and_go_on(void);
int post_on(int ms);
<#

(include "green-threads.scm")

(define (block!)
  (##sys#setslot ##sys#current-thread 3 'blocked)
  (##sys#schedule))

(on-exit (foreign-lambda void "thunk_ran"))

(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback/status (twice_status (int n)) int (* 2 n))

; Suspended: for a while, at a descriptor, for ever.
(define-sequenced-callback (sleep_and_return (int ms) (int n)) int (doze ms) n)
(define-sequenced-callback (read_and_return (int fd) (int n)) int
  (wait-for-input fd)
  n)
(define-sequenced-callback (wait_for_ever (int n)) int (block!) n)

; Blocking C functions, which call or do not.
(define call-back (foreign-blocking-lambda int "call_back" int))
(define-sequenced-callback (call_outside (int n)) int (call-back n))
(define wait-in-c (foreign-blocking-lambda void "wait_in_c" int))
(define-sequenced-callback (wait_outside (int fd) (int n)) int (wait-in-c fd) n)
(define-sequenced-callback (leave_waiting_outside (int fd)) void
  (start-thread (lambda () (wait-in-c fd))))

; Posts, futures and notifications.
(define-sequenced-callback/post (post_sleep (int ms)) void (doze ms) (call-outside-thunk))
(define-sequenced-callback/future (future_sleep (int ms)) int (doze ms) ms)
(define call-outside-thunk (foreign-lambda void "post_ran"))

; Each brings the next one.
(define-sequenced-callback/notify (note_and_go_on) void
  (call-outside-thunk)
  ((foreign-safe-lambda void "note_and_go_on")))
(define-sequenced-callback/post (post_on (int ms)) void
  (doze ms)
  ((foreign-safe-lambda int "post_on" int) ms))

(define-sequenced-callback (leave_green_thread) void
  (start-thread (lambda () (let loop () (doze 1) (loop)))))

; The runtime is held.
(define hold (foreign-safe-lambda void "hold"))
(define-sequenced-callback (hold_and_return (int n)) int (hold) n)

(define close-inside (foreign-safe-lambda int "close_now" int))
(define-sequenced-callback (close_inside) int (close-inside 0))
(define close-outside (foreign-blocking-lambda int "close_now" int))
(define-sequenced-callback (close_in_blocking_function) int (close-outside 0))

; Nested calls, and a fork, while it closes.
(define nest (foreign-safe-lambda int "call_back" int))
(define-sequenced-callback (hold_and_nest (int n)) int (hold) (nest n))
(define fork-here (foreign-safe-lambda int "fork_here"))
(define-sequenced-callback (hold_and_fork) int (hold) (fork-here))

(return-to-host)
