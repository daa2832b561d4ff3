/* The torture program: worker processes that do everything at once, and a supervisor that starts
 * them until the time is up, verifies their ledgers, and notices when one gets stuck. See
 * doc/testing.md.
 *
 *   torture [NAME=VALUE ...]
 *
 *   SECONDS=60   workers are started for so long
 *   SEED=n       all chance comes from it; random, and printed
 *   JOBS=2       workers at a time
 *   ROUND=n      this round's worker only, again and again
 *   ONLY=a,b     these operations only
 *   WITHOUT=a,b  these not
 *   PATIENCE=30  seconds without any call's end after which a worker counts as stuck
 *
 * Each round has one worker, and everything that it does by chance comes from SEED and the round.
 * Ends with 0, or 1 after the first failure, or 2. */
#define _GNU_SOURCE
#include "operations.h"
#include "worker.h"
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

enum { JOBS_MAX = 64, EVERY_ROUND = 0, RUNNING = -1 };

struct slot {
  struct ledger *ledger;
  FILE *errors; /* its standard error */
  pid_t process;
  int status; /* of wait(2), or RUNNING */
  long steps;
  time_t moved; /* when `steps` last changed */
};

static uint32_t seed;
static long seconds = 60, jobs = 2, only_round = EVERY_ROUND, patience = 30;
static const char *only, *without;
static bool allowed[OPERATIONS_MAX];
static struct slot slots[JOBS_MAX];
static long calls, rounds;

static time_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

/*** Settings ***/

static _Noreturn void refuse(const char *what) {
  fprintf(stderr, "torture: %s makes no sense here; the file supervisor.c has the usage\n", what);
  exit(2);
}

static void allow(const char *names, bool flag) {
  for (const char *name = names; *name;) {
    size_t length = strcspn(name, ",");
    int operation = operation_named(name, length);
    if (operation < 0)
      refuse(name);
    allowed[operation] = flag;
    name += length + (name[length] == ',');
  }
}

static bool set(const char *argument, const char *name, long low, long high, long *value) {
  size_t length = strlen(name);
  char *end;
  if (strncmp(argument, name, length) || argument[length] != '=')
    return false;
  *value = strtol(argument + length + 1, &end, 10);
  if (*end || *value < low || *value > high)
    refuse(argument);
  return true;
}

static bool set_names(const char *argument, const char *name, const char **value) {
  size_t length = strlen(name);
  if (strncmp(argument, name, length) || argument[length] != '=')
    return false;
  *value = argument + length + 1;
  return true;
}

static void settings(char **arguments) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  long wanted = seeded((uint32_t)time.tv_sec, (uint32_t)time.tv_nsec, (uint32_t)getpid());
  for (; *arguments; arguments++)
    if (!set(*arguments, "SECONDS", 0, 1000000, &seconds) &&
        !set(*arguments, "SEED", 0, UINT32_MAX, &wanted) &&
        !set(*arguments, "JOBS", 1, JOBS_MAX, &jobs) &&
        !set(*arguments, "ROUND", 1, INT32_MAX, &only_round) &&
        !set(*arguments, "PATIENCE", 1, 1000000, &patience) &&
        !set_names(*arguments, "ONLY", &only) && !set_names(*arguments, "WITHOUT", &without))
      refuse(*arguments);
  seed = (uint32_t)wanted;
  for (int i = 0; operations[i].name; i++)
    allowed[i] = !only;
  if (only)
    allow(only, true);
  if (without)
    allow(without, false);
}

/*** Failures ***/

static void print_errors(FILE *errors) {
  char line[512];
  int lines = 0;
  rewind(errors);
  while (fgets(line, sizeof line, errors) && lines++ < 40)
    fprintf(stderr, "  | %s", line);
}

static void print_repetition(const struct slot *slot) {
  const char *bug = getenv("TORTURE_BUG");
  fprintf(stderr, "torture: repeat with: %s%s%smake torture SEED=%u ROUND=%d JOBS=1",
          bug ? "TORTURE_BUG=" : "", bug ? bug : "", bug ? " " : "", seed, slot->ledger->round);
  if (only)
    fprintf(stderr, " ONLY=%s", only);
  if (without)
    fprintf(stderr, " WITHOUT=%s", without);
  fputc('\n', stderr);
}

static void print_actors(const struct ledger *made) {
  for (int i = 0; i < ACTORS; i++) {
    const struct actor *actor = &made->actors[i];
    if (actor->made && !actor->ended)
      fprintf(stderr, "torture: actor %d has made %d calls and is at %s, depth %d\n", i,
              actor->made, operations[actor->operation].name, actor->depth);
  }
}

/* What all threads of the worker and its children do, if there is a debugger. */
static void print_threads(const struct slot *slot) {
  char command[256];
  snprintf(command, sizeof command,
           "for p in $(ps -e -o pid= -o pgid= | awk '$2 == %d { print $1 }'); do "
           "echo \"process $p\"; gdb -p $p -batch -ex 'thread apply all bt 12' 2>/dev/null; "
           "done >&2",
           (int)slot->process);
  if (system(command) != 0)
    fputs("torture: no debugger has shown the threads\n", stderr);
}

static void end_all(void) {
  for (int i = 0; i < jobs; i++)
    if (slots[i].process)
      kill(-slots[i].process, SIGKILL);
}

static _Noreturn void failed_round(const struct slot *slot, const char *what) {
  fprintf(stderr, "torture: seed %u, round %d, worker %d: %s\n", seed, slot->ledger->round,
          (int)slot->process, what);
  print_repetition(slot);
  fputs("torture: its standard error:\n", stderr);
  print_errors(slot->errors);
  end_all();
  exit(1);
}

/*** Workers ***/

static void start(struct slot *slot, int round) {
  *slot = (struct slot){.ledger = make_ledger(seed, round), .errors = tmpfile(), .moved = now()};
  slot->status = RUNNING;
  ledger = slot->ledger;
  fflush(NULL);
  slot->process = slot->errors ? fork() : -1;
  if (slot->process == 0) {
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    dup2(fileno(slot->errors), STDERR_FILENO);
    sigprocmask(SIG_SETMASK, &none, NULL);
    work(allowed);
  }
  if (slot->process < 0) {
    perror("torture: cannot start a worker");
    exit(2);
  }
  setpgid(slot->process, slot->process);
}

static void check_ending(const struct slot *slot) {
  char text[1400], detail[200];
  int code = slot->ledger->exit_code == NO_EXIT ? 0 : slot->ledger->exit_code;
  if (WIFSIGNALED(slot->status))
    snprintf(text, sizeof text, "signal %d ended it", WTERMSIG(slot->status));
  else if (WEXITSTATUS(slot->status) != code)
    snprintf(text, sizeof text, "it ended with code %d, not %d", WEXITSTATUS(slot->status), code);
  else if (verify_ledger(slot->ledger, detail, sizeof detail))
    snprintf(text, sizeof text, "%s", detail);
  else
    return;
  failed_round(slot, text);
}

static void check_stuck(struct slot *slot) {
  long steps = slot->ledger->steps;
  if (steps != slot->steps) {
    slot->steps = steps;
    slot->moved = now();
  } else if (now() - slot->moved > patience) {
    print_actors(slot->ledger);
    print_threads(slot);
    failed_round(slot, slot->status == RUNNING ? "no call has ended for long" : "a child stays");
  }
}

/* True if the slot is free. A worker is done when all that it has forked has ended too. */
static bool attend(struct slot *slot) {
  int status;
  pid_t ended;
  if (!slot->process)
    return true;
  while ((ended = waitpid(-slot->process, &status, WNOHANG)) > 0)
    if (ended == slot->process)
      slot->status = status;
  if (slot->ledger->failures)
    failed_round(slot, slot->ledger->failure);
  if (ended == 0) {
    check_stuck(slot);
    return false;
  }
  check_ending(slot);
  calls += calls_made(slot->ledger);
  rounds++;
  fclose(slot->errors);
  clear_ledger(slot->ledger);
  slot->process = 0;
  return true;
}

int main(int argc, char **argv) {
  (void)argc;
  sigset_t children;
  int round = 1;
  settings(argv + 1);
  printf("torture: %ld seconds, seed %u\n", seconds, seed);
  fflush(stdout);
  prctl(PR_SET_CHILD_SUBREAPER, 1L);
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  time_t end = now() + seconds;
  for (;;) {
    int busy = 0;
    for (int i = 0; i < jobs; i++) {
      if (attend(&slots[i]) && (now() < end || round == 1))
        start(&slots[i], only_round == EVERY_ROUND ? round++ : (round++, (int)only_round));
      busy += slots[i].process != 0;
    }
    if (!busy)
      break;
    sigtimedwait(&children, NULL, &(struct timespec){.tv_nsec = 200000000});
  }
  printf(
      "torture: %ld workers made %ld calls; each was executed as often as it should, and right\n",
      rounds, calls);
  return 0;
}
