; What `chicken-install -test` runs once the egg is installed: builds a program against it with csc,
; and asks the program. The suite itself is run by `make check`.
(import (chicken condition) (chicken file) (chicken io) (chicken pathname) (chicken platform)
        (chicken process) (chicken process-context) (chicken string))

(define folder (create-temporary-directory))

(define (write-text name text)
  (with-output-to-file (make-pathname folder name) (lambda () (display text))))

(write-text "app.scm" #<<END
(import (chicken platform) callseq)
(define-sequenced-callback (square (int a)) int (* a a))
(define-sequenced-callback/status (checked (int a)) int (if (odd? a) (error "odd" a) a))
(return-to-host)
END
)

(write-text "main.c" #<<END
#include <pthread.h>
#include <stdio.h>
void callseq_init(void);
int square(int);
int checked(int, int *);
static void *call(void *sum) {
  int result;
  for (int i = 0; i < 1000; i++) {
    *(int *)sum += square(2);
    *(int *)sum += checked(3, &result) == 1;
  }
  return NULL;
}
int main(void) {
  pthread_t threads[4];
  int sums[4] = {0}, sum = 0;
  callseq_init();
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, call, &sums[i]);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL), sum += sums[i];
  printf("%d\n", sum);
  return 0;
}
END
)

(define expected "20000")

(define (run command)
  (print command)
  (call-with-input-pipe command read-line))

(define answer
  (handle-exceptions problem (begin (delete-directory folder #t) (abort problem))
    (change-directory folder)
    (run "csc -e app.scm main.c -o app -link callseq")
    (run "./app")))

(change-directory "/")
(delete-directory folder #t)
(unless (equal? answer expected)
  (print "four threads should have counted to " expected ", the answer is " answer)
  (exit 1))
(print "four threads counted to " expected)
