/* Callbacks that use CHICKEN's own threads, sleep and TCP ports, while other callers wait: nested
 * calls of two threads that end in the wrong order, each with its own result; preemption; errors.
 */
#include "../support.h"
#include <stdatomic.h>

int both(int), leave_both_behind(int), left_behind(int), one_fails(int), take_turns(int, int);
int sleep_well(int), nobody_there(void), fail_in_a_thread(int), deadlock(int), twice(int);
int lower(int), failing(int), one(int), other(int), nest_preempted(int);
int yield_in_handler(int), end_what_is_interrupted(int), outer(int), inner(int),
    yielding_inner(int);
void begin_busy(void), end_busy(void);
char *upper(int), *talk(int);

/* Under Scheme, in green threads. */
int enter_lower(int), enter_upper(int), enter_failing(int);
int enter_lower(int n) { return lower(n); }
int enter_upper(int n) { return atoi(upper(n)); }
int enter_one(int), enter_other(int);
int enter_one(int n) { return one(n); }
int enter_other(int n) {
  callseq_clear_error();
  int value = other(n);
  const char *message = callseq_last_error();
  char number[16];
  snprintf(number, sizeof number, "%d", n);
  return n % 2 ? (value == 0 && message && strstr(message, number) ? n : -1) : value;
}
int enter_failing(int n) {
  callseq_clear_error();
  return failing(n) == 0 && callseq_last_status() == CALLSEQ_ERROR ? -7 : 0;
}

int enter_inner(int);
int enter_inner(int n) { return n % 2 ? inner(n) : yielding_inner(n); }

enum { USERS = 3, OTHERS = 2, TURNS = 40 };

static atomic_int users;

static void other_caller(int index) {
  int calls = 0, right = 0;
  while (atomic_load_explicit(&users, memory_order_relaxed)) {
    right += twice(calls) == 2 * calls;
    calls++;
  }
  ok(calls > 0 && right == calls, "thread %d: %d calls of others are right", index, calls);
}

static void user(int index) {
  char text[32];
  int right = 0;
  for (int i = 0; i < TURNS; i++) {
    int n = 1000 * index + i;
    right += both(n) == n;
    right += leave_both_behind(n) == n;
    right += one_fails(n) == n;
    right += take_turns(3, 2000) == 6000;
    right += sleep_well(n) == n;
    snprintf(text, sizeof text, "you said %d", n);
    right += !strcmp(talk(n), text);
    callseq_clear_error();
    right += nobody_there() == 0 && callseq_last_status() == CALLSEQ_ERROR;
    right += fail_in_a_thread(n) == n;
  }
  is_int(right, 8 * TURNS, "thread %d: green threads, sleep and ports work", index);
  atomic_fetch_sub_explicit(&users, 1, memory_order_relaxed);
}

static void user_or_other(int index) {
  if (index < USERS)
    user(index);
  else
    other_caller(index);
}

static int wait_for_ever(void) {
  callseq_init();
  return deadlock(1);
}

int main(void) {
  struct outcome stuck = in_child(wait_for_ever);
  ok(stuck.code > 0, "when every green thread waits for ever, the process ends: code %d, signal %d",
     stuck.code, stuck.signal);
  ok(strstr(stuck.err, "deadlock"), "saying why: %s", stuck.err);

  start_quietly();
  is_int(both(5), 5, "two nested calls that end in the wrong order have their own results");
  is_int(leave_both_behind(7), 7, "the call around them has its own");
  is_int(left_behind(7), 1, "and has waited for both");
  is_int(one_fails(9), 9, "one of two that fails, fails alone");
  is_int(take_turns(3, 100000), 300000, "threads that are preempted");
  is_int(end_what_is_interrupted(10), 10, "handlers that end the thread which they interrupt");
  is_int(yield_in_handler(500), 500, "handlers that yield");
  is_int(nest_preempted(20000), 0, "nested calls of threads that are preempted at any moment");
  int nested = 0, calls = often(20000);
  uint32_t seed = 1;
  begin_busy();
  for (int i = 0; i < calls; i++) {
    int n = (int)(chance(&seed) % 1000);
    nested += outer(n) == n + 1;
  }
  end_busy();
  is_int(nested, calls, "nested calls beside a thread that allocates, seed 1");
  is_str(talk(11), "you said 11", "a server and a client");
  is_int(sleep_well(13), 13, "sleeping");
  is_int(nobody_there(), 0, "a connection that is refused");
  failed("nobody_there", "connect");
  atomic_init(&users, USERS);
  crew(USERS + OTHERS, user_or_other);
  return done();
}
