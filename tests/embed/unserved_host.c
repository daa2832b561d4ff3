/* Where the system has no descriptor for the service, which runs Scheme's signal handlers while
 * nobody is inside, they run in the next callback, which is said once. The C library's functions
 * are replaced by ones that refuse. */
#include "../support.h"

#include <errno.h>
#include <signal.h>

void set_handlers(void);
int twice(int n), wait_for_both(void);
int eventfd(unsigned count, int flags);

int eventfd(unsigned count, int flags) {
  (void)count, (void)flags;
  errno = EMFILE;
  return -1;
}

int pipe(int ends[2]) {
  (void)ends;
  errno = EMFILE;
  return -1;
}

static int scenario(void) {
  if (callseq_init() != CALLSEQ_OK)
    return 1;
  set_handlers();
  raise(SIGUSR1);
  raise(SIGUSR2);
  return twice(21) == 42 && wait_for_both() == 2 ? 0 : 2;
}

int main(void) {
  struct outcome end = in_child(scenario);
  const char *said = strstr(
      end.err, "callseq: Scheme's signal handlers run only while callbacks do: no descriptor");
  is_int(end.code, 0, "handlers run in callbacks where no thread can be had for them");
  ok(said != NULL, "which is reported: %s", end.err);
  ok(said && !strstr(said + strlen("callseq: "), "callseq: "), "once");
  return done();
}
