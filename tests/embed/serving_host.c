/* The host's loop as the service: one descriptor tells that there is something to do, callseq_serve
 * does it, a bounded amount at a time, and there is no thread of the library's. */
#include "../support.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

int events(void), serve_nested(void);
void leave_sleeper(int), leave_reader(int), leave_readers(int), leave_computing(void),
    stop_computing(void), handle_signals(void), leave_blocking(int), leave_forking(int);
int serve_inside(void);

int serve_inside(void) { return callseq_serve(0); }

static int start(unsigned service) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.service = service;
  config.on_error = keep_quiet;
  return callseq_init_with(&config);
}

/* Where a thread of the front's polls, it tells a little late, and is one more. */
static bool has_thread(void) {
  const char *system = getenv("CALLSEQ_SYSTEM");
  return system && !strcmp(system, "posix");
}

static bool readable(int ms) {
  struct pollfd fd = {.fd = callseq_service_fd(), .events = POLLIN};
  return poll(&fd, 1, ms) == 1;
}

/* What a loop does, until so many events have been counted. */
static void loop_until(int count) {
  while (events() < count) {
    struct pollfd fd = {.fd = callseq_service_fd(), .events = POLLIN};
    if (poll(&fd, 1, -1) == 1)
      callseq_serve(0);
  }
}

/* Serves what there is until there is nothing. */
static void settle(void) {
  while (callseq_serve(0) == CALLSEQ_OK) {
  }
}

static int no_host(void) {
  is_int(callseq_service_fd(), -1, "before init there is no descriptor");
  is_int(callseq_serve(0), CALLSEQ_INVALID, "nor anything to serve");
  ok(strstr(callseq_last_error(), "CALLSEQ_SERVICE_HOST"), "the message has the remedy");
  is_int(start(2), CALLSEQ_INVALID, "another service is none");
  is_int(start(CALLSEQ_SERVICE_THREAD), CALLSEQ_OK, "init");
  is_int(callseq_service_fd(), -1, "the library's own thread has no descriptor");
  is_int(callseq_serve(0), CALLSEQ_INVALID, "and need not be served");
  return done();
}

/* Of a child of process-fork; called by Scheme. */
static atomic_int code_noted = -1;
void note_code(int);
void note_code(int code) { atomic_store(&code_noted, code); }

/* As below, where there is no loop to come back to. */
static int forks_in_thread(void) {
  is_int(start(CALLSEQ_SERVICE_THREAD), CALLSEQ_OK, "init");
  leave_forking(9);
  while (code_noted < 0)
    usleep(1000);
  is_int(code_noted, 9, "a child of process-fork in the service has ended with its thunk");
  return done();
}

static void idle(void) {
  ok(callseq_service_fd() >= 0, "there is a descriptor");
  settle();
  ok(has_thread() || !readable(0), "with nothing to do it is not readable");
  is_int(callseq_serve(0), CALLSEQ_TIMEDOUT, "nothing comes");
  is_int(callseq_serve(2), CALLSEQ_TIMEDOUT, "nor in two milliseconds");
  is_int(serve_nested(), CALLSEQ_WOULD_DEADLOCK, "inside nobody serves");
}

static void green_threads(void) {
  int ends[2], before = events();
  if (pipe(ends) != 0)
    exit(2);
  leave_sleeper(5);
  loop_until(before + 1);
  ok(true, "a green thread that sleeps goes on");
  leave_reader(ends[0]);
  settle();
  ok(has_thread() || !readable(0), "one that waits for a pipe leaves nothing to do");
  if (write(ends[1], "x", 1) != 1)
    exit(2);
  ok(readable(-1), "its input does");
  loop_until(before + 2);
  leave_readers(ends[0]); /* which is readable still */
  loop_until(before + 4);
  settle();
  ok(has_thread() || !readable(0), "two that wait for one descriptor: nothing is left to do");
  if (has_proc() && !under("tsan") && !has_thread())
    is_int(thread_count(), 1, "and no thread of the library's has done it");
  leave_blocking(ends[0]); /* on a thread of its own */
  loop_until(before + 5);
  close(ends[0]);
  close(ends[1]);
  settle();
}

static void bounded(void) {
  int before = events();
  leave_computing();
  for (int i = 0; i < 3; i++)
    is_int(callseq_serve(CALLSEQ_FOREVER), CALLSEQ_OK, "serving ends though a thread computes");
  ok(readable(0), "there is more to do");
  stop_computing();
  loop_until(before + 1);
  settle();
}

static void signals(void) {
  int before = events();
  handle_signals();
  raise(SIGUSR1);
  ok(readable(-1), "a signal for Scheme is something to do");
  loop_until(before + 1);
  settle();
}

static void *serve_one(void *result) {
  int status;
  while ((status = callseq_serve(CALLSEQ_FOREVER)) == CALLSEQ_BUSY)
    sched_yield();
  *(int *)result = status;
  return NULL;
}

static void one_at_a_time(void) {
  pthread_t server;
  int status = -1;
  if (pthread_create(&server, NULL, serve_one, &status))
    exit(2);
  while (callseq_serve(0) != CALLSEQ_BUSY)
    sched_yield();
  ok(true, "one thread at a time serves");
  raise(SIGUSR1);
  pthread_join(server, NULL);
  is_int(status, CALLSEQ_OK, "the other one has served");
  settle();
}

/* The child of process-fork must not come back to this loop, which it has a copy of. */
static void forks(void) {
  pid_t parent = getpid();
  leave_forking(9);
  while (code_noted < 0) {
    callseq_serve(CALLSEQ_FOREVER);
    if (getpid() != parent)
      _exit(100);
  }
  is_int(code_noted, 9, "a child of process-fork serves itself until its thunk has ended");
}

static int child(void) {
  int before = events();
  ok(callseq_service_fd() >= 0, "the child has a descriptor");
  settle();
  ok(has_thread() || !readable(0), "of its own: what is the parent's is not to be seen");
  raise(SIGUSR1);
  loop_until(before + 1);
  leave_sleeper(1);
  loop_until(before + 2);
  return done();
}

int main(void) {
  struct outcome outcome = in_child(no_host);
  is_int(outcome.code, 0, "without the host's service: %s", outcome.err);
  outcome = in_child(forks_in_thread);
  is_int(outcome.code, 0, "a thread of its own: %s", outcome.err);
  is_int(start(CALLSEQ_SERVICE_HOST), CALLSEQ_OK, "init");
  idle();
  green_threads();
  bounded();
  signals();
  one_at_a_time();
  forks();
  int before = events();
  raise(SIGUSR1); /* the parent's */
  outcome = in_child(child);
  is_int(outcome.code, 0, "in a forked child: %s", outcome.err);
  loop_until(before + 1);
  ok(true, "and the parent's signal is handled in the parent");
  return done();
}
