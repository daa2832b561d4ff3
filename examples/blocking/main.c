#include <callseq.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

char *visit(const char *name);
char *echo(const char *sound);
void passed(void);
int doors_passed(void);

static sem_t door, waiting;

/* Under Scheme, but outside: what it calls is an ordinary call. */
int wait_for(const char *name) {
  if (strcmp(name, "door") != 0) {
    errno = ENOENT;
    return -1;
  }
  sem_post(&waiting);
  sem_wait(&door);
  passed();
  return 0;
}

static void *go_through(void *unused) {
  (void)unused;
  puts(visit("door"));
  return NULL;
}

int main(void) {
  pthread_t thread;
  sem_init(&door, 0, 0);
  sem_init(&waiting, 0, 0);
  if (callseq_init() != CALLSEQ_OK)
    return 1;
  pthread_create(&thread, NULL, go_through, NULL);
  sem_wait(&waiting);
  printf("%d passed while one waits\n", doors_passed()); /* the runtime is free */
  sem_post(&door);
  pthread_join(thread, NULL);
  printf("%d passed\n", doors_passed());
  puts(visit("window"));
  puts(echo("beep"));
  return 0;
}
