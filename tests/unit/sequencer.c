/* The sequencer by itself: what turns.h asks of any design, and the order in which ours serves
 * those that wait. A wake-up that is lost shows as a test that hangs; the runner's time limit ends
 * it. */
#define _GNU_SOURCE
#include "queue.h"

#include <signal.h>
#include <sys/time.h>

/* Main holds, `count` threads queue, main leaves. */
static void in_order(const char *what, int batch_limit, int alone, int busy, int count,
                     const char *expected) {
  static const int spin_limits[] = {0, SOME_SPINS, NO_LIMIT};
  for (int symmetric = 0; symmetric < 2; symmetric++)
    for (int i = 0; i < 3; i++) {
      set_up_patient(batch_limit, spin_limits[i], 0, symmetric);
      callseq_sequencer_try_enter(&s, MAIN);
      for (int k = 0; k < count; k++)
        queue_up(k, call_once, k + 1 == alone, k + 1 == busy);
      if (spin_limits[i] != NO_LIMIT)
        wait_for_sleep();
      serve(MAIN); /* nobody: it came first */
      callseq_sequencer_leave(&s, MAIN);
      join_queue(count);
      is_str(batches(), expected, "%s, spin_limit %d, %s barrier", what, spin_limits[i],
             s.symmetric ? "symmetric" : "asymmetric");
      ok(is_idle(), "nobody is left");
    }
}

/* Threads are served in the order in which they came, the last of a batch by itself and the others
 * by that one. */
static void orders(void) {
  in_order("no limit", NO_LIMIT, 0, 0, QUEUE, "1:1 8:2345678");
  in_order("batches of 3", 3, 0, 0, QUEUE, "1:1 5:2345 8:678");
  in_order("batches of 1", 1, 0, 0, QUEUE, "1:1 3:23 5:45 7:67 8:8");
  in_order("no batches", 0, 0, 0, QUEUE, "1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8");
  in_order("one alone", NO_LIMIT, 3, 0, 5, "1:1 5:245 3:3");
  in_order("the heir alone", NO_LIMIT, 1, 0, 3, "1:1 3:23");
  in_order("the first follower alone", NO_LIMIT, 2, 0, 3, "1:1 3:3 2:2");
  in_order("nobody but one alone", NO_LIMIT, 1, 0, 1, "1:1");
  in_order("no batches, one alone", 0, 2, 0, 4, "1:1 2:2 3:3 4:4");
}

/* A thread that calls a lot is not executed by others, since it would have to be woken for that: it
 * is the heir in its turn, which comes after one batch. */
static void busy(void) {
  in_order("a busy heir", NO_LIMIT, 0, 1, 3, "1:1 3:23");
  in_order("batches of 1, one busy", 1, 0, 2, 6, "1:1 4:34 2:2 6:56");
  in_order("no batches, one busy", 0, 0, 3, 4, "1:1 2:2 3:3 4:4");
}

static void busy_too(void) {
  set_up_patient(NO_LIMIT, 0, 0, false);
  s.batch_busy = 1;
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < 4; i++)
    queue_up(i, call_once, false, i == 1);
  callseq_sequencer_leave(&s, MAIN);
  join_queue(4);
  is_str(batches(), "1:1 4:234", "unless batches take busy threads");
}

/* ---- Interrupted ---- */

/* Threads at random, each of which now and then is in a signal handler for some milliseconds. */
static void rest(int number) {
  struct timespec t = {.tv_nsec = 2000000};
  (void)number;
  nanosleep(&t, NULL);
}

static void take_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void interrupted(bool symmetric) {
  struct itimerval often = {{0, 4000}, {0, 4000}}, never = {{0, 0}, {0, 0}};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  signal(SIGALRM, rest);
  begin_thread = take_signals;
  setitimer(ITIMER_REAL, &often, NULL);
  at_random(3, SOME_SPINS, symmetric);
  at_random(0, 0, symmetric);
  setitimer(ITIMER_REAL, &never, NULL);
  begin_thread = NULL;
}

int main(void) {
  states();
  orders();
  busy();
  busy_too();
  for (int symmetric = 0; symmetric < 2; symmetric++) {
    interrupted(symmetric);
    all_at_random(symmetric);
  }
  printf("# seeds: 1 to %d, a thread each\n", THREADS);
  return done();
}
