; A program that loads in the way that the host asks for.
(import (chicken platform) (chicken condition) (chicken process) (chicken process-context) (chicken foreign) callseq)

#>
int nest_stray(void), nest_load_again(void);
const char *scenario_name(void);
int call_back(int);
void signal_and_wait(void);
int callseq_init(void);
<#

(define how (foreign-lambda c-string "scenario_name"))
(define call-back (foreign-safe-lambda int "call_back" int))
(define signal-and-wait (foreign-lambda void "signal_and_wait"))

(define-sequenced-callback (twice (int n)) int (* 2 n))

(define nested (and (equal? (how) "nested") (call-back 4)))
(define child (and (equal? (how) "fork") (process-fork)))
(define init-status (and child ((foreign-safe-lambda int "callseq_init"))))
(when (equal? (how) "error") (error "the program cannot load" 'today))
(when (equal? (how) "unprintable error")
  (abort (make-property-condition 'exn 'message "not printed" 'arguments 17)))
(when (equal? (how) "meanwhile") (signal-and-wait))

(define-sequenced-callback (nested_result) int nested)
(define-sequenced-callback (child_of_loading) int child)
(define-sequenced-callback (init_while_loading) int init-status)
(define-sequenced-callback (second_argument) c-string (cadr (command-line-arguments)))
(define-sequenced-callback (stray_return) int (return-to-host) 5)
(define nest-stray (foreign-safe-lambda int "nest_stray"))
(define-sequenced-callback (stray_return_nested) int (nest-stray))
(define-external (stray_plainly) int (return-to-host) 5)
(define-sequenced-callback (load_again) int (while-loading while-loading) 5)
(define-sequenced-callback (load_again_nested) int ((foreign-safe-lambda int "nest_load_again")))
(define while-loading (call/cc (lambda (k) k)))
(define-sequenced-callback (allocate (int count)) int
  (let loop ((i 0) (items '())) (if (< i count) (loop (+ i 1) (cons i items)) (length items))))

(unless (equal? (how) "no return") (return-to-host))
(define-sequenced-callback (after_return (int n)) int (* 3 n))
