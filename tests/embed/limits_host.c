/* A signal handler limits the time of a callback by a continuation: it waits no longer, and ends by
 * what the continuation is given; nobody else notices. */
#include "../support.h"
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

int limit(int way, int fd, int value), add(int), signal_and_compute(int), exclusive_limit(int);
int times_handled(void), enter_by_thread(int), fail(int), winds(void), get(void),
    mutex_waited_for(void), is_first(void);

char *text_by_thread(void), *nested_text_by_thread(void);
callseq_future *text_by_thread_later(void);
int text_by_thread_later_result(callseq_future *, const char **);
callseq_handle *handle_by_thread(void);

void signal_now(void), about_to_wait(void);
static atomic_int waits;
void about_to_wait(void) { atomic_store(&waits, 1); }
void signal_now(void) { raise(SIGUSR1); }

static const char *const ways[] = {"asleep", "waiting for a mutex", "waiting for a pipe",
                                   "in a blocking C function", "asleep with the runtime held"};
enum { BLOCKS = 3, HELD = 4 };

static int before; /* times_handled, before a call has begun */

static struct caller {
  pthread_t thread;
  int way, value, result, status, fds[2];
  char text[200];
} c;

static void *call(void *unused) {
  c.result = limit(c.way, c.fds[0], c.value);
  c.status = callseq_last_status();
  snprintf(c.text, sizeof c.text, "%s", c.status ? callseq_last_error() : "");
  return unused;
}

static void begin(int way, int value) {
  struct callseq_stats then, now;
  if (way != HELD)
    before = times_handled();
  callseq_stats(&then);
  c = (struct caller){.way = way, .value = value};
  if (pipe(c.fds) || pthread_create(&c.thread, NULL, call, NULL)) {
    perror("begin");
    exit(2);
  }
  do {
    sched_yield();
    callseq_stats(&now);
  } while (way != HELD && now.suspended == then.suspended);
}

static void end(void) {
  while (c.way == BLOCKS && times_handled() == before)
    sched_yield();
  if (c.way == BLOCKS && write(c.fds[1], "x", 1) != 1) /* it is let end */
    perror("write");
  pthread_join(c.thread, NULL);
  close(c.fds[0]);
  close(c.fds[1]);
}

static void limit_suspended(void) {
  for (int way = 0; way < HELD; way++) {
    begin(way, 7 + way);
    is_int(get(), 0, "one callback is %s", ways[way]);
    signal_now();
    end();
    is_int(c.result, 7 + way, "a handler beside all others limits that");
    begin(way, 7 + way);
    is_int(signal_and_compute(20), 40, "a callback that the handler interrupts has its own result");
    end();
    is_int(c.result, 7 + way, "and the other is limited");
    begin(way, 0);
    signal_now();
    end();
    is_int(c.status, CALLSEQ_ERROR, "an error after that is of the limited call");
    ok(strstr(c.text, "time is up"), "and of no other: %s", c.text);
    is_int(winds(), 0, "its winders have run");
    is_int(get(), 0, "its bindings are undone");
    is_int(mutex_waited_for(), 0, "it waits for nothing");
  }
}

static void limit_held(void) {
  is_int(exclusive_limit(9), 9, "one that is %s", ways[HELD]);
  for (int i = 0; i < 20; i++) {
    atomic_store(&waits, 0);
    begin(HELD, 30 + i);
    while (!atomic_load(&waits))
      sched_yield();
    signal_now();
    end();
    is_int(c.result, 30 + i, "by a signal that comes as it begins to wait, or later");
  }
  is_int(winds(), 0, "its winders have run");
}

const char *call_text(void);
const char *call_text(void) { return text_by_thread(); }

static int deliver_wrongly(int times) {
  int right = 0;
  for (int i = 0; i < times; i++) {
    const char *text = NULL;
    right += !strcmp(text_by_thread(), "right");
    right += !strcmp(nested_text_by_thread(), "right");
    callseq_future *future = text_by_thread_later();
    right += text_by_thread_later_result(future, &text) == CALLSEQ_OK && !strcmp(text, "right");
    callseq_handle_release(handle_by_thread());
  }
  callseq_clear_error();
  return right;
}

static void free_wrong_results(void) {
  enum { TIMES = 80 };
  int right = 0;
  long growth = growth_kb(deliver_wrongly, TIMES, &right);
  struct callseq_stats stats;
  callseq_stats(&stats);
  is_int(right, 3 * TIMES, "calls with other results than green threads would give them");
  ok(WATCHED || growth < 16384, "%d of these, resident memory has grown by %ld KB", 3 * TIMES,
     growth);
  is_int((int)stats.handles, 0, "and there are no handles");
}

static void enter_by_threads(void) {
  is_int(enter_by_thread(3), 3, "a green thread that enters a continuation gets an error");
  fail(1);
  failed("fail", "failed: 1");
  is_int(enter_by_thread(4), 4, "also again");
}

int main(void) {
  start_quietly();
  ok(!is_first(), "no callback runs in CHICKEN's first green thread");
  enter_by_threads();
  free_wrong_results();
  limit_suspended();
  limit_held();
  int right = 0;
  for (int i = 0; i < 1000; i++)
    right += add(i) == i + 100;
  is_int(right, 1000, "calls go on");
  return done();
}
