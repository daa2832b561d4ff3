#!/bin/sh
# A user's program, compiled for a sanitizer or run by valgrind, with the library as it is installed:
# nothing is reported of a correct program, and seeded errors in C code under Scheme are found.
. "$TESTS/tap.sh"

cat >app.scm <<'END'
(import (chicken platform) (chicken foreign) (chicken gc) callseq)
(include "green-threads.scm")
(foreign-declare "int use(int), deeper(int), fill(int *); void meet(void), part(void);")
(define use (foreign-lambda int use int))
(define deeper (foreign-safe-lambda int deeper int))
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(define-sequenced-callback (look (int n)) int (use n))
(define-sequenced-callback (nest (int n)) int (deeper n))
(define-sequenced-callback (fail (int n)) int (error "fails" n))
(define-sequenced-callback (work (int n)) int
  (let ((v (make-vector 1000 n))) (fib 20) (gc (zero? n)) (vector-ref v 999)))
(define-sequenced-callback (hold) void ((foreign-safe-lambda void meet)))
(define-sequenced-callback/post (note (int n)) void (use n))
(define-sequenced-callback (linger) void ((foreign-safe-lambda void part)))
(define-sequenced-callback/future (spell (c-string text)) c-string (string-append text "!"))
(define-sequenced-callback (look_when_readable (int fd) (int n)) int (wait-for-input fd) (use n))
(define fill (foreign-blocking-lambda int fill (c-pointer int)))
(define filled #f)
(define-sequenced-callback (fill_elsewhere ((c-pointer int) place)) void
  (start-thread (lambda () (set! filled (= (fill place) 1)))))
(define-sequenced-callback (is_filled) bool filled)
(return-to-host)
END

cat >app_host.c <<'END'
#define _GNU_SOURCE
#include <callseq.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
enum { THREADS = 4, CALLS = 1000 };
int look(int), nest(int), fail(int), work(int), note(int), use(int), deeper(int), fill(int *);
void hold(void), linger(void), meet(void), part(void), fill_elsewhere(int *);
callseq_future *spell(const char *);
int spell_result(callseq_future *, const char **), look_when_readable(int, int), is_filled(void);
static const char *seed;
static int seeded(const char *name) { return strcmp(seed, name) == 0; }
static int exclusive, shared, *block;
static char *volatile lost;

/* Under Scheme: plain accesses to `exclusive`, a longjmp over large frames. */
static jmp_buf here;
__attribute__((noinline)) static void leap(int depth) {
  volatile char room[2000];
  room[depth] = 1;
  if (depth == 0) longjmp(here, 1);
  leap(depth - 1);
  room[depth]++;
}
__attribute__((noinline)) static void room_for(int bytes, int at) {
  volatile char room[100];
  for (int i = 0; i < bytes; i++) room[i] = 1;
  room[at]++;
}
int use(int n) {
  exclusive++;
  if (setjmp(here) == 0) leap(5);
  if (seeded("freed") && n == 0) free(block);
  if (seeded("race")) shared++;
  if (seeded("local")) room_for(100, n + 100);
  if (seeded("leak") && n == 0) { lost = malloc(100); lost = NULL; }
  return block[n] + n;
}
int deeper(int n) { return look(n) + 1; }

static void quiet(void *data, int status, const char *message) {
  (void)data, (void)status, (void)message;
}
/* A string there and back, with a result, and what comes then. */
static void then(void *data, int status) {
  if (status || strcmp(data, "then")) abort();
  free(data);
}
static int spelled(void) {
  const char *text = NULL;
  callseq_future *future = spell("text");
  return !callseq_future_then(future, then, strdup("then")) && !spell_result(future, &text) &&
         !strcmp(text, "text!");
}

/* A callback is suspended until another thread has written. */
static void *write_soon(void *pipe) {
  struct callseq_stats now;
  do sched_yield(), callseq_stats(&now); while (!now.suspended);
  return (void *)(write(((int *)pipe)[1], "", 1) - 1);
}
static int waited(void) {
  int ends[2], sum;
  pthread_t thread;
  if (pipe(ends) || pthread_create(&thread, NULL, write_soon, ends)) return 1;
  sum = look_when_readable(ends[0], 2) - 2;
  pthread_join(thread, NULL);
  close(ends[0]), close(ends[1]);
  return sum;
}

/* A blocking function of a green thread's. */
int fill(int *place) { return *place = 1; }
static int errand(void) {
  int place = 0;
  fill_elsewhere(&place);
  while (!is_filled()) sched_yield();
  return place - 1;
}

static void *run(void *mine) {
  int *sum = mine;
  for (int i = 0; i < CALLS; i++) {
    *sum += look(i % 3) - i % 3;
    if (i % 10 == 0) *sum += nest(i % 3) - i % 3 - 1 + fail(i);
    if (i % 100 == 0) *sum += work(i) - i + note(1) + !spelled();
    if (i == CALLS / 2) *sum += waited();
  }
  if (seeded("race")) shared++;
  return NULL;
}

/* Two wait for `hold`, which then executes both. The first one is interrupted and gone before the
 * second one, woken at the end, wakes it in turn. (Where signals do not end a sleep it is not.) */
static pthread_t first, second;
static int gone;
static void *look_once(void *unused) { look(0); return unused; }
static void *linger_once(void *unused) { linger(); return unused; }
static void start(pthread_t *thread, void *(*work)(void *)) {
  struct callseq_stats before, now;
  callseq_stats(&before);
  pthread_create(thread, NULL, work, NULL);
  do sched_yield(), callseq_stats(&now); while (now.parks == before.parks);
}
void meet(void) { start(&first, look_once), start(&second, linger_once); }
void part(void) {
  for (int i = 0; i < 300 && !gone; i++) {
    pthread_kill(first, SIGUSR1);
    usleep(1000);
    gone = pthread_tryjoin_np(first, NULL) == 0;
  }
}
static void interrupt(int number) { (void)number; }
static void hurry(void) {
  struct sigaction action = {.sa_handler = interrupt};
  sigaction(SIGUSR1, &action, NULL);
  hold();
  pthread_join(second, NULL);
  if (!gone) pthread_join(first, NULL);
}

int main(int argc, char **argv) {
  pthread_t threads[THREADS];
  int sums[THREADS] = {0}, sum = 0;
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  seed = argc > 1 ? argv[1] : "";
  config.on_error = quiet;
  block = calloc(10, sizeof *block);
  if (callseq_init_with(&config)) return 2;
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, run, &sums[i]);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL), sum += sums[i];
  sum += errand();
  hurry();
  if (callseq_flush(CALLSEQ_FOREVER)) return 3;
  printf("calls %d, sum %d\n", exclusive, sum);
  fflush(stdout);
  for (int i = 0; i < 10; i++) note(i % 3);
  if (callseq_flush(CALLSEQ_FOREVER)) return 3;
  exclusive++;
  if (callseq_close(CALLSEQ_FOREVER)) return 3;
  return 0;
}
END

# build PROGRAM "C FLAGS" "C FLAGS ALSO OF SCHEME'S C": csc takes each of the latter with -C.
build() {
  $CC -g -O1 -pthread -I"$STAGE/include" $2 -c app_host.c -o "$1_host.o" &&
    $CSC -O3 -d0 -I "$TESTS" $(printf ' -C %s' -g $3) -L "$2" -e app.scm "$1_host.o" -o "$1" -link callseq
}

# check TOOL "COMMAND": COMMAND says nothing of a correct program, whose output is known. Of every
# program with swapcontext ASan says that it does not know that well.
check() {
  ok "$1: a correct program" $2
  is "$1: and nothing is reported" "$(grep -v "ASan doesn't fully support makecontext" "$output")" \
    "calls 4445, sum 0"
}

# finds TOOL "COMMAND" SEED TEXT...
finds() {
  tool=$1 command=$2 seed=$3
  shift 3
  fails "$tool: the error '$seed' ends the program" $command "$seed"
  says "$tool: with a report of '$seed'" "$@"
}

has() { # FLAG: does the compiler have that sanitizer?
  echo 'int main(void) { return 0; }' >empty.c
  $CC "$1" empty.c -o empty 2>/dev/null && ./empty
}

export ASAN_OPTIONS=clear_shadow_mmap_threshold=100000000 TSAN_OPTIONS=halt_on_error=1
asan=-fsanitize=address
tsan=-fsanitize=thread
asan_scheme="$asan --param=asan-use-after-return=0"
tsan_scheme="$tsan --param=tsan-instrument-func-entry-exit=0"

if [ ! -e /proc/self/exe ]; then
  skip 'ASan' '/proc is not mounted, by which it names functions'
elif has $asan; then
  for part in all host; do
    [ $part = all ] || asan_scheme=
    ok "ASan, $part: builds" build asan_$part $asan "$asan_scheme"
    check "ASan, $part" ./asan_$part
    finds "ASan, $part" ./asan_$part freed heap-use-after-free 'in use'
    finds "ASan, $part" ./asan_$part local stack-buffer-overflow 'in room_for'
    finds "ASan, $part" ./asan_$part leak 'detected memory leaks' 'in use'
  done
else
  skip 'ASan' 'the compiler has no AddressSanitizer'
fi

if [ ! -e /proc/self/exe ]; then
  skip 'TSan' '/proc is not mounted, by which it names functions'
elif has $tsan; then
  for part in all host; do
    [ $part = all ] || tsan_scheme=
    ok "TSan, $part: builds" build tsan_$part $tsan "$tsan_scheme"
    check "TSan, $part" ./tsan_$part
    finds "TSan, $part" ./tsan_$part race 'data race' '#0 use '
    finds "TSan, $part" ./tsan_$part freed heap-use-after-free '#0 use '
  done
else
  skip 'TSan' 'the compiler has no ThreadSanitizer'
fi

if command -v valgrind >/dev/null; then
  memcheck='valgrind --quiet --error-exitcode=9 --leak-check=full'
  ok 'valgrind: builds' build plain '' ''
  check valgrind "$memcheck ./plain"
  valgrind ./plain >loud.out 2>&1
  fails 'valgrind: it takes the Scheme stack for a stack' grep 'client switching stacks' loud.out
  finds valgrind "$memcheck ./plain" freed 'Invalid read' 'use (app_host.c'
  finds valgrind "$memcheck ./plain" leak 'definitely lost' 'use (app_host.c'
else
  skip 'valgrind' 'valgrind is not installed'
fi

finish
