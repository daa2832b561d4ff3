; The Scheme side of the torture program. Every callback first has the ledger count its execution,
; and gives, or raises, something that only this call can: an answer made of its id, a message with
; its tag. TORTURE_BUG seeds a fault here, one in some calls, which the ledger has to find.
(import (chicken platform) (chicken base) (chicken condition) (chicken fixnum) (chicken foreign)
        (chicken gc) (chicken port) (chicken process signal) (chicken process-context)
        (chicken time) callseq callseq-eval)

(declare (uses waiting))

(callseq-header "callbacks.h")

#>
#include <poll.h>
#include <unistd.h>
void torture_executed(int), torture_nested(int), torture_nested_unsafe(int);
int torture_outside(int), torture_elsewhere(int);
void torture_keep(int, struct callseq_handle *);
struct callseq_handle *torture_lent(int);
int torture_is_program(void), torture_next_step(void), torture_end_program(void);
void torture_begin_program(void), torture_step_outside(void), torture_step_inside(void);
<#

(define bug (string->symbol (or (get-environment-variable "TORTURE_BUG") "none")))
(define (bug? id name) (and (eq? bug name) (zero? (modulo id 50))))

(define record (foreign-lambda void "torture_executed" int))
(define nested (foreign-safe-lambda void "torture_nested" int))
(define nested-unsafe (foreign-lambda void "torture_nested_unsafe" int))

;;; Ids, answers, tags

(define calls 0)

(define others 0) ; of them, those in no green thread of ours, nor nested in the program's own
(define (executed id)
  (set! calls (+ calls 1))
  (when (eq? 'callseq (##sys#slot ##sys#current-thread 6)) (set! others (+ others 1)))
  (unless (bug? id 'lost) (record id))
  (when (bug? id 'twice) (record id))
  (when (bug? id 'stuck) (let stay () (stay))))

(define (answer id) (+ (* 7 id) (if (bug? id 'wrong) 4 3)))
(define (tag id) (string-append "call-" (number->string (if (bug? id 'mixed) (+ id 1) id)) "-"))

(define-sequenced-callback (torture_count) integer64 calls)

;;; Types

(define-record mark id)
(define-foreign-type mark int mark-id make-mark)

(define-sequenced-callback (torture_int (int id)) int (executed id) (answer id))
(define-sequenced-callback (torture_double (int id) (double x)) double (executed id) (+ id (/ x 3)))
(define-sequenced-callback (torture_text (int id) (c-string s)) c-string
  (executed id)
  (string-append (tag id) s))
(define-sequenced-callback (torture_given (int id) (c-string s)) c-string*
  (executed id)
  (string-append (tag id) s))
(define-sequenced-callback (torture_pointer (int id) (c-pointer p)) c-pointer (executed id) p)
(define-sequenced-callback (torture_wide (int id) (unsigned-integer64 n)) unsigned-integer64
  (executed id)
  (- n id))
(define-sequenced-callback (torture_char (int id) (char c)) char (executed id) c)
(define-sequenced-callback (torture_bool (int id) (bool b)) bool (executed id) (not b))
(define-sequenced-callback (torture_void (int id)) void (executed id))
(define-sequenced-callback (torture_list (int id) (c-string-list strings)) int
  (executed id)
  (apply + (map string-length strings)))
(define-sequenced-callback (torture_mark (mark m)) mark
  (executed (mark-id m))
  (make-mark (answer (mark-id m))))

;;; Handles: of closures that know which call has made them

(define keep-handle (foreign-lambda void "torture_keep" int callseq-handle))
(define keep-outside (foreign-blocking-lambda void "torture_keep" int callseq-handle))
(define lent (foreign-blocking-lambda callseq-handle "torture_lent" int))
(define (knowing id) (lambda () (answer id)))

(define-sequenced-callback (torture_handle (int id)) callseq-handle (executed id) (knowing id))
(define-sequenced-callback (torture_keep_handle (int id) (bool outside)) int
  (executed id)
  ((if outside keep-outside keep-handle) id (knowing id))
  (answer id))
(define-sequenced-callback (torture_use_handle (int id) (callseq-handle procedure)) int
  (executed id)
  (procedure))
(define-sequenced-callback (torture_use_lent (int id)) int
  (executed id)
  (let ((procedure (lent id)))
    (gc #f)
    (procedure)))
(define-sequenced-callback/status (torture_pass_handle (int id) (callseq-handle x) (bool fail))
    callseq-handle
  (executed id)
  (when fail (error (tag id)))
  x)

;;; Calls that are executed later. HOW: 1 waits, 2 fails

(define (go-on-by how id)
  (cond ((eq? how 1) (pause 1))
        ((eq? how 2) (error (tag id)))))
(define-sequenced-callback/post (torture_post (int id) (c-string s) (int how)) void
  (executed id)
  (unless (string=? s (tag id)) (error "another call's string"))
  (go-on-by how id))
(define-sequenced-callback/future (torture_future (int id) (c-string s) (int how)) c-string
  (executed id)
  (go-on-by how id)
  (string-append (tag id) s))
(define notified 0)
(define-sequenced-callback/notify (torture_notify) void
  (set! notified (+ notified 1)))

;;; Failures

(define-record hidden)
(set-record-printer! hidden (lambda (record port) (error "cannot be printed")))

(define winders 0)
(define level (make-parameter 'outside))
(define (deep-down thunk)
  (dynamic-wind
   (lambda () (set! winders (+ winders 1)))
   (lambda ()
     (parameterize ((level 'within))
       (handle-exceptions c (abort (list (level) c)) (thunk))))
   (lambda () (set! winders (- winders 1)))))

(define (raise-somehow id how)
  (case how
    ((1) (error (tag id)))
    ((2) (error 'somewhere "asked to fail" (tag id) id))
    ((3) (abort (tag id)))
    ((4) (signal (list 'failed (tag id))))
    ((5) (abort (make-property-condition 'exn 'message (tag id) 'arguments '())))
    ((6) (car (tag id)))
    ((7) (abort (string->symbol (tag id))))
    ((8) (deep-down (lambda () (abort (tag id)))))
    ((9) (assert #f (tag id)))
    ((10) (error (make-hidden)))
    (else 0)))

(define-sequenced-callback/status (torture_try (int id) (int how)) int
  (executed id)
  (raise-somehow id how)
  (answer id))
(define-sequenced-callback (torture_raise (int id) (int how)) int
  (executed id)
  (raise-somehow id how))
(define-sequenced-callback (torture_raise_text (int id) (int how)) c-string
  (executed id)
  (raise-somehow id how))
(define-sequenced-callback (torture_raise_double (int id) (int how)) double
  (executed id)
  (raise-somehow id how))
(define-sequenced-callback (torture_balance (int id)) int
  (executed id)
  (if (eq? (level) 'outside) winders -1))

; Results of another type than the declared one.
(define-sequenced-callback (torture_no_int (int id)) int (executed id) (tag id))
(define-sequenced-callback (torture_no_short (int id)) short (executed id) (+ 1000000 id))
(define-sequenced-callback (torture_no_double (int id)) double (executed id) (list (tag id)))
(define-sequenced-callback (torture_no_text (int id)) c-string (executed id) (string->symbol (tag id)))
(define-sequenced-callback (torture_no_pointer (int id)) c-pointer (executed id) (tag id))
(define-sequenced-callback (torture_no_char (int id)) char (executed id) (tag id))

;;; Continuations

(define kept (make-vector 8 #f))
(define (re-enter id) ((vector-ref kept (modulo id 8)) 1000))

(define-sequenced-callback (torture_capture (int id)) int
  (executed id)
  (+ (answer id)
     (call/cc (lambda (k) (vector-set! kept (modulo id 8) k) 0))))
(define-sequenced-callback (torture_enter_int (int id)) int (executed id) (re-enter id))
(define-sequenced-callback (torture_enter_text (int id)) c-string (executed id) (re-enter id))
(define-sequenced-callback (torture_enter_void (int id)) void (executed id) (re-enter id))
(define-sequenced-callback/status (torture_enter_try (int id)) int (executed id) (re-enter id))
(define-sequenced-callback (torture_escape (int id)) int
  (executed id)
  (dynamic-wind void (lambda () (top top)) void))
(define-sequenced-callback (torture_loop (int id) (int n)) int
  (executed id)
  (let* ((i 0) (again (call/cc (lambda (k) k))))
    (set! i (+ i 1))
    (if (< i n) (again again) (+ i (answer id)))))

; A generator that is resumed from call to call; each gives it its id and its own continuation.
(define (generate request)
  (let loop ((request request))
    (loop (call/cc
           (lambda (next)
             (set! resume next)
             ((cdr request) (answer (car request))))))))
(define resume generate)
(define-sequenced-callback (torture_next (int id)) int
  (executed id)
  (call/cc (lambda (k) (resume (cons id k)))))

;;; Nested calls

(define-sequenced-callback (torture_nest (int id)) int
  (executed id)
  (nested id)
  (answer id))
(define-sequenced-callback (torture_nest_deep_down (int id)) int
  (executed id)
  (deep-down (lambda () (nested id) (make-string 100) (answer id))))
(define-sequenced-callback (torture_nest_raise (int id) (int how)) int
  (executed id)
  (let ((garbage (make-vector 100 id)))
    (nested id)
    (raise-somehow id how)))
(define-sequenced-callback (torture_unsafe (int id)) int
  (executed id)
  (nested-unsafe id)
  (answer id))

; Plain functions, for callseq_invoke.
(define-external (torture_plain (int id)) int (executed id) (answer id))
(define-external (torture_plain_raise (int id) (int how)) int (executed id) (raise-somehow id how))

;;; Memory

(define-sequenced-callback (torture_storm (int id) (int n)) int
  (executed id)
  (let loop ((i 0) (items '()))
    (cond ((< i n) (loop (+ i 1) (cons (make-vector (modulo i 50) i) items)))
          (else (gc #t) (+ (length items) (answer id))))))
(define-sequenced-callback (torture_deep (int id) (int n)) int
  (executed id)
  (let deep ((n n)) (if (zero? n) (answer id) (+ 1 (deep (- n 1))))))

;;; Green threads, of the scheduler that every CHICKEN program has

(define (green thunk)
  (let ((thread (##sys#make-thread #f 'ready 'green (##sys#slot ##sys#current-thread 9))))
    (##sys#setslot thread 1
                   (lambda ()
                     (thunk)
                     (##sys#thread-kill! thread 'terminated)
                     ;; once more: the timer makes ready what it interrupts
                     (##sys#setslot thread 3 'terminated)
                     (##sys#schedule)))
    (##sys#add-to-ready-queue thread)))

; Runs (work i) in n green threads and waits for all.
(define (in-green-threads n work)
  (let ((running n))
    (do ((i 0 (+ i 1))) ((= i n))
      (green (lambda () (work i) (set! running (- running 1)))))
    (let wait ()
      (unless (zero? running)
        (##sys#thread-yield!)
        (wait)))))

(define (count-slowly n)
  (let loop ((i 0))
    (when (< i n)
      (when (zero? (modulo i 10)) (##sys#thread-yield!))
      (loop (+ i 1)))))

(define-sequenced-callback (torture_green (int id) (int n)) int
  (executed id)
  (let ((sum (answer id)))
    (in-green-threads n (lambda (i) (count-slowly 100) (set! sum (+ sum i))))
    sum))
(define-sequenced-callback (torture_green_nest (int id) (int n)) int
  (executed id)
  (in-green-threads n (lambda (i) (count-slowly (* 10 i)) (nested id) (count-slowly 30)))
  (answer id))

;;; Waiting: a callback that does lets others in, unless C code lies under it

; What is the callback's own stays so: bindings, the port, winders and the handler.
(define-sequenced-callback (torture_wait (int id) (int ms)) int
  (executed id)
  (let ((inside 0))
    (dynamic-wind
     (lambda () (set! inside (+ inside 1)))
     (lambda ()
       (parameterize ((level id))
         (pause ms)
         (if (and (eqv? (level) id) (= inside 1)) (answer id) -1)))
     (lambda () (set! inside (- inside 1))))))
(define-sequenced-callback (torture_wait_text (int id) (int ms)) c-string
  (executed id)
  (with-output-to-string (lambda () (display (tag id)) (pause ms) (display "end"))))
(define-sequenced-callback (torture_wait_raise (int id) (int ms) (int how)) int
  (executed id)
  (pause ms)
  (raise-somehow id how))
(define-sequenced-callback (torture_wait_handled (int id) (int ms)) int
  (executed id)
  (handle-exceptions c (begin (pause ms) (if (eqv? c id) (answer id) -1))
    (pause ms)
    (abort id)))
(define-sequenced-callback (torture_wait_capture (int id) (int ms)) int
  (executed id)
  (+ (answer id)
     (call/cc (lambda (k) (vector-set! kept (modulo id 8) k) (pause ms) 0))))

; In a pair: the first waits for the second, but not for ever.
(define-sequenced-callback (torture_meet (int id) (int ms)) int
  (executed id)
  (meet ms)
  (answer id))
; Waits, for ever if need be, until torture_call_for has come for it; or has come before.
(define-sequenced-callback (torture_await (int id)) int
  (executed id)
  (if (await id) (answer id) -1))
(define-sequenced-callback (torture_call_for (int id) (int key)) int
  (executed id)
  (call-for key)
  (answer id))

(define locked 0)
(define-sequenced-callback (torture_lock (int id) (int ms)) int
  (executed id)
  (when (lock!) (set! locked 0))
  (set! locked (+ locked 1))
  (pause ms)
  (let ((right (= locked 1)))
    (set! locked (- locked 1))
    (unlock!)
    (if right (answer id) -1)))

(define read-byte-of                    ; or something negative
  (foreign-lambda* int ((int descriptor))
    "unsigned char byte; C_return(read(descriptor, &byte, 1) == 1 ? byte : -1000000);"))
(define input?
  (foreign-lambda* bool ((int descriptor))
    "struct pollfd set = {descriptor, POLLIN, 0}; C_return(poll(&set, 1, 0) == 1);"))
; A signal may end a wait for which others are kept out, as it does in any CHICKEN program.
(define-sequenced-callback (torture_read (int id) (int descriptor) (bool kept-out)) int
  (executed id)
  (let wait ()
    (pause-for-input descriptor)
    (when (and kept-out (not (input? descriptor))) (wait)))
  (+ (answer id) (read-byte-of descriptor)))

; No other callback begins or goes on meanwhile, also if a green thread sees to that.
(define-sequenced-callback (torture_exclusively (int id) (int ms) (bool beside)) int
  (define (stay)
    (exclusively
     (let ((before others))
       (pause ms)
       (if (= others before) (answer id) -1))))
  (executed id)
  (if beside
      (let ((result #f))
        (green (lambda () (set! result (stay))))
        (let wait ()
          (pause ms)
          (or result (wait))))
      (stay)))

; Green threads of the callback's that outlive its waits.
(define-sequenced-callback (torture_green_wait (int id) (int n) (int ms)) int
  (executed id)
  (let ((sum (answer id)) (running n))
    (do ((i 0 (+ i 1))) ((= i n))
      (green (lambda ()
               (pause (modulo i 3))
               (set! sum (+ sum i))
               (set! running (- running 1)))))
    (let wait ()
      (pause ms)
      (if (zero? running) sum (wait)))))

;;; Blocking C functions

(define outside (foreign-blocking-lambda int "torture_outside" int))
(define outside-with
  (foreign-blocking-lambda* c-string ((c-string s) (int id))
    "torture_outside(id); return (char *)s;"))
(define elsewhere (foreign-blocking-lambda int "torture_elsewhere" int))

(define-sequenced-callback (torture_block (int id)) int
  (executed id)
  (- (answer id) (outside id)))
(define-sequenced-callback (torture_block_text (int id)) c-string
  (executed id)
  (string-append (outside-with (tag id) id) "end"))
(define-sequenced-callback (torture_block_raise (int id) (int how)) int
  (executed id)
  (outside id)
  (raise-somehow id how))
; On threads of the library's.
(define-sequenced-callback (torture_block_green (int id) (int n)) int
  (executed id)
  (let ((sum (answer id)) (running n))
    (do ((i 0 (+ i 1))) ((= i n))
      (green (lambda ()
               (set! sum (+ sum (elsewhere i)))
               (set! running (- running 1)))))
    (let wait ()
      (pause 1)
      (if (zero? running) sum (wait)))))

;;; Time

(define-sequenced-callback (torture_stall (int id) (int ms)) int
  (executed id)
  (let ((end (+ ms (current-process-milliseconds))))
    (let wait () (when (< (current-process-milliseconds) end) (wait))))
  (answer id))

;;; Signals and exit

(define signals 0)
(define failing-handler #f)
(define-sequenced-callback (torture_let_handler_fail (bool flag)) void (set! failing-handler flag))
(define-sequenced-callback (torture_signals) integer64
  (let spin ((n 1000)) (if (zero? n) signals (spin (- n 1)))))
(set-signal-handler! signal/usr2
  (lambda (signal)
    (set! signals (+ signals 1))
    (make-vector 100 signals)
    (when (and failing-handler (zero? (modulo signals 4))) (error "in a signal handler"))))

(define-sequenced-callback (torture_exit (int id) (int code)) int (executed id) (exit code))

;;; As a program of its own, which native threads call while it waits, computes and calls C

(define program? (foreign-lambda bool "torture_is_program"))
(define begin-program (foreign-blocking-lambda void "torture_begin_program"))
(define next-step (foreign-lambda int "torture_next_step")) ; negative: it is time to end
(define step-outside (foreign-blocking-lambda void "torture_step_outside"))
(define step-inside (foreign-safe-lambda void "torture_step_inside"))
(define end-program (foreign-blocking-lambda int "torture_end_program"))

(define (must what right) (unless right (error "in the program, after a wait" what)))

(define (step kind)
  (case kind
    ((0) (pause 2))
    ((1) (let spin ((n 300000)) (unless (zero? n) (spin (- n 1)))))
    ((2) (let fill ((i 0) (items '()))
           (if (< i 20000) (fill (+ i 1) (cons (make-vector 10 i) items)) (gc #t))))
    ((3) (step-outside))
    ((4) (step-inside))
    ((5) (must 'binding (parameterize ((level 'program)) (pause 1) (eq? (level) 'program))))
    ((6) (must 'port (string=? "ab" (with-output-to-string
                                     (lambda () (display "a") (pause 1) (display "b"))))))
    ((7) (must 'handler (eqv? 7 (handle-exceptions c c (pause 1) (abort 7)))))
    ((8) (let ((running 3))
           (do ((i 0 (+ i 1))) ((= i 3))
             (green (lambda () (pause i) (elsewhere i) (set! running (- running 1)))))
           (let wait () (pause 1) (unless (zero? running) (wait)))))
    ((9) (in-green-threads 3 (lambda (i) (count-slowly 1000))))))

(define (live)
  (begin-program)
  (let loop ()
    (let ((kind (next-step)))
      (unless (negative? kind)
        (step kind)
        (loop))))
  (let ((code (end-program)))
    (unless (zero? code) (exit code))))

; Last, since whoever calls it has the rest of this file run again.
(define top (call/cc (lambda (k) k)))
(if (program?) (live) (return-to-host))
