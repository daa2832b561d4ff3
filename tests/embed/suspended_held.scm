; Callbacks that wait with the runtime held: under C frames, exclusively.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken foreign) callseq)

#>
int call_nested(int);
void run_nested(void);
<#

(include "gates.scm")

(define count 0)
(define-sequenced-callback (bump) void (set! count (+ count 1)))
(define (stays) (let ((before count)) (doze 5) (= before count)))
(define-sequenced-callback (changes) bool
  (let ((before count)) (let loop () (doze 1) (or (not (= before count)) (loop)))))
(define-sequenced-callback (inner_stays (int n)) int (if (stays) n -1))
(define call-nested (foreign-safe-lambda int "call_nested" int))
(define-sequenced-callback (outer_stays (int n)) int (call-nested n))
(define-sequenced-callback (wait_and_nest (int g) (int n)) int
  (pass (gate g))
  (let ((value (call-nested n))) (doze 1) value))
(define-external (plain_stays (int n)) int (if (stays) n -1))
(define-sequenced-callback (exclusively_stays (int n)) int
  (exclusively (if (and (stays) (exclusively (stays)) (stays)) n -1)))
(define-sequenced-callback (leave_exclusively (int n)) int (exclusively (doze 1) (error "left" n)))
(define-sequenced-callback (escape_exclusively (int n)) int
  (call/cc (lambda (k) (exclusively (k n)))))
;; In green threads, which are terminated in it, by themselves and by others, or are made in it and end.
(define-sequenced-callback (terminate_exclusively) void
  (let* ((begun #f)
         (other (start-thread (lambda () (exclusively (set! begun #t) (doze 1e7)))))
         (itself (start-thread
                  (lambda ()
                    (exclusively
                     (exclusively
                      (##sys#thread-kill! ##sys#current-thread 'terminated)
                      (##sys#schedule)))))))
    (start-thread
     (lambda ()
       (let loop () (unless begun (##sys#thread-yield!) (loop)))
       (##sys#thread-kill! other 'terminated)))
    (await itself)
    (await other)
    (exclusively (await (start-thread void)))))
(define-sequenced-callback (doze_once) void (doze 1))

;; A green thread that waits exclusively, in and after the call that has made it: 'stays if nobody else's
;; callback has run meanwhile, that call's least of all.
(define outcome #f)
(define-sequenced-callback (begin_exclusively (int way)) void
  (set! outcome #f)
  (let ((begun #f) (went-on 0))
    (start-thread
     (lambda ()
       (set! begun #t)
       (set! outcome
         (exclusively
          (let ((before went-on))
            (if (and (stays) (exclusively (stays)) (stays) (= before went-on)) 'stays 'changes))))))
    (define (begin-inside)
      (exclusively (let loop () (unless begun (##sys#thread-yield!) (loop)))))
    (case way
      ((0) (void)) ; it begins after the call
      ((1) (let loop () (unless begun (##sys#thread-yield!) (loop)))) ; before its end,
      ((2) (let loop ((n 0)) (set! went-on n) (unless outcome (##sys#thread-yield!) (loop (+ n 1)))))
      ((3) (let loop ((n 0)) (set! went-on n) (unless outcome (doze 1) (loop (+ n 1)))))
      ((4) (begin-inside) (set! went-on 1))
      ((5)
       (set! nested begin-inside)
       ((foreign-safe-lambda void "run_nested"))
       (set! went-on 1)))))
(define-sequenced-callback (outcome_is) int
  (case outcome ((stays) 1) ((changes) -1) (else 0)))

;; Waits for a gate, with the runtime held as long as a green thread keeps it so, by a nested call in which
;; this one's wait begins; and goes on after that.
(define (wait-beside g n)
  (let ((me ##sys#current-thread) (keeps #f) (over #f))
    (start-thread
     (lambda ()
       (set! nested
         (lambda ()
           (set! keeps #t)
           (let loop ((held 0))
             (##sys#thread-yield!)
             (unless (= held 3) (loop (if (eq? (##sys#slot me 3) 'blocked) (+ held 1) held))))))
       ((foreign-safe-lambda void "run_nested"))
       (##sys#thread-yield!)
       (set! over #t)))
    (let loop () (unless keeps (##sys#thread-yield!) (loop)))
    (pass (gate g))
    (let loop () (unless over (doze 1) (loop)))
    n))
(define nested #f)
(define-sequenced-callback (run_nested) void (nested))
(define-sequenced-callback (wait_beside (int g) (int n)) int (wait-beside g n))
(define total 0)
(define-sequenced-callback (read_sleep_write) void
  (let ((t total)) (doze 1) (set! total (+ t 1))))
(define-sequenced-callback (exclusively_read_sleep_write) void
  (exclusively (let ((t total)) (doze 1) (set! total (+ t 1)))))
(define-sequenced-callback (take_total) int (let ((t total)) (set! total 0) t))

(return-to-host)
