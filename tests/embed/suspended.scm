; Callbacks that wait, in each way that CHICKEN has, and what is their own meanwhile.
; No thread is preempted between looking and waiting.
(declare (uses scheduler) (disable-interrupts))
(import (chicken platform) (chicken base) (chicken condition) (chicken foreign) (chicken gc)
        (chicken port) (chicken process signal) (chicken time) callseq)

#>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>
static size_t native(void) { return (size_t)pthread_self(); }
static int take_byte(int fd) { char byte; return (int)read(fd, &byte, 1); }
int call_nested(int);
void call_in_batch(void);
void tick(void);
<#

(define native (foreign-lambda size_t "native"))

;;; Waiting. What srfi-18, an egg, does with mutexes, condition variables and threads.

(include "green-threads.scm")

(define (doze ms) (##sys#thread-sleep! (+ ms (current-process-milliseconds))))

(define (leave-with! prepare)
  (##sys#call-with-current-continuation
   (lambda (return)
     (let ((me ##sys#current-thread))
       (##sys#setslot me 1 (lambda () (return (void))))
       (prepare me)
       (##sys#schedule)))))

(define (await thread)
  (unless (memq (##sys#slot thread 3) '(dead terminated))
    (leave-with! (lambda (me) (##sys#thread-block-for-termination! me thread)))))

(define (wait-for-input fd)
  (##sys#thread-block-for-i/o! ##sys#current-thread fd #:input)
  (##sys#thread-yield!))

; Gates are open or not; threads wait for that.
(define-record gate open? waiting)
(define gates (let loop ((i 0)) (if (= i 16) '() (cons (make-gate #f '()) (loop (+ i 1))))))
(define (gate g) (list-ref gates g))
(define (enlist! gate thread) (gate-waiting-set! gate (cons thread (gate-waiting gate))))
(define (pass gate)
  (unless (gate-open? gate)
    (leave-with! (lambda (me) (enlist! gate me) (##sys#setslot me 3 'blocked)))
    (pass gate)))
(define (pass-in-time gate ms)
  (unless (gate-open? gate)
    (leave-with! (lambda (me)
                   (enlist! gate me)
                   (##sys#thread-block-for-timeout! me (+ ms (current-process-milliseconds)))))
    (gate-waiting-set! gate (delete ##sys#current-thread (gate-waiting gate)))
    (pass-in-time gate ms)))
(define (delete x list)
  (cond ((null? list) '())
        ((eq? x (car list)) (cdr list))
        (else (cons (car list) (delete x (cdr list))))))
(define (open! gate)
  (let ((waiting (gate-waiting gate)))
    (gate-open?-set! gate #t)
    (gate-waiting-set! gate '())
    (for-each ##sys#thread-unblock! waiting)))

(define-sequenced-callback (open_gate (int g)) void (open! (gate g)))
(define-sequenced-callback (shut_gate (int g)) void (gate-open?-set! (gate g) #f))

; A mutex's queue: its owner hands it over to the first that waits.
(define owned #f)
(define queue '())
(define (lock!)
  (if owned
      (leave-with! (lambda (me)
                     (set! queue (append queue (list me)))
                     (##sys#setslot me 3 'sleeping)))
      (set! owned #t)))
(define (unlock!)
  (if (null? queue)
      (set! owned #f)
      (let ((next (car queue)))
        (set! queue (cdr queue))
        (##sys#add-to-ready-queue next))))

(define ways
  (vector
   (lambda (gate fd) (pass gate))
   (lambda (gate fd) (let loop () (unless (gate-open? gate) (doze 10) (loop))))
   (lambda (gate fd) (await (start-thread (lambda () (pass gate)))))
   (lambda (gate fd) (lock!) (pass gate) (unlock!))
   (lambda (gate fd) (pass-in-time gate 1e7))
   (lambda (gate fd) (pass-in-time gate 10))
   (lambda (gate fd) (wait-for-input fd) ((foreign-lambda int "take_byte" int) fd))
   (lambda (gate fd)
     (##sys#thread-block-for-timeout! ##sys#current-thread (+ 1e7 (current-process-milliseconds)))
     (wait-for-input fd)
     ((foreign-lambda int "take_byte" int) fd))))
(define (wait way g fd) ((vector-ref ways way) (gate g) fd))

;;; Results

(define under-way 0)
(define-sequenced-callback (begun) int under-way)
(define over 0)
(define (note-end n) (set! over (+ over 1)) n)
(define-sequenced-callback (ended) int over)

(define-sequenced-callback (wait_by (int way) (int g) (int fd) (size_t caller) (int n)) int
  (set! under-way (+ under-way 1))
  (wait way g fd)
  (note-end (if (= caller (native)) n -1)))
(define-sequenced-callback (wait_twice (int g) (int h) (size_t caller) (c-string text)) c-string
  (pass (gate g))
  (pass (gate h))
  (if (= caller (native)) (string-append text ", " text) "another thread"))
(define-sequenced-callback (wait_a_third (int g)) double (pass (gate g)) (/ 1 3))
(define-sequenced-callback (add (int n)) int (+ n 100))
(define-sequenced-callback (collect) void (gc #t))

(define-sequenced-callback (fail_after (int g) (int n)) int (pass (gate g)) (error "after a wait" n))
(define-sequenced-callback (raise_after (int g) (int n)) int (pass (gate g)) (abort n))
(define-sequenced-callback (bad_after (int g)) int (pass (gate g)) "no number")
(define-sequenced-callback/status (status_after (int g) (int n)) int
  (pass (gate g))
  (if (negative? n) (error "negative" n) n))
(define-sequenced-callback (catch_after (int g) (int n)) int
  (condition-case (begin (pass (gate g)) (error "caught" n))
    ((exn) (pass (gate g)) n)))

;;; Continuations

(define kept #f)
(define-sequenced-callback (keep (int g)) int
  (call/cc (lambda (k) (set! kept k) (pass (gate g)) 5)))
(define-sequenced-callback (enter (int g)) int (pass (gate g)) (kept 7))
(define-sequenced-callback (enter_own (int g)) int
  (let ((again #f) (times 0))
    (call/cc (lambda (k) (set! again k)))
    (set! times (+ times 1))
    (pass (gate g))
    (if (< times 3) (again #f) times)))
(define-sequenced-callback (enter_in_thread (int n)) int
  (await (start-thread (lambda () (condition-case (kept 8) ((exn) #f)))))
  n)

;; A generator, resumed from call to call, that waits before each value.
(define resume #f)
(define (generate yield)
  (let loop ((i 1))
    (doze 1)
    (set! yield (call/cc (lambda (next) (set! resume next) (yield i))))
    (loop (+ i 1))))
(define-sequenced-callback (next_value) int
  (call/cc (lambda (k) (if resume (resume k) (generate k)))))

;;; Its own: winders, handlers, ports, bindings

(define entered 0)
(define left 0)
(define-sequenced-callback (wind (int g) (int n)) int
  (dynamic-wind
   (lambda () (set! entered (+ entered 1)))
   (lambda () (pass (gate g)) (if (negative? n) (error "inside" n) n))
   (lambda () (set! left (+ left 1)))))
(define-sequenced-callback (winds) int (+ (* 100 entered) left))
; An outer winder that waits itself.
(define-sequenced-callback (wait_in_winder (int g) (int n)) int
  (call/cc
   (lambda (leave)
     (dynamic-wind
      (lambda () (pass (gate g)))
      (lambda () (leave n))
      (lambda () (pass (gate g)) (set! left (+ left 1)))))))

(define p (make-parameter 0))
(define twice (make-parameter 1 (lambda (n) (* 2 n)))) ; converts once
(define fluid 0)
(define-sequenced-callback (get) int (p))
(define-sequenced-callback (put (int n)) void (p n))
(define-sequenced-callback (bound (int g) (int n)) int
  (parameterize ((p n) (twice n))
    (fluid-let ((fluid n))
      (pass (gate g))
      (if (and (= (p) n) (= (twice) (* 2 n)) (= fluid n)) n -1))))
(define-sequenced-callback (bound_and_set (int g) (int n)) int
  (parameterize ((p -5))
    (parameterize ((p -6))
      (p n)
      (pass (gate g))
      (if (= (p) n) (p) -1))))
(define-sequenced-callback (set_and_wait (int g) (int n)) int (p n) (pass (gate g)) (p))
(define-sequenced-callback (fluids) int (+ fluid (twice)))
(define-sequenced-callback (print_to_string (int g) (int n)) c-string
  (with-output-to-string
    (lambda ()
      (display n)
      (pass (gate g))
      (display "/")
      (with-output-to-string (lambda () (display "lost") (pass (gate g))))
      (doze 1)
      (display n))))
; Handlers: those of the call itself, and no others'.
(define-sequenced-callback (handle_own (int g) (int n)) int
  (call/cc
   (lambda (return)
     (with-exception-handler
      (lambda (e) (return (+ n (if (condition? e) 0 e))))
      (lambda () (pass (gate g)) (abort 1000))))))
(define output (current-output-port))
(define-sequenced-callback (output_is_common) bool (eq? output (current-output-port)))
(define-sequenced-callback (own_thread (int g)) bool
  (let ((me ##sys#current-thread)) (pass (gate g)) (eq? me ##sys#current-thread)))

; Left by an escape, and failed, while others have bound the same.
(define-sequenced-callback (escape_bound (int g) (int n)) int
  (call/cc
   (lambda (return)
     (parameterize ((p n)) (pass (gate g)) (return (p))))))
(define-sequenced-callback (fail_bound (int g) (int n)) int
  (parameterize ((p n)) (pass (gate g)) (error "bound" (p))))
; What a green thread of the call has bound.
(define-sequenced-callback (bound_in_thread (int g) (int n)) int
  (let ((seen #f))
    (await (start-thread (lambda () (parameterize ((p n)) (pass (gate g)) (set! seen (p))))))
    (if (eqv? seen n) n -1)))

;;; Held: C frames, exclusively, and who says so

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
(define total 0)
(define-sequenced-callback (read_sleep_write) void
  (let ((t total)) (doze 1) (set! total (+ t 1))))
(define-sequenced-callback (exclusively_read_sleep_write) void
  (exclusively (let ((t total)) (doze 1) (set! total (+ t 1)))))
(define-sequenced-callback (take_total) int (let ((t total)) (set! total 0) t))

;;; Termination

(define victim #f)
(define-sequenced-callback (be_victim (int g)) int
  (set! victim ##sys#current-thread)
  (pass (gate g))
  1)
(define-sequenced-callback (sleep_as_victim) int
  (set! victim ##sys#current-thread)
  (doze 1e7)
  1)
(define-sequenced-callback (read_as_victim (int fd)) int
  (set! victim ##sys#current-thread)
  (wait-for-input fd)
  1)
(define-sequenced-callback (kill_victim) void (##sys#thread-kill! victim 'terminated))
(define-sequenced-callback (wake_victim) void (##sys#thread-unblock! victim))
(define-sequenced-callback (kill_itself) int
  (##sys#thread-kill! ##sys#current-thread 'terminated)
  (##sys#schedule)
  1)
(define-sequenced-callback (wait_and_kill_itself (int g)) int
  (pass (gate g))
  (##sys#thread-kill! ##sys#current-thread 'terminated)
  (##sys#schedule)
  1)

;; By a green thread, while it runs itself, or waits with the runtime held.
(define-sequenced-callback (be_killed_by_thread) int
  (let ((me ##sys#current-thread))
    (start-thread (lambda () (##sys#thread-kill! me 'terminated)))
    (let loop () (##sys#thread-yield!) (loop))))
(define-sequenced-callback (be_killed_exclusively) int
  (let ((me ##sys#current-thread))
    (exclusively
     (start-thread (lambda () (##sys#thread-kill! me 'terminated)))
     (doze 1e7)
     1)))

;;; Batches

(define-sequenced-callback (hold) void ((foreign-lambda void "call_in_batch")))
(define-sequenced-callback (lent_first (int g) (size_t caller)) int
  (let ((first (if (= caller (native)) 1 2)))
    (pass (gate g))
    (if (= caller (native)) first -1)))

;;; Signals, and green threads while nobody calls

(define handled 0)
(define-sequenced-callback (open_by_signal (int g)) void
  (set-signal-handler! signal/usr1
    (lambda (_) (set! handled (+ handled 1)) (open! (gate g)))))
(define-sequenced-callback (signals_handled) int handled)
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
