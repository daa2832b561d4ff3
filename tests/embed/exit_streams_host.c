/* What stdio holds is written out when (exit n) in a callback ends the process, whatever threads do
 * with their streams; only a stream that another one has locked for good is left out. */
#include "../support.h"
#include <fcntl.h>
#include <semaphore.h>
#if defined(__linux__)
#include "../sandbox.h"
#endif

int leave(int);

static int ends[2];
static sem_t reading;

static void hold_text(void) { printf("from stdio "); }

static FILE *locked;

static void *read_locked(void *argument) {
  flockfile(locked);
  sem_post(&reading);
  (void)getc(locked); /* nobody writes */
  return argument;
}

static void *lock_and_sit(void *argument) {
  flockfile(locked);
  sem_post(&reading);
  for (;;)
    pause();
  return argument;
}

static void *close_locked(void *argument) {
  sem_post(&reading);
  fclose(locked);
  return argument;
}

static void start_and_wait(void *(*thread_main)(void *)) {
  pthread_t thread;
  sem_init(&reading, 0, 0);
  pthread_create(&thread, NULL, thread_main, NULL);
  sem_wait(&reading);
}

/* Streams are gone through newest first. */
static int with_a_reader_of_a_new_stream(void) {
  callseq_init();
  hold_text();
  if (pipe(ends) || !(locked = fdopen(ends[0], "r")))
    return 98;
  start_and_wait(read_locked);
  leave(21);
  return 99;
}

static int with_a_stream_locked_for_good(void) {
  callseq_init();
  hold_text();
  locked = tmpfile();
  fprintf(locked, "lost");
  start_and_wait(lock_and_sit);
  leave(22);
  return 99;
}

/* The list of streams is locked as well, by the thread that closes one. */
static int with_a_stream_that_cannot_be_closed(void) {
  callseq_init();
  hold_text();
  if (pipe(ends) || !(locked = fdopen(ends[0], "r")))
    return 98;
  start_and_wait(read_locked);
  start_and_wait(close_locked);
  await_sleep();
  leave(23);
  return 99;
}

static int with_an_own_lock(void) {
  callseq_init();
  hold_text();
  flockfile(stdout);
  leave(24);
  return 99;
}

static void *lock_for_a_moment(void *argument) {
  flockfile(stdout);
  sem_post(&reading);
  usleep(10000);
  funlockfile(stdout);
  return argument;
}

/* A thread prints just now. */
static int with_a_stream_locked_for_a_moment(void) {
  callseq_init();
  hold_text();
  start_and_wait(lock_for_a_moment);
  leave(25);
  return 99;
}

#if defined(__linux__)
static int without_another_thread(void) {
  callseq_init();
  hold_text();
  if (!refuse_system_call(SYS_clone) || !refuse_system_call(SYS_clone3))
    return 77;
  leave(26);
  return 99;
}
#else
static int without_another_thread(void) { return 77; }
#endif

/* The reader begins late enough for a writer that gives up after a while. What it reads last is the
 * text. */
static int with_a_slow_reader(void) {
  static char filling[4096], last[11], next[4096];
  ssize_t got;
  if (pipe(ends))
    return 98;
  pid_t writer = fork();
  if (writer == 0) {
    callseq_init();
    FILE *stream = fdopen(ends[1], "w");
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], filling, sizeof filling) > 0) {
    }
    fcntl(ends[1], F_SETFL, 0);
    fprintf(stream, "from stdio");
    leave(27);
  }
  close(ends[1]);
  usleep(600000);
  while ((got = read(ends[0], next, sizeof next)) > 0)
    for (ssize_t i = 0; i < got; i++) {
      memmove(last, last + 1, 9);
      last[9] = next[i];
    }
  int status = 0;
  waitpid(writer, &status, 0);
  printf("%s", last);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* Another process goes on reading where this one has stopped. */
static int with_unread_input(void) {
  FILE *file = tmpfile();
  char line[10];
  if (!file || fputs("one\ntwo\n", file) < 0)
    return 98;
  rewind(file);
  pid_t reader = fork();
  if (reader == 0) {
    callseq_init();
    if (!fgets(line, sizeof line, file))
      return 98;
    leave(28);
  }
  int code = code_of(reader);
  if (lseek(fileno(file), 0, SEEK_CUR) == 4)
    printf("from stdio");
  return code;
}

static void expect_text(int (*scenario)(void), int code, const char *what) {
  struct outcome outcome = in_child(scenario);
  if (outcome.code == 77) {
    ok(true, "%s # SKIP it cannot be refused here", what);
    return;
  }
  is_int(outcome.code, code, "%s: the exit code (signal %d)", what, outcome.signal);
  ok(strstr(outcome.out, "from stdio"), "%s: what stdio holds is written: %s", what, outcome.out);
}

int main(void) {
  expect_text(with_a_reader_of_a_new_stream, 21, "a thread reads from another stream");
  expect_text(with_a_stream_locked_for_good, 22, "a thread has locked another stream");
  expect_text(with_a_stream_that_cannot_be_closed, 23, "a thread waits to close it");
  expect_text(with_an_own_lock, 24, "the thread itself has locked stdout");
  expect_text(with_a_stream_locked_for_a_moment, 25, "another has, for a moment");
  expect_text(without_another_thread, 26, "there can be no more threads");
  expect_text(with_a_slow_reader, 27, "a slow reader");
  expect_text(with_unread_input, 28, "what was read ahead is given back");
  return done();
}
