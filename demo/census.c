/* census: threads cut a stanza file into records and ask the rules in rules.scm about each.
 *
 * The threads take the file in chunks, from first to last, each cut where a record ends. For every
 * record its thread calls rules_visit, a Scheme procedure; the tallies are Scheme's. When all
 * threads are done, rules_report gives the text to print. Then one thread does the same alone, and
 * reads once more without a call, to tell what was gained and where the time went.
 *
 * Invariants: chunks are handed out in the order of the file, so when a line turns out to be
 * malformed, every line before it has been or will be looked at, and the first bad line of the
 * file is the one that is named, however many threads there are. No thread calls Scheme while it
 * holds the lock. */
#include "stanza.h"

#include "rules.h"

#include <callseq.h>
#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Of what a Debian machine has, the packages to be had are the most records: of the lists the
 * largest is taken, and what is installed where there is none. */
#define DEFAULT_LISTS "/var/lib/apt/lists/*_Packages*"
#define DEFAULT_FILE "/var/lib/dpkg/status"

enum { EXIT_BAD_INPUT = 1, EXIT_USAGE = 2 };
enum { MAX_THREADS = 256, MAX_ROWS = 1000000, CHUNK_BYTES = 16384, FAILURES_SHOWN = 5 };

struct pass {
  char *file; /* its name */
  const char *text;
  size_t size;
  size_t chunk; /* bytes to hand out at a time, at least */
  bool calls;   /* ask the rules, or only read? */

  pthread_mutex_t lock; /* for all that follows */
  size_t next;          /* where the next chunk starts */
  size_t done;          /* bytes read so far */
  int percent;          /* on the progress bar; -1 without a bar */
  size_t bad_at;        /* where the first malformed line known starts */
  const char *bad;      /* what is wrong with it, or NULL */
  unsigned long failed; /* calls in which a rule raised an error */
};

struct worker {
  pthread_t thread;
  struct pass *pass;
  unsigned long records; /* seen: one call each */
  unsigned long counted; /* of which the rules said that they count */
};

static const char usage[] =
    "usage: census [-j THREADS] [-n ROWS] [--plain] [--repl PATH] [FILE]\n"
    "Asks the rules in demo/rules.scm about each record of a stanza file.\n"
    "  -j THREADS  threads that call the rules, 1 to 256 (default: one per core, at least 2)\n"
    "  -n ROWS     rows of each table, 1 to 1000000 (default: 10)\n"
    "  --plain     one pass over the whole file by the main thread, to compare with\n"
    "  --repl PATH reads the file again and again, until (stop) is typed at the prompt that it "
    "opens:\n"
    "              callseq-repl PATH; what is defined there replaces the rules\n"
    "  -h, --help  this text\n"
    "FILE is the largest of " DEFAULT_LISTS " unless given,\n"
    "or " DEFAULT_FILE ". It may be compressed as those lists are.\n";

static _Noreturn void die(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("census: ", stderr);
  vfprintf(stderr, format, arguments);
  fputs(code == EXIT_USAGE ? "; see census --help\n" : "\n", stderr);
  va_end(arguments);
  exit(code);
}

static const char *error_text(int status) {
  const char *message = callseq_last_error();
  return message ? message : callseq_strerror(status);
}

static char *default_file(void) {
  static char largest[4096] = DEFAULT_FILE;
  glob_t lists;
  off_t most = 0;
  if (glob(DEFAULT_LISTS, 0, NULL, &lists) == 0) {
    for (size_t i = 0; i < lists.gl_pathc; i++) {
      struct stat list;
      if (stat(lists.gl_pathv[i], &list) == 0 && list.st_size > most &&
          access(lists.gl_pathv[i], R_OK) == 0 && strlen(lists.gl_pathv[i]) < sizeof largest) {
        most = list.st_size;
        strcpy(largest, lists.gl_pathv[i]);
      }
    }
    globfree(&lists);
  }
  return largest;
}

static bool is_compressed(const char *file) {
  static const char *const suffixes[] = {".lz4", ".gz", ".xz", ".zst"};
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    size_t length = strlen(file), suffix = strlen(suffixes[i]);
    if (length > suffix && strcmp(file + length - suffix, suffixes[i]) == 0)
      return true;
  }
  return false;
}

/* For reading; what is compressed is read from apt's own program, which knows each of its ways. */
static FILE *open_file(const char *file, pid_t *reader) {
  int ends[2];
  *reader = 0;
  FILE *in = fopen(file, "rb");
  if (in == NULL || !is_compressed(file))
    return in;
  fclose(in);
  if (pipe(ends) != 0)
    return NULL;
  *reader = fork();
  if (*reader == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl("/usr/lib/apt/apt-helper", "apt-helper", "cat-file", file, (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  return *reader < 0 ? NULL : fdopen(ends[0], "rb");
}

static char *read_file(const char *file, size_t *size) {
  pid_t reader;
  FILE *in = open_file(file, &reader);
  char *text = NULL;
  size_t capacity = 0;
  *size = 0;
  while (in != NULL && !feof(in) && !ferror(in)) {
    if (*size == capacity) {
      capacity = capacity ? 2 * capacity : 1 << 20;
      text = realloc(text, capacity);
      if (text == NULL)
        die(EXIT_BAD_INPUT, "%s: too large for the memory left; name a smaller file", file);
    }
    *size += fread(text + *size, 1, capacity - *size, in);
  }
  if (in == NULL || ferror(in))
    die(EXIT_BAD_INPUT, "%s: %s; name a stanza file to read: census FILE", file, strerror(errno));
  fclose(in);
  int status = 0;
  if (reader > 0 && (waitpid(reader, &status, 0) != reader || status != 0))
    die(EXIT_BAD_INPUT, "%s: apt-helper cannot decompress it; decompress it yourself", file);
  return text;
}

static size_t line_number(const struct pass *pass, size_t at) {
  size_t line = 1;
  for (size_t i = 0; i < at; i++)
    line += pass->text[i] == '\n';
  return line;
}

static void clear_progress(const struct pass *pass) {
  if (pass->percent >= 0)
    fputs("\r\033[K", stderr);
}

static void draw_progress(struct pass *pass) {
  static const char bar[] = "##################################################";
  int percent = (int)(pass->done * 100.0 / pass->size);
  if (pass->percent < 0 || percent == pass->percent)
    return;
  pass->percent = percent;
  fprintf(stderr, "\r[%-50.*s] %3d%%", percent / 2, bar, percent);
}

/* Hands out the next chunk; `finished` is the length of the one that the caller has read. */
static bool take_chunk(struct pass *pass, size_t finished, size_t *begin, size_t *end) {
  pthread_mutex_lock(&pass->lock);
  pass->done += finished;
  draw_progress(pass);
  bool more = pass->bad == NULL && pass->next < pass->size;
  if (more) {
    size_t left = pass->size - pass->next;
    *begin = pass->next;
    *end = stanza_boundary(pass->text, pass->size,
                           pass->chunk < left ? pass->next + pass->chunk : pass->size);
    pass->next = *end;
  }
  pthread_mutex_unlock(&pass->lock);
  return more;
}

static void note_malformed(struct pass *pass, size_t at, const char *problem) {
  pthread_mutex_lock(&pass->lock);
  if (pass->bad == NULL || at < pass->bad_at) {
    pass->bad_at = at;
    pass->bad = problem;
  }
  pthread_mutex_unlock(&pass->lock);
}

static void note_failure(struct pass *pass, const struct stanza *record, int status) {
  pthread_mutex_lock(&pass->lock);
  if (pass->failed++ < FAILURES_SHOWN) {
    clear_progress(pass);
    fprintf(stderr, "census: %s:%zu: the rules failed: %s\n", pass->file,
            line_number(pass, record->begin), error_text(status));
  }
  pthread_mutex_unlock(&pass->lock);
}

static void *work(void *argument) {
  struct worker *worker = argument;
  struct pass *pass = worker->pass;
  struct stanza record = {0};
  size_t begin, end, finished = 0;
  while (take_chunk(pass, finished, &begin, &end)) {
    size_t at = begin;
    while (stanza_next(&record, pass->text, &at, end)) {
      worker->records++;
      if (!pass->calls)
        continue;
      int counted = 0;
      int status = rules_visit(&record, stanza_name(&record), record.bytes, &counted);
      if (status != CALLSEQ_OK)
        note_failure(pass, &record, status);
      worker->counted += counted != 0;
    }
    if (record.problem != NULL)
      note_malformed(pass, at, record.problem);
    finished = end - begin;
  }
  stanza_free(&record);
  return NULL;
}

static int start_threads(struct worker *workers, int threads) {
  int started = 0;
  while (started < threads &&
         pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
    started++;
  if (started == 0)
    die(EXIT_BAD_INPUT, "the system refuses to start a thread; try --plain, which needs none");
  return started;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void start_alone(struct pass *pass, struct worker *worker, const struct pass *shown,
                        bool calls) {
  *pass = (struct pass){.file = shown->file,
                        .text = shown->text,
                        .size = shown->size,
                        .chunk = CHUNK_BYTES,
                        .calls = calls,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .percent = -1};
  *worker = (struct worker){.pass = pass};
}

/* Seconds that one thread takes for all of the file: with calls, or only reading. */
static double alone(const struct pass *shown, bool calls) {
  struct pass pass;
  struct worker worker;
  start_alone(&pass, &worker, shown, calls);
  double start = now();
  work(&worker);
  return now() - start;
}

/* What was shown. The rules have had their say: what they tally from here on is not told. */
static void sum_up(const struct pass *pass, int threads, unsigned long records, double seconds) {
  double plain = alone(pass, true), parsing = alone(pass, false);
  double calling = plain > parsing ? plain - parsing : 0;
  printf("\nWhat this shows: %d native thread%s called one Scheme, %.0f calls per second.\n",
         threads, threads == 1 ? "" : "s", records / seconds);
  printf("The plain pass, one thread alone, takes %.3f s, they took %.3f s.\n", plain, seconds);
  printf(
      "Of the plain pass %.0f %% is parsing, in C, which threads do at the same time, and %.0f %% "
      "calling:\n%.1f us for each record's rules, which run one at a time.\n",
      100 * (plain - calling) / plain, 100 * calling / plain, 1e6 * calling / records);
}

/* Reads the file again and again, and tells what the rules have said of it whenever that is
 * something else, while a prompt is open. */
static void repeat(const struct pass *shown, const char *path) {
  unsigned long told = ULONG_MAX;
  int go_on;
  if (callseq_repl(path) != CALLSEQ_OK)
    die(EXIT_BAD_INPUT, "%s", callseq_last_error());
  printf("callseq-repl %s: a prompt into the rules\n", path);
  while (rules_go_on(&go_on) == CALLSEQ_OK && go_on) {
    struct pass pass;
    struct worker worker;
    start_alone(&pass, &worker, shown, true);
    work(&worker);
    if (worker.counted != told)
      printf("%lu records: %lu counted\n", worker.records, worker.counted);
    told = worker.counted;
    fflush(stdout);
    usleep(50000);
  }
  callseq_repl(NULL);
}

static long number_option(char option, const char *text, long max) {
  char *rest;
  errno = 0;
  long number = strtol(text, &rest, 10);
  if (rest == text || *rest != '\0' || errno != 0 || number < 1 || number > max)
    die(EXIT_USAGE, "-%c %s: expected a number from 1 to %ld", option, text, max);
  return number;
}

static int default_threads(void) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores < 2 ? 2 : cores > MAX_THREADS ? MAX_THREADS : (int)cores;
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"plain", no_argument, NULL, 'p'},
                                          {"repl", required_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  int threads = default_threads(), rows = 10, option;
  bool plain = false;
  const char *prompt = NULL;
  opterr = 0;
  while ((option = getopt_long(argc, argv, ":j:n:h", options, NULL)) != -1) {
    switch (option) {
    case 'j':
      threads = (int)number_option('j', optarg, MAX_THREADS);
      break;
    case 'n':
      rows = (int)number_option('n', optarg, MAX_ROWS);
      break;
    case 'p':
      plain = true;
      break;
    case 'r':
      prompt = optarg;
      break;
    case 'h':
      fputs(usage, stdout);
      return 0;
    case ':':
      if (optopt == 'r')
        die(EXIT_USAGE, "--repl: expected the name of a socket after it");
      die(EXIT_USAGE, "-%c: expected a number after it", optopt);
    default:
      die(EXIT_USAGE, "%s: no such option", argv[optind - 1]);
    }
  }
  if (argc - optind > 1)
    die(EXIT_USAGE, "%s: one file at a time", argv[optind + 1]);

  struct pass pass = {.file = optind < argc ? argv[optind] : default_file(),
                      .chunk = plain ? SIZE_MAX : CHUNK_BYTES,
                      .calls = true,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .percent = isatty(STDERR_FILENO) ? 0 : -1};
  char *text = read_file(pass.file, &pass.size);
  pass.text = text;

  int status = callseq_init(); /* prints what is wrong */
  if (status != CALLSEQ_OK)
    die(EXIT_BAD_INPUT, "the rules cannot be loaded: %s", callseq_strerror(status));

  struct worker workers[MAX_THREADS] = {0};
  for (int i = 0; i < MAX_THREADS; i++)
    workers[i].pass = &pass;
  double start = now();
  if (plain) {
    threads = 1;
    work(&workers[0]);
  } else {
    threads = start_threads(workers, threads);
    for (int i = 0; i < threads; i++)
      pthread_join(workers[i].thread, NULL);
  }
  double seconds = now() - start;
  clear_progress(&pass);

  unsigned long records = 0, counted = 0;
  for (int i = 0; i < threads; i++) {
    records += workers[i].records;
    counted += workers[i].counted;
  }
  if (pass.bad != NULL)
    die(EXIT_BAD_INPUT, "%s:%zu: %s", pass.file, line_number(&pass, pass.bad_at), pass.bad);
  if (records == 0)
    die(EXIT_BAD_INPUT, "%s: no record in it; expected 'Field: value' lines", pass.file);

  char *report;
  status = rules_report(pass.file, pass.size / 1048576.0, rows, &report);
  if (status != CALLSEQ_OK)
    die(EXIT_BAD_INPUT, "the rules failed to report: %s", error_text(status));
  fputs(report, stdout);
  printf("\n\n%lu records: %lu counted, %lu skipped, %lu failed\n", records, counted,
         records - counted - pass.failed, pass.failed);
  printf("%lu calls in %.4f s by %d thread%s%s: %.0f calls per second\n", records, seconds, threads,
         threads == 1 ? "" : "s", plain ? ", plainly" : "", records / seconds);
  if (!plain && pass.failed == 0)
    sum_up(&pass, threads, records, seconds);
  if (prompt)
    repeat(&pass, prompt);
  if (fflush(stdout) != 0)
    die(EXIT_BAD_INPUT, "standard output: %s", strerror(errno));
  free(report);
  free(text);
  return pass.failed == 0 ? 0 : EXIT_BAD_INPUT;
}
