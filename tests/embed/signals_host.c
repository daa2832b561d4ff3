/* Scheme signal handlers run on the Scheme stack, whichever thread the kernel picks and whether or
 * not somebody is inside; an error in one fails no innocent call. */
#include "../support.h"
#include <signal.h>

int raise_inside(int), seen_so_far(void);
void let_it_fail(int);

void raise_usr1(void);
void raise_usr1(void) { raise(SIGUSR1); }

static void interrupted(int index) {
  int right = 0;
  for (int i = 0; i < 200; i++) {
    raise_usr1();
    right += raise_inside(i) == 2 * i;
  }
  is_int(right, 200, "thread %d: results are right", index);
}

int main(void) {
  start_quietly();
  is_int(raise_inside(21), 42, "a signal while its thread is inside");
  is_int(seen_so_far(), 1, "has been handled");
  raise_usr1();
  is_int(seen_so_far(), 2, "a signal while nobody is inside has been handled in the next call");
  crew(4, interrupted);
  ok(seen_so_far() > 2, "signals from several threads are handled");

  let_it_fail(1);
  is_int(raise_inside(21), 42, "an error in a handler does not fail the call that it interrupts");
  let_it_fail(0);
  is_int(callseq_last_status(), CALLSEQ_OK, "no call has failed");
  return done();
}
