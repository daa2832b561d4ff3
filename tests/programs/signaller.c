/* What the threads of signalled.scm do. */
#include <callseq.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int add1(int);
int nested(int);
int sleeps(int);
static volatile int stop;
static pthread_t t[8];
static int N;
int work_c(int x) {
  int r = add1(x);
  if (r != x + 1)
    abort();
  return r;
}
static void *w(void *p) {
  unsigned s = (unsigned)(size_t)p;
  long k = 0;
  while (!stop) {
    int d = rand_r(&s) % 100;
    int x = rand_r(&s) % 100;
    if (d < 20)
      for (int i = 0; i < 3000; i++, k++) {
        if (add1(i) != i + 1)
          abort();
      }
    else if (d < 40) {
      if (nested(x) != x + 101)
        abort();
    } else if (d < 45) {
      if (sleeps(x) != x)
        abort();
    } else if (d < 48)
      kill(getpid(), SIGUSR1);
    else if (d < 70)
      usleep(rand_r(&s) % 2000);
    else {
      if (add1(x) != x + 1)
        abort();
    }
  }
  return 0;
}
int start(int n) {
  N = n;
  for (int i = 0; i < n; i++)
    pthread_create(t + i, 0, w, (void *)(size_t)(i + 1));
  return 0;
}
int go_on(void) { return 0; }
int wait_c(int us) {
  usleep(us);
  return add1(us);
}
int finish(void) {
  stop = 1;
  for (int i = 0; i < N; i++)
    pthread_join(t[i], 0);
  return add1(41);
}
