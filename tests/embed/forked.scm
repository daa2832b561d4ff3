; Callbacks for processes that fork at every unlucky moment, and for the children.
(declare (uses scheduler))
(import (chicken platform) (chicken base) (chicken condition) (chicken foreign) (chicken process) (chicken process-context)
        (chicken gc) (chicken process signal)
        callseq)
(include "green-threads.scm")

#>
void wait_inside(void);
int fork_in_c(void);
void fill_stacks_of_others(void);
int fork_in_twice(void), never_as_host(void);
void fork_and_note(void);
#include <signal.h>
int is_parent(void);
<#

(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (hold) void ((foreign-lambda void "wait_inside")))

; In the child the caller's stack, where the call lies, is another thread's meanwhile.
(define-sequenced-callback (fork_lent (int a) (c-string text)) c-string
  (let ((child ((foreign-lambda int "fork_in_c"))))
    (cond ((zero? child)
           ((foreign-lambda void "fill_stacks_of_others"))
           (string-append text " in the child"))
          (else (number->string (+ a child))))))
(define-sequenced-callback (fork_lent_and_nest (int a) (c-string text)) c-string
  (let ((child ((foreign-safe-lambda int "fork_in_twice"))))
    (cond ((zero? child)
           ((foreign-lambda void "fill_stacks_of_others"))
           (string-append text " in the child"))
          (else (number->string (+ a child))))))
(define-sequenced-callback (fork_now (int unused)) int ((foreign-lambda int "fork_in_c")))

; Children that CHICKEN makes. Each gives the child's exit code, -1 if there is no child.
(define (code-of id)
  (receive (id normally? status) (process-wait id) (if normally? status -1)))
(define no-such-program "/no/such/program")
(define-sequenced-callback (run_nothing) int (code-of (process-run no-such-program '())))
(define-sequenced-callback (run_nothing_guarded) int
  (handle-exceptions exception -2 (code-of (process-run no-such-program '()))))
(define-sequenced-callback (run_something) int (code-of (process-run "exit 3")))
(define-sequenced-callback (fork_and_execute) int
  (let ((id (process-fork)))
    (if (zero? id) (process-execute no-such-program) (code-of id))))
(define-sequenced-callback (pipe_nothing) int
  (receive (in out id) (process no-such-program '()) (code-of id)))
(define-sequenced-callback (leave_thunk) int
  (let ((id (call/cc (lambda (escape) (process-fork (lambda () (escape #f)))))))
    (if id (code-of id) -3)))
(define-sequenced-callback (fail_in_thunk) int
  (code-of (process-fork (lambda () (error "in the child")))))
(define-sequenced-callback (nest_in_thunk) int
  (code-of (process-fork (lambda () (exit ((foreign-safe-lambda int "never_as_host")))))))
(define-sequenced-callback (leave_nested_thunk) int ((foreign-safe-lambda int "never_as_host")))
(define (spin n) (unless (zero? n) (spin (- n 1))))
(define (execute-nothing)
  (let ((id (process-fork)))
    (if (zero? id) (process-execute no-such-program) (code-of id))))
(define-sequenced-callback (execute_in_handler) int
  (let ((code -3))
    (set-signal-handler! signal/usr2 (lambda (_) (set! code (execute-nothing))))
    ((foreign-lambda int "raise" int) signal/usr2)
    (let loop () (when (= code -3) (spin 1000) (loop)))
    (set-signal-handler! signal/usr2 #f)
    code))
;; Forks in C in a signal handler, which fails in the child; there the result is 0.
(define-sequenced-callback (fork_in_c_and_fail_in_handler) int
  (let ((id -3))
    (set-signal-handler! signal/usr2
                         (lambda (_)
                           (set! id ((foreign-lambda int "fork_in_c")))
                           (when (zero? id) (error "in the handler"))))
    ((foreign-lambda int "raise" int) signal/usr2)
    (let loop () (when (= id -3) (spin 1000) (loop)))
    (set-signal-handler! signal/usr2 #f)
    id))
(define-sequenced-callback (execute_in_finalizer) int
  (let ((code -3))
    (set-finalizer! (make-vector 1) (lambda (_) (set! code (execute-nothing))))
    (gc #t)
    code))
(define-external (leave_thunk_plainly) int
  (let ((id (call/cc (lambda (escape) (process-fork (lambda () (escape #f)))))))
    (if id (code-of id) -3)))
; From then on there is a service, in children too.
(define-sequenced-callback (handle) void (set-signal-handler! signal/usr1 void))
(define-sequenced-callback (fork_on) int (process-fork))
(define-sequenced-callback/post (fork_later (int naps)) void
  ((foreign-lambda void "fork_and_note"))
  (unless (or (zero? naps) ((foreign-lambda bool "is_parent")))
    (start-thread (lambda () (do ((i 0 (+ i 1))) ((= i naps) (exit naps)) (doze 1))))))
(define-sequenced-callback (fail) int (error "no child's fault"))

; While it is loaded.
(define (expect-70 code) (unless (eqv? code 70) (error "the child's code" code)))
(let ((loading (get-environment-variable "FORK")))
  (cond ((equal? loading "and fail")
         (code-of (process-fork))
         (error "cannot load"))
        ((equal? loading "by process-run")
         (expect-70 (code-of (process-run no-such-program '()))))
        ((equal? loading "by process-run, guarded")
         (expect-70 (code-of (handle-exceptions exception #f (process-run no-such-program '())))))
        ((equal? loading "by process")
         (receive (in out id) (process no-such-program '()) (expect-70 (code-of id))))
        ((equal? loading "and leave the thunk")
         (let ((id (call/cc (lambda (escape) (process-fork (lambda () (escape #f)))))))
           (when id (expect-70 (code-of id)))))
        ((equal? loading "and fail in the thunk")
         (expect-70 (code-of (process-fork (lambda () (error "in the child"))))))))
(return-to-host)
