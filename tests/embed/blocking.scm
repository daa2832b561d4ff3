; Blocking C functions: what goes in and out, and where they run. Callbacks named as such are called
; from inside such a function.
(import (chicken platform) (chicken foreign) (chicken errno) (chicken memory) (chicken port)
        (chicken condition) (chicken gc) callseq)

#>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
struct point { int x, y; };
typedef struct point point_t;
enum colour { RED, GREEN = 7, BLUE = -3 };
void open_gate(int);
int c_leave_errno(int), c_outside(int), c_meet(int), c_call(int, int), c_gate(int), c_fork(int);
unsigned long c_where(void);
char *c_rest(char *, int);
char **c_words(void);
<#

(include "green-threads.scm")

(define (written x) (with-output-to-string (lambda () (write x))))
(define (value text) (with-input-from-string text read))

;;; Types: `name_of` writes what a function that returns its argument gives for what is read from `text`.

(define-syntax echo
  (syntax-rules ()
    ((_ name type)
     (define-sequenced-callback (name (c-string text)) c-string
       (written ((foreign-blocking-lambda* type ((type x)) "return x;") (value text)))))))

(echo echo_byte byte)
(echo echo_unsigned_byte unsigned-byte)
(echo echo_short short)
(echo echo_unsigned_short unsigned-short)
(echo echo_int int)
(echo echo_unsigned_int unsigned-int)
(echo echo_integer integer)
(echo echo_unsigned_integer unsigned-integer)
(echo echo_int32 int32)
(echo echo_unsigned_int32 unsigned-int32)
(echo echo_integer32 integer32)
(echo echo_unsigned_integer32 unsigned-integer32)
(echo echo_integer64 integer64)
(echo echo_unsigned_integer64 unsigned-integer64)
(echo echo_long long)
(echo echo_unsigned_long unsigned-long)
(echo echo_size size_t)
(echo echo_ssize ssize_t)
(echo echo_const_long (const long))
(echo echo_double double)
(echo echo_float float)
(echo echo_number number)
(echo echo_char char)
(echo echo_unsigned_char unsigned-char)
(echo echo_bool bool)
(echo echo_enum (enum "colour"))
(echo echo_string c-string)
(echo echo_nonnull_string nonnull-c-string)
(echo echo_unsigned_string unsigned-c-string)
(echo echo_nonnull_unsigned_string nonnull-unsigned-c-string)
(echo echo_const_string (const c-string))
(echo echo_symbol symbol)

(define-syntax echo-pointer
  (syntax-rules ()
    ((_ name type)
     (define-sequenced-callback (name (c-pointer p)) c-pointer
       ((foreign-blocking-lambda* type ((type x)) "return x;") p)))))

(echo-pointer pointer_a c-pointer)
(echo-pointer pointer_b nonnull-c-pointer)
(echo-pointer pointer_c (c-pointer int))
(echo-pointer pointer_d (nonnull-c-pointer double))
(echo-pointer pointer_e (c-pointer (struct "point")))
(echo-pointer pointer_f (c-pointer "point_t"))
(echo-pointer pointer_g (c-pointer (const (struct "point"))))
(echo-pointer pointer_h (function int (int)))
(echo-pointer pointer_i (c-pointer (function int (int))))
(echo-pointer pointer_j (const c-pointer))

(define-foreign-type celsius double (lambda (c) (+ c 273.0)) (lambda (k) (- k 273.0)))
(define-sequenced-callback (warmer (double c)) double
  ((foreign-blocking-lambda* celsius ((celsius kelvin)) "return kelvin > 250 ? kelvin + 1 : 0;") c))

(define-sequenced-callback (sum_of_nine) double
  ((foreign-blocking-lambda* double ((int a) (double b) (c-string c) (long d) (char e) (bool f) (float g)
                                     (short h) (unsigned-int i))
     "double length = (double)strlen(c);"
     "return a + b + length + (double)d + e + f + g + h + i;")
   1 2.5 "four" 8 #\a #t 0.5 16 32))

(define-sequenced-callback (nothing_comes_back) bool
  (eq? (void) ((foreign-blocking-lambda* void () "c_outside(0);"))))

;;; Strings

(define rest (foreign-blocking-lambda c-string "c_rest" c-string int))
(define-sequenced-callback (rest_of (c-string s) (int from)) c-string
  (let* ((mine (string-append s "")) (r (rest mine from)))
    (if (equal? mine s) r "changed")))
(define fresh (foreign-blocking-lambda* c-string* ((c-string s)) "return s ? strdup(s) : NULL;"))
(define-sequenced-callback (fresh_copy (c-string s)) c-string (fresh s))
(define-sequenced-callback (many_fresh (int n)) int
  (let ((s (make-string 10000 #\x)))
    (let loop ((i 0) (sum 0))
      (if (= i n) sum (loop (+ i 1) (+ sum (string-length (fresh s))))))))
(define-sequenced-callback (words) c-string (written ((foreign-blocking-lambda c-string-list* "c_words"))))
(define-sequenced-callback (null_result) c-string
  ((foreign-blocking-lambda* nonnull-c-string () "return NULL;")))
(define-sequenced-callback (wrong_argument) int
  ((foreign-blocking-lambda* int ((int n)) "return n;") "many"))

;;; Where it runs

(define leave-errno (foreign-blocking-lambda int "c_leave_errno" int))
(define-sequenced-callback (errno_after (int n)) int (leave-errno n) (errno))
(define-sequenced-callback (errno_in_c (int n)) int (leave-errno n) (foreign-value "errno" int))
(define-sequenced-callback (errno_later (int n)) int
  (leave-errno n)
  (handle-exceptions exn (errno) (open-input-file "/no such file")))
(define where (foreign-blocking-lambda unsigned-long "c_where"))
(define-sequenced-callback (where_it_runs) unsigned-long (where))
(define outside (foreign-blocking-lambda int "c_outside" int))
(define-sequenced-callback (is_outside (int n)) int (outside n))
(define-sequenced-callback (many_outside (int n)) int
  (let loop ((i 0)) (if (= i n) i (begin (outside i) (loop (+ i 1))))))
(define-sequenced-callback (kept_across (int n)) int
  (let ((before (make-vector 100 n)))
    (outside n)
    (gc #f)
    (outside n)
    (vector-ref before 99)))
(define meet (foreign-blocking-lambda int "c_meet" int))
(define-sequenced-callback (meeting (int n)) int (+ (meet n) 1000))
(define-sequenced-callback (fail_after (int n)) int (outside n) (error "after outside" n))
(define-sequenced-callback (caught_after (int n)) int
  (handle-exceptions exn (+ n 1) (outside n) (error "after outside")))
(define dial (make-parameter 0))
(define-sequenced-callback (bound_across (int n)) int
  (parameterize ((dial n)) (meet n) (dial)))
(define-sequenced-callback (dialled) int (dial))

; Callbacks from inside, to `deep` levels.
(define call (foreign-blocking-lambda int "c_call" int int))
(define-sequenced-callback (descend (int n)) int (if (zero? n) 0 (+ 1 (call n 0))))
(define-sequenced-callback (descend_asleep (int n)) int
  (doze 1)
  (if (zero? n) 0 (+ 1 (call n 1))))
(define-sequenced-callback (failing_inside (int n)) int (call n 2))
(define-sequenced-callback (fail_inside (int n)) int (error "inside" n))

; Where C frames are in the way, in place.
(define nest (foreign-safe-lambda int "c_call" int int))
(define-sequenced-callback (nested (int n)) int (nest n 3))
(define-sequenced-callback (in_place (int n)) int (outside n))
(define-sequenced-callback (alone (int n)) int (exclusively (outside n)))
(define while-loading (outside 5))
(define-sequenced-callback (while_it_loaded) int while-loading)

;;; Gates: the host says when the function ends

(define gate (foreign-blocking-lambda int "c_gate" int))
(define open-gate (foreign-lambda void "open_gate" int))
(define-sequenced-callback (through_gate (int n)) int (gate n))
(define-sequenced-callback (twice (int n)) int (* 2 n))
(define-sequenced-callback (leave_process (int code)) int (exit code))
(define fork-outside (foreign-blocking-lambda int "c_fork" int))
(define-sequenced-callback (forks_outside (int n)) int (fork-outside n))

;;; Green threads, which have no native thread of their own

(define green #f)
(define green-result #f)
(define-sequenced-callback (start_green (int n)) void
  (set! green-result #f)
  (set! green (start-thread (lambda () (let ((r (gate n))) (leave-errno r) (set! green-result (+ r (errno))))))))
(define-sequenced-callback (green_result) int
  (let wait () (unless green-result (doze 1) (wait)))
  green-result)
; It waits with the runtime held until a green thread, whose function ends meanwhile, has ended.
(define (join-exclusively n)
  (exclusively
    (open-gate n)
    (leave-with! (lambda (me) (##sys#thread-block-for-termination! me green)))
    green-result))
(define-sequenced-callback (join_exclusively (int n)) int (join-exclusively n))
(define-sequenced-callback (end_green) void (##sys#thread-kill! green 'terminated))
(define text (make-string 100000 #\y))
(define gate/text (foreign-blocking-lambda* int ((int n) (c-string s)) "return s ? c_gate(n) : 0;"))
(define-sequenced-callback (start_green_text (int n)) void
  (set! green (start-thread (lambda () (gate/text n text)))))

; Terminated wherever the timer may come, which it does after so many procedure calls; who ends the other
; has this as its quantum, so that it comes as soon in the other. A green thread that is ready has been
; stopped there, or it would have gone on.
(define set-timer! (foreign-lambda* void ((int n)) "C_timer_interrupt_counter = n;"))
(define (set-quantum! thread n) (##sys#setislot thread 9 n))
(define (call-on n) (set-timer! n) (let loop () (fresh text) (loop)))
(define (end-when-stopped thread n)
  (set-quantum! ##sys#current-thread n)
  (let wait ()
    (##sys#thread-yield!)
    (unless (eq? 'ready (##sys#slot thread 3)) (wait)))
  (set-quantum! ##sys#current-thread 10000)
  (##sys#thread-kill! thread 'terminated))
(define places 6)                       ; in a blocking call
(define-sequenced-callback (end_green_anywhere (int times)) int
  (do ((i 0 (+ i 1))) ((= i times) i)
    (let ((n (+ 2 (modulo i places))))
      (end-when-stopped (start-thread (lambda () (call-on n))) n))))
(define-sequenced-callback/status (end_anywhere (int i)) void
  (let ((me ##sys#current-thread) (n (+ 2 (modulo i places))))
    (start-thread (lambda () (end-when-stopped me n)))
    (set-quantum! me n)
    (##sys#thread-yield!)
    (call-on n)))

; The resident that a call is executed by, for another to end.
(define victims '())
(define-sequenced-callback (victim (int n)) int
  (set! victims (cons ##sys#current-thread victims))
  (gate/text n text))
(define-sequenced-callback (end_victims) int
  (let ((n (length victims)))
    (for-each (lambda (t) (##sys#thread-kill! t 'terminated)) victims)
    (set! victims '())
    n))

(return-to-host)
