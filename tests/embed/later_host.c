/* Notifications run their callbacks once for all that have come before. And with posts and futures,
 * by many threads: before init, after a fork, and where the host's loop is the service. */
#include "../later.h"
#include <signal.h>

void set_gate(int), slow_notice(void), failing_notice(void);

/* ---- Notifications ---- */

static void on_signal(int number) {
  (void)number;
  notice();
}

static int await_notified(int times) {
  while (times_notified() < times)
    sched_yield();
  return times_notified();
}

static void notifications(void) {
  notice();
  is_int(await_notified(1), 1, "a notification runs its callback");
  keep_runtime();
  for (int i = 0; i < 1000; i++)
    notice();
  let_go();
  is_int(await_notified(2), 2, "a thousand that came before it begins run it once");
  signal(SIGUSR1, on_signal);
  raise(SIGUSR1);
  is_int(await_notified(3), 3, "from a signal handler");
  int fds[2];
  if (pipe(fds))
    abort();
  set_gate(fds[0]);
  slow_notice();
  for (int i = 0; i < 100; i++) {
    slow_notice();
    add_later_result(add_later(1, 1), NULL);
  }
  is_int(write(fds[1], "x", 1), 1, "one that waits");
  is_int(await_notified(4), 4, "is not run twice at once");
  is_int(write(fds[1], "x", 1), 1, "but once more");
  is_int(await_notified(5), 5, "for what has come meanwhile");
  errors = 0;
  failing_notice();
  while (!errors)
    sched_yield();
  ok(strstr(last_error_message, "noticed"), "its errors are told: %s", last_error_message);
  flush();
  close(fds[0]), close(fds[1]);
}

/* ---- Many threads ---- */

static _Atomic(int) accepted, refused;

static void post_by_chance(int index) {
  uint32_t state = (uint32_t)index + 1;
  for (int i = 0; i < often(2000); i++) {
    uint32_t x = chance(&state) % 8;
    int status = CALLSEQ_OK;
    if (x == 0)
      add_later_result(add_later(i, index), NULL);
    else if (x == 1)
      status = callseq_post(run, (void *)1, drop);
    else if (x == 2)
      sum_seen();
    else if (x == 3)
      notice();
    else
      status = post_nothing();
    if (x == 1 || x > 3)
      *(status ? &refused : &accepted) += 1;
    callseq_clear_error();
  }
}

static void many_threads(void) {
  forget_seen();
  ran = 0;
  crew(6, post_by_chance);
  flush();
  is_int(count_seen() + ran, accepted,
         "of many threads' posts all %d are executed, %d were refused", (int)accepted,
         (int)refused);
  forget_seen();
}

/* ---- In processes of their own ---- */

static int before_init(void) {
  notice();
  int n;
  return !(post_number(1) == CALLSEQ_CLOSED && callseq_post(run, NULL, drop) == CALLSEQ_CLOSED &&
           !add_later(1, 2) && callseq_last_status() == CALLSEQ_CLOSED &&
           callseq_flush(CALLSEQ_FOREVER) == CALLSEQ_OK &&
           add_later_result(NULL, &n) == CALLSEQ_INVALID);
}

/* Where the host is the service, a thread that waits serves. */
static int host_serves(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.service = CALLSEQ_SERVICE_HOST;
  config.on_error = note_error;
  int n = 0;
  if (callseq_init_with(&config))
    return 1;
  for (int i = 0; i < 500; i++)
    if (post_number(i))
      return 2;
  if (callseq_flush(CALLSEQ_FOREVER) || count_seen() != 500)
    return 3;
  if (add_later_result(add_later(2, 3), &n) || n != 5)
    return 4;
  post_thread();
  post_sleeping(1, 5);
  post_failing(2);
  if (callseq_flush(CALLSEQ_FOREVER) || !post_was_on((size_t)pthread_self()))
    return 5;
  if (errors != 1 || error_thread != (size_t)pthread_self() || callseq_last_status())
    return 6;
  notice();
  while (callseq_serve(0) == CALLSEQ_OK) {
  }
  return times_notified() == 1 ? 0 : 7;
}

static int forks(void) {
  set_up(LIMIT, 0);
  int fds[2], result = 0;
  if (pipe(fds))
    abort();
  callseq_future *suspended = wait_later(fds[0]);
  callseq_post(run, (void *)1, NULL);
  while (ran < 1)
    sched_yield();
  if (callseq_future_cancel(suspended) == CALLSEQ_OK)
    return 5;
  keep_runtime();
  callseq_future *queued = add_later(1, 2);
  callseq_post(run, (void *)10, drop);
  notice();
  sem_post(&enough); /* fork waits for the runtime */
  pid_t child = fork();
  if (child == 0) {
    int n, mine = ran;
    if (wait_later_result(suspended, &n) != CALLSEQ_FORKED)
      _exit(11);
    int status = add_later_result(queued, &n);
    if (status != CALLSEQ_FORKED && status != CALLSEQ_OK)
      _exit(12);
    if (add_later_result(add_later(2, 3), &n) != CALLSEQ_OK || n != 5)
      _exit(13);
    callseq_post(run, (void *)100, drop);
    if (callseq_flush(CALLSEQ_FOREVER) != CALLSEQ_OK || ran != mine + 100 || dropped_count)
      _exit(14);
    int before = times_notified();
    notice();
    while (times_notified() == before)
      sched_yield();
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  result |= WIFEXITED(status) ? WEXITSTATUS(status) : 99;
  pthread_join(keeper, NULL);
  int n;
  if (add_later_result(queued, &n) != CALLSEQ_OK || n != 3)
    return 21;
  if (write(fds[1], "\5", 1) != 1 || wait_later_result(suspended, &n) != CALLSEQ_OK || n != 5)
    return 22;
  callseq_flush(CALLSEQ_FOREVER);
  return ran == 11 ? result : 23;
}

int main(void) {
  struct outcome o = in_child(before_init);
  is_int(o.code, 0, "before init all are closed: %s", o.err);
  o = in_child(host_serves);
  is_int(o.code, 0, "the host's thread executes them, if it is the service: %s", o.err);
  o = in_child(forks);
  is_int(o.code, 0, "in a forked child what the parent has queued is the parent's: %s", o.err);
  is_int(set_up(LIMIT, 0), CALLSEQ_OK, "init");
  notifications();
  many_threads();
  counted((uint64_t)accepted, (uint64_t)refused);
  return done();
}
