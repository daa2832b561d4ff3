;; Continuations of a program and of callbacks, entered where they do not belong; and handlers of signals while
;; a callback computes. Run by ../programs.t.
(import (chicken base) (chicken condition) (chicken foreign) (chicken process signal)
        (chicken time) callseq)
(foreign-declare "#include <pthread.h>\n#include <signal.h>\n#include <stdatomic.h>\n#include <callseq.h>\n")
#>
int enter(int), keep(int), compute(int), limited(int);
static void *call_enter(void *which) { return (void *)(long)enter((int)(long)which); }
static void *call_keep(void *fails) { return (void *)(long)keep((int)(long)fails); }
static void *call_compute(void *n) { return (void *)(long)compute((int)(long)n); }
static void *call_limited(void *n) { return (void *)(long)limited((int)(long)n); }
static int end(pthread_t thread) {
  void *result;
  pthread_join(thread, &result);
  return (int)(long)result;
}
static int run(void *(*call)(void *), int n) {
  pthread_t thread;
  pthread_create(&thread, NULL, call, (void *)(long)n);
  return end(thread);
}
static int run_enter(int which) { return run(call_enter, which); }
static int run_limited(int n) { return run(call_limited, n); }
static pthread_t kept, computes;
static void begin_keep(int n) { pthread_create(&kept, NULL, call_keep, (void *)(long)n); }
static int end_keep(void) { return end(kept); }
static void begin_compute(int n) { pthread_create(&computes, NULL, call_compute, (void *)(long)n); }
static int end_compute(void) { return end(computes); }
static void alarm_now(void) { raise(SIGALRM); }
<#

(define kept #f)                        ; a continuation
(define (nap) (##sys#thread-sleep! (+ 1 (current-process-milliseconds))))
(define go-on? #f)
(define (pass) (unless go-on? (nap) (pass)))
(define-sequenced-callback (keep (int n)) int
  (+ n (call/cc (lambda (k) (set! kept k) (pass) 5))))
(define own #f)                         ; one of the program
(define-sequenced-callback (enter (int which)) int
  (if (= which 0) (own 1) (kept 2)))
(define handled #f)
; Begins while the program waits, and is over when a handler has run.
(define-sequenced-callback (compute (int n)) int
  ((foreign-lambda void "alarm_now"))
  (let loop () (if handled n (loop))))
(define-sequenced-callback (limited (int n)) int
  (call/cc
   (lambda (k)
     (set-signal-handler! signal/alrm (lambda (_) (set! handled #t) (k n)))
     ((foreign-blocking-lambda void "alarm_now"))
     (let loop () (##sys#thread-sleep! 1e15) (loop)))))

(define-syntax told                     ; the message of the error that EXPRESSION raises
  (syntax-rules ()
    ((_ expression)
     (condition-case (begin expression "none")
       (e (exn) (get-condition-property e 'exn 'message))))))

;; Suspended, and ended.
((foreign-lambda void "begin_keep" int) 100)
(let loop () (unless kept (nap) (loop)))
(print "suspended: " (told (kept 1)))
(let ((message #f))
  (let ((thread (##sys#make-thread #f 'ready 'green 10)))
    (##sys#setslot thread 1
                   (lambda ()
                     (set! message (told (kept 1)))
                     (##sys#thread-kill! thread 'dead)
                     (##sys#setslot thread 3 'dead)
                     (##sys#schedule)))
    (##sys#add-to-ready-queue thread))
  (let loop () (unless message (nap) (loop)))
  (print "green thread: " message))
(print "callback: " ((foreign-blocking-lambda int "run_enter" int) 1))
(set! go-on? #t)
(print "kept: " ((foreign-blocking-lambda int "end_keep")))
(print "ended: " (told (kept 1)))

;; Of the program, which a callback goes on with up to its end.
(define in-program #t)
(call/cc (lambda (k) (set! own k)))
(when in-program
  (set! in-program #f)
  (print "program's: " ((foreign-blocking-lambda int "run_enter" int) 0))

  ;; A handler, while a callback computes and the program is outside; or a continuation of the program's.
  (set-signal-handler! signal/alrm (lambda (_) (set! handled #t)))
  ((foreign-lambda void "begin_compute" int) 7)
  (print "computed: " ((foreign-blocking-lambda int "end_compute")))
  (set! handled #f)
  ((foreign-lambda void "begin_compute" int) 8)
  (print "left: "
         (call/cc
          (lambda (k)
            (set-signal-handler! signal/alrm (lambda (_) (set! handled #t) (k "by the handler")))
            (let loop () (##sys#thread-sleep! 1e15) (loop)))))
  (print "computed: " ((foreign-blocking-lambda int "end_compute")))
  (print "limited: " ((foreign-blocking-lambda int "run_limited" int) 9))
  (print "end"))
