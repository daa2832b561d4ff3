; Bodies that disturb what belongs to the calling thread, and arithmetic that shows its settings.
(import (chicken platform) (chicken base) (chicken condition) (chicken file) (chicken foreign) (chicken process signal) (chicken time) callseq)

#>
void set_errno(void), round_down(void), call_block(void), call_divide(void), signal_host(void), raise_usr2(void);
_Bool blocks_usr1(void), blocks_usr2(void);
double raise_exceptions(void);
<#

(define set-errno! (foreign-lambda void "set_errno"))
(define round-down! (foreign-lambda void "round_down"))

(define-sequenced-callback (divide (double a) (double b)) double (/ a b))
(define-sequenced-callback (divide_plus (double a) (double b)) double
  (let* ((q (/ a b)) (s (number->string q))) (+ q (* 0 (string-length s)))))
(define-sequenced-callback (multiply (double a) (double b)) double (* a b))
(define-sequenced-callback (look_for_file (c-string name)) bool (file-exists? name))
(define-sequenced-callback (errno_in_c) void (set-errno!))
(define-sequenced-callback (rounding_in_c) void (round-down!))
(define-sequenced-callback (rounding_and_fail) int (round-down!) (error "failed"))
(define-sequenced-callback (divide_below) void ((foreign-safe-lambda void "call_divide")))
(define-sequenced-callback (fail) int (file-exists? "/no/such/file") (error "failed"))
(define-sequenced-callback (deep (int n)) int
  (let loop ((i n)) (if (zero? i) 0 (+ 1 (loop (- i 1))))))
(define call-block (foreign-safe-lambda void "call_block"))
(define-sequenced-callback (block_usr1 (int n)) int (signal-mask! signal/usr1) (* 2 n))
(define-sequenced-callback (block_and_fail) int (signal-mask! signal/usr1) (error "failed"))
; What they block and unblock holds while they wait, and in C code that runs outside.
(define blocks-usr1? (foreign-lambda bool "blocks_usr1"))
(define blocks-usr1-outside? (foreign-blocking-lambda bool "blocks_usr1"))
(define (doze) (##sys#thread-sleep! (+ 1 (current-process-milliseconds))))
(define (wait-with-mask n blocks-usr1-elsewhere?)
  (signal-mask! signal/usr1)
  (doze)
  (let* ((asleep (blocks-usr1?)) (outside (blocks-usr1-elsewhere?)))
    (doze)
    (let ((after (blocks-usr1?)))
      (signal-unmask! signal/usr1)
      (doze)
      (if (and asleep outside after (not (blocks-usr1?)) (not (blocks-usr1-elsewhere?)))
          (begin (signal-mask! signal/usr1) n)
          -1))))
(define-sequenced-callback (block_and_wait (int n)) int (wait-with-mask n blocks-usr1-outside?))
(define-sequenced-callback/future (block_later (int n)) int (wait-with-mask n blocks-usr1?))
(define-sequenced-callback (block_and_wait_and_fail) int
  (signal-mask! signal/usr1)
  (doze)
  (error "failed"))
; A whole mask, where others are blocked: on a thread of the library's.
(define blocks-usr2? (foreign-lambda bool "blocks_usr2"))
(define-sequenced-callback/future (set_later) bool
  (set-signal-mask! (list signal/usr1))
  (doze)
  (and (blocks-usr1?) (not (blocks-usr2?))))
; Changes that interrupts come between, while other threads want to call.
(define-sequenced-callback (block_often (int n)) int
  (let loop ((i 0) (right 0))
    (cond ((= i n) right)
          (else
           (if (odd? i) (signal-mask! signal/usr1) (set! (signal-mask) (list signal/usr1)))
           (let ((blocked (blocks-usr1?)))
             (signal-unmask! signal/usr1)
             (loop (+ i 1) (if (and blocked (not (blocks-usr1?))) (+ right 1) right)))))))
(define no-signal (make-parameter 'usr1))
(define-sequenced-callback (block_wrongly) bool
  (handle-exceptions exception #t (signal-mask! (no-signal)) #f))
; A signal that is blocked, and comes, is not let in between.
(define handled 0)
(set-signal-handler! signal/usr2 (lambda (n) (set! handled (+ handled 1))))
(define raise-usr2 (foreign-lambda void "raise_usr2"))
(define-sequenced-callback (block_what_comes) int
  (set! handled 0)
  (signal-mask! signal/usr2)
  (raise-usr2)
  (doze)
  (blocks-usr1-outside?)
  (doze)
  (let ((before handled)) (signal-unmask! signal/usr2) (let loop () (if (zero? handled) (loop))) before))
(define-sequenced-callback (block_below (int n)) int (call-block) (* 2 n))
(define-sequenced-callback/status (try_fail) int (error "failed"))

(define-sequenced-callback (exceptions_in_c) double
  ((foreign-lambda double "raise_exceptions")))
(define-sequenced-callback (all_exceptions) int
  (if (and (= (/ 1. 0.) +inf.0) (nan? (- +inf.0 +inf.0)) (= (* 1e300 1e300) +inf.0)
           (zero? (* 1e-300 1e-300)) (< 0 (sqrt 2.) 2))
      (string-length (number->string (/ 1. 3.)))
      0))
(define-sequenced-callback (signal_in_c) void ((foreign-lambda void "signal_host")))

(return-to-host)
