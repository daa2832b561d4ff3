;; The host inside the Scheme file, with foreign types of its own.
(import (chicken platform) (chicken foreign) callseq)

#>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum step { WALK, TALK, REST = 10 };

struct plan {
  enum step step;
  int minutes;
  char *who;
};
typedef struct plan plan_t;

void callseq_init(void);
enum step next_step(enum step);
int lengthen(struct plan *, int);
plan_t *longer(plan_t *, plan_t *);
char *describe(plan_t *);

static void *other_thread(void *argument) {
  struct plan *plan = argument;
  printf("%d %d %d\n", next_step(WALK), next_step(TALK), next_step(REST));
  int minutes = lengthen(plan, 5);
  printf("%d %d\n", minutes, plan->minutes);
  return NULL;
}

int main(void) {
  struct plan one = {WALK, 30, "Ann"}, two = {REST, 20, "Bob"};
  pthread_t thread;
  callseq_init();
  pthread_create(&thread, NULL, other_thread, &two);
  pthread_join(thread, NULL);
  printf("%s\n", describe(longer(&one, &two)));
  printf("%s\n", describe(&two));
  return 0;
}
<#

(define-foreign-type plan (c-pointer "struct plan"))
(define-foreign-type plan-t (c-pointer "plan_t"))

(define (step->number s) (case s ((walk) 0) ((talk) 1) ((rest) 10) (else (error "no step" s))))
(define (number->step n) (case n ((0) 'walk) ((1) 'talk) ((10) 'rest) (else (error "no step" n))))
(define-foreign-type step (enum "step") step->number number->step)

(define plan-step (foreign-lambda* step ((plan p)) "C_return(p->step);"))
(define plan-minutes (foreign-lambda* int ((plan p)) "C_return(p->minutes);"))
(define plan-who (foreign-lambda* c-string ((plan p)) "C_return(p->who);"))
(define plan-minutes! (foreign-lambda* void ((plan p) (int n)) "p->minutes = n;"))

(define-sequenced-callback (next_step (step s)) step
  (case s ((walk) 'talk) ((talk) 'rest) (else 'walk)))
(define-sequenced-callback (lengthen (plan p) (int minutes)) int
  (plan-minutes! p (+ (plan-minutes p) minutes))
  (plan-minutes p))
(define-sequenced-callback (longer (plan-t a) (plan-t b)) plan-t
  (if (> (plan-minutes a) (plan-minutes b)) a b))
(define-sequenced-callback (describe (plan-t p)) c-string
  (string-append (plan-who p) ": " (symbol->string (plan-step p)) ", "
                 (number->string (plan-minutes p))))

(return-to-host)
