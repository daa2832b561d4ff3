/* What threads sleep on: no wake-up is lost, a limit runs out, neither function is a cancellation
 * point, and the barrier may be asked for again. Built with
 * either version of what the library asks of the system. */
#include "../support.h"

#include "system/park.h"

enum { PINGS = 20000 };

static _Atomic(uint32_t) word;

/* Two threads take turns, each asleep until the word has its parity. */
static void ping(int index) {
  for (uint32_t turn = (uint32_t)index; turn < 2 * PINGS; turn += 2) {
    uint32_t now;
    /* acquire: pairs with the release below */
    while ((now = atomic_load_explicit(&word, memory_order_acquire)) != turn)
      callseq_park_wait(&word, now, 0);
    /* release: pairs with the acquire above */
    atomic_store_explicit(&word, turn + 1, memory_order_release);
    callseq_park_wake((const void *)&word);
  }
}

static bool came_back;

static void *park_cancelled(void *unused) {
  pthread_cancel(pthread_self());
  callseq_park_wait(&word, atomic_load_explicit(&word, memory_order_relaxed), 1);
  callseq_park_wake((const void *)&word);
  came_back = true;
  pthread_testcancel();
  return unused;
}

static void park(void) {
  void *result = NULL;
  atomic_store_explicit(&word, 0, memory_order_relaxed);
  ok(callseq_park_wait(&word, 1, 0), "no sleep where the word is another already");
  ok(!callseq_park_wait(&word, 0, 1), "a limit of a millisecond runs out");
  crew(2, ping);
  is_int(atomic_load_explicit(&word, memory_order_relaxed), 2 * PINGS,
         "two threads wake each other %d times", PINGS);

  pthread_t thread;
  if (pthread_create(&thread, NULL, park_cancelled, NULL)) {
    perror("pthread_create");
    exit(2);
  }
  pthread_join(thread, &result);
  ok(came_back && result == PTHREAD_CANCELED, "neither is a cancellation point");

  bool asymmetric = callseq_park_asymmetric();
  if (asymmetric)
    callseq_park_barrier();
  ok(callseq_park_asymmetric() == asymmetric, "the barrier can be asked for again: %s",
     asymmetric ? "there is one" : "there is none, so every run is symmetric");
}

int main(void) {
  park();
  return done();
}
