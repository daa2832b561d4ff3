/* callseq_invoke: plain define-external functions from any thread, one function at a time; and what
 * becomes of a function when Scheme raises under it. */
#include "../support.h"

int add_to_total(int), total_now(void), raise_plainly(int), join_plainly(const char *);
int twice(int), invoke_inside(void);

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

enum { THREADS = 4, TURNS = 5000, FAILURES = 100000, ALLOWED_KB = 4096 };

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
               strstr(callseq_last_error(), "plain failure") && strstr(callseq_last_error(), text);
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

int main(void) {
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

  callseq_clear_error();
  int before = 0, after = 0;
  callseq_invoke(ask, &before);
  crew(THREADS, from_thread);
  callseq_invoke(ask, &after);
  is_int(executed, THREADS * TURNS, "every function was executed once, one at a time");
  is_int(after - before, THREADS * TURNS, "and so was its plain define-external");

  fail_often(FAILURES / 20);
  long memory = resident_kb();
  is_int(fail_often(FAILURES), FAILURES, "failures are all told");
  long growth = resident_kb() - memory;
  ok(growth < ALLOWED_KB, "resident memory grew by %ld KB", growth);
  is_int(invoke_inside(), 144, "everything still works");
  return done();
}
