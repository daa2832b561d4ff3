/* While callbacks wait, a process forks, by a thread or in a callback: the child goes on with none
 * of them and can do all that its parent can, and the parent's go on. And it ends: at once. */
#include "../support.h"
#include <sched.h>
#include <signal.h>

int wait_at(int, int), wait_for(int, int), sleep_until_open(int, int), add(int), nap(int);
int ended(void), get(void);
int fork_now(void), fork_after(int), fork_and_wait(int), fork_in_scheme(int), fork_thunk(int, int),
    fork_and_fail(void);
void open_gate(int), shut_gate(int), quit(int), quit_after(int, int), quit_slowly(int);
int quit_nested(int);

enum { IMPATIENT = 60 }; /* seconds, for a child that would hang */

/* ---- Others, who wait ---- */

enum { OTHERS = 3 };
static pthread_t others[OTHERS];
static int results[OTHERS], fds[2];

static void *wait_as_other(void *argument) {
  int i = (int)(intptr_t)argument;
  results[i] = i == 0 ? wait_at(0, 10) : i == 1 ? wait_for(fds[0], 11) : sleep_until_open(0, 12);
  return NULL;
}

static void start(pthread_t *thread, void *(*body)(void *), int argument) {
  uint64_t before = suspended();
  if (pthread_create(thread, NULL, body, (void *)(intptr_t)argument)) {
    perror("pthread_create");
    exit(2);
  }
  while (suspended() == before)
    sched_yield();
}

static void start_others(void) {
  if (pipe(fds)) {
    perror("pipe");
    exit(2);
  }
  for (int i = 0; i < OTHERS; i++)
    start(&others[i], wait_as_other, i);
}

static void end_others(const char *what) {
  open_gate(0);
  if (write(fds[1], "x", 1) != 1)
    perror("write");
  for (int i = 0; i < OTHERS; i++) {
    pthread_join(others[i], NULL);
    is_int(results[i], 10 + i, "%s: a call that waits goes on in the parent", what);
  }
  is_int(ended(), OTHERS, "%s: once", what);
  is_int(get(), 0, "%s: a parameter is as it was", what);
  shut_gate(0);
  close(fds[0]);
  close(fds[1]);
}

/* ---- The child ---- */

int fork_in_c(void);
int fork_in_c(void) {
  pid_t child = fork();
  if (child == 0)
    alarm(IMPATIENT);
  return child;
}

static void *wait_in_child(void *result) {
  *(int *)result = wait_at(2, 20);
  return NULL;
}

/* 0 if all is well in this child, where nobody has ended `before`. */
static int live(int before) {
  pthread_t thread;
  int result = 0, answer = 0;
  for (int i = 0; i < 1000; i++)
    if (add(i) != i + 100)
      return 2;
  if (nap(5) != 5)
    return 3;
  uint64_t waiting = suspended();
  pthread_create(&thread, NULL, wait_in_child, &result);
  while (suspended() == waiting)
    sched_yield();
  if (ended() != before || get() != 0)
    return 4;
  /* What others of the parent wait for comes, and here nobody goes on. */
  open_gate(0);
  if (write(fds[1], "y", 1) != 1 || nap(6) != 6 || nap(15) != 15)
    return 5;
  if (ended() != before)
    return 6;
  char byte;
  if (read(fds[0], &byte, 1) != 1)
    return 7;
  open_gate(2);
  pthread_join(thread, NULL);
  if (result != 20 || ended() != before + 1 || get() != 0)
    return 8;
  pid_t child = fork_now(); /* and it can do the same */
  if (child == 0)
    _exit(nap(7) == 7 && add(1) == 101 ? 0 : 9);
  answer = code_of(child);
  return answer ? 10 + answer : 0;
}

static void *call_fork_after(void *child) {
  *(pid_t *)child = fork_after(1);
  if (*(pid_t *)child == 0)
    _exit(live(0));
  return NULL;
}

/* Each in a process of its own, so that nobody has ended before. */
static int fork_by_thread(void) {
  start_quietly();
  start_others();
  pid_t child = fork_in_c();
  if (child == 0)
    _exit(live(0));
  is_int(code_of(child), 0, "a child of a thread lives");
  end_others("a thread has forked");
  return done();
}

static int fork_in_callback(void) {
  start_quietly();
  start_others();
  pid_t child = fork_now();
  if (child == 0)
    _exit(live(0));
  is_int(code_of(child), 0, "a child of a callback lives");
  end_others("a callback has forked");
  return done();
}

static int fork_after_wait(void) {
  pthread_t thread;
  pid_t child = -1;
  uint64_t before;
  start_quietly();
  start_others();
  before = suspended();
  pthread_create(&thread, NULL, call_fork_after, &child);
  while (suspended() == before)
    sched_yield();
  open_gate(1);
  pthread_join(thread, NULL);
  is_int(code_of(child), 0, "a child of a callback that has waited lives");
  end_others("a callback has waited and forked");
  return done();
}

static int fork_before_wait(void) {
  start_quietly();
  start_others();
  open_gate(1);
  pid_t child = fork_and_wait(1);
  if (child == 0)
    _exit(live(0));
  is_int(code_of(child), 0, "a callback waits in the child, too");
  end_others("a callback has forked and waited");
  return done();
}

static int fork_by_scheme(void) {
  start_quietly();
  start_others();
  open_gate(1);
  pid_t child = fork_in_scheme(1);
  if (child == 0) {
    alarm(IMPATIENT);
    _exit(live(0));
  }
  is_int(code_of(child), 0, "a child of process-fork lives");
  is_int(fork_thunk(1, 33), 33, "one with a thunk that sleeps ends with that");
  is_int(fork_and_fail(), 70, "one that fails after a wait ends, too");
  end_others("process-fork");
  return done();
}

/* ---- Ends ---- */

static int quit_meanwhile(void) {
  start_quietly();
  start_others();
  quit(7);
  return 99;
}

static void *call_quit_after(void *unused) {
  quit_after(1, 8);
  return unused;
}

static int quit_after_wait(void) {
  pthread_t thread;
  start_quietly();
  start_others();
  start(&thread, call_quit_after, 0);
  open_gate(1);
  pthread_join(thread, NULL);
  return 99;
}

static int quit_with_waiting_thunk(void) {
  start_quietly();
  start_others();
  quit_slowly(9);
  return 99;
}

int call_nested(int);
int call_nested(int code) {
  quit(code);
  return 99;
}

static int quit_in_nested(void) {
  start_quietly();
  start_others();
  return quit_nested(10);
}

static int return_from_main(void) {
  start_quietly();
  start_others();
  exit(11);
}

static void end_with(int (*scenario)(void), int code, const char *printed, const char *what) {
  struct outcome o = in_child(scenario);
  is_int(o.code, code, "%s: exit code (signal %d) %s", what, o.signal, o.err);
  const char *last = strrchr(o.out, '\n');
  is_str(last ? last + 1 : o.out, printed, "%s: thunks of on-exit", what);
}

static void live_in(int (*scenario)(void), const char *what) {
  struct outcome o = in_child(scenario);
  is_int(o.code, 0, "%s (signal %d): %s%s", what, o.signal, o.code ? o.out : "", o.err);
}

int main(void) {
  live_in(fork_by_thread, "a thread forks");
  live_in(fork_in_callback, "a callback forks");
  live_in(fork_after_wait, "a callback waits and forks");
  live_in(fork_before_wait, "a callback forks and waits");
  live_in(fork_by_scheme, "a callback forks by process-fork");
  end_with(quit_meanwhile, 7, "thunk ", "(exit) while others wait");
  end_with(quit_after_wait, 8, "thunk ", "(exit) after a wait");
  end_with(quit_with_waiting_thunk, 9, "slow thunk ", "a thunk that sleeps");
  end_with(quit_in_nested, 10, "thunk ", "(exit) in a nested call");
  end_with(return_from_main, 11, "", "C's exit");
  return done();
}
