/* stall_ms: a call that waits longer is reported once on standard error, with who holds the runtime
 * and in which callback. The test waits for the report itself, not for a time. */
#include "../support.h"
#include <semaphore.h>
#include <sys/syscall.h>

int slow_rule(void), twice(int);

static sem_t holding, let_go;
static long holder;

void wait_for_main(void);
void wait_for_main(void) {
  holder = syscall(SYS_gettid);
  sem_post(&holding);
  sem_wait(&let_go);
}

static void *hold(void *argument) {
  *(int *)argument = slow_rule();
  return NULL;
}

static void *wait_in_line(void *argument) {
  *(int *)argument = twice(21);
  return NULL;
}

int main(void) {
  int errors[2], held = 0, waited = 0;
  pthread_t holds, waits;
  char line[512], name[32];
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.stall_ms = 50;
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");
  sem_init(&holding, 0, 0);
  sem_init(&let_go, 0, 0);
  int own_errors = dup(STDERR_FILENO);
  if (pipe(errors) || dup2(errors[1], STDERR_FILENO) < 0)
    return 2;
  FILE *report = fdopen(errors[0], "r");

  pthread_create(&holds, NULL, hold, &held);
  sem_wait(&holding);
  pthread_create(&waits, NULL, wait_in_line, &waited);
  char *first = fgets(line, sizeof line, report); /* comes while the callback still holds */
  ok(first && strstr(line, "slow_rule"), "the report names the callback: %s", line);
  snprintf(name, sizeof name, "%ld", holder);
  ok(strstr(line, name), "and the thread that holds the runtime, %s", name);

  sem_post(&let_go);
  pthread_join(holds, NULL);
  pthread_join(waits, NULL);
  fputs("the end\n", stderr);
  ok(fgets(line, sizeof line, report) && !strcmp(line, "the end\n"), "there is one report: %s",
     line);
  dup2(own_errors, STDERR_FILENO);
  is_int(held, 1, "the call that held the runtime has its result");
  is_int(waited, 42, "the call that waited has its result");
  return done();
}
