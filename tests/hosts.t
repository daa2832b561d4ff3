#!/bin/sh
# Where Scheme code lies, for a program that knows nothing of CHICKEN: in a shared library that it is
# linked with, in a plugin that one of its threads opens while others run, closes, and opens again.
. "$TESTS/tap.sh"

include=-I$STAGE/include

cat >square.scm <<'END'
(import (chicken platform) callseq)
(define-sequenced-callback (square (int n)) int (if (negative? n) (error "negative" n) (* n n)))
(return-to-host)
END
cat >api.c <<'END'
#include <callseq.h>
int square(int);
int api_start(void) { return callseq_init(); }
int api_square(int n) { return square(n); }
int api_status(void) { return callseq_last_status(); }
#ifdef EARLY
__attribute__((constructor)) static void start(void) { callseq_init(); }
#endif
END

# One of four threads starts Scheme. The main thread never calls, and ends first if it is asked to.
cat >host.c <<'END'
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { THREADS = 4, CALLS = 10000 };
static pthread_barrier_t started, opened, called, closed;
static const char *mode;
static int right;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#ifdef LINKED
int api_start(void), api_square(int), api_status(void);
static int (*start)(void) = api_start, (*square)(int) = api_square, (*status)(void) = api_status;
static void open_plugin(void) {}
static void close_plugin(void) {}
#else
static int (*start)(void), (*square)(int), (*status)(void);
static void *plugin;
static void open_plugin(void) {
  plugin = dlopen("./plugin.so", RTLD_LAZY | RTLD_LOCAL);
  if (!plugin) {
    puts(dlerror());
    exit(2);
  }
  start = (int (*)(void))dlsym(plugin, "api_start");
  square = (int (*)(int))dlsym(plugin, "api_square");
  status = (int (*)(void))dlsym(plugin, "api_status");
}
static void close_plugin(void) {
  if (dlclose(plugin)) exit(3);
}
#endif

static void *work(void *first) {
  int mine = 0;
  pthread_barrier_wait(&started);
  if (first) {
    open_plugin();
    if (!strcmp(mode, "unopened")) {
      if (square(2) != 0 || status() == 0) exit(4);
      close_plugin();
      return 0; /* what is left of the call goes with its thread */
    }
    if (strcmp(mode, "early") && start() != 0) exit(5);
  } else if (!strcmp(mode, "unopened")) {
    return 0;
  }
  pthread_barrier_wait(&opened);
  for (int i = 0; i < CALLS; i++)
    mine += square(i % 1000) == (i % 1000) * (i % 1000);
  mine += square(-1) == 0 && status() != 0;
  pthread_mutex_lock(&lock);
  right += mine;
  pthread_mutex_unlock(&lock);
  pthread_barrier_wait(&called);
  if (first && !strcmp(mode, "close")) close_plugin();
  pthread_barrier_wait(&closed);
  return 0;
}

static void finish(pthread_t *threads) {
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  if (!strcmp(mode, "close")) {
    open_plugin();
    right += start() == 0 && square(3) == 9;
  }
  printf("%d right\n", right);
}

static pthread_t threads[THREADS], main_thread;
static void *last(void *unused) {
  pthread_join(main_thread, 0);
  pthread_barrier_wait(&started);
  finish(threads);
  exit(0);
}

int main(int argc, char **argv) {
  mode = argc > 1 ? argv[1] : "";
  pthread_t watcher;
  int alone = !strcmp(mode, "alone");
  pthread_barrier_init(&started, 0, THREADS + alone);
  pthread_barrier_init(&opened, 0, THREADS);
  pthread_barrier_init(&called, 0, THREADS);
  pthread_barrier_init(&closed, 0, THREADS);
  main_thread = pthread_self();
  for (int i = 0; i < THREADS; i++)
    pthread_create(&threads[i], 0, work, i == 0 ? &threads : 0);
  if (alone) {
    pthread_create(&watcher, 0, last, 0);
    pthread_exit(0);
  }
  finish(threads);
  return 0;
}
END

ok 'a shared library with Scheme in it' \
  $CSC $include -s -e square.scm api.c -o libsquare.so -link callseq
ok 'a program linked with it, without CHICKEN' \
  $CC -pthread -DLINKED host.c -o linked -L. -lsquare -Wl,-rpath,"$work"
ok 'calls it from all threads but the main one' ./linked
says 'every result is right' '40004 right'
ok 'also after the main thread has ended' ./linked alone
says 'every result is right, too' '40004 right'

ok 'a plugin' cp libsquare.so plugin.so
ok 'a program that opens it, without CHICKEN' $CC -pthread host.c -o opener -ldl
ok 'while its threads run' ./opener
says 'every result of the plugin is right' '40004 right'
ok 'after the main thread has ended' ./opener alone
says 'every result is right there' '40004 right'
ok 'it closes the plugin while threads are left that have called, and opens it again' ./opener close
says 'which goes on where it was' '40005 right'
ok 'it closes the plugin after a call before callseq_init' ./opener unopened

ok 'a plugin whose constructor calls callseq_init' \
  $CSC $include -C -DEARLY -s -e square.scm api.c -o plugin.so -link callseq
ok 'is open when it is loaded' ./opener early
says 'and every result is right' '40004 right'
finish
