/* A callback that waits lets others in, goes on on its own thread, and answers its own caller. */
#include "../callers.h"
#include <stdatomic.h>
#include <time.h>

int fail_after(int, int), raise_after(int, int), bad_after(int), catch_after(int, int),
    status_after(int, int, int *), lent_first(int, size_t);
void hold(void), tick_in_thread(int), read_in_thread(int);
char *wait_twice(int, int, size_t, const char *);
double wait_a_third(int);

enum { MANY = 256 };

CALLER(call_fail, fail_after(c->gate, c->n))
CALLER(call_raise, raise_after(c->gate, c->n))
CALLER(call_bad, bad_after(c->gate))
CALLER(call_catch, catch_after(c->gate, c->n))
CALLER(call_third, wait_a_third(c->gate) > 0.33)

static void call_status(struct caller *c) {
  c->result = 77;
  c->fds[0] = status_after(c->gate, c->n, &c->result);
}

static void call_twice(struct caller *c) {
  const char *text = wait_twice(c->gate, c->gate + 1, self(), "text");
  snprintf(c->text, sizeof c->text, "%s", text ? text : "(NULL)");
}

/* ---- Each way to wait, alone and by hundreds ---- */

static void wait_by_each(void) {
  for (int way = 0; way < WAYS; way++) {
    struct caller c = {0};
    int before = ended();
    set_way(&c, way);
    suspend(&c, call_wait, way, 1000 + way);
    is_int(wrong_sums(1000), 0, "others call while one waits %s", ways[way]);
    collect();
    is_int(ended(), before, "it has not gone on");
    open_gate(way);
    let_go(&c);
    end_way(&c);
    is_int(c.result, 1000 + way, "it has its own result, on its own thread: %s", c.text);
  }
  shut_gates();
}

static void wait_by_many(void) {
  static struct caller c[MANY];
  int n = often(MANY), right = 0, before = ended(), all = begun() + n;
  for (int i = 0; i < n; i++) {
    set_way(&c[i], i % WAYS);
    start(&c[i], call_wait, i % 16, i);
  }
  while (begun() < all)
    sched_yield();
  is_int(wrong_sums(1000), 0, "others call while %d wait", n);
  collect();
  for (int g = 0; g < 16; g++)
    open_gate(g);
  for (int i = 0; i < n; i++)
    let_go(&c[i]);
  for (int i = 0; i < n; i++) {
    end_way(&c[i]);
    right += c[i].result == i;
    if (c[i].result != i)
      fprintf(stderr, "# %d waited %s: %d %s\n", i, ways[c[i].way], c[i].result, c[i].text);
  }
  is_int(right, n, "each of them has its own result, on its own thread");
  is_int(ended() - before, n, "and each has ended once");
  shut_gates();
}

/* ---- Results ---- */

static void give_results(void) {
  struct caller c[8] = {{0}};
  suspend(&c[0], call_fail, 0, 41);
  suspend(&c[1], call_raise, 0, 42);
  suspend(&c[2], call_bad, 0, 0);
  suspend(&c[3], call_catch, 0, 43);
  suspend(&c[4], call_third, 0, 0);
  suspend(&c[5], call_twice, 0, 0);
  suspend(&c[6], call_status, 0, 44);
  suspend(&c[7], call_status, 0, -44);
  is_int(callseq_last_status(), CALLSEQ_OK, "waiting is no failure of others");
  suspended_before = suspended();
  open_gate(0);
  await_suspension(1);
  is_int(wrong_sums(100), 0, "others call while one waits for the second time");
  open_gate(1);
  for (int i = 0; i < 8; i++)
    finish(&c[i]);
  fails(&c[0], "after a wait: 41", "an error after a wait");
  fails(&c[1], "42", "something raised after a wait");
  fails(&c[2], "\"no number\" is not of type int", "a bad result after a wait");
  is_int(c[3].result, 43, "an error that is caught after a wait");
  is_int(c[4].result, 1, "a result that is converted: %s", c[4].text);
  is_str(c[5].text, "text, text", "strings, after two waits");
  is_int(c[6].result, 44, "the status form's result");
  is_int(c[6].fds[0], CALLSEQ_OK, "and status");
  is_int(c[7].result, 77, "where it fails it leaves the result alone");
  is_int(c[7].fds[0], CALLSEQ_ERROR, "and says so");
  is_int(callseq_last_status(), CALLSEQ_OK, "others' failures are not this thread's");
  shut_gates();
}

CALLER(call_lent, lent_first(c->gate, self()))

/* ---- In batches ---- */

static struct caller lent[3];

/* Under Scheme, in the call of another thread, which executes theirs when they sleep. */
void call_in_batch(void) {
  uint64_t before = parks();
  for (int i = 0; i < 3; i++)
    start(&lent[i], call_lent, 0, 0);
  await_parks(before + 3);
}

static void be_lent(void) {
  suspended_before = suspended();
  uint64_t all = suspended_before + 3;
  hold();
  while (suspended() < all)
    sched_yield();
  is_int(wrong_sums(100), 0, "others call");
  open_gate(0);
  int by_others = 0, right = 0;
  for (int i = 0; i < 3; i++) {
    finish(&lent[i]);
    right += lent[i].result > 0;
    by_others += lent[i].result == 2;
  }
  is_int(right, 3, "calls that go on do so on their own threads");
  ok(by_others > 0, "wherever they have begun: %d of 3 elsewhere", by_others);
  shut_gates();
}

/* ---- Green threads, and nobody ---- */

static atomic_int ticks;
void tick(void);
void tick(void) { atomic_fetch_add(&ticks, 1); }

static void leave_threads(void) {
  int fds[2];
  tick_in_thread(20);
  while (atomic_load(&ticks) < 20)
    sched_yield();
  ok(true, "green threads go on while nobody calls");
  if (pipe(fds))
    return;
  read_in_thread(fds[0]);
  if (write(fds[1], "x", 1) != 1)
    return;
  while (atomic_load(&ticks) < 21)
    sched_yield();
  ok(true, "also for a descriptor");
  close(fds[0]);
  close(fds[1]);
  shut_gates();
}

static uint64_t clock_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* How often the threads of this process have gone to sleep in all. */
static long sleeps(void) {
  long sum = 0;
  struct dirent *entry;
  DIR *tasks = opendir("/proc/self/task");
  while (tasks && (entry = readdir(tasks))) {
    char path[300], line[200];
    long n;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
      if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
        sum += n;
    if (file)
      fclose(file);
  }
  if (tasks)
    closedir(tasks);
  return sum;
}

/* This thread looks again and again without sleeping: whoever wakes up now and then is seen. It
 * takes a while until all the others sleep. */
static void sleep_soundly(void) {
  struct caller c[3] = {{0}};
  suspend(&c[0], call_wait, 0, 1);
  set_way(&c[1], FIRST_PIPE);
  suspend(&c[1], call_wait, 0, 2);
  set_way(&c[2], FIRST_PIPE + 1);
  suspend(&c[2], call_wait, 0, 3);
  bool sound = false;
  for (int i = 0; i < 20 && !sound; i++) {
    long before = sleeps();
    for (uint64_t start = clock_ms(); clock_ms() < start + 200;) {
    }
    sound = sleeps() == before;
  }
  if (has_proc() && !under("tsan")) /* which has a thread that wakes up */
    ok(sound, "nobody wakes up while there is nothing to do");
  open_gate(0);
  for (int i = 0; i < 3; i++) {
    let_go(&c[i]);
    end_way(&c[i]);
  }
  shut_gates();
}

static void count_right(void) {
  struct callseq_stats before = stats(), after;
  struct caller c = {0};
  suspend(&c, call_twice, 0, 0);
  add(1);
  after = stats();
  is_int((int)(after.suspended - before.suspended), 1, "one suspension is counted");
  is_int((int)(after.calls - before.calls), 2, "and two calls, one of them not over");
  open_gate(0);
  await_suspension(2);
  open_gate(1);
  finish(&c);
  after = stats();
  is_int((int)(after.suspended - before.suspended), 2, "two suspensions");
  is_int((int)(after.calls - before.calls), 4, "a call is counted once, however often it goes on");
  shut_gates();
}

int main(void) {
  start_quietly();
  count_right();
  wait_by_each();
  wait_by_many();
  give_results();
  be_lent();
  leave_threads();
  sleep_soundly();
  is_int(wrong_sums(10000), 0, "calls go on");
  return done();
}
