/* The backlog by itself: order, limit, cancelling, closing, and threads that do all of that at
 * once, with a ledger of what became of each thing. */
#define _GNU_SOURCE
#include "sequence/backlog.h"

#include "../tap.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A thing: who has put it, as which one, and what became of it. */
struct thing {
  _Atomic(int) gone;      /* cancelled, by the one who has changed it from 0; 2: taken */
  _Atomic(int) forgotten; /* so often */
  _Atomic(int) dropped;
  int by;
  long number;
};

/* Each may be cancelled. */
static void *to_what(struct thing *t) { return (char *)t + 1; }
static struct thing *of_what(void *what) { return (struct thing *)((char *)what - 1); }

static bool is_gone(void *what) { return atomic_load(&of_what(what)->gone) == 1; }
static void forget(void *what) { atomic_fetch_add(&of_what(what)->forgotten, 1); }
static void drop(const struct callseq_backlog_place *place) {
  atomic_fetch_add(&of_what(place->what)->dropped, 1);
}

static struct callseq_backlog b;
static uint64_t left; /* as the last look has it */

static void set_up(uint64_t limit) {
  for (struct callseq_backlog_ring *ring = b.ring, *before; ring; ring = before) {
    before = ring->before;
    free(ring);
  }
  if (!callseq_backlog_init(&b, limit, is_gone, forget)) {
    perror("backlog");
    exit(2);
  }
}

static int put(struct thing *t) {
  uintptr_t data[3] = {(uintptr_t)t, 7, (uintptr_t)t->number};
  return (int)callseq_backlog_put(&b, to_what(t), data, 3, false, NULL);
}

static bool cancel(struct thing *t) {
  int present = 0;
  if (!atomic_compare_exchange_strong(&t->gone, &present, 1))
    return false;
  callseq_backlog_cancel(&b);
  return true;
}

/* The next one, as a thread that executes would take it; NULL if there is none just now. */
static struct thing *take(void) {
  for (;;) {
    const struct callseq_backlog_place *place = callseq_backlog_look(&b, &left);
    if (!place)
      return NULL;
    struct thing *t = of_what(place->what);
    int present = 0;
    if (!atomic_compare_exchange_strong(&t->gone, &present, 2)) {
      callseq_backlog_leave(&b);
      continue;
    }
    if (place->words[0] != (uintptr_t)t || place->words[2] != (uintptr_t)t->number)
      t->number = -1;
    callseq_backlog_take(&b);
    return t;
  }
}

static void order_and_limit(void) {
  enum { LIMIT = 5 };
  static struct thing things[1000];
  set_up(LIMIT);
  ok(callseq_backlog_is_empty(&b) && !take(), "a new backlog is empty");
  int next = 0, taken = 0, in_order = 1, full = 0;
  for (int i = 0; i < 1000; i++)
    things[i].number = i;
  while (next + 1 < 1000) { /* rounds of the ring, at every fill */
    for (int i = 0; i < LIMIT && next < 1000; i++)
      if (put(&things[next]) == CALLSEQ_BACKLOG_PUT)
        next++;
    static struct thing one_more;
    full += put(&one_more) == CALLSEQ_BACKLOG_FULL;
    for (int i = next % LIMIT; i >= 0 && taken < next; i--)
      in_order = in_order && take() == &things[taken++];
    in_order = in_order && (taken >= next || take() == &things[taken++]);
  }
  ok(in_order, "things come out in the order in which they were put, round after round");
  ok(full > 100, "so many and no more: the next one is refused, %d times", full);
}

static void cancelling(void) {
  enum { LIMIT = 4 };
  static struct thing things[3 * LIMIT], many[10000];
  set_up(LIMIT);
  for (int i = 0; i < LIMIT; i++)
    put(&things[i]);
  is_int(put(&things[LIMIT]), CALLSEQ_BACKLOG_FULL, "full");
  ok(cancel(&things[1]), "one in the middle is cancelled");
  is_int(put(&things[LIMIT]), CALLSEQ_BACKLOG_PUT, "its place is free for another");
  is_int(put(&things[LIMIT + 1]), CALLSEQ_BACKLOG_FULL, "for one");
  int answers = 0;
  for (int i = 0; i < 10000; i++) {
    cancel(i ? &many[i - 1] : &things[LIMIT]);
    answers += put(&many[i]) == CALLSEQ_BACKLOG_PUT;
  }
  is_int(answers, 10000, "as often as one likes, with nobody taking");
  ok(take() == &things[0] && take() == &things[2] && take() == &things[3],
     "the others stay, in order");
  ok(take() == &many[9999] && !take(), "and the last one is the last");
  int forgotten = things[1].forgotten;
  for (int i = 0; i < 9999; i++)
    forgotten += many[i].forgotten == 1;
  is_int(forgotten, 10000, "each that was cancelled is forgotten once");
  ok(!things[0].forgotten && !many[9999].forgotten, "and no other is");
  is_int((intmax_t)left, (intmax_t)callseq_backlog_ticket(&b), "all tickets have left");
}

static void tickets(void) {
  static struct thing things[6];
  set_up(4);
  for (int i = 0; i < 4; i++)
    put(&things[i]);
  for (int i = 1; i < 3; i++)
    cancel(&things[i]);
  const struct callseq_backlog_place *place = callseq_backlog_look(&b, &left);
  ok(place && of_what(place->what) == &things[0] && place->ticket == 0,
     "one that was moved has its ticket still");
  callseq_backlog_leave(&b);
  cancel(&things[0]);
  cancel(&things[3]);
  ok(!take() && left == 4, "all are cancelled: whoever comes by passes them");
}

static void closing(void) {
  static struct thing things[4];
  set_up(4);
  for (int i = 0; i < 3; i++)
    put(&things[i]);
  take();
  cancel(&things[1]);
  callseq_backlog_close(&b, drop);
  ok(!things[0].dropped && !things[1].dropped && things[2].dropped == 1,
     "what is left is dropped once, but not what was taken or cancelled");
  is_int(things[1].forgotten, 1, "which is forgotten");
  is_int(put(&things[3]), CALLSEQ_BACKLOG_SHUT, "nothing is put any more");
  ok(!take(), "nor taken");
  callseq_backlog_hold(&b);
  callseq_backlog_forked(&b, drop);
  is_int(put(&things[3]), CALLSEQ_BACKLOG_SHUT, "not in a forked child either");
}

static void forking(void) {
  static struct thing things[4];
  set_up(4);
  for (int i = 0; i < 3; i++)
    put(&things[i]);
  take();
  callseq_backlog_hold(&b);
  ok(!callseq_backlog_look(&b, &left) && left == CALLSEQ_BACKLOG_BUSY, "held, nobody takes");
  callseq_backlog_forked(&b, drop);
  ok(things[1].dropped == 1 && things[2].dropped == 1,
     "in a forked child what was left is dropped");
  ok(put(&things[3]) == CALLSEQ_BACKLOG_PUT && take() == &things[3], "and it works");
}

static _Atomic(bool) has_hold;

/* Instead of libc's, so that it is known that a thread waits for its turn. */
static _Atomic(int) yields;

int sched_yield(void) {
  yields++;
  return (int)syscall(SYS_sched_yield);
}

static void *hold(void *unused) {
  callseq_backlog_hold(&b);
  atomic_store(&has_hold, true);
  return unused;
}

static void claims(void) {
  static struct thing one;
  pthread_t thread;
  set_up(4);
  put(&one);
  ok(callseq_backlog_look(&b, &left), "one thing is being taken");
  pthread_create(&thread, NULL, hold, NULL);
  yields = 0;
  while (!yields && !has_hold) {
  }
  ok(!has_hold, "so a thread that is about to hold the backlog waits");
  callseq_backlog_take(&b);
  pthread_join(thread, NULL);
  ok(has_hold && !callseq_backlog_look(&b, &left), "until it is taken, and has it then");
  callseq_backlog_release(&b);
}

static void limits(void) {
  enum { MANY = 100 };
  static struct thing things[MANY];
  set_up(2);
  put(&things[0]), put(&things[1]);
  take();
  put(&things[2]);
  callseq_backlog_limit(&b, 1);
  is_int(put(&things[3]), CALLSEQ_BACKLOG_FULL, "a lower limit");
  callseq_backlog_limit(&b, MANY);
  cancel(&things[1]);
  int puts = 0, right = 0;
  for (int i = 3; i < MANY; i++)
    puts += put(&things[i]) == CALLSEQ_BACKLOG_PUT;
  is_int(puts, MANY - 3, "a higher one");
  for (int i = 2; i < MANY; i++)
    right += take() == &things[i];
  is_int(right, MANY - 2, "with all in order");
  ok(!take(), "and no more");
}

/* ---- Everything at once ---- */

enum { WRITERS = 3, EACH = 60000, BUSY_LIMIT = 7 };

static struct thing *ledger[WRITERS];
static _Atomic(long) full, shut;
static _Atomic(int) writing;

static void *write_all(void *argument) {
  int by = (int)(intptr_t)argument;
  uint32_t state = 17u + (uint32_t)by;
  for (long i = 0; i < EACH; i++) {
    struct thing *t = &ledger[by][i];
    t->by = by;
    t->number = i;
    int answer;
    while ((answer = put(t)) == CALLSEQ_BACKLOG_FULL) {
      atomic_fetch_add(&full, 1);
      sched_yield();
    }
    if (answer == CALLSEQ_BACKLOG_SHUT) {
      atomic_store(&t->gone, 3);
      atomic_fetch_add(&shut, 1);
      continue;
    }
    state = state * 1664525u + 1013904223u;
    if (state >> 30 == 0)
      cancel(&ledger[by][i - (long)(state >> 8 & 3) < 0 ? i : i - (long)(state >> 8 & 3)]);
  }
  atomic_fetch_sub(&writing, 1);
  return NULL;
}

static void at_once(bool close_in_between) {
  pthread_t threads[WRITERS];
  long last[WRITERS], taken = 0, disorder = 0;
  set_up(BUSY_LIMIT);
  full = shut = 0;
  writing = WRITERS;
  for (int i = 0; i < WRITERS; i++) {
    last[i] = -1;
    free(ledger[i]);
    ledger[i] = calloc(EACH, sizeof *ledger[i]);
    pthread_create(&threads[i], NULL, write_all, (void *)(intptr_t)i);
  }
  for (;;) {
    bool over = !atomic_load(&writing);
    struct thing *t = take();
    if (t) {
      taken++;
      disorder += t->number <= last[t->by];
      last[t->by] = t->number;
    } else if (over) {
      break;
    } else {
      sched_yield();
    }
    if (!close_in_between && taken % 5000 == 4999)
      callseq_backlog_limit(&b, BUSY_LIMIT + (uint64_t)taken / 2000);
    if (close_in_between && taken == EACH / 2)
      callseq_backlog_close(&b, drop);
  }
  for (int i = 0; i < WRITERS; i++)
    pthread_join(threads[i], NULL);
  while (take())
    taken++;
  long cancelled = 0, dropped = 0, refused = 0, wrong = 0;
  for (int i = 0; i < WRITERS; i++)
    for (long n = 0; n < EACH; n++) {
      struct thing *t = &ledger[i][n];
      cancelled += t->gone == 1;
      refused += t->gone == 3;
      dropped += t->dropped;
      wrong += (t->gone == 1) != t->forgotten || t->dropped > 1 || (t->dropped && t->gone);
    }
  const char *how = close_in_between ? "closed in between: " : "";
  is_int(taken + cancelled + dropped + refused, WRITERS * EACH,
         "%sof %d things %ld were taken, %ld cancelled, %ld dropped, %ld refused: all", how,
         WRITERS * EACH, taken, cancelled, dropped, refused);
  is_int(wrong, 0, "%sone thing happened to each, once", how);
  is_int(disorder, 0, "%seach thread's came in order", how);
  if (!close_in_between)
    ok(full > 0, "it was full %ld times", (long)full);
}

/* ---- A limit that grows while others put ---- */

enum { GROWTHS = 300, GROWN = 512 };

static struct thing grown[2][GROWN];

static void *put_all(void *argument) {
  struct thing *things = argument;
  for (int i = 0; i < GROWN; i++)
    while (put(&things[i]) == CALLSEQ_BACKLOG_FULL)
      sched_yield();
  return NULL;
}

static void growth(void) {
  long missing = 0, disorder = 0;
  for (int round = 0; round < GROWTHS; round++) {
    pthread_t threads[2];
    set_up(1);
    for (int i = 0; i < 2; i++) {
      for (int n = 0; n < GROWN; n++)
        grown[i][n] = (struct thing){.by = i, .number = n};
      pthread_create(&threads[i], NULL, put_all, grown[i]);
    }
    for (uint64_t limit = 2; limit <= 2 * GROWN; limit *= 2)
      callseq_backlog_limit(&b, limit);
    for (int i = 0; i < 2; i++)
      pthread_join(threads[i], NULL);
    long next[2] = {0, 0};
    for (struct thing *t; (t = take());)
      disorder += t->number != next[t->by]++;
    missing += 2 * GROWN - next[0] - next[1];
  }
  is_int(missing, 0, "while a limit grows, %d times, nothing is lost", GROWTHS);
  is_int(disorder, 0, "and each thread's come in order");
}

int main(void) {
  order_and_limit();
  cancelling();
  tickets();
  limits();
  closing();
  forking();
  claims();
  at_once(false);
  at_once(true);
  growth();
  return done();
}
