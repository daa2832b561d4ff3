/* A callback that waits keeps the runtime where it must not be suspended: over C frames, in
 * (exclusively ...), and where the configuration says so. */
#include "../callers.h"
#include <stdatomic.h>

int changes(void), inner_stays(int), outer_stays(int), wait_and_nest(int, int), plain_stays(int),
    exclusively_stays(int), leave_exclusively(int), escape_exclusively(int), take_total(void),
    wait_beside(int gate, int n), outcome_is(void);
void begin_exclusively(int way), bump(void), terminate_exclusively(void), doze_once(void),
    read_sleep_write(void), exclusively_read_sleep_write(void);

CALLER(call_nest, wait_and_nest(c->gate, c->n))

CALLER(call_beside, wait_beside(c->gate, c->n))

static atomic_int bumping;

static void *bump_often(void *unused) {
  while (atomic_load(&bumping))
    bump();
  return unused;
}

int call_nested(int);
int call_nested(int n) { return inner_stays(n); }

static void invoked(void *result) { *(int *)result = plain_stays(8); }

static void hold_while_waiting(void) {
  pthread_t thread;
  atomic_store(&bumping, 1);
  pthread_create(&thread, NULL, bump_often, NULL);
  ok(changes(), "others call while one sleeps");
  uint64_t before = suspended();
  int invoke_result = 0;
  is_int(outer_stays(5), 5, "nobody calls while a nested call sleeps");
  is_int(callseq_invoke(invoked, &invoke_result), CALLSEQ_OK, "callseq_invoke");
  is_int(invoke_result, 8, "nor while a function sleeps that callseq_invoke calls");
  is_int(exclusively_stays(6), 6, "nor in (exclusively ...)");
  is_int(leave_exclusively(1), 0, "an error ends that");
  failed("leave_exclusively", "left");
  is_int(escape_exclusively(7), 7, "and so does an escape");
  is_int((int)(suspended() - before), 0, "none of these has been suspended");
  struct caller c = {0};
  suspend(&c, call_nest, 0, 9);
  open_gate(0);
  finish(&c);
  is_int(c.result, 9, "a call that has waited holds the runtime while it nests");
  ok(changes(), "then others call again");
  atomic_store(&bumping, 0);
  pthread_join(thread, NULL);
  shut_gates();
}

/* In green threads, too. */
static void hold_for_green_threads(void) {
  static const char *const makers[] = {"has ended",
                                       "ends",
                                       "yields",
                                       "sleeps",
                                       "has been in (exclusively ...) itself",
                                       "has been so in a nested call"};
  pthread_t thread;
  atomic_store(&bumping, 1);
  pthread_create(&thread, NULL, bump_often, NULL);
  for (int way = 0; way < 6; way++) {
    int outcome;
    begin_exclusively(way);
    while (!(outcome = outcome_is()))
      sched_yield();
    is_int(outcome, 1, "nobody calls while a green thread sleeps in it, whose maker %s",
           makers[way]);
  }
  atomic_store(&bumping, 0);
  pthread_join(thread, NULL);
}

/* What has been in the way is not so for ever. */
static void wait_beside_others(void) {
  terminate_exclusively();
  uint64_t before = suspended();
  doze_once();
  is_int((int)(suspended() - before), 1,
         "a green thread that is terminated in (exclusively ...) keeps nobody out");
  struct caller c = {0};
  suspend(&c, call_beside, 1, 4);
  open_gate(1);
  finish(&c);
  is_int(c.result, 4,
         "a call that waits lets others in, as soon as a green thread's nested call is over");
  shut_gate(1);
}

enum { WRITERS = 4, WRITES = 50 };

static void write_often(int index) {
  (void)index;
  for (int i = 0; i < WRITES; i++)
    read_sleep_write();
}

static void write_exclusively(int index) {
  (void)index;
  for (int i = 0; i < WRITES; i++)
    exclusively_read_sleep_write();
}

static int never_suspend(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.suspend = CALLSEQ_SUSPEND_NONE;
  if (callseq_init_with(&config))
    return 1;
  crew(WRITERS, write_often);
  printf("%d written, %d suspended", take_total(), (int)suspended());
  return 0;
}

static void exclude(void) {
  struct outcome o = in_child(never_suspend);
  is_int(o.code, 0, "CALLSEQ_SUSPEND_NONE");
  is_str(o.out, "200 written, 0 suspended", "four threads read, sleep and write 200 times");
}

static void exclude_here(void) {
  crew(WRITERS, write_exclusively);
  is_int(take_total(), WRITERS * WRITES, "so they do exclusively");
  crew(WRITERS, write_often);
  int total = take_total();
  ok(total > 0 && total < WRITERS * WRITES, "and otherwise they write over others: %d", total);
}

int main(void) {
  exclude();
  start_quietly();
  hold_while_waiting();
  hold_for_green_threads();
  wait_beside_others();
  exclude_here();
  return done();
}
