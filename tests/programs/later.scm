; Calls that are executed later, in a Scheme program: while it sleeps, computes, and is in a C function.
(import (chicken base) (chicken foreign) (chicken time) callseq)

#>
#include <callseq.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
int post_number(int);
callseq_future *add_later(int, int);
int add_later_result(callseq_future *, int *);
void notice(void);

static int posted, sum;
static pthread_t thread;
static void *work(void *way) {
  int n = 0;
  posted = 0;
  for (int i = 0; i < 100; i++)
    posted += post_number(i) == CALLSEQ_OK;
  notice();
  sum = add_later_result(add_later(40, 2), &n) == CALLSEQ_OK ? n : -1;
  callseq_flush(CALLSEQ_FOREVER);
  return way;
}
static void begin(void) { pthread_create(&thread, NULL, work, NULL); }
static void end(void) { pthread_join(thread, NULL); }
static int limit(unsigned n) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.post_limit = n;
  return callseq_init_with(&config);
}
static int post_all(int n) {
  int taken = 0;
  for (int i = 0; i < n; i++)
    taken += post_number(0) == CALLSEQ_OK;
  return taken;
}
/* The program stays inside, so none begins. */
static void limits(void) {
  int few = post_all(2000), more = limit(3000), many = post_all(5000), most = limit(100000);
  printf("limits: %d %d %d %d %d\n", few, more, many, most, post_all(200000));
  fflush(stdout);
}
<#

(define seen 0)
(define notices 0)
(define-sequenced-callback/post (post_number (int n)) void (set! seen (+ seen 1)))
(define-sequenced-callback/future (add_later (int a) (int b)) int (+ a b))
(define-sequenced-callback/notify (notice) void (set! notices (+ notices 1)))

(define (sleep! ms) (##sys#thread-sleep! (+ ms (current-process-milliseconds))))
(define (fibonacci n) (if (< n 2) n (+ (fibonacci (- n 1)) (fibonacci (- n 2)))))

(define (meanwhile what thunk)
  (set! seen 0)
  (set! notices 0)
  ((foreign-lambda void "begin"))
  (let loop () (when (or (< seen 100) (= notices 0)) (thunk) (loop)))
  ((foreign-blocking-lambda void "end"))
  (print what ": " seen " " ((foreign-lambda* int () "C_return(sum);")) " "
         ((foreign-lambda* int () "C_return(posted);"))))

(meanwhile 'asleep (lambda () (sleep! 1)))
(meanwhile 'computing (lambda () (fibonacci 15)))
(meanwhile 'outside (foreign-blocking-lambda* void () "usleep(1000);"))

((foreign-lambda void "limits"))
(let loop () (when (< seen 100100) (sleep! 1) (loop)))
(print "seen: " seen)
