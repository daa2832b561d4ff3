;; A program that loads callseq before CHICKEN's unit posix, whose signals and masks are callseq's all the same.
(import callseq (chicken base) (chicken foreign) (chicken process signal) (chicken time))
(foreign-declare "
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
int mask_usr2(void);
static pthread_t thread;
static int masked;
static void *signalled(void *unused) {
  sigset_t set;
  mask_usr2();
  pthread_sigmask(SIG_SETMASK, NULL, &set);
  masked = sigismember(&set, SIGUSR2);
  usleep(100000);
  pthread_kill(pthread_self(), SIGUSR1);
  usleep(100000);
  pthread_kill(pthread_self(), SIGHUP);
  return unused;
}
")

;; Sleeps until a signal comes, at most half a minute; was that long?
(define (sleeps-on?)
  (let ((begun (current-process-milliseconds)))
    (##sys#thread-sleep! (+ 30000 begun))
    (< 20000 (- (current-process-milliseconds) begun))))

(set-signal-handler! signal/usr1 (lambda (signal) (print "a handler that was set before")))
(define-sequenced-callback (mask_usr2) int (signal-mask! signal/usr2) 0)
(set-signal-handler! signal/hup (lambda (signal) (print "a handler that was set after")))
((foreign-lambda* int () "C_return(pthread_create(&thread, NULL, signalled, NULL));"))
(let* ((first (sleeps-on?)) (second (sleeps-on?)))
  (print "sleeps on: " first ", " second))
((foreign-blocking-lambda* void () "pthread_join(thread, NULL);"))
(print "masked afterwards: " (foreign-value "masked" int))
