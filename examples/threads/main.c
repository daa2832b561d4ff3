#include "app.h"
#include <callseq.h>
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, PAYMENTS = 1000 };
static char *const names[] = {"rent", "food"};

static void *pay(void *index) {
  for (int i = 0; i < PAYMENTS; i++)
    add(names[*(int *)index % 2], 0.5);
  return NULL;
}

int main(void) {
  pthread_t threads[THREADS];
  int indexes[THREADS];

  if (callseq_init() != CALLSEQ_OK)
    return 1;
  for (int i = 0; i < THREADS; i++) {
    indexes[i] = i;
    pthread_create(&threads[i], NULL, pay, &indexes[i]);
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);

  for (int i = 0; i < 2; i++)
    puts(describe(names[i], THREADS / 2 * PAYMENTS));
  printf("together %g\n", total(names[0]) + total(names[1]));
  return 0;
}
