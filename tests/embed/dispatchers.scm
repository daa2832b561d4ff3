; Callbacks of callseq-cncb under a C host: order, one at a time, errors, ends.
(declare (uses scheduler))
(import (chicken platform) (chicken base) (chicken foreign) (chicken time) callseq callseq-cncb)

#>
int enter_same(int n), enter_other(int n), enter_failing(int n);
void wait_for_host(void);
<#

(define (sleep-ms ms) (##sys#thread-sleep! (+ ms (current-process-milliseconds))))
(define (wait-until done?) (unless (done?) (sleep-ms 1.0) (wait-until done?)))

; Both shapes, and values of several types.
(define-synchronous-concurrent-native-callback (square (int n)) int (* n n))
(define-synchronous-concurrent-native-callback ((greet talker) (c-string name) (double x)) c-string
  (string-append name (if (= x 0.5) " half" " whole")))
(define-synchronous-concurrent-native-callback (nothing) void 1)

; Where a body runs: in the green thread of its dispatcher.
(define (own? id) (eq? ##sys#current-thread (dispatcher-thread (dispatcher id))))
(define-synchronous-concurrent-native-callback (in_default) bool (own? 'default))
(define-synchronous-concurrent-native-callback ((in_quoted 'talker)) bool (own? 'talker))
(define-sequenced-callback (same_dispatcher) bool
  (let ((d (dispatcher 'talker)))
    (and (dispatcher? d) (eq? d (dispatcher 'talker)) (eq? 'talker (dispatcher-id d))
         (not (dispatcher? 'talker)))))

; Each thread's steps in order, none lost.
(define counts (make-vector 16 0))
(define out-of-order 0)
(define-concurrent-native-callback ((step stepper) (int thread) (int i))
  (unless (= i (vector-ref counts thread)) (set! out-of-order (+ out-of-order 1)))
  (vector-set! counts thread (+ i 1)))
(define-synchronous-concurrent-native-callback ((steps stepper) (int thread)) int
  (if (zero? out-of-order) (vector-ref counts thread) -1))

; A body that waits keeps the others of its dispatcher out.
(define counter 0)
(define-synchronous-concurrent-native-callback ((count counter) (int n)) int
  (let ((before counter))
    (sleep-ms 1.0)
    (##sys#thread-yield!)
    (set! counter (+ before 1))
    n))
(define-sequenced-callback (counted) int counter)

; One that waits until it is let go.
(define go #f)
(define-sequenced-callback (let_go (bool on)) void (set! go on))
(define holding #f)
(define-synchronous-concurrent-native-callback ((hold holder) (int n)) int
  (set! holding #t)
  (wait-until (lambda () go))
  (set! holding #f)
  n)
(define-sequenced-callback (holds) bool holding)
(define held 0)
(define-concurrent-native-callback ((hold_later holder)) (wait-until (lambda () go)))
(define-concurrent-native-callback ((fill holder)) (set! held (+ held 1)))
(define-synchronous-concurrent-native-callback ((filled holder)) int held)

; One that the host lets go, which must have been returned to.
(define-concurrent-native-callback ((wait_in_c waiter)) ((foreign-lambda void "wait_for_host")))
(define-synchronous-concurrent-native-callback ((has_waited waiter)) int 1)

; Errors.
(define-synchronous-concurrent-native-callback (fail_now (int n)) int (error "failed now" n))
(define-concurrent-native-callback (fail_later (int n)) (error "failed later" n))
(define-synchronous-concurrent-native-callback (bad_value) int 'none)
(define kept #f)
(define-synchronous-concurrent-native-callback (keep (int n)) int
  (call/cc (lambda (k) (set! kept k) n)))
(define-synchronous-concurrent-native-callback (reenter (int n)) int (kept n))

; C under a body calls back.
(define enter-same (foreign-safe-lambda int "enter_same" int))
(define enter-other (foreign-safe-lambda int "enter_other" int))
(define-synchronous-concurrent-native-callback (nest (int n)) int (+ 1 (enter-same n)))
(define-synchronous-concurrent-native-callback (nest_other (int n)) int (+ 1 (enter-other n)))
(define-synchronous-concurrent-native-callback ((inner other) (int n)) int (* 2 n))

; Ends.
(define ended '())
(define-concurrent-native-callback ((finish finisher)) (dispatcher-terminate! (dispatcher 'finisher)))
(define-concurrent-native-callback ((late finisher) (int n)) (set! ended (cons n ended)))
(define-synchronous-concurrent-native-callback ((too_late finisher)) int 1)
(define-sequenced-callback (prepare_end) void
  (set! go #f)
  (set! ended '()))
(define-sequenced-callback (all_ended) int
  (dispatch 'finisher)
  (length ended))
(define-synchronous-concurrent-native-callback ((victim killed) (int n)) int
  (set! victim-runs #t)
  (wait-until (lambda () #f))
  n)
(define victim-runs #f)
(define-sequenced-callback (victim_runs) bool victim-runs)
(define-sequenced-callback (kill_it) void
  (##sys#thread-kill! (dispatcher-thread (dispatcher 'killed)) 'terminated))
; A caller's green thread that is terminated by the body that it has handed over to.
(define caller #f)
(define-sequenced-callback (note_caller) void (set! caller ##sys#current-thread))
(define-synchronous-concurrent-native-callback ((end_caller ender) (int n)) int
  (##sys#thread-kill! caller 'terminated)
  n)
(define-synchronous-concurrent-native-callback ((alive ender)) int 1)

; A body that is preempted, and one that fails under another that waits for it.
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(define-synchronous-concurrent-native-callback ((compute computer) (int n)) int (fib n))
(define enter-failing (foreign-safe-lambda int "enter_failing" int))
(define-synchronous-concurrent-native-callback (nest_failing (int n)) int (+ 1 (enter-failing n)))
(define-synchronous-concurrent-native-callback ((inner_fails other) (int n)) int (error "inner" n))

(define-sequenced-callback (own_end) void
  (dispatcher-terminate! 'finisher))

(return-to-host)
