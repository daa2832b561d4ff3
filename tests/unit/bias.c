/* The sequencer's lock, biased to a thread that has used it alone for long: nobody else notices,
 * but for how long it takes; whoever else comes revokes the bias. Where there is no barrier there
 * is no bias. */
#define _GNU_SOURCE
#include "queue.h"

enum { LONG = 1 << 17, OTHER = 77 };

/* Has nobody a word among `owners`? */
static bool no_owner(void) {
  for (int i = 0; i < CALLSEQ_BIAS_OWNERS; i++)
    if (atomic_load(&s.bias.owners[i]))
      return false;
  return true;
}

static bool is_biased(uint32_t id) { return CALLSEQ_LOCK_IS_BIASED_TO(atomic_load(&s.lock), id); }

static void call_often(uint32_t self, int count) {
  for (int i = 0; i < count; i++) {
    struct request q = {.caller = (int)self, .argument = 1};
    call(&q, NULL);
  }
}

static void call_for_long(int index) { call_often((uint32_t)index + 1, LONG); }

/* The holder, which is about to leave: the lock is biased to its thread then, if nobody waits. */
static void be_steady(uint32_t self) {
  s.leaves = 1;
  s.bias.counts = 1;
  s.bias.candidate = self;
  s.bias.streak = UINT32_MAX / 2;
}

static void begin_biased(uint32_t self) {
  set_up_patient(NO_LIMIT, SOME_SPINS, 0, false);
  callseq_sequencer_try_enter(&s, self);
  be_steady(self);
  callseq_sequencer_leave(&s, self);
}

static void one_thread(void) {
  set_up_patient(NO_LIMIT, 0, 0, false);
  call_often(MAIN, 1000);
  ok(!is_biased(MAIN), "the lock is not biased to a thread that has come a thousand times");
  call_often(MAIN, LONG);
  ok(is_biased(MAIN), "but to one that has for long");
  is_int(done_count, 1000 + LONG, "each of its calls was executed");
  ok(callseq_sequencer_holder(&s) == 0 && is_idle(), "nobody holds it");
  ok(callseq_sequencer_try_enter(&s, MAIN) && callseq_sequencer_holder(&s) == MAIN,
     "it takes the lock");
  ok(!callseq_sequencer_try_enter(&s, OTHER) && !callseq_sequencer_try_enter_alone(&s, OTHER),
     "which others cannot have then");
  ok(!callseq_sequencer_try_enter(&s, MAIN) && callseq_sequencer_holder(&s) == MAIN,
     "nor it itself once more");
  callseq_sequencer_leave(&s, MAIN);
  ok(is_biased(MAIN) && !callseq_sequencer_holder(&s), "and leaves it");
  call_often(OTHER, 1);
  ok(!is_biased(MAIN) && is_idle() && s.bias.revocations == 1, "another one has to revoke that");
  call_often(MAIN, LONG / 2 + 1000);
  ok(!is_biased(MAIN), "it is not biased again so soon");
  call_often(MAIN, LONG);
  ok(is_biased(MAIN), "but later");
}

/* The owner is inside while others queue: they get their turns, and it goes on as a holder. */
static void owner_inside(bool sleeps) {
  enum { COUNT = 3 };
  begin_biased(MAIN);
  callseq_sequencer_try_enter(&s, MAIN);
  for (int i = 0; i < COUNT; i++)
    queue_up(i, call_once, false, false);
  if (sleeps)
    wait_for_sleep();
  else
    wait_for_demand();
  ok(!is_biased(MAIN) && callseq_sequencer_holder(&s) == MAIN,
     "who queues revokes the bias; the owner is the holder");
  callseq_sequencer_leave(&s, MAIN);
  join_queue(COUNT);
  is_int(done_count, COUNT, "which leaves for those that queue");
  ok(is_idle(), "nobody is left");
}

/* What a holder does besides to leave. */
static int forked(void) {
  callseq_sequencer_forked(&s, MAIN + 1);
  bool held = callseq_sequencer_holder(&s) == MAIN + 1 && no_owner();
  callseq_sequencer_leave(&s, MAIN + 1);
  struct request q = {.caller = OTHER};
  return held && is_idle() && call(&q, NULL) == CALLSEQ_ENTERED_HOLDER && is_idle() ? 0 : 1;
}

static void owner_does(void) {
  begin_biased(MAIN);
  callseq_sequencer_try_enter(&s, MAIN);
  is_int(in_child(forked).code, 0, "the owner forks: the child is the holder, and has no owner");
  callseq_sequencer_rename(&s, OTHER);
  ok(callseq_sequencer_holder(&s) == OTHER && no_owner(), "it takes another id");
  callseq_sequencer_rename(&s, MAIN);
  callseq_sequencer_leave(&s, MAIN);
  ok(is_idle(), "and leaves");
  begin_biased(MAIN);
  callseq_sequencer_try_enter(&s, MAIN);
  callseq_sequencer_end_batch(&s);
  ok(is_idle() && !is_biased(MAIN) && no_owner(), "it leaves as one that has queued");
  begin_biased(MAIN);
  callseq_sequencer_try_enter(&s, MAIN);
  callseq_sequencer_close(&s);
  struct request q = {.caller = OTHER};
  ok(call(&q, NULL) == CALLSEQ_ENTERED_CLOSED, "it closes the lock");
  ok(!callseq_sequencer_try_enter(&s, MAIN), "for itself, too");
}

/* It was the owner until another one came, and is a holder as any other. */
static void been_owner(void) {
  begin_biased(MAIN);
  callseq_sequencer_try_enter(&s, MAIN);
  ok(!callseq_sequencer_try_now(&s, OTHER), "another one cannot have the lock while it is inside");
  callseq_sequencer_leave(&s, MAIN);
  begin_biased(MAIN);
  ok(callseq_sequencer_try_now(&s, OTHER), "but at once when it is not");
  callseq_sequencer_leave(&s, OTHER);
  begin_biased(MAIN);
  ok(callseq_sequencer_try_soon(&s, OTHER), "who looks for a moment revokes the bias");
  callseq_sequencer_leave(&s, OTHER);
  ok(!callseq_sequencer_try_enter_alone(&s, MAIN), "who has been the owner has to forget that");
  ok(callseq_sequencer_try_enter(&s, MAIN), "who has been the owner takes the lock");
  ok(!callseq_sequencer_try_enter(&s, MAIN) && !callseq_sequencer_try_enter_alone(&s, MAIN),
     "once, when it calls from inside too");
  callseq_sequencer_leave(&s, MAIN);
  ok(callseq_sequencer_try_enter_alone(&s, MAIN), "and again, when it has left");
  callseq_sequencer_leave(&s, MAIN);
  ok(is_idle(), "nobody is left");
  begin_biased(MAIN);
  call_often(OTHER, 1);
  callseq_sequencer_try_enter(&s, OTHER);
  callseq_sequencer_rename(&s, MAIN);
  ok(!callseq_sequencer_try_enter(&s, MAIN), "nor when it has the lock by another id first");
  callseq_sequencer_leave(&s, MAIN);
  ok(is_idle(), "nobody is left");
}

/* Threads whose ids have the same last bits have the same word: one of them is the owner by it,
 * until it has the lock as any other, or ends. */
static void same_word(void) {
  enum { SAME = OTHER + CALLSEQ_BIAS_OWNERS };
  begin_biased(OTHER);
  ok(is_biased(OTHER), "biased to one");
  call_often(SAME, 1);
  callseq_sequencer_try_enter(&s, SAME);
  be_steady(SAME);
  callseq_sequencer_leave(&s, SAME);
  ok(!is_biased(SAME), "not to one that would have the same word");
  callseq_sequencer_try_enter(&s, SAME);
  ok(!callseq_sequencer_try_enter(&s, OTHER), "until the first one finds that the bias is revoked");
  be_steady(SAME);
  callseq_sequencer_leave(&s, SAME);
  ok(is_biased(SAME), "and so gives its word back");
  ok(!callseq_sequencer_try_enter(&s, OTHER), "it is not the owner then");
  callseq_sequencer_try_enter(&s, SAME);
  callseq_sequencer_forget(&s, SAME);
  ok(callseq_sequencer_holder(&s) == SAME, "an owner that is inside does not forget it");
  callseq_sequencer_leave(&s, SAME);
  callseq_sequencer_forget(&s, SAME);
  call_often(OTHER, 1);
  callseq_sequencer_try_enter(&s, OTHER);
  be_steady(OTHER);
  callseq_sequencer_leave(&s, OTHER);
  ok(is_biased(OTHER), "one that ends gives its word back, too");
}

static void in_turn(void) {
  set_up_patient(NO_LIMIT, 0, 0, false);
  for (int i = 0; i < 8 * LONG; i++)
    call_often((uint32_t)(i % 8) + 1, 1);
  is_int(s.bias.number, 0, "never to any of eight that take turns");
  crew(1, call_for_long);
  call_often(MAIN, 1);
  is_int(s.bias.revocations, 1, "to one of them, for a while");
}

/* Many threads that are the owner now and then, whenever they may be. */
static void call_and_be_steady(int index) {
  uint32_t self = (uint32_t)index + 1, state = self;
  for (int i = 0; i < CALLS; i++) {
    uint32_t dice = chance(&state);
    if (dice % 64 == 1)
      sched_yield(); /* others come, who would not in so short a time */
    if (dice % 8 == 0 && callseq_sequencer_try_enter(&s, self)) {
      clashes += inside;
      inside = 1;
      if (dice % 64 == 0)
        sched_yield();
      inside = 0;
      be_steady(self);
      callseq_sequencer_leave(&s, self);
    }
    for (int again = dice % 4; again >= 0; again--) {
      struct request q = {.caller = (int)self, .argument = dice};
      call(&q, NULL);
      tallies[index].once += q.executions == 1;
      tallies[index].right += 1;
    }
    think(chance(&state) % THINK);
  }
}

static void many_owners(int threads) {
  int once = 0, calls = 0;
  set_up(5, SOME_SPINS, 0, false);
  memset(tallies, 0, sizeof tallies);
  crew(threads, call_and_be_steady);
  for (int i = 0; i < threads; i++) {
    once += tallies[i].once;
    calls += tallies[i].right;
  }
  is_int(clashes, 0, "one holder at a time, of %d threads, with %d biases and %d revocations",
         threads, (int)s.bias.number, (int)s.bias.revocations);
  is_int(once, calls, "each call is executed once");
  is_int(done_count, calls, "by somebody");
  ok(is_idle(), "nobody is left");
}

int main(void) {
  begin_biased(MAIN);
  if (s.symmetric) {
    call_often(MAIN, 4 * LONG);
    ok(!CALLSEQ_LOCK_HAS_OWNER(atomic_load(&s.lock)) && is_idle(), "no bias without a barrier");
    return done();
  }
  one_thread();
  owner_inside(false);
  owner_inside(true);
  owner_does();
  been_owner();
  same_word();
  in_turn();
  many_owners(2);
  many_owners(3);
  many_owners(THREADS);
  return done();
}
