/* callseq_stats counts what has happened, and does not wait while a callback runs. */
#include "../support.h"
#include <semaphore.h>

int twice(int), outer(int);
void collect(void), hold(void);

int nest(int);
int nest(int n) { return twice(n); }

int escape(int), leave_by(int), leave_frames(int);
void locate(int);
int leave_frames(int n) { return leave_by(n); }

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

enum { WAITERS = 4, BATCH = 32 };

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
  await_parks(WAITERS);
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

/* A thread that has called before init is measured too. */
static pthread_barrier_t step;

static void *call_early(void *unused) {
  callseq_clear_error();
  twice(1);
  pthread_barrier_wait(&step);
  pthread_barrier_wait(&step);
  hold();
  return unused;
}

static int measured_though_early(void) {
  pthread_t thread;
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.measure_time = 1;
  config.on_error = keep_quiet;
  pthread_barrier_init(&step, NULL, 2);
  pthread_create(&thread, NULL, call_early, NULL);
  pthread_barrier_wait(&step);
  callseq_init_with(&config);
  sem_post(&let_go);
  pthread_barrier_wait(&step);
  pthread_join(thread, NULL);
  return now().inside_ns > 0 && now().calls == 1 ? 0 : 1;
}

static int collections_of(int calls) {
  uint64_t before = now().collections;
  for (int i = 0; i < calls; i++)
    twice(i);
  return (int)(now().collections - before);
}

/* Between calls a small part of a large nursery is used, whatever C frames have been left in it. */
static int laps(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.nursery_bytes = 64 << 20;
  callseq_init_with(&config);
  printf("%d ", collections_of(10000));
  for (int i = 0; i < 500; i++)
    if (escape(i) != i)
      return 1;
  printf("%d", collections_of(10000));
  return 0;
}

/* Where collections are costly they are few. Where the machine is busy one may be taken for costly
 * that is not: then they are few for the length of 64. */
static int costly_laps(void) {
  enum { CALLS = 40000, LOCATIVES = 20000 };
  start_quietly();
  int cheap = 0;
  for (int i = 0; i < 12; i++) {
    int n = collections_of(CALLS);
    cheap = n > cheap ? n : cheap;
  }
  locate(LOCATIVES);
  collections_of(CALLS);
  int costly = collections_of(CALLS);
  fprintf(stderr, "%d collections, %d with locatives", cheap, costly);
  return WATCHED || emulated() ? costly <= cheap + 1 : 2 * costly < cheap;
}

static int collections_before;

static void wait_to_be_served(int index) {
  if (index == 0) {
    collections_before = (int)now().collections;
    hold();
  } else if (index < BATCH) {
    sem_wait(&holding);
    sem_post(&holding);
    twice(index);
  } else {
    await_parks(BATCH - 1);
    sem_post(&let_go);
  }
}

/* A lap begins with a call; others that follow are in the same lap, whoever executes them. */
static int lap_of_a_batch(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.batch_limit = BATCH;
  callseq_init_with(&config);
  while (!collections_of(1)) {
  }
  int calls = 1; /* of a lap */
  while (!collections_of(1))
    calls++;
  collections_of(calls - 1);
  crew(BATCH + 1, wait_to_be_served);
  printf("%d %d", (int)now().by_others, (int)now().collections - collections_before);
  return 0;
}

int main(void) {
  sem_init(&holding, 0, 0);
  sem_init(&let_go, 0, 0);
  is_int(in_child(measured).code, 0, "the time inside is measured where it is asked for");

  is_int(in_child(measured_though_early).code, 0, "in threads that have called before init too");
  int first = -1, later = -1, others = -1, collections = -1;
  sscanf(in_child(laps).out, "%d %d", &first, &later);
  ok(first >= 1 && first <= 1000, "few calls use up a lap of the nursery: %d in 10000", first);
  ok(later >= 1 && later <= 1000, "as few when C frames are left there: %d in 10000", later);
  struct outcome costly = in_child(costly_laps);
  ok(costly.code == 1, "with many locatives, which cost each collection, few: %s", costly.err);
  sscanf(in_child(lap_of_a_batch).out, "%d %d", &others, &collections);
  ok(others > 1 && collections >= 0 && collections <= 3,
     "a batch of %d does not collect more often: %d times", others, collections);
  is_int((int)now().calls, 0, "before init there are no calls");
  start_quietly();
  for (int i = 0; i < 1000; i++)
    twice(i);
  is_int((int)now().calls, 1000, "calls");
  for (int i = 0; i < 10; i++)
    outer(i);
  is_int((int)now().calls, 1020, "calls, with nested ones");
  is_int((int)now().nested, 10, "nested calls");
  uint64_t before = now().collections;
  collect();
  ok(now().collections > before, "a collection");
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
