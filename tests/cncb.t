#!/bin/sh
# Programs of the shapes that the egg concurrent-native-callbacks documents and tests, with the import
# changed: a Scheme program that starts threads and dispatches, and a C program that runs CHICKEN in a
# thread of its own, hammered by others. Mistakes are refused by file, line and shape.
. "$TESTS/tap.sh"

export CPATH="$STAGE/include"
link='-link callseq,callseq-cncb -L -lpthread'

# As in the egg's introduction: the program dispatches, a thread that its C code starts calls.
cat >program.scm <<'END_OF_FILE'
(import (chicken base) (chicken foreign) callseq-cncb)

(define-concurrent-native-callback (signal_to_scheme (int eventcode))
  (print "I got signal number " eventcode))
(define-synchronous-concurrent-native-callback ((twice doubler) (int n)) int (* 2 n))
(define-concurrent-native-callback (fail (int n)) (error "not that one" n))
(define-concurrent-native-callback (finish) (dispatcher-terminate! (dispatcher 'default)))

(foreign-declare #<<EOF
#include <pthread.h>

static void *start_thread(void *unused) {
  for (int i = 0; i < 3; i++)
    signal_to_scheme(twice(i));
  fail(7);
  signal_to_scheme(42);
  finish();
  return unused;
}
EOF
)

(foreign-code #<<EOF
pthread_t thread;
pthread_create(&thread, NULL, start_thread, NULL);
EOF
)

(dispatch)
(print "all is done")
END_OF_FILE
printed='I got signal number 0
I got signal number 2
I got signal number 4
I got signal number 42
all is done'
ok 'a Scheme program is built' $CSC program.scm -o program $link
ok 'it runs, and ends' sh -c './program >printed 2>complaints'
is 'what it was told, in order' "$(cat printed)" "$printed"
ok 'an error in a body is told' grep 'Error: fail: not that one: 7' complaints

repository=$STAGE/lib/chicken/11
echo '(import callseq-cncb) (load "./extension.so")' >loads.scm
ok 'the same as an extension is built' $CSC -s program.scm -o extension.so
ok 'and a program that loads it' $CSC loads.scm -o loads
is 'it prints the same' "$(./loads 2>complaints)" "$printed"
is 'and in csi' "$(csi -n -q loads.scm </dev/null 2>complaints)" "$printed"
ok 'a program is built with the shared egg' \
  $CSC program.scm -o shared -L "$repository/callseq.so" -L "-Wl,-rpath,$repository" -L -lpthread
is 'it prints the same' "$(./shared 2>complaints)" "$printed"

# As in the egg's tests: CHICKEN in a thread of a C program; two dispatchers here, and a green thread
# that goes on beside them.
cat >app.scm <<'END_OF_FILE'
(declare (uses scheduler))
(import (chicken base) (chicken foreign) (chicken platform) (chicken time) callseq-cncb)

(define-concurrent-native-callback (foo (int x)) (print "foo: " x))
(define-synchronous-concurrent-native-callback (bar (int t) (int x)) int (* x x))
(define-synchronous-concurrent-native-callback (voidresult (int t)) void (print "voidresult(" t ")"))
(define-synchronous-concurrent-native-callback ((slow sleeper) (int t)) int
  (##sys#thread-sleep! (+ 1.0 (current-process-milliseconds)))
  (+ t 1))
(define-concurrent-native-callback ((stop sleeper))
  (dispatcher-terminate! (dispatcher 'default)))

(define spinning (##sys#make-thread #f 'ready 'spinning 10))
(##sys#setslot spinning 1
  (lambda ()
    (let loop () (##sys#thread-sleep! (+ 1.0 (current-process-milliseconds))) (loop))))
(##sys#add-to-ready-queue spinning)

(foreign-declare "void scheme_is_ready(void);")
((foreign-lambda void "scheme_is_ready"))
(dispatch)
(return-to-host)
END_OF_FILE
cat >hammering.c <<'END_OF_FILE'
#include <chicken.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

extern void foo(int x), voidresult(int t), stop(void);
extern int bar(int t, int x), slow(int t);

static sem_t ready;
void scheme_is_ready(void) { sem_post(&ready); }

static void *start_chicken(void *unused) {
  CHICKEN_run(C_toplevel);
  puts("chicken returned.");
  return unused;
}

static void *start(void *index) {
  int t = (int)(long)index;
  for (int i = 0; i < 200; i++)
    if (bar(t, t + i) != (t + i) * (t + i) || (i % 20 == 0 && slow(t) != t + 1)) {
      printf("thread %d: a wrong result\n", t);
      exit(EXIT_FAILURE);
    }
  return NULL;
}

int main(void) {
  pthread_t chicken, threads[20];
  pthread_attr_t attributes;
  sem_init(&ready, 0, 0);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 4000000);
  pthread_create(&chicken, &attributes, start_chicken, NULL);
  sem_wait(&ready);
  foo(42);
  voidresult(0);
  for (long i = 0; i < 20; i++)
    pthread_create(&threads[i], NULL, start, (void *)i);
  for (int i = 0; i < 20; i++)
    pthread_join(threads[i], NULL);
  stop();
  pthread_join(chicken, NULL);
  puts("done.");
  return 0;
}
END_OF_FILE
ok 'a C program that runs CHICKEN in a thread is built' $CSC -e app.scm hammering.c -o app $link
ok 'it is hammered by 20 threads, and ends' sh -c './app >printed'
is 'what it prints' "$(cat printed)" 'foo: 42
voidresult(0)
chicken returned.
done.'

refuses() { # WHAT FORM TEXT...
  what=$1
  { echo '(import callseq-cncb)'; echo "$2"; } >refused.scm
  shift 2
  fails "refused: $what" $CSC -c refused.scm -o refused.o
  says "$what" "$@"
}
refuses 'no list' '(define-concurrent-native-callback foo 1)' 'refused.scm:2' '(NAME (TYPE ARG) ...) BODY ...'
refuses 'no body' '(define-concurrent-native-callback (foo (int n)))' 'refused.scm:2' 'the body is missing'
refuses 'an argument without type' '(define-concurrent-native-callback (foo n) 1)' \
  'refused.scm:2' 'foo: each argument is a list of its own, (TYPE ARG); the shape is (define-concurrent-native-callback (NAME (TYPE ARG) ...) BODY ...)'
refuses 'no result type' '(define-synchronous-concurrent-native-callback (foo (int n)))' \
  'refused.scm:2' 'the result type is missing' '(NAME (TYPE ARG) ...) RTYPE BODY ...'
refuses 'a name of three' '(define-concurrent-native-callback ((foo a b) (int n)) 1)' \
  'refused.scm:2' 'NAME or (NAME DISPATCHER)'
refuses 'a type that cannot be' \
  '(define-synchronous-concurrent-native-callback (foo (int n)) scheme-object n)' \
  'refused.scm:2' 'foo: the result' 'define-synchronous-concurrent-native-callback'
echo '(import callseq-cncb) (define-concurrent-native-callback (foo (int n)) 1)' >unlocked.scm
fails 'refused: without the lock' $CSC -c unlocked.scm -C -DCALLSEQ_NO_LOCK
says 'without the lock' 'callseq-cncb needs the lock'
finish
