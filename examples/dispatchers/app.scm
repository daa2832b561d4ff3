;; A program written for the egg concurrent-native-callbacks; only its import has changed. Threads of
;; its C code report what they measure, and ask for a sum; the program dispatches.
;;
;;   csc app.scm -o app -link callseq,callseq-cncb && ./app
(import (chicken base) (chicken foreign) callseq-cncb)

(define readings '())

;; void measured(int sensor, double value): returns as soon as the call is in the dispatcher's queue.
(define-concurrent-native-callback (measured (int sensor) (double value))
  (set! readings (cons (cons sensor value) readings)))

;; double sum(int sensor): waits for its value. Before it comes what its thread has reported.
(define-synchronous-concurrent-native-callback (sum (int sensor)) double
  (foldl (lambda (sum reading) (if (= sensor (car reading)) (+ sum (cdr reading)) sum))
         0
         readings))

;; Another dispatcher: its callbacks do not wait for those above.
(define-concurrent-native-callback ((log_line log) (c-string text)) (print "log: " text))

(define-concurrent-native-callback (finish) (dispatcher-terminate! (dispatcher 'default)))

(foreign-declare #<<END
#include <pthread.h>

static double sums[2];

static void *sensor(void *index) {
  int me = (int)(long)index;
  for (int i = 1; i <= 100; i++)
    measured(me, i * 0.5);
  sums[me] = sum(me);
  return 0;
}

static void *run(void *unused) {
  pthread_t threads[2];
  log_line("measuring");
  for (long i = 0; i < 2; i++)
    pthread_create(&threads[i], 0, sensor, (void *)i);
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], 0);
  finish();
  return unused;
}
END
)

(foreign-code "pthread_t thread; pthread_create(&thread, 0, run, 0);")

(dispatch)                              ; until the dispatcher ends

(define sum-of (foreign-lambda* double ((int sensor)) "C_return(sums[sensor]);"))
(print "sensor 0: " (sum-of 0))
(print "sensor 1: " (sum-of 1))
(print (length readings) " readings")
