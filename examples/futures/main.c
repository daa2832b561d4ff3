#include "app.h"
#include <callseq.h>
#include <pthread.h>
#include <stdio.h>

enum { MANY = 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t over = PTHREAD_COND_INITIALIZER;
static int ended_with = -1;

/* On the library's own thread, or on the one that asked if the call has ended. */
static void tell(void *what, int status) {
  (void)what;
  pthread_mutex_lock(&lock);
  ended_with = status;
  pthread_cond_signal(&over);
  pthread_mutex_unlock(&lock);
}

int main(void) {
  callseq_future *futures[MANY], *future;
  int64_t number, sum = 0;
  char *text;

  if (callseq_init() != CALLSEQ_OK)
    return 1;

  /* Fan out, and gather. */
  for (int i = 0; i < MANY; i++)
    if (!(futures[i] = fib(i)))
      return 1; /* refused: callseq_last_error() says why */
  for (int i = 0; i < MANY; i++)
    if (fib_result(futures[i], &number) == CALLSEQ_OK)
      sum += number;
  printf("together %lld\n", (long long)sum);

  if (greeting_result(greeting("you"), &text) == CALLSEQ_OK)
    puts(text); /* the library's, until this thread's next call */

  if (fib_result(fib(-1), &number) == CALLSEQ_ERROR)
    puts(callseq_last_error());

  /* Not waited for. */
  future = fib(10);
  callseq_future_then(future, tell, NULL);
  callseq_future_release(future);
  pthread_mutex_lock(&lock);
  while (ended_with < 0)
    pthread_cond_wait(&over, &lock);
  pthread_mutex_unlock(&lock);
  printf("ended: %s\n", callseq_strerror(ended_with));

  /* Not needed any more; it may have begun. */
  future = fib(25);
  callseq_future_cancel(future);
  int status = fib_result(future, &number);
  puts(status == CALLSEQ_CANCELLED || status == CALLSEQ_OK ? "cancelled, or too late" : "?");
  return 0;
}
