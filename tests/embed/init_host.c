/* callseq_init: when, how often, by whom; programs that fail to load; configurations. Each scenario
 * is a process of its own, which prints what it saw. */
#define _GNU_SOURCE
#include "../support.h"
#include <sched.h>
#include <stdatomic.h>
#if defined(__linux__)
#include "../sandbox.h"
#endif
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/resource.h>

int twice(int), nested_result(void), stray_return(void), allocate(int), after_return(int);
int stray_return_nested(void), stray_plainly(void), load_again(void), load_again_nested(void);
int child_of_loading(void), init_while_loading(void);
char *second_argument(void);

static const char *scenario = "";
static sem_t loading, go_on;

const char *scenario_name(void);
int call_back(int);
void signal_and_wait(void);

const char *scenario_name(void) { return scenario; }

int call_back(int n) { return twice(n) + (callseq_inside() ? 100 : 0); }

void signal_and_wait(void) {
  sem_post(&loading);
  sem_wait(&go_on);
}

static int again(void) {
  callseq_config same = CALLSEQ_CONFIG_DEFAULT, other = CALLSEQ_CONFIG_DEFAULT;
  other.batch_limit = 3;
  printf("%d", callseq_init());
  printf(" %d", callseq_init());
  printf(" %d", callseq_init_with(&same));
  printf(" %d", callseq_last_status());
  printf(" %d", callseq_init_with(&other));
  printf(" %d", callseq_last_status());
  printf(" %d", callseq_last_error() != NULL);
  printf(" %d", callseq_init());
  printf(" %d\n", twice(21));
  return 0;
}

#if defined(__linux__)
static void *bind_and_init(void *result) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  pthread_setaffinity_np(pthread_self(), sizeof one, &one);
  config.batch_busy = 2; /* set is set */
  *(int *)result = callseq_init_with(&config);
  return NULL;
}

/* A thread bound to one processor means the same by the same configuration. */
static int by_a_bound_thread(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  pthread_t thread;
  int status = -1;
  config.batch_busy = 1;
  int first = callseq_init_with(&config);
  pthread_create(&thread, NULL, bind_and_init, &status);
  pthread_join(thread, NULL);
  return first || status;
}
#else
static int by_a_bound_thread(void) { return 0; }
#endif

static int first_statuses[8];

static void init_first(int index) {
  first_statuses[index] = callseq_init() == CALLSEQ_OK && twice(index) == 2 * index;
}

static int concurrently(void) {
  crew(8, init_first);
  int right = 0;
  for (int i = 0; i < 8; i++)
    right += first_statuses[i];
  printf("%d\n", right);
  return 0;
}

static void init_and_end(int index) {
  (void)index;
  printf("%d", callseq_init());
}

static int by_a_thread_that_ends(void) {
  crew(1, init_and_end);
  printf(" %d\n", twice(21));
  return 0;
}

static int error_at_load(void) {
  scenario = "error";
  printf("%d", callseq_init());
  printf(" %s",
         callseq_last_trace() && strstr(callseq_last_trace(), "init.scm") ? "chain" : "none");
  printf(" %d", callseq_init());
  printf(" %d", twice(21));
  printf(" %d\n", callseq_last_status());
  return 0;
}

static int unprintable_error_at_load(void) {
  scenario = "unprintable error";
  printf("%d", callseq_init());
  printf(" %d", twice(21));
  printf(" %d\n", callseq_last_status());
  return 0;
}

static int no_return_to_host(void) {
  scenario = "no return";
  printf("%d", callseq_init());
  printf(" %d", twice(21));
  printf(" %d\n", after_return(2));
  return 0;
}

static int definition_not_reached(void) {
  printf("%d", callseq_init());
  printf(" %d", after_return(2));
  printf(" %d", callseq_last_status());
  printf(" %d\n", twice(21));
  return 0;
}

static bool strays(int (*call)(void)) {
  callseq_clear_error();
  return call() == 0 && callseq_last_status() == CALLSEQ_ERROR && twice(4) == 8;
}

int nest_stray(void), nest_load_again(void);
int nest_stray(void) { return strays(stray_return) ? 0 : 1; }
int nest_load_again(void) { return strays(load_again) ? 0 : 1; }

static void call_stray_plainly(void *unused) {
  (void)unused;
  stray_plainly();
}

static int stray(void) {
  printf("%d", callseq_init());
  for (int i = 0; i < 1000; i++)
    if (!strays(stray_return) || !strays(load_again) || stray_return_nested() != 0 ||
        load_again_nested() != 0 || callseq_invoke(call_stray_plainly, NULL) != CALLSEQ_ERROR)
      return 1;
  printf(" %d\n", twice(21));
  return 0;
}

static int nested_while_loading(void) {
  scenario = "nested";
  printf("%d", callseq_init());
  printf(" %d\n", nested_result());
  return 0;
}

/* The Scheme code forks and calls callseq_init on each side: here come two processes. */
static int fork_while_loading(void) {
  scenario = "fork";
  int status = callseq_init(), child = child_of_loading(), child_status = 0;
  if (child)
    waitpid(child, &child_status, 0);
  printf("%d %d %d %d\n", status, init_while_loading(), child_status, twice(21));
  return 0;
}

static void *init_elsewhere(void *argument) {
  *(int *)argument = callseq_init();
  return NULL;
}

static void nothing(void *argument) { (void)argument; }

static int calls_meanwhile(void) {
  scenario = "meanwhile";
  int status = -1;
  pthread_t thread;
  pthread_create(&thread, NULL, init_elsewhere, &status);
  sem_wait(&loading);
  printf("%d", twice(21)); /* its definition has run; the program has not loaded */
  printf(" %d", callseq_last_status());
  printf(" %d", callseq_invoke(nothing, NULL));
  sem_post(&go_on);
  pthread_join(thread, NULL);
  printf(" %d", status);
  printf(" %d\n", twice(21));
  return 0;
}

static int arguments(void) {
  char *argv[] = {(char *)"program", (char *)"one", (char *)"two words", NULL};
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.argc = 3;
  config.argv = argv;
  printf("%d", callseq_init_with(&config));
  printf(" %s\n", second_argument());
  return 0;
}

/* A nursery that CHICKEN's own option makes larger than the default stack. */
static int nursery_by_option(void) {
  char *argv[] = {(char *)"program", (char *)"-:s32m", NULL};
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.argc = 2;
  config.argv = argv;
  printf("%d", callseq_init_with(&config));
  printf(" %d\n", allocate(3000000));
  return 0;
}

static int try_config(callseq_config config) {
  callseq_clear_error();
  int status = callseq_init_with(&config);
  return status == callseq_last_status() && (status == 0 || callseq_last_error()) ? status : -1;
}

static int refused_configurations(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  printf("%d", callseq_init_with(NULL));
  config.size = 3;
  printf(" %d", try_config(config));
  config = (callseq_config)CALLSEQ_CONFIG_DEFAULT;
  config.nursery_bytes = 1;
  printf(" %d", try_config(config));
  config = (callseq_config)CALLSEQ_CONFIG_DEFAULT;
  config.nursery_bytes = SIZE_MAX;
  printf(" %d", try_config(config));
  config = (callseq_config)CALLSEQ_CONFIG_DEFAULT;
  config.stack_bytes = 4096;
  printf(" %d", try_config(config));
  config.stack_bytes = SIZE_MAX / 8 * 7;
  printf(" %d", try_config(config) == CALLSEQ_INVALID || try_config(config) == CALLSEQ_NOMEM);
  static const size_t small_heaps[] = {1, 1000, 4000};
  for (int i = 0; i < 3; i++) {
    config = (callseq_config)CALLSEQ_CONFIG_DEFAULT;
    config.heap_bytes = small_heaps[i];
    printf(" %d", try_config(config));
  }
  config = (callseq_config)CALLSEQ_CONFIG_DEFAULT;
  config.argc = -1;
  printf(" %d", try_config(config));
  config.argc = 2;
  printf(" %d", try_config(config)); /* without argv */
  printf(" %d", callseq_init());     /* nothing was spoilt */
  printf(" %d\n", twice(21));
  return 0;
}

/* Addresses for so many megabytes more than this process has, or for as many as it likes. Exits
 * with 2 where /proc does not tell how many it has. */
static void limit_addresses(rlim_t megabytes) {
  long pages = 0;
  struct rlimit limit;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld", &pages) != 1)
    exit(2);
  fclose(file);
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = megabytes == RLIM_INFINITY
                       ? limit.rlim_max
                       : (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (megabytes << 20);
  setrlimit(RLIMIT_AS, &limit);
}

/* Exits with 1 where the limit does not hold: qemu's user mode does not keep it. */
static int addresses_unlimited(void) {
  limit_addresses(4);
  return mmap(NULL, 64 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static int twice_as_thread_result;
static void call_as_thread(int index) { twice_as_thread_result = twice(index + 21); }

/* A refused mapping leaves nothing behind that a later init with other sizes would trip over. */
static int refused_stack(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  limit_addresses(4);
  printf("%d", callseq_init());
  printf(" %d", callseq_last_status());
  printf(" %d", callseq_last_error() && strstr(callseq_last_error(), "stack"));
  callseq_clear_error();
  printf(" %d", twice(21));
  printf(" %d", callseq_last_status());
  limit_addresses(RLIM_INFINITY);
  config.stack_bytes = SIZE_MAX / 8 * 7; /* nobody has so many */
  printf(" %d", try_config(config));
  printf(" %d", callseq_inside());
  printf(" %d", callseq_init());
  printf(" %d", twice(21));
  crew(1, call_as_thread);
  printf(" %d %d\n", twice_as_thread_result, allocate(100000));
  return 0;
}

/* The stack can be had, CHICKEN's heap cannot: then CHICKEN ends the process, and says why. */
static int refused_heap(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.heap_bytes = 1 << 30;
  limit_addresses(512);
  callseq_init_with(&config);
  return 0;
}

/* A list larger than the heap it starts in, under several sizes of everything. */
static int sizes(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.nursery_bytes = 128 * 1024;
  config.stack_bytes = 4 * 1024 * 1024;
  config.heap_bytes = 2 * 1024 * 1024;
  config.batch_limit = 1;
  config.spin_limit = CALLSEQ_SPIN_NONE;
  config.stall_ms = CALLSEQ_STALL_NEVER;
  printf("%d", callseq_init_with(&config));
  printf(" %d", twice(21));
  printf(" %d\n", allocate(1000000));
  return 0;
}

static int smallest_heap(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.heap_bytes = 65536;
  printf("%d", callseq_init_with(&config));
  printf(" %d\n", allocate(1000000));
  return 0;
}

/* The host has all of them; none of its own is touched. */
static int without_a_key(void) {
  pthread_key_t first = 0, key, last = 0;
  int keys = 0, mine = 5;
  for (; pthread_key_create(&key, NULL) == 0; keys++, last = key)
    if (keys == 0)
      first = key;
  pthread_setspecific(first, &mine);
  printf("%d", callseq_init());
  printf(" %d", callseq_last_error() && strstr(callseq_last_error(), "key"));
  printf(" %d", twice(21));
  printf(" %d", callseq_last_status());
  pthread_key_delete(last);
  printf(" %d", callseq_init());
  crew(1, call_as_thread);
  printf(" %d %d %d\n", twice(21), twice_as_thread_result, pthread_getspecific(first) == &mine);
  return keys == 0;
}

#if defined(__linux__)
static atomic_int wrong_calls;

static void call_often(int index) {
  for (int i = 0; i < 100; i++)
    wrong_calls += allocate(10000 + index) != 10000 + index;
}

/* The kernel does not tell threads apart. */
static int without_ids(void) {
  if (!refuse_system_call(SYS_gettid))
    return 77;
  int status = concurrently();
  crew(8, call_often);
  return status || wrong_calls;
}
#else
static int without_ids(void) { return 77; }
#endif

/* The guard below the stack takes addresses that are limited. */
static int few_addresses(void) {
  limit_addresses(128);
  printf("%d", callseq_init());
  printf(" %d\n", allocate(100000));
  return 0;
}

static long resident_after_init(size_t nursery, size_t heap) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.nursery_bytes = nursery;
  config.heap_bytes = heap;
  callseq_init_with(&config);
  for (int i = 0; i < 100; i++)
    allocate(100000);
  return resident_kb();
}

static int small_nursery(void) {
  printf("%ld", resident_after_init(64 * 1024, 0));
  return 0;
}

static int large_nursery(void) {
  printf("%ld", resident_after_init(48 * 1024 * 1024, 0));
  return 0;
}

static void expect(int (*scenario)(void), const char *out, const char *what) {
  struct outcome outcome = in_child(scenario);
  is_int(outcome.code, 0, "%s: the process ends well (signal %d)", what, outcome.signal);
  is_str(outcome.out, out, "%s", what);
}

int main(void) {
  sem_init(&loading, 0, 0);
  sem_init(&go_on, 0, 0);
  expect(again, "0 0 0 0 3 3 1 0 42\n", "a second init; the same and another configuration");
  expect(concurrently, "8\n", "first inits at the same time");
  expect(by_a_thread_that_ends, "0 42\n", "the thread that ran init may end");
  expect(by_a_bound_thread, "",
         "a thread bound to one processor means the same by a configuration");
  expect(error_at_load, "1 chain 1 0 2\n", "an error at load is final");
  expect(unprintable_error_at_load, "1 0 2\n", "also one whose printing raises");
  struct outcome error = in_child(error_at_load);
  ok(strstr(error.err, "the program cannot load") && strstr(error.err, "today"),
     "an error at load is printed: %s", error.err);
  expect(no_return_to_host, "0 42 6\n", "the end of the program does for (return-to-host)");
  expect(definition_not_reached, "0 0 2 42\n", "a callback whose definition has not run");
  expect(stray, "0 42\n", "a stray (return-to-host) fails its call only");
  expect(nested_while_loading, "0 108\n", "calls by C code under the loading program nest");
  expect(fork_while_loading, "0 0 0 42\n0 0 0 42\n", "a program that forks while it loads");
  expect(calls_meanwhile, "0 2 2 0 42\n", "calls by other threads while the program loads");
  expect(arguments, "0 two words\n", "argc and argv");
  expect(nursery_by_option, "0 3000000\n", "a larger nursery by option");
  expect(refused_configurations, "3 3 3 3 3 1 3 3 3 3 3 0 42\n", "configurations that are refused");
  int unlimited = in_child(addresses_unlimited).code;
  if (unlimited) {
    ok(true, "no room for a stack, or a heap # SKIP %s",
       unlimited == 2 ? "/proc is not mounted" : "there is always room: the limit is not kept");
  } else {
    expect(few_addresses, "0 100000\n", "addresses that would not do for the widest guard");
    expect(refused_stack, "4 4 1 0 2 4 0 0 42 42 100000\n", "a stack that cannot be mapped");
    struct outcome refused = in_child(refused_heap);
    ok(refused.code != 0, "a heap that cannot be had ends the process (signal %d)", refused.signal);
    ok(strstr(refused.err, "memory"), "is told: %s", refused.err);
  }
  if (in_child(without_ids).code == 77)
    ok(true, "no thread ids # SKIP they cannot be refused here");
  else
    expect(without_ids, "8\n", "no thread ids can be had from the kernel");
  expect(without_a_key, "4 1 0 2 0 42 42 1\n", "no thread-specific key is left");
  expect(smallest_heap, "0 1000000\n", "the smallest heap to start with");
  expect(sizes, "0 42 1000000\n", "a configuration with every size set");
  long small = atol(in_child(small_nursery).out), large = atol(in_child(large_nursery).out);
  ok(small > 0 && large > small + 32 * 1024,
     "nursery_bytes is honoured: %ld KB and %ld KB resident", small, large);
  return done();
}
