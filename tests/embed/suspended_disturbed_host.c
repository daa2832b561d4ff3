/* What comes to a callback that waits: signals do not disturb it, the cancellation of its native
 * thread waits for its end, and the end of its green thread is a failure. */
#include "../callers.h"
#include <signal.h>
#include <stdatomic.h>

int be_victim(int), sleep_as_victim(void), read_as_victim(int), kill_itself(void),
    be_killed_by_thread(void), be_killed_exclusively(void), wait_and_kill_itself(int),
    signals_handled(void);
void kill_victim(void), wake_victim(void), open_by_signal(int);

CALLER(call_victim, be_victim(c->gate))
CALLER(call_sleeping_victim, sleep_as_victim())
CALLER(call_reading_victim, read_as_victim(c->fds[0]))
CALLER(call_kill_itself, wait_and_kill_itself(c->gate))

static atomic_int handler_runs;
static void note_signal(int signal) {
  (void)signal;
  atomic_fetch_add(&handler_runs, 1);
}

static void be_signalled(void) {
  struct sigaction action = {.sa_handler = note_signal};
  struct caller a = {0}, b = {0};
  sigaction(SIGUSR2, &action, NULL);
  suspend(&a, call_wait, 0, 1);
  set_way(&b, FIRST_PIPE);
  suspend(&b, call_wait, 0, 2);
  for (int i = 1; i <= 20; i++) {
    interrupt(i % 2 ? a.thread : b.thread, SIGUSR2);
    while (atomic_load(&handler_runs) < i)
      sched_yield();
  }
  open_by_signal(0);
  interrupt(a.thread, SIGUSR1);
  finish(&a);
  is_int(a.result, 1,
         "signals interrupt no wait; a handler in Scheme ends it, with nobody calling");
  is_int(signals_handled(), 1, "it has run once");
  pthread_kill(pthread_self(), SIGUSR1);
  while (signals_handled() < 2)
    sched_yield();
  let_go(&b);
  end_way(&b);
  is_int(b.result, 2, "nor one for a pipe");
  shut_gates();
}

/* What the library opens for the wait has the descriptor's number. */
static void wait_for_closed(void) {
  struct caller c = {.n = 5};
  set_way(&c, FIRST_PIPE);
  close(c.fds[0]);
  close(c.fds[1]);
  call_wait(&c);
  is_int(c.result, 5, "a wait for a closed descriptor ends at once");
}

static void be_cancelled(void) {
  for (int way = 0; way < WAYS; way++) {
    struct caller c = {0};
    void *end;
    int before = ended();
    set_way(&c, way);
    suspend(&c, call_wait, 0, 3);
    pthread_cancel(c.thread);
    is_int(wrong_sums(20), 0, "others call");
    is_int(ended(), before, "a thread that waits %s is not cancelled at once", ways[way]);
    open_gate(0);
    let_go(&c);
    pthread_join(c.thread, &end);
    is_int(ended(), before + 1, "its callback has ended");
    is_int(c.result, 3, "with its result");
    shut_gates();
  }
}

static void be_terminated(void) {
  struct caller c[4] = {{0}};
  suspend(&c[0], call_victim, 0, 0);
  kill_victim();
  finish(&c[0]);
  fails(&c[0], "be_victim: the green thread that executed it was terminated",
        "a call whose green thread is terminated at a gate");
  suspend(&c[1], call_sleeping_victim, 0, 0);
  kill_victim();
  finish(&c[1]);
  fails(&c[1], "terminated", "asleep");
  set_way(&c[2], FIRST_PIPE);
  suspend(&c[2], call_reading_victim, 0, 0);
  kill_victim();
  end_way(&c[2]);
  fails(&c[2], "terminated", "or at a pipe");
  suspend(&c[3], call_kill_itself, 1, 0);
  open_gate(1);
  finish(&c[3]);
  fails(&c[3], "terminated", "or by itself, after a wait");
  is_int(kill_itself(), 0, "or at once");
  failed("kill_itself", "terminated");
  kill_victim();
  is_int(be_killed_by_thread(), 0, "or while it runs, by another green thread");
  failed("be_killed_by_thread", "terminated");
  is_int(be_killed_exclusively(), 0, "or while it waits exclusively");
  failed("be_killed_exclusively", "terminated");
  struct caller next = {0};
  shut_gate(1);
  suspend(&next, call_wait, 1, 6);
  open_gate(1);
  finish(&next);
  is_int(next.result, 6, "that is over then");
  int right = 0, times = often(200);
  for (int i = 0; i < times; i++) {
    callseq_clear_error();
    right += kill_itself() == 0 && callseq_last_status() == CALLSEQ_ERROR && add(i) == i + 100;
  }
  callseq_clear_error();
  is_int(right, times, "%d times, with calls between", times);
  struct caller woken = {0};
  suspend(&woken, call_sleeping_victim, 0, 0);
  wake_victim();
  finish(&woken);
  is_int(woken.result, 1, "one that is woken goes on before its time");
  memset(&woken, 0, sizeof woken);
  set_way(&woken, FIRST_PIPE);
  suspend(&woken, call_reading_victim, 0, 0);
  wake_victim();
  end_way(&woken);
  is_int(woken.result, 1, "also where it waits for a pipe");
  shut_gates();
}

int main(void) {
  start_quietly();
  be_terminated();
  wait_for_closed();
  be_cancelled();
  be_signalled();
  is_int(wrong_sums(10000), 0, "calls go on");
  return done();
}
