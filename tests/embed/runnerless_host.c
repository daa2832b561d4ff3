/* Where the system has no semaphore for Scheme's signal handlers, they do not run, which is said
 * once; calls go on. The C library's functions are replaced by ones that refuse. */
#include "../support.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>

void set_handlers(void);
int twice(int n);

int sem_init(sem_t *semaphore, int shared, unsigned value) {
  (void)semaphore, (void)shared, (void)value;
  errno = ENOSYS;
  return -1;
}

sem_t *sem_open(const char *name, int flags, ...) {
  (void)name, (void)flags;
  errno = ENOSYS;
  return SEM_FAILED;
}

static int scenario(void) {
  if (callseq_init() != CALLSEQ_OK)
    return 1;
  set_handlers();
  raise(SIGUSR1);
  raise(SIGUSR2);
  return twice(21) == 42 ? 0 : 2;
}

int main(void) {
  struct outcome end = in_child(scenario);
  const char *said = strstr(end.err, "callseq: Scheme's signal handlers do not run: no semaphore");
  is_int(end.code, 0, "calls go on where handlers cannot");
  ok(said != NULL, "which is reported: %s", end.err);
  ok(said && !strstr(said + strlen("callseq: "), "callseq: "), "once");
  return done();
}
