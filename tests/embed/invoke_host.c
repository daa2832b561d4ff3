/* callseq_invoke: plain define-external functions from any thread, one function at a time; and what
 * becomes of a function when Scheme raises under it, or finds little of the nursery left. */
#include "../support.h"
#include <alloca.h>

int add_to_total(int), total_now(void), raise_plainly(int), join_plainly(const char *);
int fail_in_place(void), use_up_and_nest(int), use_up(int);
int escape_in_place(void), leave_plainly(int);
void make_locatives(void);
int twice(int), invoke_inside(void), levels(int);
void with_frames(void);

struct job {
  int in, out, reached;
};

static void add(void *argument) {
  struct job *job = argument;
  job->out = add_to_total(job->in);
}

static void ask(void *argument) { *(int *)argument = total_now(); }

static void note_inside(void *argument) { *(bool *)argument = callseq_inside(); }

static void nothing(void *argument) { (void)argument; }

static void fail(void *argument) {
  struct job *job = argument;
  job->reached = 1;
  job->out = raise_plainly(job->in);
  job->reached = 2; /* abandoned before this */
}

static void everything(void *argument) {
  struct job *job = argument;
  job->out = twice(job->in);
  struct job inner = {.in = 7};
  if (callseq_invoke(fail, &inner) == CALLSEQ_ERROR && inner.reached == 1)
    job->reached = 1;
  job->out += join_plainly("abc");
  callseq_invoke(ask, &inner.out);
}

int invoke_from_scheme(void);
int invoke_from_scheme(void) {
  struct job job = {.in = 20};
  int status = callseq_invoke(everything, &job);
  return job.reached == 1 ? job.out + status : -1;
}

static int start_small(size_t nursery) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.nursery_bytes = nursery;
  config.on_error = keep_quiet;
  return callseq_init_with(&config);
}

int call_below(void), call_unsafely(void), nest_plainly(void), nest_unsafely(void);
int call_below(void) { return nest_unsafely(); }
int call_unsafely(void) {
  int result = twice(2), status = callseq_last_status();
  callseq_clear_error();
  return result == 0 ? status : CALLSEQ_OK;
}
static void nest_all(void *argument) { *(int *)argument = nest_plainly(); }

static void make_levels(void *argument) {
  int *n = argument;
  *n = levels(*n);
}

int invoke_below(int);
int invoke_below(int n) { return callseq_invoke(make_levels, &n) == CALLSEQ_OK ? n : 0; }

static size_t nursery;

static int levels_in_a_small_nursery(void) {
  bool right = start_small(nursery) == CALLSEQ_OK;
  int first = 100000, few = 1, again = 100000;
  right &= callseq_invoke(make_levels, &first) == CALLSEQ_OK && first > 1 && first < 100000;
  right &= callseq_last_status() == CALLSEQ_ERROR;
  right &= strstr(callseq_last_error(), "nursery_bytes") != NULL;
  right &= callseq_invoke(make_levels, &few) == CALLSEQ_OK && few == 1;
  right &= callseq_invoke(make_levels, &again) == CALLSEQ_OK && again > first / 2;
  printf("%s", right ? "right" : "wrong");
  return 0;
}

static __attribute__((noinline)) int invoke_over(volatile char *frame) {
  bool unused;
  *frame = 0;
  return callseq_invoke(note_inside, &unused);
}

static __attribute__((noinline)) int invoke_with_frame(size_t bytes) {
  return invoke_over(alloca(bytes));
}

/* Under Scheme: C frames from none at all to the whole nursery. */
void invoke_with_frames(void);
void invoke_with_frames(void) {
  enum { STEP = 64 };
  int done = 0, refused = 0, strange = 0;
  for (size_t bytes = STEP; bytes <= nursery; bytes += STEP) {
    int status = invoke_with_frame(bytes);
    if (status == CALLSEQ_OK && !refused)
      done++;
    else if (status == CALLSEQ_ERROR && strstr(callseq_last_error(), "nursery_bytes"))
      refused++;
    else
      strange++;
  }
  printf("%s", done && refused && !strange ? "right" : "wrong");
}

static int frames_in_a_small_nursery(void) {
  int status = start_small(nursery);
  with_frames();
  return status;
}

enum { THREADS = 4, TURNS = 5000, FAILURES = WATCHED ? 10000 : 100000, ALLOWED_KB = 4096 };

/* Unsynchronised on purpose: only the runtime's owner may touch it, one at a time. */
static int executed;

static void count(void *argument) {
  executed++;
  ++*(int *)argument;
  add_to_total(1);
}

static void from_thread(int index) {
  int mine = 0, right = 0;
  for (int i = 0; i < TURNS; i++) {
    right += callseq_invoke(count, &mine) == CALLSEQ_OK && mine == i + 1;
    if (i % 10 == 0) {
      struct job job = {.in = index * TURNS + i};
      char text[32];
      snprintf(text, sizeof text, "%d", job.in);
      right += callseq_invoke(fail, &job) == CALLSEQ_ERROR && job.reached == 1 &&
               strstr(callseq_last_error(), "plain failure") &&
               strstr(callseq_last_error(), text) && callseq_last_trace() &&
               strstr(callseq_last_trace(), "Call history");
    }
  }
  is_int(right, TURNS + TURNS / 10, "thread %d: executed exactly once, failures told", index);
}

static int fail_often(int count) {
  struct job job = {.in = 1};
  int right = 0;
  for (int i = 0; i < count; i++) {
    job.reached = 0;
    right += callseq_invoke(fail, &job) == CALLSEQ_ERROR && job.reached == 1;
  }
  return right;
}

int raise_in_place(char *);
int raise_in_place(char *text) { return raise_plainly(text[0]); }

int nest_in_place(int);
int nest_in_place(int n) { return twice(n); }

static void use_up_inside(void *conses) {
  int *n = conses;
  *n = use_up_and_nest(*n);
}

/* Wherever in the nursery it is run, also at its end. */
static void find_room_in_place(void) {
  enum { STEP = 200, MOST = 60000 };
  int tried = 0, right = 0;
  for (int conses = STEP; conses <= MOST; conses += STEP) {
    int n = conses;
    tried++;
    right += callseq_invoke(use_up_inside, &n) == CALLSEQ_OK && n == 2;
  }
  is_int(right, tried, "a blocking C function that is run in place has room for a nested call");
}

static void nest(void *n) { *(int *)n = twice(21); }

/* So does a function that is called outside, where few collections are made. */
static void find_room(void) {
  int tried = 0, right = 0;
  make_locatives();
  for (int conses = 1; conses <= 1500; conses++) {
    int n = 0;
    tried += use_up(conses) == 1;
    right += callseq_invoke(nest, &n) == CALLSEQ_OK && n == 42;
  }
  is_int(right, tried, "a function has room for a nested call wherever in the nursery it begins");
}

static void call_in_place(void *unused) {
  (void)unused;
  fail_in_place();
}

static int fail_in_place_often(int count) {
  int right = 0;
  for (int i = 0; i < count; i++)
    right += callseq_invoke(call_in_place, NULL) == CALLSEQ_ERROR;
  return right;
}

int leave_in_place(char *);
int leave_in_place(char *text) { return leave_plainly(text[0]); }

static int escape_in_place_often(int count) {
  int right = 0;
  for (int i = 0; i < count; i++)
    right += escape_in_place() == 'x';
  return right;
}

static void ends_well(int (*scenario)(void), const char *what) {
  struct outcome outcome = in_child(scenario);
  is_int(outcome.code, 0, "%s, %zu bytes of nursery: the process ends well (signal %d)", what,
         nursery, outcome.signal);
  is_str(outcome.out, "right", "calls with room are made, the others fail");
}

int main(void) {
  int failures = often(FAILURES);
  for (nursery = 64 << 10; nursery <= 128 << 10; nursery += 4 << 10)
    ends_well(levels_in_a_small_nursery, "nested invocations");
  nursery = 256 << 10;
  ends_well(frames_in_a_small_nursery, "invocations above C frames of any size");
  start_quietly();
  struct job job = {.in = 5};
  is_int(callseq_invoke(add, &job), CALLSEQ_OK, "a plain define-external");
  is_int(job.out, 5, "its result");
  bool inside = false;
  is_int(callseq_invoke(note_inside, &inside), CALLSEQ_OK, "callseq_inside");
  ok(inside && !callseq_inside(), "is true in it and false after it");
  is_int(callseq_invoke(nothing, NULL), CALLSEQ_OK, "a NULL argument");
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing failed so far");

  is_int(callseq_invoke(fail, &job), CALLSEQ_ERROR, "Scheme raises");
  is_int(job.reached, 1, "the rest of the function is abandoned");
  failed("plain failure", "5");
  is_int(twice(4), 8, "later calls are fine");
  job = (struct job){.in = 10};
  is_int(callseq_invoke(everything, &job), CALLSEQ_OK, "callbacks and invocations inside");
  is_int(job.out, 24, "their results");
  is_int(job.reached, 1, "an inner failure stays inside");
  is_int(invoke_inside(), 144, "callseq_invoke from inside a callback");
  int status = 0;
  is_int(callseq_invoke(nest_all, &status), CALLSEQ_OK, "callbacks below a plain one");
  is_int(status, CALLSEQ_UNSAFE, "a plain foreign-lambda there is no place to call from");

  callseq_clear_error();
  int before = 0, after = 0;
  callseq_invoke(ask, &before);
  crew(THREADS, from_thread);
  callseq_invoke(ask, &after);
  is_int(executed, THREADS * TURNS, "every function was executed once, one at a time");
  is_int(after - before, THREADS * TURNS, "and so was its plain define-external");

  int told = 0;
  long growth = growth_kb(fail_often, failures, &told);
  is_int(told, failures, "failures are all told");
  ok(WATCHED || growth < ALLOWED_KB, "resident memory grew by %ld KB", growth);
  find_room_in_place();
  enum { TIMES = 200 };
  told = 0;
  growth = growth_kb(fail_in_place_often, TIMES, &told);
  is_int(told, TIMES, "failures under a blocking C function that is run in place");
  ok(WATCHED || growth < 16384, "what it has been given is freed: memory grew by %ld KB", growth);
  enum { ESCAPES = 1000 };
  told = 0;
  growth = growth_kb(escape_in_place_often, ESCAPES, &told);
  is_int(told, ESCAPES, "continuations that leave such a function");
  ok(WATCHED || growth < 8192, "what it has been given is freed: memory grew by %ld KB", growth);
  find_room();
  is_int(invoke_inside(), 144, "everything still works");
  return done();
}
