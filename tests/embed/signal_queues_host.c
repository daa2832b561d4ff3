/* Signals that go to a procedure made by make-signal-handler are noted by the library, as those
 * with a handler are: they arrive while nobody calls, whichever thread the kernel picks. */
#include "../support.h"
#include <semaphore.h>
#include <signal.h>

void make_late(void), handle_term(void);
int next_early(void), next_late(void);

static sem_t noted;

void handled(int number);
void handled(int number) {
  (void)number;
  sem_post(&noted);
}

static void *noted_by(int number) {
  struct sigaction action;
  sigaction(number, NULL, &action);
  return (void *)action.sa_sigaction;
}

static void come(int number) {
  kill(getpid(), number);
  while (sem_wait(&noted) != 0) {
  }
}

int main(void) {
  sem_init(&noted, 0, 0);
  start_quietly();
  handle_term();
  ok(noted_by(SIGUSR1) == noted_by(SIGTERM), "made while loading, it has our handler");
  make_late();
  ok(noted_by(SIGUSR2) == noted_by(SIGTERM), "made in a callback, it has our handler");
  ok(noted_by(SIGHUP) == noted_by(SIGTERM), "for each of its signals");

  is_int(next_early(), 0, "nothing has come");
  come(SIGUSR1);
  is_int(next_early(), SIGUSR1, "a signal has come while nobody called");
  come(SIGHUP);
  come(SIGUSR2);
  is_int(next_late(), SIGHUP, "two signals of one procedure");
  is_int(next_late(), SIGUSR2, "in their order");
  is_int(next_late(), 0, "and no more");
  return done();
}
