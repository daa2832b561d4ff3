; A program that computes and binds a parameter all the time: callbacks do not see its bindings, nor it theirs.
(import (chicken base) (chicken foreign) callseq)

#>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
int is_outside(void);
static atomic_int seen, wrong;
static pthread_t thread;
static void *look(void *unused) {
  for (; seen < 3000; seen++, usleep(10))
    wrong += !is_outside();
  return unused;
}
static void begin(void) { pthread_create(&thread, NULL, look, NULL); }
static int looks(void) { return seen < 3000; }
static int end(void) { return pthread_join(thread, NULL) ? -1 : wrong; }
<#

(define where (make-parameter 'outside))
(define-sequenced-callback (is_outside) bool
  (and (eq? (where) 'outside)
       (parameterize ((where 'callback)) (eq? (where) 'callback))))

((foreign-lambda void "begin"))
(define looks? (foreign-lambda bool "looks"))
(define lost 0)
(let loop ()
  (when (looks?)
    (parameterize ((where 'program))
      (unless (eq? (where) 'program) (set! lost (+ lost 1))))
    (unless (eq? (where) 'outside) (set! lost (+ lost 1)))
    (call/cc (lambda (leave) (parameterize ((where 'program)) (leave #f))))
    (unless (eq? (where) 'outside) (set! lost (+ lost 1)))
    (loop)))
(print "wrong: " ((foreign-blocking-lambda int "end")))
(print "lost: " lost)
