; Calls that end the process.
(import (chicken platform) (chicken base) (chicken condition) (chicken process-context) (chicken foreign) callseq)

#>
int nest(int);
void sit(void), exit_in_c(int);
<#

(define (tell text) (display text) (flush-output))

(define-sequenced-callback (add_thunk (c-string text)) void
  (on-exit (lambda () (tell text))))
(define-sequenced-callback (add_failing_thunk) void
  (on-exit (lambda () (tell "fails ") (error "in an on-exit thunk"))))
(define-sequenced-callback (leave (int code)) int
  (dynamic-wind void (lambda () (exit code)) (lambda () (tell "unwound "))))
(define-sequenced-callback/status (try_leave (int code)) int (exit code))
(define-sequenced-callback (leave_plainly) void (exit))
(define-sequenced-callback (leave_at_once (int code)) void (emergency-exit code))
(define-external (leave_externally (int code)) int (exit code))
(define nest (foreign-safe-lambda int "nest" int))
(define-sequenced-callback (leave_nested (int code)) int (nest code))
(define-sequenced-callback (leave_in_c (int code)) void
  ((foreign-safe-lambda void "exit_in_c" int) code))
(define-sequenced-callback (work (int n)) int (vector-length (make-vector n n)))

(define-sequenced-callback (add_unprintable_thunk) void
  (on-exit (lambda () (tell "fails ") (abort (unprintable)))))
(define-sequenced-callback (add_leaving_thunk) void (on-exit (lambda () (tell "leaves ") (exit 1))))
(define-sequenced-callback (own_exit_handler) void
  (exit-handler (lambda (#!optional (code 0)) (error "no exit with" code))))

; Its arguments are no list: to print it is an error.
(define (unprintable)
  (make-property-condition 'exn 'message "not printed" 'arguments 17))

; Keeps the runtime for good.
(define-sequenced-callback (wait_for_ever) void ((foreign-lambda void "sit")))

(when (equal? (get-environment-variable "LEAVE") "at load") (exit 6))
(return-to-host)
