;; A Scheme program whose door is closed by callseq_close: native threads are refused, and the program
;; goes on. The first argument says who closes it, and what is in progress then. Run by ../programs.t.
(import (chicken base) (chicken process-context) callseq)
(include "ledger.scm")

#>
#include <callseq.h>
#include <pthread.h>
int post_one(void);

static pthread_t closer;
static unsigned patience;
static int closed_with;

static void *close_door(void *unused) {
  closed_with = callseq_close(patience);
  return unused;
}
static void begin_closing(int ms) {
  patience = (unsigned)ms;
  pthread_create(&closer, NULL, close_door, NULL);
}
static int end_closing(void) {
  pthread_join(closer, NULL);
  return closed_with;
}
static int close_here(int ms) { return callseq_close((unsigned)ms); }
static int post_many(int n) {
  int taken = 0;
  while (n--)
    taken += post_one() == CALLSEQ_OK;
  return taken;
}
<#

(define posts 0)
(define-sequenced-callback/post (post_one) void (set! posts (+ posts 1)))

(define begin-closing (foreign-lambda void "begin_closing" int))
(define end-closing (foreign-blocking-lambda int "end_closing"))
(define close-inside (foreign-lambda int "close_here" int))
(define close-outside (foreign-blocking-lambda int "close_here" int))
(define post-many (foreign-lambda int "post_many" int))

(define how (string->symbol (car (command-line-arguments))))
(define (name status)
  (case status ((0) "closed") ((7) "timed out") ((10) "would deadlock") (else status)))

;; Until the call that takes too long has begun.
(define (await-rest) (unless resting (sleep-ms 1) (await-rest)))

;; As the main program does, by and by; callbacks get on meanwhile.
(define (closed-by-thread ms meanwhile)
  (begin-closing ms)
  (let loop ((i 0)) (when (< i 20) (meanwhile) (loop (+ i 1))))
  (end-closing))

(on-exit (lambda () (print "thunk") (flush-output)))
(hear)
(print "inside: " (name (close-inside 0)))
(begin-work 3 0)
(do ((i 0 (+ i 1))) ((= i 3)) (await-call))

(print "it is "
       (name (case how
               ((asleep) (closed-by-thread -1 (lambda () (sleep-ms 1))))
               ((computing) (closed-by-thread -1 (lambda () (fib 15))))
               ((itself) (close-outside -1))
               ((posted) (print "posted: " (post-many 100)) (close-outside -1))
               ((late) (begin-rest) (await-rest) (close-outside 20)))))

;; They call until they are refused.
(print "wrong: " (join-all))
(print "refused: " (times-closed))
(when (eq? how 'posted) (print "executed: " posts))

;; The program goes on, its green threads too, and nested calls are its own.
(sleep-ms 2)
(print "goes on: " (fib 20) " " (deposit-nested 1) " " (deposit-outside 2))
(print "again: " (name (close-outside 0)))
(print "posts: " (post-many 1))
(begin-work 1 1)
(join-all)
(print "refused then: " (times-closed))
