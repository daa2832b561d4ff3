/* callseq_close: what has begun or waits is let end, for as long as it may take; what is left ends
 * with CALLSEQ_CLOSED; then on-exit thunks run, once, and no thread of the library's is left. */
#include "../support.h"
#include <poll.h>
#include <sched.h>
#include <semaphore.h>

int twice(int), twice_status(int, int *), sleep_and_return(int, int), read_and_return(int, int),
    wait_for_ever(int), call_outside(int), wait_outside(int, int), hold_and_return(int),
    close_inside(void), close_in_blocking_function(void), hold_and_nest(int), hold_and_fork(void);
void leave_green_thread(void), leave_waiting_outside(int), note_and_go_on(void);
int post_sleep(int), post_on(int);
callseq_future *future_sleep(int);
int future_sleep_result(callseq_future *, int *);

int close_now(int), call_back(int), fork_here(void);
void hold(void), thunk_ran(void), wait_in_c(int);

static int thunks;
static _Atomic(int) posts, dropped;

void post_ran(void);
void post_ran(void) { posts++; }
static sem_t held, release, in_c;

void thunk_ran(void) { thunks++; }

int close_now(int ms) { return callseq_close((unsigned)ms); }

void hold(void) {
  sem_post(&held);
  sem_wait(&release);
}

int call_back(int n) {
  sem_post(&in_c);
  sem_wait(&release);
  return twice(n);
}

void wait_in_c(int fd) {
  char c;
  sem_post(&in_c);
  if (read(fd, &c, 1) < 0)
    abort();
}

/* Of the library's and others. One that has been joined may be in /proc for a moment still. */
static void no_threads(void) {
  if (!has_proc() || under("tsan"))
    return;
  for (int i = 0; i < 1000 && thread_count() > 1; i++)
    usleep(1000);
  is_int(thread_count(), 1, "no thread of the library's is left");
}

static void start(void) {
  start_quietly();
  sem_init(&held, 0, 0);
  sem_init(&release, 0, 0);
  sem_init(&in_c, 0, 0);
}

static void refused(void) {
  int n = 7;
  is_int(twice_status(1, &n), CALLSEQ_CLOSED, "a call is refused");
  is_int(n, 7, "and its result is left alone");
  is_int(callseq_last_status(), CALLSEQ_CLOSED, "the status is kept");
}

static void closed(int status) {
  is_int(callseq_close(CALLSEQ_FOREVER), status, "closing again returns the same");
  refused();
  ok(strstr(callseq_last_error(), "callseq_close"), "the message says why: %s",
     callseq_last_error());
  is_int(callseq_init(), CALLSEQ_CLOSED, "it cannot be opened again");
}

/* ---- A call in another thread ---- */

struct caller {
  pthread_t thread;
  int (*call)(struct caller *c);
  int fd, result, status;
};

static void *call_main(void *caller) {
  struct caller *c = caller;
  callseq_clear_error();
  c->result = c->call(c);
  c->status = callseq_last_status();
  return NULL;
}

static void begin(struct caller *c, int (*call)(struct caller *)) {
  c->call = call;
  if (pthread_create(&c->thread, NULL, call_main, c))
    exit(2);
}

static void ends(struct caller *c, int result, int status, const char *what) {
  pthread_join(c->thread, NULL);
  is_int(c->status, status, "%s: its status", what);
  is_int(c->result, result, "%s: its result", what);
}

static void begin_and_suspend(struct caller *c, int (*call)(struct caller *)) {
  uint64_t before = suspended();
  begin(c, call);
  while (suspended() == before)
    sched_yield();
}

static void begin_and_wait(struct caller *c, int (*call)(struct caller *)) {
  uint64_t before = parks();
  begin(c, call);
  await_parks(before + 1);
}

#define CALL(name, expression)                                                                     \
  static int name(struct caller *c) {                                                              \
    (void)c;                                                                                       \
    return (expression);                                                                           \
  }
CALL(call_sleep, sleep_and_return(30, 3))
CALL(call_read, read_and_return(c->fd, 4))
CALL(call_wait, wait_for_ever(5))
CALL(call_outside_c, call_outside(6))
CALL(call_wait_outside, wait_outside(c->fd, 7))
CALL(call_hold, hold_and_return(8))
CALL(call_nest, hold_and_nest(9))
CALL(call_fork, hold_and_fork())
CALL(call_twice, twice(10))
CALL(close_forever, callseq_close(CALLSEQ_FOREVER))
CALL(close_soon, callseq_close(20))

/* Until closing has begun. A call might wait. */
static void await_closing(void) {
  while (callseq_init() != CALLSEQ_CLOSED)
    sched_yield();
}

/* ---- Nothing in progress ---- */

static int idle(void) {
  start();
  is_int(twice(2), 4, "a call");
  is_int(callseq_close(1000), CALLSEQ_OK, "it closes");
  is_int(thunks, 1, "the on-exit thunk has run, once");
  closed(CALLSEQ_OK);
  is_int(thunks, 1, "it runs no more");
  no_threads();
  return done();
}

static int with_green_thread(void) {
  start();
  leave_green_thread();
  is_int(callseq_close(20000), CALLSEQ_OK, "green threads are not waited for");
  is_int(thunks, 1, "the thunk has run");
  no_threads();
  return done();
}

static int before_init(void) {
  is_int(callseq_close(0), CALLSEQ_OK, "closing before init");
  closed(CALLSEQ_OK);
  is_int(thunks, 0, "there was nothing to run");
  return done();
}

static int inside(void) {
  start();
  is_int(close_inside(), CALLSEQ_WOULD_DEADLOCK, "inside");
  is_int(close_in_blocking_function(), CALLSEQ_WOULD_DEADLOCK, "in a blocking function");
  is_int(twice(2), 4, "nothing has happened");
  is_int(callseq_close(CALLSEQ_FOREVER), CALLSEQ_OK, "outside it closes");
  return done();
}

static int several(void) {
  enum { CLOSERS = 4 };
  struct caller c[CLOSERS];
  start();
  for (int i = 0; i < CLOSERS; i++)
    begin(&c[i], close_forever);
  for (int i = 0; i < CLOSERS; i++)
    ends(&c[i], CALLSEQ_OK, CALLSEQ_OK, "one of several that close");
  is_int(thunks, 1, "the thunk has run once");
  return done();
}

static int stop;
static int call_on(struct caller *c) {
  int n, refusals = 0, late = 0;
  (void)c;
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) || !refusals) {
    if (twice_status(1, &n) == CALLSEQ_CLOSED)
      refusals++;
    else if (refusals)
      late++;
  }
  return late;
}

static int on_the_fast_path(void) {
  enum { CALLERS = 3 };
  struct caller c[CALLERS];
  start();
  for (int i = 0; i < CALLERS; i++)
    begin(&c[i], call_on);
  is_int(callseq_close(CALLSEQ_FOREVER), CALLSEQ_OK, "it closes while threads go on calling");
  refused();
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < CALLERS; i++)
    ends(&c[i], 0, CALLSEQ_CLOSED, "no call succeeds after one was refused");
  return done();
}

/* ---- What ends in time ---- */

static int in_time(void) {
  struct caller sleeper, reader = {0}, outside, closer;
  int ends_of_pipe[2];
  start();
  if (pipe(ends_of_pipe) != 0)
    exit(2);
  reader.fd = ends_of_pipe[0];
  begin_and_suspend(&sleeper, call_sleep);
  begin_and_suspend(&reader, call_read);
  begin_and_suspend(&outside, call_outside_c);
  sem_wait(&in_c);
  begin(&closer, close_forever);
  await_closing();
  refused();
  sem_post(&release); /* it calls now, as a part of what is in progress */
  if (write(ends_of_pipe[1], "x", 1) != 1)
    exit(2);
  ends(&sleeper, 3, CALLSEQ_OK, "a call that sleeps");
  ends(&reader, 4, CALLSEQ_OK, "one that waits for a descriptor");
  ends(&outside, 12, CALLSEQ_OK, "one in a blocking function, which calls");
  ends(&closer, CALLSEQ_OK, CALLSEQ_OK, "closing");
  is_int(thunks, 1, "the thunk has run");
  no_threads();
  return done();
}

static int held_in_time(void) {
  struct caller holder, waiter, closer;
  start();
  begin(&holder, call_nest);
  sem_wait(&held);
  begin_and_wait(&waiter, call_twice);
  begin(&closer, close_forever);
  await_closing();
  sem_post(&release);
  sem_post(&release);
  ends(&holder, 18, CALLSEQ_OK, "a call that nests another one");
  ends(&waiter, 20, CALLSEQ_OK, "one that has waited since before");
  ends(&closer, CALLSEQ_OK, CALLSEQ_OK, "closing");
  return done();
}

static int green_function(void) {
  struct caller closer;
  int ends_of_pipe[2];
  start();
  if (pipe(ends_of_pipe) != 0)
    exit(2);
  leave_waiting_outside(ends_of_pipe[0]);
  sem_wait(&in_c);
  begin(&closer, close_forever);
  await_closing();
  if (write(ends_of_pipe[1], "x", 1) != 1)
    exit(2);
  ends(&closer, CALLSEQ_OK, CALLSEQ_OK, "closing waits for the thread of a blocking function");
  no_threads();
  return done();
}

/* ---- What has to be given up ---- */

static int suspended_too_long(void) {
  struct caller waits, reads = {0}, outside = {0};
  int ends_of_pipe[2];
  start();
  if (pipe(ends_of_pipe) != 0)
    exit(2);
  outside.fd = reads.fd = ends_of_pipe[0];
  begin_and_suspend(&waits, call_wait);
  begin_and_suspend(&reads, call_read);
  begin_and_suspend(&outside, call_wait_outside);
  sem_wait(&in_c);
  is_int(callseq_close(20), CALLSEQ_TIMEDOUT, "the time is up");
  is_int(thunks, 1, "the thunk has run");
  ends(&waits, 0, CALLSEQ_CLOSED, "a call that waits for ever");
  ends(&reads, 0, CALLSEQ_CLOSED, "one that waits for a descriptor");
  close(ends_of_pipe[1]);
  ends(&outside, 0, CALLSEQ_CLOSED, "one in a blocking function, when that has ended");
  closed(CALLSEQ_TIMEDOUT);
  no_threads();
  return done();
}

static int held_too_long(void) {
  struct caller holder, waiters[3], sleeper, closer;
  start();
  begin_and_suspend(&sleeper, call_wait);
  begin(&holder, call_hold);
  sem_wait(&held);
  for (int i = 0; i < 3; i++)
    begin_and_wait(&waiters[i], call_twice);
  begin(&closer, close_soon);
  for (int i = 0; i < 3; i++)
    ends(&waiters[i], 0, CALLSEQ_CLOSED, "a call that has waited");
  ends(&sleeper, 0, CALLSEQ_CLOSED, "one that is suspended");
  ends(&closer, CALLSEQ_TIMEDOUT, CALLSEQ_TIMEDOUT, "closing");
  is_int(thunks, 0, "with the runtime held no thunk runs");
  closed(CALLSEQ_TIMEDOUT);
  sem_post(&release);
  ends(&holder, 8, CALLSEQ_OK, "the one that holds it, at its end");
  refused();
  return done();
}

/* ---- Calls that nobody waits for ---- */

static void run_late(void *argument) { (void)argument, posts++; }
static void drop(void *argument) { (void)argument, dropped++; }

static int posted_in_time(void) {
  int n = 0;
  start();
  for (int i = 0; i < 5; i++)
    is_int(post_sleep(i), CALLSEQ_OK, "a post");
  is_int(callseq_post(run_late, NULL, drop), CALLSEQ_OK, "a C function");
  callseq_future *future = future_sleep(5);
  is_int(callseq_close(CALLSEQ_FOREVER), CALLSEQ_OK, "it closes");
  is_int(posts, 6, "what was posted has been executed");
  is_int(dropped, 0, "nothing has been dropped");
  is_int(future_sleep_result(future, &n), CALLSEQ_OK, "a future has its result");
  is_int(n, 5, "the right one");
  is_int(post_sleep(1), CALLSEQ_CLOSED, "a post is refused");
  is_int(callseq_post(run_late, NULL, drop), CALLSEQ_CLOSED, "also of a C function");
  ok(!future_sleep(1), "and a future");
  is_int(callseq_flush(CALLSEQ_FOREVER), CALLSEQ_OK, "there is nothing to flush");
  no_threads();
  return done();
}

static int posted_too_late(void) {
  struct caller holder;
  int n = 3;
  start();
  begin(&holder, call_hold);
  sem_wait(&held);
  is_int(post_sleep(1), CALLSEQ_OK, "a post");
  is_int(callseq_post(run_late, NULL, drop), CALLSEQ_OK, "a C function");
  callseq_future *future = future_sleep(5);
  is_int(callseq_close(10), CALLSEQ_TIMEDOUT, "with the runtime held");
  is_int(dropped, 1, "the C function is dropped");
  is_int(future_sleep_result(future, &n), CALLSEQ_CANCELLED, "the future is cancelled");
  sem_post(&release);
  ends(&holder, 8, CALLSEQ_OK, "the one that held it");
  is_int(posts, 0, "nothing begins later");
  return done();
}

/* Functions of the program's that closing waits for: none of them waits for it. */
static void drop_and_wait(void *argument) {
  (void)argument;
  is_int(callseq_close(CALLSEQ_FOREVER), CALLSEQ_WOULD_DEADLOCK, "it cannot close");
  is_int(callseq_flush(CALLSEQ_FOREVER), CALLSEQ_WOULD_DEADLOCK, "nor flush");
  dropped++;
}

static int closed_by_dropped(void) {
  struct caller holder;
  start();
  begin(&holder, call_hold);
  sem_wait(&held);
  is_int(callseq_post(run_late, NULL, drop_and_wait), CALLSEQ_OK, "a C function");
  is_int(callseq_close(10), CALLSEQ_TIMEDOUT, "with the runtime held");
  is_int(dropped, 1, "it is dropped");
  sem_post(&release);
  ends(&holder, 8, CALLSEQ_OK, "the one that held it");
  return done();
}

static int closed_by_then_status;

static void close_then(void *data, int status) {
  (void)data, (void)status;
  await_closing();
  closed_by_then_status = callseq_close(CALLSEQ_FOREVER);
}

/* The future's call begins, and ends, after it has got the function: so the service runs that. */
static int closed_by_then(void) {
  struct caller holder;
  start();
  begin(&holder, call_hold);
  sem_wait(&held);
  callseq_future *future = future_sleep(1);
  is_int(callseq_future_then(future, close_then, NULL), CALLSEQ_OK, "a function that closes");
  callseq_future_release(future);
  sem_post(&release);
  ends(&holder, 8, CALLSEQ_OK, "the one that held the runtime");
  is_int(callseq_close(CALLSEQ_FOREVER), CALLSEQ_OK, "it closes");
  is_int(closed_by_then_status, CALLSEQ_WOULD_DEADLOCK, "not by the one that it waits for");
  no_threads();
  return done();
}

static int suspended_future(void) {
  int n = 3;
  start();
  uint64_t before = suspended();
  callseq_future *future = future_sleep(100000);
  while (suspended() == before)
    sched_yield();
  is_int(callseq_close(10), CALLSEQ_TIMEDOUT, "with a future's callback that waits");
  is_int(future_sleep_result(future, &n), CALLSEQ_CLOSED, "it ends");
  is_int(thunks, 1, "the thunk has run");
  no_threads();
  return done();
}

static int notify_on(struct caller *c) {
  (void)c;
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
    note_and_go_on();
  return 0;
}

static int without_end(void) {
  struct caller notifiers[2];
  start();
  for (int i = 0; i < 2; i++)
    begin(&notifiers[i], notify_on);
  is_int(post_on(0), CALLSEQ_OK, "a post that posts itself again");
  is_int(post_on(1), CALLSEQ_OK, "one that waits before");
  while (posts < 10)
    sched_yield();
  is_int(callseq_close(CALLSEQ_FOREVER), CALLSEQ_OK, "it closes while threads go on notifying");
  int ran = posts;
  is_int(thunks, 1, "the thunk has run");
  note_and_go_on();
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < 2; i++)
    ends(&notifiers[i], 0, CALLSEQ_OK, "a thread that notifies");
  is_int(posts, ran, "nothing has run since");
  no_threads();
  return done();
}

/* ---- fork ---- */

static int child(void) {
  refused();
  is_int(callseq_close(0), CALLSEQ_OK, "in a child of a process that has closed");
  return done();
}

static int forked_after(void) {
  start();
  leave_green_thread();
  is_int(callseq_close(CALLSEQ_FOREVER), CALLSEQ_OK, "it closes");
  struct outcome outcome = in_child(child);
  is_int(outcome.code, 0, "in the child: %s", outcome.err);
  return done();
}

static int forked_child(void) {
  is_int(twice(2), 4, "the child is open: the closing is the parent's");
  is_int(callseq_close(CALLSEQ_FOREVER), CALLSEQ_WOULD_DEADLOCK, "inside still");
  return done();
}

int fork_here(void) { return in_child(forked_child).code; }

static int forked_meanwhile(void) {
  struct caller holder, closer;
  start();
  begin(&holder, call_fork);
  sem_wait(&held);
  begin(&closer, close_forever);
  await_closing();
  sem_post(&release);
  ends(&holder, 0, CALLSEQ_OK, "a call that forks while the runtime is being closed");
  ends(&closer, CALLSEQ_OK, CALLSEQ_OK, "closing");
  return done();
}

/* ---- The host's service ---- */

static int hosts_service(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.service = CALLSEQ_SERVICE_HOST;
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");
  leave_green_thread();
  is_int(callseq_close(CALLSEQ_FOREVER), CALLSEQ_OK, "it closes");
  is_int(thunks, 1, "the thunk has run");
  struct pollfd fd = {.fd = callseq_service_fd(), .events = POLLIN};
  is_int(poll(&fd, 1, 0), 0, "there is nothing to serve");
  is_int(callseq_serve(0), CALLSEQ_CLOSED, "nor will there be");
  no_threads();
  return done();
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    int (*scenario)(void);
  } scenarios[] = {{"idle", idle},
                   {"with a green thread", with_green_thread},
                   {"before init", before_init},
                   {"inside", inside},
                   {"by several", several},
                   {"while threads call", on_the_fast_path},
                   {"with calls that end in time", in_time},
                   {"held, but not for long", held_in_time},
                   {"a green thread's blocking function", green_function},
                   {"with calls that do not end in time", suspended_too_long},
                   {"held for long", held_too_long},
                   {"with posts in time", posted_in_time},
                   {"with posts that come too late", posted_too_late},
                   {"by a function that is told of a dropped one", closed_by_dropped},
                   {"by a function that is told of a future's end", closed_by_then},
                   {"with a future that waits", suspended_future},
                   {"with posts and notifications without end", without_end},
                   {"then forked", forked_after},
                   {"forked meanwhile", forked_meanwhile},
                   {"with the host's service", hosts_service}};
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
    if (argc > 1 && !strcmp(argv[1], scenarios[i].name)) /* for a debugger */
      return scenarios[i].scenario();
    struct outcome outcome = in_child(scenarios[i].scenario);
    is_int(outcome.code, 0, "%s%s%s", scenarios[i].name, *outcome.err ? ": " : "", outcome.err);
  }
  return done();
}
