#include <callseq.h>
#include <pthread.h>
#include <stdio.h>

void push(int n);
int pop(void);

/* One invocation is a transaction: no other thread runs Scheme before it ends. */
static void add_two(void *sum) {
  push(1);
  push(2);
  *(int *)sum += pop() + pop();
}

static void pop_alone(void *result) { *(int *)result = pop(); }

static void *work(void *sum) {
  for (int i = 0; i < 1000; i++)
    callseq_invoke(add_two, sum);
  return NULL;
}

int main(void) {
  pthread_t threads[4];
  int sums[4] = {0}, total = 0, result = -1;

  if (callseq_init() != CALLSEQ_OK)
    return 1;
  for (int i = 0; i < 4; i++)
    pthread_create(&threads[i], NULL, work, &sums[i]);
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    total += sums[i];
  }
  printf("%d\n", total);

  /* pop raises: pop_alone is abandoned there, as by longjmp. */
  if (callseq_invoke(pop_alone, &result) == CALLSEQ_ERROR)
    printf("%s\nthe result is still %d\n", callseq_last_error(), result);
  return 0;
}
