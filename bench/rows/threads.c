/* The main program of every row with threads; with -DHOSTED it is called by a Scheme program.
 *
 *   ROW calibrate        prints how many iterations of its work loop take a microsecond
 *   ROW header           prints the names of what the next one prints
 *   ROW NAME=VALUE...    measures, and prints comma-separated values
 *   ROW nap=SECONDS ...  one callback sleeps: prints the milliseconds of CPU time that all other
 *                        threads together use while their calls wait for it
 *
 *   threads=N        how many threads call                                default 1
 *   seconds=S        how long                                             1
 *   work=N           iterations of the work loop between two calls        0
 *   callback=N       iterations in each callback; 0: an addition only     0
 *   batch=N          batch limit, or none                                 the row's own
 *   every=N          each thread times every Nth call                     0: see choose_every
 *   probe=N          the first N threads, or all, call once a millisecond  0
 *
 * Threads start together, call until they are told to stop, and count. A call under way at the end
 * is waited for and, if it is one that is timed, recorded, but not counted.
 *
 * Exit code: 0, 1 for a failure or a wrong result, 77 for a row that this machine cannot run. */
#define _GNU_SOURCE
#include "row.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#ifdef HOSTED
#define main row_main
int row_main(int argc, char **argv);
#else
long row_steps(void) { return 0; }
double row_steps_alone(void) { return 0; }
#endif

enum { MAX_THREADS = 1024, SAMPLES_A_SECOND = 200000, MILLISECOND = 1000000 };

static struct {
  int threads, probe;
  double seconds, nap;
  long work, callback;
  unsigned every;
} options = {.threads = 1, .seconds = 1};

bool row_busy;
unsigned row_batch_limit;

/* ---- Time and work ---- */

static int64_t nanoseconds(const struct timespec *t) {
  return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

static int64_t clock_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return nanoseconds(&t);
}

static int64_t now(void) { return clock_ns(CLOCK_MONOTONIC); }

static void sleep_until(int64_t time) {
  struct timespec t = {.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
    ;
}

static int64_t process_cpu_ns(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * INT64_C(1000000000) +
         (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * INT64_C(1000);
}

/* Work that no cache, memory or clock is needed for: each iteration waits for the one before. One
 * piece of code for all uses, at the beginning of a cache line: where the loop's jump lies across
 * two lines, it may take twice as long, by chance. */
__attribute__((noinline, aligned(64))) static void iterate(long count) {
  uint64_t x = 1;
  while (count-- > 0) {
    x = x * 5 + 1;
    __asm__ volatile("" : "+r"(x)); /* the compiler must not foresee it */
  }
}

/* The fastest of many tries: the others were disturbed. */
static long iterations_a_microsecond(void) {
  enum { TRIES = 200, COUNT = 100000 };
  int64_t fastest = INT64_MAX;
  for (int i = 0; i < TRIES; i++) {
    int64_t start = now();
    iterate(COUNT);
    int64_t taken = now() - start;
    if (taken < fastest)
      fastest = taken;
  }
  return COUNT * INT64_C(1000) / fastest;
}

/* ---- Histogram of latencies ----
 * Buckets are 1 ns wide up to 2 * FINE ns; above, each power of two is cut into FINE. */

enum { FINE_BITS = 5, FINE = 1 << FINE_BITS, BUCKETS = (64 - FINE_BITS) * FINE };

struct histogram {
  uint32_t count[BUCKETS];
  uint64_t total;
  int64_t max;
};

static unsigned bucket(uint64_t ns) {
  if (ns < FINE)
    return ns;
  unsigned shift = 63 - __builtin_clzll(ns) - FINE_BITS;
  return shift * FINE + (ns >> shift);
}

/* The middle of a bucket. */
static int64_t bucket_ns(unsigned bucket) {
  if (bucket < 2 * FINE)
    return bucket;
  unsigned shift = bucket / FINE - 1;
  return ((int64_t)(FINE + bucket % FINE) << shift) + (INT64_C(1) << shift) / 2;
}

static void record(struct histogram *h, int64_t ns) {
  h->count[bucket(ns)]++;
  h->total++;
  if (ns > h->max)
    h->max = ns;
}

static void merge(struct histogram *into, const struct histogram *from) {
  for (unsigned b = 0; b < BUCKETS; b++)
    into->count[b] += from->count[b];
  into->total += from->total;
  if (from->max > into->max)
    into->max = from->max;
}

static int64_t quantile(const struct histogram *h, double part) {
  uint64_t seen = 0;
  for (unsigned b = 0; b < BUCKETS; b++) {
    seen += h->count[b];
    if (seen > 0 && seen >= part * h->total)
      return bucket_ns(b) < h->max ? bucket_ns(b) : h->max;
  }
  return 0;
}

/* ---- Threads ---- */

struct thread {
  _Alignas(128) pthread_t id; /* no two threads write to one cache line, or to a pair of them */
  int index;
  atomic_long calls[2]; /* by stage; this thread writes */
  int64_t cpu_ns;       /* of a nap: used while waiting */
  struct histogram latency;
};

enum stage { WARMING, MEASURING, OVER };

static struct thread threads[MAX_THREADS];
static atomic_int stage;
static unsigned every; /* written before MEASURING */
static pthread_barrier_t together, asleep;

static void checked_call(int x) {
  if (row_call(x) != x + 100)
    row_fail("a call returned a wrong result");
}

static void timed_call(struct thread *t, int x) {
  int64_t start = now();
  checked_call(x);
  record(&t->latency, now() - start);
}

static void count(struct thread *t, enum stage s) {
  long calls = atomic_load_explicit(&t->calls[s], memory_order_relaxed);
  atomic_store_explicit(&t->calls[s], calls + 1, memory_order_relaxed);
}

static enum stage current_stage(void) {
  /* acquire: pairs with the release in measure, for `every` */
  return atomic_load_explicit(&stage, memory_order_acquire);
}

static void hammer(struct thread *t) {
  unsigned left = 0;
  enum stage s = current_stage();
  for (int x = 0; s != OVER; x = (x + 1) & 0xffff) {
    if (s == MEASURING && left-- == 0) {
      left = every - 1;
      timed_call(t, x);
    } else {
      checked_call(x);
    }
    s = current_stage();
    if (s != OVER)
      count(t, s);
    iterate(options.work);
  }
}

static void probe(struct thread *t) {
  enum stage s;
  int64_t next = now();
  while ((s = current_stage()) != OVER) {
    if (s == MEASURING)
      timed_call(t, 0);
    else
      checked_call(0);
    next += MILLISECOND;
    if (next < now())
      next = now() + MILLISECOND;
    sleep_until(next);
  }
}

void row_occupy(void) {
  if (options.nap > 0) {
    pthread_barrier_wait(&asleep);
    sleep_until(now() + (int64_t)(options.nap * 1e9));
  }
  iterate(options.callback);
}

void row_nap(void) { nanosleep(&(struct timespec){.tv_nsec = MILLISECOND}, NULL); }

/* The first thread's callback sleeps; the others call when it does. */
static void nap(struct thread *t) {
  checked_call(0); /* a thread's first call costs more */
  pthread_barrier_wait(&together);
  if (t->index == 0) {
    row_busy = true;
    checked_call(0);
    return;
  }
  pthread_barrier_wait(&asleep); /* in row_occupy */
  row_busy = false;
  int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  checked_call(0);
  t->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
}

static void *thread_main(void *argument) {
  struct thread *t = argument;
  if (t->index == 0)
    row_start();
  pthread_barrier_wait(&together);
  if (options.nap > 0)
    nap(t);
  else if (t->index < options.probe)
    probe(t);
  else
    hammer(t);
  return NULL;
}

static void start_threads(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, ROW_STACK_BYTES);
  pthread_barrier_init(&together, NULL, options.threads + (options.nap > 0 ? 0 : 1));
  pthread_barrier_init(&asleep, NULL, options.threads);
  for (int i = 0; i < options.threads; i++) {
    threads[i].index = i;
    if (pthread_create(&threads[i].id, &attributes, thread_main, &threads[i]) != 0)
      row_fail("cannot create the threads");
  }
}

static void join_threads(void) {
  for (int i = 0; i < options.threads; i++)
    pthread_join(threads[i].id, NULL);
}

/* ---- Results ---- */

/* Two readings of the clock cost some 50 ns. So that they do not slow the row down, only so many
 * calls are timed that this is about a hundredth of one CPU's time; slow rows have each call timed.
 */
static unsigned choose_every(double warm_seconds) {
  double calls = 0;
  for (int i = 0; i < options.threads; i++)
    calls += atomic_load_explicit(&threads[i].calls[WARMING], memory_order_relaxed);
  return 1 + calls / warm_seconds / SAMPLES_A_SECOND;
}

static const char columns[] =
    "threads,probe,seconds,calls,mcalls_per_s,p50_ns,p99_ns,p999_ns,max_ns,fewest_calls,most_calls,"
    "cpu_ns_per_call,timed_every,timed_calls,probe_p50_ns,probe_p99_ns,probe_max_ns,probe_calls,"
    "program_share";

static void print_results(double seconds, int64_t cpu_ns, long steps) {
  static struct histogram all;
  long calls = 0, fewest = options.probe < options.threads ? LONG_MAX : 0, most = 0;
  for (int i = options.probe; i < options.threads; i++) {
    struct thread *t = &threads[i];
    long mine = atomic_load_explicit(&t->calls[MEASURING], memory_order_relaxed);
    if (mine == 0) /* it has waited all the time, whether that call was to be timed or not */
      record(&t->latency, seconds * 1e9);
    calls += mine;
    fewest = mine < fewest ? mine : fewest;
    most = mine > most ? mine : most;
    merge(&all, &t->latency);
  }
  printf("%d,%d,%.3f,%ld,%.6f,%ld,%ld,%ld,%ld,%ld,%ld,%.1f,%u,%lu", options.threads, options.probe,
         seconds, calls, calls / seconds / 1e6, (long)quantile(&all, 0.5),
         (long)quantile(&all, 0.99), (long)quantile(&all, 0.999), (long)all.max, fewest, most,
         calls ? (double)cpu_ns / calls : 0.0, every, (unsigned long)all.total);
  if (options.probe) {
    static struct histogram probes, *h = &probes;
    for (int i = 0; i < options.probe; i++) {
      if (threads[i].latency.total == 0) /* as above */
        record(&threads[i].latency, seconds * 1e9);
      merge(h, &threads[i].latency);
    }
    printf(",%ld,%ld,%ld,%lu", (long)quantile(h, 0.5), (long)quantile(h, 0.99), (long)h->max,
           (unsigned long)h->total);
  } else {
    printf(",,,,");
  }
  if (steps)
    printf(",%.3f\n", steps / seconds / row_steps_alone());
  else
    printf(",\n");
}

static void measure(void) {
  double warm_seconds = options.seconds < 1 ? options.seconds / 4 : 0.25;
  row_busy = options.callback > 0;
  start_threads();
  pthread_barrier_wait(&together);
  int64_t warm = now();
  sleep_until(warm + (int64_t)(warm_seconds * 1e9));

  int64_t start = now(), cpu = process_cpu_ns();
  long steps = row_steps();
  every = options.every ? options.every : choose_every((start - warm) / 1e9);
  atomic_store_explicit(&stage, MEASURING, memory_order_release); /* pairs with current_stage */
  sleep_until(start + (int64_t)(options.seconds * 1e9));
  int64_t end = now();
  cpu = process_cpu_ns() - cpu;
  steps = row_steps() - steps;
  atomic_store_explicit(&stage, OVER, memory_order_release); /* pairs with current_stage */
  join_threads();
  print_results((end - start) / 1e9, cpu, steps);
}

static void measure_nap(void) {
  start_threads();
  join_threads();
  int64_t cpu_ns = 0;
  for (int i = 1; i < options.threads; i++)
    cpu_ns += threads[i].cpu_ns;
  printf("%.3f\n", cpu_ns / 1e6);
}

static void read_option(const char *option) {
  const char *value = strchr(option, '=');
  size_t length = value ? value++ - option : 0;
#define IS(name) (length == strlen(name) && strncmp(option, name, length) == 0)
  if (IS("threads"))
    options.threads = atoi(value);
  else if (IS("seconds"))
    options.seconds = atof(value);
  else if (IS("work"))
    options.work = atol(value);
  else if (IS("callback"))
    options.callback = atol(value);
  else if (IS("batch"))
    row_batch_limit = strcmp(value, "none") == 0 ? UINT_MAX : strtoul(value, NULL, 10);
  else if (IS("every"))
    options.every = strtoul(value, NULL, 10);
  else if (IS("probe"))
    options.probe = atoi(value);
  else if (IS("nap"))
    options.nap = atof(value);
  else
    row_fail("an argument is none of those that the head of threads.c lists");
#undef IS
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "calibrate") == 0) {
    printf("%ld\n", iterations_a_microsecond());
    return 0;
  }
  if (argc == 2 && strcmp(argv[1], "header") == 0) {
    puts(columns);
    return 0;
  }
  for (int i = 1; i < argc; i++)
    read_option(argv[i]);
  if (options.probe < 0 || options.threads < 1 + (options.nap > 0 && !options.probe) ||
      options.threads < options.probe || options.threads > MAX_THREADS || options.seconds <= 0)
    row_fail("that number of threads, or that time, cannot be measured");
  if (options.nap > 0)
    measure_nap();
  else
    measure();
  return 0;
}
