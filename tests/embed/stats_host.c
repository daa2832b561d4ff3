/* callseq_stats counts what has happened, and does not wait while a callback runs. */
#include "../support.h"
#include <semaphore.h>

int twice(int), outer(int);
void collect(void), hold(void);

int nest(int);
int nest(int n) { return twice(n); }

static struct callseq_stats now(void) {
  struct callseq_stats stats;
  callseq_stats(&stats);
  return stats;
}

static sem_t holding, let_go;
void wait_for_host(void);
void wait_for_host(void) {
  sem_post(&holding);
  sem_wait(&let_go);
}

enum { WAITERS = 4 };

static void hold_or_wait(int index) {
  if (index == 0) {
    hold();
    return;
  }
  if (index <= WAITERS) {
    sem_wait(&holding);
    sem_post(&holding);
    is_int(twice(index), 2 * index, "a waiter's result");
    return;
  }
  sem_wait(&holding);
  sem_post(&holding);
  uint64_t calls = now().calls;
  ok(calls > 0, "statistics can be had while a callback runs");
  while (now().parks < WAITERS)
    usleep(100); /* until all sleep */
  sem_post(&let_go);
}

static int measured(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.measure_time = 1;
  callseq_init_with(&config);
  uint64_t before = now().inside_ns;
  sem_post(&let_go);
  hold();
  return now().inside_ns > before && now().calls == 1 ? 0 : 1;
}

static int laps(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.nursery_bytes = 64 << 20;
  callseq_init_with(&config);
  uint64_t before = now().collections;
  for (int i = 0; i < 10000; i++)
    twice(i);
  return now().collections - before >= 10 ? 0 : 1;
}

int main(void) {
  sem_init(&holding, 0, 0);
  sem_init(&let_go, 0, 0);
  is_int(in_child(measured).code, 0, "the time inside is measured where it is asked for");

  is_int(in_child(laps).code, 0, "between calls a small part of a large nursery is used");
  is_int((int)now().calls, 0, "before init there are no calls");
  start_quietly();
  for (int i = 0; i < 1000; i++)
    twice(i);
  is_int((int)now().calls, 1000, "calls");
  for (int i = 0; i < 10; i++)
    outer(i);
  is_int((int)now().calls, 1020, "calls, with nested ones");
  is_int((int)now().nested, 10, "nested calls");
  uint64_t collections = now().collections;
  collect();
  ok(now().collections > collections, "a collection");
  is_int((int)now().waits, 0, "one thread does not wait");

  crew(WAITERS + 2, hold_or_wait);
  struct callseq_stats stats = now();
  is_int((int)stats.calls, 1022 + WAITERS, "calls of several threads");
  ok(stats.waits >= WAITERS && stats.waits <= WAITERS + 1, "those that waited");
  ok(stats.longest_wait_ns > 0, "the longest of their waits");
  ok(stats.wakes > 0, "sleepers were woken");
  ok(stats.by_others > 0 && stats.by_others <= WAITERS, "some were executed by others");
  ok(stats.batches > 0 && stats.batches <= stats.by_others, "in batches");
  ok(stats.largest_batch > 0 && stats.largest_batch <= 16, "of the default's size");
  is_int((int)stats.inside_ns, 0, "time is not measured unasked");
  return done();
}
