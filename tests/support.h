/* support.h: what several cases need.
 *
 *   start_quietly()         callseq_init, with nothing on standard error when a call fails
 *   failed(name, parts...)  asserts that this thread's last call failed, and what its message names
 *   crew(n, work)           runs work(0) ... work(n - 1), each in a thread, started together; joins
 *   in_child(scenario)      runs scenario() in a child: its exit code, signal and output
 *   resident_kb()           resident memory of this process
 *   growth_kb(work, ...)    what work(n) takes of it for good
 *   code_of(child)          waits for a child's end: its exit code, 128 and its signal, or -1
 *   under(tool)             is the suite run under that tool of settings/tool.mk?
 *   loads_imports()         can the program load CHICKEN's import libraries? A static one cannot,
 *                           nor one for another CPU than the one that they are installed for
 *   emulated()              is this CPU an emulator's? settings/foreign.mk says so
 *   has_proc()              is /proc mounted? A bare folder made by debootstrap has none
 *   thread_count()          how many threads this process has, an emulator's own left out
 *   suspended()             how often calls have been suspended
 *   parks()                 how often a waiting thread went to sleep
 *   await_parks(n)          until that is n or more, and all other threads sleep: one that wakes
 *                           for a look and sleeps again is counted twice
 *   interrupt(thread, n)    sends signal n to a thread that sleeps, as soon as it and all others do
 *   often(n)                n, or a tenth of it in an emulator, under valgrind, or where limits are
 *                           shrunken: slow
 *   chance(&state)          a small pseudo-random generator; print the seed that it starts from
 *
 * A process has one runtime, so every scenario of init, exit or death gets a child of its own; the
 * parent must not have called callseq_init. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "tap.h"
#include <callseq.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void keep_quiet(void *data, int status, const char *message) {
  (void)data, (void)status, (void)message;
}

static inline void start_quietly(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = keep_quiet;
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");
}

/* The message of the failed call must contain every part; the error is cleared. */
#define failed(...) failed_parts(__FILE__, __LINE__, (const char *[]){__VA_ARGS__, NULL})

static inline void failed_parts(const char *file, int line, const char **parts) {
  const char *message = callseq_last_error();
  tap_is_int(callseq_last_status(), CALLSEQ_ERROR, file, line, "%s fails", parts[0]);
  for (const char **part = parts; *part; part++)
    tap_ok(message && strstr(message, *part), file, line, "the message names %s: %s", *part,
           message ? message : "(none)");
  callseq_clear_error();
}

struct member {
  pthread_t thread;
  pthread_barrier_t *start;
  void (*work)(int index);
  int index;
};

static inline void *member_main(void *argument) {
  struct member *self = (struct member *)argument;
  pthread_barrier_wait(self->start);
  self->work(self->index);
  return NULL;
}

static inline void crew(int count, void (*work)(int index)) {
  pthread_barrier_t start;
  struct member *members = (struct member *)calloc((size_t)count, sizeof *members);
  pthread_barrier_init(&start, NULL, (unsigned)count);
  for (int i = 0; i < count; i++) {
    members[i].start = &start;
    members[i].work = work;
    members[i].index = i;
    if (pthread_create(&members[i].thread, NULL, member_main, &members[i])) {
      perror("pthread_create");
      exit(2);
    }
  }
  for (int i = 0; i < count; i++)
    pthread_join(members[i].thread, NULL);
  pthread_barrier_destroy(&start);
  free(members);
}

struct outcome {
  int code;   /* exit code, or -1 when a signal ended the child */
  int signal; /* that signal, or 0 */
  char out[8192], err[8192];
};

static inline void slurp(FILE *file, char *text, size_t size) {
  rewind(file);
  text[fread(text, 1, size - 1, file)] = '\0';
  fclose(file);
}

static inline struct outcome in_child(int (*scenario)(void)) {
  struct outcome outcome;
  memset(&outcome, 0, sizeof outcome);
  outcome.code = -1;
  FILE *out = tmpfile(), *err = tmpfile();
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    int code = scenario();
    fflush(NULL);
    _exit(code);
  }
  int status = 0;
  if (!out || !err || child < 0 || waitpid(child, &status, 0) < 0) {
    perror("in_child");
    exit(2);
  }
  if (WIFEXITED(status))
    outcome.code = WEXITSTATUS(status);
  else
    outcome.signal = WTERMSIG(status);
  slurp(out, outcome.out, sizeof outcome.out);
  slurp(err, outcome.err, sizeof outcome.err);
  return outcome;
}

static inline int code_of(pid_t child) {
  int status;
  if (child <= 0 || waitpid(child, &status, 0) != child)
    return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* 1 under a tool of settings/tool.mk: it takes memory of its own for each block that the program
 * frees, and looks for leaks itself. */
#ifndef WATCHED
#define WATCHED 0
#endif

/* Which tool is it? */
static inline bool under(const char *name) {
  const char *tool = getenv("TOOL");
  return tool && !strcmp(tool, name);
}

#if defined(__ALTIVEC__)
/* By this glibc's swapcontext tells whether to restore vectors. Linux sets it where they are used,
 * qemu does not; a thread has it from the one that created it. */
__attribute__((constructor)) static void use_vectors(void) {
  __asm__ volatile("mtvrsave %0" : : "r"(-1));
}
#endif

static inline bool loads_imports(void) {
  const char *way = getenv("WAY"), *foreign = getenv("FOREIGN");
  return !(foreign && *foreign) && !(way && !strcmp(way, "static"));
}

static inline bool emulated(void) { return getenv("EMULATED") != NULL; }
#ifdef CALLSEQ_SHRUNKEN
static inline int often(int n) { return n / 10; }
#else
static inline int often(int n) { return emulated() || under("valgrind") ? n / 10 : n; }
#endif

static inline bool has_proc(void) { return access("/proc/self/task", F_OK) == 0; }

/* Where /proc is not mounted, the most that there ever was: it grows with a leak too. */
static inline int thread_count(void) {
  int entries = 0;
  DIR *tasks = opendir("/proc/self/task");
  while (tasks && readdir(tasks))
    entries++;
  if (tasks)
    closedir(tasks);
  return entries - 2 - (entries && emulated()); /* without . and .. */
}

static inline uint64_t suspended(void) {
  struct callseq_stats stats;
  callseq_stats(&stats);
  return stats.suspended;
}

static inline uint64_t parks(void) {
  struct callseq_stats stats;
  callseq_stats(&stats);
  return stats.parks;
}

/* Does the calling thread alone use a processor, or want to? Where that cannot be seen it does.
 * (Not by a stream: another thread may have locked stdio's list of these, and sleep.) */
static inline bool others_sleep(void) {
  int awake = 0;
  DIR *tasks = opendir("/proc/self/task");
  for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
    char path[300], text[100] = "", state = 'S'; /* "NUMBER (NAME) STATE ..." */
    snprintf(path, sizeof path, "/proc/self/task/%s/stat", entry->d_name);
    int file = entry->d_name[0] == '.' ? -1 : open(path, O_RDONLY);
    if (file >= 0 && read(file, text, sizeof text - 1) > 0 &&
        sscanf(text, "%*d (%*[^)]) %c", &state) == 1 && state != 'S')
      awake++;
    if (file >= 0)
      close(file);
  }
  if (tasks)
    closedir(tasks);
  return awake <= 1;
}

/* Of that nobody tells: so it is looked for. */
static inline void await_sleep(void) {
  while (!others_sleep())
    usleep(200);
}

static inline void await_parks(uint64_t n) {
  while (parks() < n || !others_sleep())
    usleep(200);
}

/* ThreadSanitizer keeps a signal that comes between its last look and a system call that it does
 * not know, and futex(2) is one: the handler would run when the thread wakes. */
static inline void interrupt(pthread_t thread, int number) {
  await_sleep();
  pthread_kill(thread, number);
}

static inline long resident_kb(void) {
  long total = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  }
  if (fscanf(file, "%ld %ld", &total, &resident) != 2)
    exit(2);
  fclose(file);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Resident memory that work(times) takes for good, and in *total what it returns. A leak grows in
 * each of the rounds that this is done in; CHICKEN's heap doubles once, in one that cannot be
 * foretold. */
static inline long growth_kb(int (*work)(int), int times, int *total) {
  enum { ROUNDS = 4 };
  long least = LONG_MAX;
  for (int round = 0; round < ROUNDS; round++) {
    long before = resident_kb();
    *total += work(times / ROUNDS);
    long growth = resident_kb() - before;
    least = growth < least ? growth : least;
  }
  return ROUNDS * least;
}

/* Marsaglia's xorshift with 32 bits of state, which must not be 0. */
static inline uint32_t chance(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

#endif
