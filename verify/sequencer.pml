/* A model of the sequencer, for spin: THREADS threads make CALLS calls each.
 *
 * Read it beside src/sequence/sequencer.c, queue.c, waiting.c and bias.c. An inline here is the C
 * function of that name, less `callseq_`; what each does to words that threads share is written in
 * C's order, one step a line: `load`, `store`, `cas`, `exchange` with the word and the memory order.
 *
 * What is left out: the clock, yields and `absent` of an heir that does not come; `kept`, which has any
 * value at any time here; fork. A poll that
 * finds nothing new is the same as a poll that comes later, so loops that poll have no counter here:
 * they go on to the next thing to do at any time. So is try_soon, which looks at the lock some more and
 * tries to take it: it is try_enter, coming later. A sleep that ends early, by chance or by its
 * time limit, is the same as one that never began; a follower may stand in for the heir, or call for
 * help, at the end of any. `bell` counts in C; here it is 0 when the heir has read it, and 1 once it
 * has been rung since.
 *
 * A thread's locals are 0 where they mean nothing, lest equal states look different.
 *
 * What must hold:
 * - one holder at a time, and only it touches what is the holder's own;
 * - each request is executed once before its thread returns, by its own thread if it is `alone`; or
 *   it is refused, because the lock has been closed; or it has been withdrawn, and is never executed;
 * - only one thread at a time is at the queue, as the holder or as one that withdraws;
 * - nobody touches a waiter, but for waking its address, whose thread has returned;
 * - a holder executes no more than BATCH_LIMIT requests of others, each before its own and, with
 *   -DORDER, only such as came before its own; none, if it is `alone` or its patience may end;
 * - with -DCHAIN each callback waits until all calls that were executed before have returned: that
 *   ends, as with a fair mutex round each call;
 * - no thread sleeps for ever: spin reports that as an invalid end state. Only a thread that sleeps
 *   has nothing to do, so that a deadlock of any kind is reported so;
 * - with -DENDS: each thread comes to its end, if no thread is stopped for ever.
 *
 * -D takes: BIASES (so often the lock is biased, to anybody who leaves it when nobody waits), OWNERS (words
 * of owners: 1, or else one for each thread), THREADS, CALLS, BATCH_LIMIT, ALONE (a thread whose calls are alone), BUSY (threads that
 * are busy, bit n of the number for thread n), ONCE (threads that make one call less, as BUSY), SYMMETRIC,
 * STAYS (a holder by sequencer_enter stays until it is asked), CLOSES (the first thread closes the
 * lock at the end of a call that has waited), WITHDRAWS (threads whose patience may end at any time, as BUSY),
 * CHAIN, ORDER, MEMORY (below), SYMMETRY (symmetry.h), ENDS, and BUG=name for a mistake that has to be found.
 * The verifier must be compiled with -DNOREDUCE: the steps have done that reduction.
 */
#ifndef THREADS
#define THREADS 3
#endif
#ifndef CALLS
#define CALLS 2
#endif
#ifndef BATCH_LIMIT
#define BATCH_LIMIT 2
#endif
#ifndef ALONE
#define ALONE 0
#endif
#ifndef BUSY
#define BUSY 0
#endif
#ifndef ONCE
#define ONCE 0
#endif
#ifndef SYMMETRIC
#define SYMMETRIC 0
#endif
#ifndef WITHDRAWS
#define WITHDRAWS 0
#endif
#ifndef BIASES
#define BIASES 0
#endif
#ifndef OWNERS
#define OWNERS (THREADS + 1)
#endif
#define HAS_PATIENCE(thread) ((WITHDRAWS >> (thread)) & 1)

/* ---- Memory ---- */

/* SC: what is stored is seen by all at once.
 * TSO, as x86: a thread's stores wait in its buffer, first in, first out; all that locks the memory
 * empties it, a compare-and-swap that fails too.
 * WEAK: a store may overtake others in the buffer unless it is a release, or they are to the same
 * word; a compare-and-swap empties the buffer only if it succeeds and is a release, or if there are
 * stores to its own word. Loads are in order: what else C11 allows is argued in
 * doc/memory-model.md. */
#define SC 0
#define TSO 1
#define WEAK 2
#ifndef MEMORY
#define MEMORY SC
#endif

#define NO_BUG 0
#define NO_RECHECK 1     /* the heir sleeps without a last look at the lock */
#define NO_BARRIER 2     /* it looks without a barrier */
#define NO_SECOND_LOOK 3 /* after freeing the lock nobody looks whether the heir demands it */
#define TOUCH_DONE 4     /* finish writes a waiter after it is done */
#define TWO_WORDS 5      /* push looks whether there is an heir, and then becomes it */
#define APPOINT_EARLY 6  /* appoint forgets those that come after it has collected */
#define LATE_BELL 7      /* the heir reads the bell after its last look at the lock */
#define NO_RING 8        /* an offer does not wake the heir */
#define NO_WAKE 9        /* who has been executed asleep is not woken */
#define LATE_WAKE 10     /* it is, but only after the next request has been executed */
#define AFTER_OWN 11     /* a holder goes on with a batch after its own request */
#define NOT_ALONE 13     /* a holder takes waiters that are alone */
#define SILENT 14        /* who overtakes the heir calls off its demand and does not ring */
#define NO_FREE_FENCE 15 /* symmetric: none between freeing the lock and looking at the demand */
#define LATER 16         /* a batch takes those that came after its holder, too */
#define LATE_CLEAR 17    /* the next heir may demand before the last one's demand is seen cleared */
#define STAYS_QUEUED 18  /* who stands in for the heir stays in the queue */
#define BLIND 19         /* it does not look whether its request has been executed, or it is the heir */
#define MARK_LOST 20     /* who hears that the heir is overdue clears the demand that follows too */
#define SLEEPS_ON 21     /* who stays does not wake an heir that sleeps, and has not asked */
#define NO_STAY 22       /* it stays without there being an heir */
#define NO_HEIR_WOKEN 23 /* it appoints one that sleeps, and does not wake it */
#define NOT_COUNTED 24   /* who leaves the queue for the lock is still counted as ahead of the heir */
#define NOT_TOLD 25      /* who is refused does not appoint the next heir */
#define CLOSED_LATE 26   /* after closing nobody looks whether the heir sleeps */
#define NO_LOOK 27       /* who withdraws does not wait until the holder has left the queue */
#define HOLDER_BLIND 28  /* the holder does not look whether somebody withdraws */
#define NO_SHOUT 29      /* who withdraws has no barrier before its look */
#define LEAVES_ANYWAY 30 /* it returns although it is not in the queue any more */
#define NO_SUCCESSOR 31  /* the heir withdraws, and appoints nobody */
#define EARLY_STATE 33   /* who leaves the queue with the lock has looked before it was there */
#define COUNT_KEPT 32    /* who leaves the queue is still counted in the batch */
#define IMPATIENT 34     /* who has to begin by some time executes others before */
#define KEPT_ASLEEP 35   /* the lock is kept for a new heir, which is not woken */
#define NO_REVOKE 36     /* who waits does not revoke a bias that comes later */
#define OWNER_LATE 37    /* the owner looks whether the bias is revoked, and then writes its word */
#define REVOKE_DEAF 38   /* who revokes has no barrier before it looks at the owner's word */
#define OWNER_UNSEEN 39  /* it does not look at that: the lock is free then */
#define NO_SECOND_MARK 40 /* the owner does not look again when it leaves */
#define ONE_NUMBER 41    /* all biases have the same number */
#define ALWAYS_OURS 42   /* the owner, when it leaves, takes the lock for its own in any case */
#define TWO_OWNERS 43    /* a thread becomes the owner with the word of another one */
#define ENTERS_TWICE 45  /* the owner, inside, takes the lock again */
#define OWNER_KEPT 46    /* so does who has been the owner, and has the lock as any other */
#define GIVES_UP_BIASED 47 /* who gives up the lock leaves the bias in the way of that */
#define STALE_OWNER 44   /* who has been the owner takes another's bias for its own */
#ifndef BUG
#define BUG NO_BUG
#endif

#if BUG == LATE_CLEAR
#define vacate relaxed
#else
#define vacate release
#endif
#define WAITERS (THREADS * CALLS)

/* The words that threads share. A waiter is a number from 1; a thread makes each call with another
 * waiter, but all of them have the same address: a wake-up may hit a later one. */
#define lock 0
#define arrivals 1
#define demand 2
#define bell 3
#if WITHDRAWS
#define at_queue 4
#define withdrawing 5
#define state(waiter) (5 + (waiter))
#define THE_REST (6 + WAITERS)
#else
#define state(waiter) (3 + (waiter))
#define THE_REST (4 + WAITERS)
#endif
#if BIASES
#define owners(index) (THE_REST + (index))
#define WORDS (THE_REST + OWNERS)
#else
#define WORDS THE_REST
#endif
byte memory[WORDS];

#define OWNER(waiter) (((waiter) - 1) % THREADS + 1)
#define IS_ALONE(waiter) (OWNER(waiter) == ALONE)
#define IS_BUSY(waiter) ((BUSY >> OWNER(waiter)) & 1)
#define IS_BRIEF(waiter) \
  (BATCH_LIMIT && (!IS_ALONE(waiter) || BUG == NOT_ALONE) && !IS_BUSY(waiter))
#define EXECUTES_NOBODY(waiter) \
  (IS_ALONE(waiter) || (HAS_PATIENCE(OWNER(waiter)) && BUG != IMPATIENT))

/* Their values. A word is a byte here, and NULL a number. */
#define NULL 0
#define CALLSEQ_MODEL
#define CALLSEQ_LOCK_FREE 0
#define CALLSEQ_LOCK_CLOSED 255
#define MARK(n) (100 + (n))
#define BIASED(number, id) (120 + (number) * 16 + 2 * INDEX(id))
#define REVOKED(biased) ((biased) | 1)
#define INSIDE 8
#define INDEX(thread) ((thread) % OWNERS)
#define HAS_OWNER(value) ((value) >= 120 && (value) < 250)
#define INDEX_OF(value) (((value) - 120) % 16 / 2)
#define IS_REVOKED(value) ((value) & 1)
#include "../src/sequence/protocol.h"

/* The holder's own. */
#if BIASES
byte number;
#endif
byte brief, turns; /* the heads of two queues */
byte ahead, batch;
bit vacant, turn_due, slow_leave = SYMMETRIC;

byte next[WAITERS + 1];

/* What only the model knows. */
byte holder;                /* the thread, PASSING or not */
byte others;                /* how many requests of others it has executed */
byte waiting;               /* requests that are queued, or about to be */
bit staying, asked;         /* the holder goes on until it is asked; it is */
bit executed[WAITERS + 1];
bit gone[WAITERS + 1];      /* its thread has returned */
byte asleep[THREADS + 1];   /* on ITS_STATE or the BELL */
#define ITS_STATE 1
#define BELL 2
byte ended;                 /* threads */
#ifdef CLOSES
bit closed;                 /* and the heir has what was the holder's own */
#define IS_CLOSED closed
#define CLOSER 1
#else
#define IS_CLOSED 0
#endif
#if WITHDRAWS
bit at; /* somebody is at the queue */
#define IS_AT_QUEUE at
#else
#define IS_AT_QUEUE 0
#endif
#ifdef ORDER
byte came[WAITERS + 1], last; /* in which order: from 1; 0: not in the queue */
#endif

/* Where another thread may go on. Up to the next step a thread does one thing to what threads share,
 * and all that it does to what is its own, or the holder's: one atomic sequence. The expression is
 * spin's: is this the midst of an atomic sequence? There it is false, so the sequence is given up,
 * and after that it is true. The skip is for a step that begins an alternative, which would not be
 * taken otherwise. */
#define step skip; c_expr { !(trpt->tau & 8) }

#define touch(waiter) assert((waiter) && !gone[waiter])
#define own() assert(holder == me)
/* Of the queue, and of who is next. */
#define own_queue() assert(holder == me || IS_AT_QUEUE)

/* Memory orders. The model looks at one thing only: is it a release? */
#define relaxed 0
#define acquire 1
#define release 2
#define acq_rel 3
#define seq_cst 7

#if MEMORY == SC

inline load(value, word, order) {
  step;
  value = memory[word]
}
inline store(word, value, order) {
  step;
  memory[word] = value
}
inline cas(ok, word, from, to, order) {
  step;
  ok = memory[word] == from;
  if
  :: ok -> memory[word] = to
  :: else
  fi
}
inline exchange(value, word, to, order) {
  step;
  value = memory[word];
  memory[word] = to
}
inline add(word, order) {
  step;
  memory[word] = 1
}
inline fence(order) { skip }
inline signal_fence() { skip }
inline park_barrier() { skip }

#else

#define SLOTS 4
typedef Buffer {
  byte used;
  byte words[SLOTS];
  byte values[SLOTS];
  bit released[SLOTS];
};
Buffer buffer[THREADS + 1];
#define mine buffer[me]

/* Takes one slot's store to memory and closes the gap. */
inline flush_slot(thread, slot) {
  memory[buffer[thread].words[slot]] = buffer[thread].values[slot];
  i = slot;
  do
  :: i + 1 < buffer[thread].used ->
     buffer[thread].words[i] = buffer[thread].words[i + 1];
     buffer[thread].values[i] = buffer[thread].values[i + 1];
     buffer[thread].released[i] = buffer[thread].released[i + 1];
     i++
  :: else -> break
  od;
  buffer[thread].words[i] = 0;
  buffer[thread].values[i] = 0;
  buffer[thread].released[i] = 0;
  buffer[thread].used--;
  i = 0
}
inline drain(thread) {
  do
  :: buffer[thread].used -> flush_slot(thread, 0)
  :: else -> break
  od
}
/* A thread sees its own last store to a word. */
inline look(value, word) {
  value = memory[word];
  i = 0;
  do
  :: i < mine.used ->
     if
     :: mine.words[i] == word -> value = mine.values[i]
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0
}
inline load(value, word, order) {
  step;
  look(value, word)
}
/* Nobody else sees it yet, so it is no step. */
inline store(word, value, order) {
  mine.used < SLOTS;
  mine.words[mine.used] = word;
  mine.values[mine.used] = value;
  mine.released[mine.used] = (order & release) != 0;
  mine.used++
}
/* What a compare-and-swap or exchange does to the buffer first. */
inline order_buffer(word, order) {
#if MEMORY == TSO
  drain(me);
#else
  if
  :: order & release -> drain(me)
  :: else ->
     i = 0;
     do
     :: i < mine.used && mine.words[i] != word -> i++
     :: else -> break
     od;
     if
     :: i < mine.used -> drain(me)
     :: else
     fi;
     i = 0
  fi;
#endif
}
inline cas(ok, word, from, to, order) {
  step;
#if MEMORY == WEAK
  look(k, word);
  ok = k == from;
  k = 0;
  if
  :: ok -> order_buffer(word, order)
  :: else
  fi;
#else
  order_buffer(word, order);
  ok = memory[word] == from;
#endif
  if
  :: ok -> memory[word] = to
  :: else
  fi
}
inline exchange(value, word, to, order) {
  step;
  order_buffer(word, order);
  value = memory[word];
  memory[word] = to
}
inline add(word, order) {
  step;
  order_buffer(word, order);
  memory[word] = 1
}
inline fence(order) {
  step;
  drain(me)
}
inline signal_fence() { skip }
/* Each other thread has its fence at a moment of its own. */
inline park_barrier() {
  fence(seq_cst);
  j = 1;
  do
  :: j <= THREADS -> step; drain(j); j++
  :: else -> break
  od;
  j = 0
}
#endif

/* ---- Parking ---- */

inline park_wait(word, expected) {
  if
  :: skip ->
     load(was, word, relaxed);
     if
     :: was == expected ->
        was = 0;
        asleep[me] = (word == bell -> BELL : ITS_STATE);
        !asleep[me]
     :: else -> was = 0
     fi
  :: skip
  fi
}
/* Only an address, and it need not be the waiter's any more. */
inline park_wake(waiter) {
  step;
  if
  :: asleep[OWNER(waiter)] == ITS_STATE -> asleep[OWNER(waiter)] = 0
  :: else
  fi
}
inline park_wake_heir() {
  step;
  j = 1;
  do
  :: j <= THREADS && asleep[j] == BELL -> asleep[j] = 0; break
  :: j <= THREADS && asleep[j] != BELL -> j++
  :: else -> break
  od;
  j = 0
}

/* ---- sequencer.h ---- */

inline took() {
  assert(!holder && !others);
  holder = me
}
inline frees() {
  own();
  holder = 0;
  others = 0
}

/* Has this word, and looks: `ok`. */
inline sequencer_mark(ok, self, value) {
  skip;
#if BIASES
#if BUG == OWNER_LATE
  load(after, lock, relaxed);
  store(owners(INDEX(self)), value, release);
#else
  store(owners(INDEX(self)), value, release);
  if
  :: value > INSIDE -> skip
  :: else -> frees()
  fi;
  signal_fence();
  load(after, lock, relaxed);
#endif
#if BUG == STALE_OWNER
  ok = HAS_OWNER(after) && !IS_REVOKED(after);
#else
  ok = HAS_OWNER(after) && !IS_REVOKED(after) && INDEX_OF(after) == INDEX(self);
#endif
  after = 0
#endif
}

inline sequencer_owner(id, self) {
  skip;
#if BIASES
  load(id, owners(INDEX(self)), relaxed)
#endif
}

inline sequencer_try_enter(ok, self) {
  sequencer_owner(it, self);
  if
#if BIASES
#if BUG == ENTERS_TWICE
  :: it == self || it == (self | INSIDE) ->
#else
  :: it == self ->
#endif
     it = 0;
     sequencer_mark(ok, self, self | INSIDE);
     if
     :: ok -> took()
     :: else -> sequencer_enter_revoked(ok, self)
     fi
#endif
  :: else ->
     it = 0;
     cas(ok, lock, FREE, self, acquire);
     if
     :: ok -> took()
     :: else
     fi
  fi
}

inline sequencer_wanted(yes) { load(yes, demand, relaxed) }

/* Any leave may be slow: how many have been counted is not known here. */
inline sequencer_leave() {
  sequencer_owner(it, me);
  if
#if BIASES
  :: it == (me | INSIDE) ->
     it = 0;
     sequencer_mark(ok, me, me);
#if BUG != NO_SECOND_MARK
     if
     :: ok -> ok = 0
     :: else -> sequencer_leave_revoked(me)
     fi
#else
     ok = 0
#endif
#endif
  :: it != (me | INSIDE) && (slow_leave || BIASES) -> it = 0; sequencer_end_batch()
  :: it != (me | INSIDE) && !slow_leave ->
     it = 0;
     store(lock, FREE, release);
     frees();
     signal_fence();
#if BUG != NO_SECOND_LOOK
     sequencer_wanted(it);
     if
     :: it -> sequencer_pass_on()
     :: else
     fi
#endif
  fi
}

/* ---- The bias ---- */

inline bias_forget(self) {
  skip;
#if BIASES
  sequencer_owner(owner, self);
  if
  :: owner == self || owner == (self | INSIDE) -> owner = 0; store(owners(INDEX(self)), 0, release)
  :: else -> owner = 0
  fi
#endif
}

/* A thread that ends. */
inline sequencer_forget(self) {
  skip;
#if BIASES
  sequencer_owner(owner, self);
  if
  :: owner == self -> bias_forget(self)
  :: else -> owner = 0
  fi
#endif
}

/* How long a thread has been alone is not known here. */
inline bias_is_due(yes, self) {
  skip;
#if BIASES
#if BUG == TWO_OWNERS
  yes = 1;
#else
  sequencer_owner(owner, self);
  yes = !owner;
  owner = 0;
#endif
  yes = yes && number < BIASES
#endif
}

inline bias_to(self) {
  skip;
#if BIASES
  store(owners(INDEX(self)), self, relaxed);
  number++;
  offer = BIASED((BUG == ONE_NUMBER -> 0 : number), self)
#endif
}

inline bias_holder(id, value) {
  skip;
#if BIASES
#if BUG != OWNER_UNSEEN
  load(was, owners(INDEX_OF(value)), acquire);
#endif
  id = (was > INSIDE -> was & ~INSIDE : FREE);
  was = 0
#endif
}

/* `value`: revoked, or about to be. */
inline revoke(value) {
  skip;
#if BIASES
  after = REVOKED(value);
  cas(ok, lock, value, after, relaxed);
  ok = 0;
#if BUG != REVOKE_DEAF
  park_barrier();
#endif
  bias_holder(it, after);
  cas(ok, lock, after, it, release);
  ok = 0;
  it = 0;
  after = 0
#endif
}

inline bias_look(value) {
  do
  :: load(value, lock, acquire);
     if
#if BIASES
     :: HAS_OWNER(value) -> revoke(value)
#endif
     :: !HAS_OWNER(value) -> break
     fi
  od
}

inline bias_regain(ok, self) {
  skip;
#if BIASES
  do
  :: load(after, lock, relaxed);
     if
     :: after == self -> ok = 1; break
     :: !HAS_OWNER(after) && after != self -> ok = 0; break
     :: HAS_OWNER(after) && INDEX_OF(after) != INDEX(self) -> ok = 0; break
     :: HAS_OWNER(after) && INDEX_OF(after) == INDEX(self) -> cas(ok, lock, after, self, relaxed)
     fi
  od;
  after = 0
#endif
}

inline sequencer_enter_revoked(ok, self) {
  skip;
#if BIASES
  bias_regain(ok, self);
  if
  :: ok -> took()
  :: else
  fi;
#if BUG == OWNER_KEPT
  store(owners(INDEX(self)), self, relaxed);
#else
  bias_forget(self);
#endif
  if
  :: ok -> skip
  :: else -> sequencer_take(ok, FREE, self)
  fi
#endif
}

inline sequencer_leave_revoked(self) {
  skip;
#if BIASES
  bias_regain(ok, self);
#if BUG == ALWAYS_OURS
  ok = 1;
#endif
  if
  :: ok -> ok = 0; took(); sequencer_end_batch()
  :: else
  fi
#endif
}

/* ---- Who is at the queue ---- */

inline queue_begin() {
  skip;
#if WITHDRAWS
  do
  :: store(at_queue, 1, relaxed);
#if SYMMETRIC
     fence(seq_cst);
#else
     signal_fence();
#endif
     load(k, withdrawing, acquire);
     if
     :: !k || BUG == HOLDER_BLIND -> k = 0; break
     :: else
     fi;
     store(at_queue, 0, release);
     load(k, withdrawing, relaxed);
     k = 0;
     step;
     !memory[withdrawing] /* it naps */
  od;
  assert(!at);
  at = 1
#endif
}

inline queue_end() {
  skip;
#if WITHDRAWS
  at = 0;
  store(at_queue, 0, release)
#endif
}

inline queue_begin_withdrawal() {
  skip;
#if WITHDRAWS
  do
  :: cas(ok, withdrawing, 0, 1, acquire);
     if
     :: ok -> ok = 0; break
     :: else -> step; !memory[withdrawing] /* it naps */
     fi
  od;
#if BUG != NO_SHOUT
#if SYMMETRIC
  fence(seq_cst);
#else
  park_barrier();
#endif
#endif
#if BUG != NO_LOOK
  load(k, at_queue, acquire);
  do
  :: k -> step; !memory[at_queue]; k = 0
  :: else -> break
  od;
#endif
  assert(!at);
  at = 1
#endif
}

inline queue_end_withdrawal() {
  skip;
#if WITHDRAWS
  at = 0;
  store(withdrawing, 0, release)
#endif
}

/* ---- The holder ---- */

inline append(queue, waiter) {
  if
  :: !queue -> queue = waiter
  :: else ->
     top = queue;
     do
     :: next[top] -> top = next[top]
     :: else -> break
     od;
     touch(top);
     next[top] = waiter;
     top = 0
  fi
}

inline queue_collect() {
  own_queue();
  load(top, arrivals, relaxed);
  if
  :: top == NULL || top == HEIR_ONLY -> top = 0
  :: else ->
     exchange(top, arrivals, HEIR_ONLY, acquire);
     do
     :: top ->
        touch(top);
        after = next[top];
        next[top] = oldest;
        oldest = top;
        top = after
     :: else -> break
     od;
     do
     :: oldest ->
        after = next[oldest];
        next[oldest] = NULL;
        if
        :: IS_BRIEF(oldest) -> append(brief, oldest)
        :: else -> append(turns, oldest)
        fi;
        oldest = after
     :: else -> break
     od;
     after = 0
  fi
}

inline take_first(waiter, queue) {
  own_queue();
  waiter = queue;
  if
  :: waiter ->
     touch(waiter);
     queue = next[waiter];
     next[waiter] = NULL
  :: else
  fi
}

inline remove_from(waiter) {
  own_queue();
  if
  :: brief == waiter -> brief = next[waiter]
  :: turns == waiter -> turns = next[waiter]
  :: else ->
     top = (IS_BRIEF(waiter) -> brief : turns);
     do
     :: next[top] != waiter -> top = next[top]; touch(top); was = was + IS_BRIEF(waiter)
     :: else -> break
     od;
     next[top] = next[waiter];
     was = was + IS_BRIEF(waiter);
     top = 0
  fi;
  next[waiter] = NULL
}

/* `was`: how many came before it. */
inline queue_remove(waiter) {
  was = 0;
  if
  :: BUG == NOT_COUNTED -> remove_from(waiter)
  :: else ->
     remove_from(waiter);
     if
     :: IS_BRIEF(waiter) && was < ahead -> ahead--
     :: else
     fi;
     if
     :: IS_BRIEF(waiter) && was < batch && BUG != COUNT_KEPT -> batch--
     :: else
     fi
  fi
}

/* `value` */
inline hear_demand(value) {
  load(value, demand, relaxed);
  if
  :: value == OVERDUE ->
#if BUG == MARK_LOST
     store(demand, NONE, relaxed);
#else
     cas(ok, demand, OVERDUE, NONE, relaxed);
     if
     :: ok -> ok = 0
     :: else -> value = memory[demand] /* as the compare-and-swap of C does */
     fi;
#endif
     own()
  :: else
  fi
}

inline queue_begin_batch(count) {
  batch = (count > BATCH_LIMIT -> BATCH_LIMIT : count)
}

inline queue_take(waiter) {
  queue_begin();
  if
  :: batch ->
     batch--;
     ahead = (ahead -> ahead - 1 : 0);
     take_first(waiter, brief);
     touch(waiter)
  :: else -> waiter = NULL
  fi;
  queue_end()
}

inline sequencer_next(waiter) {
  own();
  queue_take(waiter)
}

inline sequencer_finish(waiter) {
  own();
  touch(waiter);
  waiting--;
  exchange(was, state(waiter), DONE, release);
#if BUG == LATE_WAKE
  if
  :: late -> park_wake(late); late = 0
  :: else
  fi;
  late = (was & PARKED -> waiter : 0);
#else
  if
  :: was & PARKED && BUG != NO_WAKE -> park_wake(waiter)
  :: else
  fi;
#endif
  was = 0;
#if BUG == TOUCH_DONE
  step;
  touch(waiter)
#endif
}

/* `waiter` */
inline queue_choose(waiter) {
  queue_collect();
  if
  :: turns && (!brief || turn_due) -> waiter = turns
  :: else ->
     waiter = brief;
     top = brief;
     was = BATCH_LIMIT;
     do
     :: was && top && next[top] ->
        top = next[top];
        touch(top);
        waiter = (EXECUTES_NOBODY(top) -> waiter : top);
        was--
     :: else -> break
     od;
     top = 0;
     was = 0
  fi
}

/* Where the lock is closed, the next heir has what was the holder's own. */
inline hands_over() {
  if
  :: IS_CLOSED -> holder = 0
  :: else
  fi
}

/* `heir` is whom to wake. */
inline queue_appoint(heir) {
  vacant = 0;
  do
  :: queue_choose(heir);
     if
     :: heir ->
        turn_due = heir != turns;
        queue_remove(heir);
        ahead = was;
        hands_over();
        exchange(was, state(heir), HEIR, release);
        heir = (was & PARKED -> heir : NULL);
        was = 0;
        break
     :: else
     fi;
     hands_over();
#if BUG == APPOINT_EARLY
     store(arrivals, NULL, relaxed);
     ok = 1;
#else
     cas(ok, arrivals, HEIR_ONLY, NULL, vacate);
#endif
     if
     :: ok ->
        ok = 0;
        break
     :: else
     fi;
     if
     :: IS_CLOSED -> holder = me
     :: else
     fi
  od
}

inline queue_ring() {
  add(bell, release);
  park_wake_heir()
}

/* For a holder that goes on until it is asked. */
inline sequencer_stay() {
  if
  :: vacant ->
     queue_begin();
     queue_appoint(heir);
     queue_end();
#if BUG != NO_HEIR_WOKEN
     if
     :: heir -> park_wake(heir)
     :: else
     fi;
#endif
     heir = 0
  :: else ->
#if BUG != SLEEPS_ON
     fence(seq_cst);
     load(it, demand, relaxed);
     if
     :: it == ASLEEP -> it = 0; queue_ring()
     :: else -> it = 0
     fi
#endif
  fi
}

/* `offer`: FREE or CLOSED. */
inline give_up() {
#if BUG != GIVES_UP_BIASED
  bias_regain(ok, me);
#endif
  ok = 0;
  queue_begin();
  hear_demand(it);
  if
  :: vacant ->
     queue_appoint(heir);
     if
     :: offer == FREE -> /* it is kept for the heir */
        offer = OFFERED;
#if BUG == KEPT_ASLEEP
        heir = 0
#endif
     :: skip
     fi
  :: !vacant && (it == DEMANDED || it == ASLEEP) && offer == FREE -> offer = OFFERED
  :: !vacant && it == OVERDUE && offer == FREE ->
     queue_choose(heir);
     if
     :: heir ->
        offer = OFFERED;
        exchange(was, state(heir), WAITING, relaxed);
        touch(heir);
        heir = (was & PARKED -> heir : NULL);
        was = 0
     :: else
     fi
  :: else
  fi;
  it = 0;
  batch = 0;
  queue_end();
  slow_leave = SYMMETRIC;
  bias_forget(me);
#if BIASES
  bias_is_due(ok, me);
  if
  :: ok && offer == FREE && memory[lock] != PASSING ->
     sequencer_is_waited_for(it);
     if
     :: !it -> bias_to(me)
     :: skip
     fi;
     it = 0
  :: else
  fi;
  ok = 0;
#endif
  store(lock, offer, release);
  frees();
#ifdef CLOSES
  closed = offer == CLOSED;
#endif
  offer = FREE;
#if SYMMETRIC
#if BUG != NO_FREE_FENCE
  fence(seq_cst);
#endif
#else
  signal_fence();
#endif
  if
  :: heir -> park_wake(heir)
  :: else
  fi;
  heir = 0
}

inline sequencer_is_waited_for(yes) { load(yes, arrivals, relaxed) }

inline sequencer_end_batch() {
  give_up();
  sequencer_pass_on()
}

inline sequencer_pass_on() {
  skip;
#if BUG != NO_SECOND_LOOK
  do
  :: load(it, demand, relaxed);
     if
     :: it == OVERDUE ->
        sequencer_take(ok, FREE, PASSING);
        if
        :: ok -> ok = 0; give_up()
        :: else -> break
        fi
     :: else -> break
     fi
  od;
  if
  :: it == DEMANDED || it == ASLEEP ->
     cas(ok, lock, FREE, OFFERED, relaxed);
     ok = 0;
     if
     :: it == ASLEEP && BUG != NO_RING -> it = 0; queue_ring()
     :: else -> it = 0
     fi
  :: else -> it = 0
  fi
#endif
}

inline sequencer_close() {
  offer = CLOSED;
  give_up();
#if BUG != CLOSED_LATE
  sequencer_pass_on()
#endif
}

/* ---- Waiters ---- */

/* callseq_pace_ask, which a poll comes to as well. `first`: the sleep has a limit. */
inline asks() {
  skip;
#ifdef STAYS
  step;
  if
  :: staying -> asked = 1; first = 1
  :: else
  fi
#endif
}

inline sequencer_take(ok, from, self) {
  cas(ok, lock, from, self, acquire);
  if
  :: ok -> took()
  :: else
  fi
}

inline overtake(ok, from, self) {
  sequencer_take(ok, from, self);
  if
  :: ok && from == OFFERED ->
     exchange(was, demand, NONE, relaxed);
     if
     :: was == ASLEEP && BUG != SILENT -> was = 0; queue_ring()
     :: else -> was = 0
     fi
  :: else
  fi
}

inline steal(ok, self) {
  load(seen, lock, relaxed);
  if
  :: seen != OFFERED -> ok = 0
  :: seen == OFFERED -> ok = 0 /* it is kept for the heir */
  :: seen == OFFERED -> overtake(ok, OFFERED, self)
  fi;
  seen = 0
}

/* `first`: as the heir. */
inline queue_push(first) {
  waiting++;
  load(top, arrivals, relaxed);
  do
  :: it = (top -> w : HEIR_ONLY);
     next[w] = (top == HEIR_ONLY -> NULL : top);
#if BUG == TWO_WORDS
     if
     :: !top -> store(arrivals, it, relaxed); ok = 1
     :: else -> cas(ok, arrivals, top, it, acq_rel)
     fi;
#else
     cas(ok, arrivals, top, it, acq_rel);
#endif
     if
     :: ok ->
#ifdef ORDER
        last++;
        came[w] = last;
#endif
        break
     :: else -> top = memory[arrivals] /* as the compare-and-swap of C does */
     fi
  od;
  first = it != w;
  top = 0;
  it = 0;
  ok = 0
}

/* `seen`: LEFT, or as it was. `was`: how many came before it; `it`: it is in the queue. */
inline withdraw(is_heir) {
  skip;
#if WITHDRAWS
  queue_begin_withdrawal();
  load(was, state(w), acquire);
  ok = is_heir || was == HEIR;
  was = 0;
  if
  :: ok ->
     ok = 0;
     queue_step_down();
     ahead = 0;
#if BUG != NO_SUCCESSOR
     queue_appoint(heir);
#endif
     seen = LEFT;
     load(it, arrivals, relaxed);
     if
     :: !it -> cas(ok, lock, OFFERED, FREE, relaxed); ok = 0
     :: else -> it = 0
     fi
  :: else ->
     queue_collect();
     find(w);
     if
     :: it ->
        it = 0;
        queue_remove(w);
        seen = LEFT
     :: !it && BUG == LEAVES_ANYWAY -> seen = LEFT
     :: else
     fi;
     was = 0
  fi;
  queue_end_withdrawal();
  if
  :: heir -> park_wake(heir)
  :: else
  fi;
  heir = 0
#endif
}

/* Sets `it` if the waiter is in its queue, and `was` to 0. */
inline find(waiter) {
  top = (IS_BRIEF(waiter) -> brief : turns);
  do
  :: top && top != waiter -> top = next[top]
  :: else -> break
  od;
  it = top != 0;
  top = 0;
  was = 0
}

inline sleep_on(word, expected) { park_wait(word, expected) }

inline stand_in(ok, self) {
  load(seen, lock, relaxed);
  if
  :: seen == FREE || seen == OFFERED -> overtake(ok, seen, self)
  :: else
  fi
}

inline is_left() { bias_look(seen) }

inline call_for_help() {
  cas(ok, demand, NONE, OVERDUE, relaxed);
  ok = 0
}

/* `seen`: DONE, HEIR or LEFT; or WAITING, and the thread holds the lock. */
inline wait_as_follower() {
  do
  :: load(seen, state(w), acquire);
     if
#if WITHDRAWS
     :: !(seen == HEIR || seen == DONE) && HAS_PATIENCE(me) && !impatient ->
        impatient = 1;
        withdraw(0);
        if
        :: seen == LEFT -> break
        :: else
        fi
#endif
     :: seen == HEIR || seen == DONE -> break
     :: !(seen == HEIR || seen == DONE) ->
        stand_in(ok, me);
        if
        :: ok -> ok = 0; seen = WAITING; break
        :: else
        fi
     :: !(seen == HEIR || seen == DONE || seen & PARKED) ->
        cas(ok, state(w), WAITING, WAITING + PARKED, relaxed);
        ok = 0
     :: seen & PARKED -> sleep_on(state(w), seen)
#if BIASES
     :: seen & PARKED ->
        is_left();
        stand_in(ok, me);
        if
        :: ok -> ok = 0; seen = WAITING; break
        :: else
        fi
#else /* stand_in is above: also: is_left, stand_in */
#endif
     :: seen & PARKED -> call_for_help()
     fi
  od
}

inline sleep_handshake() {
#if SYMMETRIC
  fence(seq_cst)
#else
  park_barrier()
#endif
}

inline sleep_as_heir() {
#if BUG != LATE_BELL
  load(was, bell, acquire);
  memory[bell] = 0;
  was = 0;
#endif
  store(demand, ASLEEP, relaxed);
#if BUG != NO_BARRIER
  sleep_handshake();
#endif
  asks();
#if BUG == NO_REVOKE
  load(seen, lock, relaxed);
#else
  bias_look(seen);
#endif
#if BUG == LATE_BELL
  step;
  memory[bell] = 0;
#endif
  if
  :: (seen != FREE && seen != OFFERED && seen != CLOSED || BUG == NO_RECHECK) && !first ->
     sleep_on(bell, 0)
  :: else
  fi;
  seen = 0;
  first = 0
}

inline is_closed(ok) {
  load(seen, lock, acquire);
  ok = seen == CLOSED
}

/* `seen`: HEIR, and the thread holds the lock; or CLOSED, or LEFT. */
inline wait_as_heir() {
  do
#if BUG == NO_REVOKE
  :: load(seen, lock, relaxed);
#else
  :: bias_look(seen);
#endif
     if
     :: seen == FREE || seen == OFFERED -> sequencer_take(ok, seen, me)
     :: else
     fi;
     if
     :: ok -> ok = 0; seen = HEIR; break
     :: else
     fi;
#ifdef CLOSES
     if
     :: seen == CLOSED -> is_closed(ok)
     :: else
     fi;
     if
     :: ok -> ok = 0; break
     :: else
     fi;
#endif
#if WITHDRAWS
     if
     :: HAS_PATIENCE(me) && !impatient -> impatient = 1; withdraw(1); break
     :: skip
     fi;
#endif
     load(it, demand, relaxed);
     if
     :: it != DEMANDED -> store(demand, DEMANDED, relaxed)
     :: else
     fi;
     it = 0;
     if
     :: skip
     :: skip -> sleep_as_heir()
     fi
  od
}

inline queue_step_down() { store(demand, NONE, relaxed) }

inline queue_inherit() {
  queue_begin();
  queue_step_down();
  if
  :: brief || turns -> vacant = 1
  :: else ->
     cas(ok, arrivals, HEIR_ONLY, NULL, vacate);
     own();
     vacant = !ok;
     ok = 0
  fi;
#if BUG == LATER
  queue_collect();
  count_brief();
  queue_begin_batch(was);
  was = 0;
#else
  queue_begin_batch(ahead);
#endif
  ahead = 0;
  queue_end()
}

inline refuse() {
  assert(!holder);
  holder = me;
  queue_begin();
  queue_step_down();
#if BUG != NOT_TOLD
  queue_appoint(heir);
#endif
  queue_end();
  holder = (holder == me -> 0 : holder);
  if
  :: heir -> park_wake(heir)
  :: else
  fi;
  heir = 0
}

/* `was` */
inline count_brief() {
  was = 0;
  top = brief;
  do
  :: top -> was++; top = next[top]
  :: else -> break
  od
}

inline come_last() {
  queue_begin();
  queue_collect();
  count_brief();
  queue_begin_batch((EXECUTES_NOBODY(w) -> 0 : was));
  was = 0;
  queue_end()
}

/* `seen`: DONE, HEIR or WAITING. */
inline leave_queue() {
#if BUG == EARLY_STATE
  load(seen, state(w), acquire);
  queue_begin();
#else
  queue_begin();
  load(seen, state(w), acquire);
#endif
#if BUG == BLIND
  seen = WAITING;
#endif
  if
  :: seen & PARKED -> seen = seen - PARKED
  :: else
  fi;
  if
  :: seen == DONE || seen == HEIR
  :: else ->
     queue_collect();
#if BUG != STAYS_QUEUED
     queue_remove(w);
     queue_begin_batch((EXECUTES_NOBODY(w) -> 0 : was));
     was = 0
#endif
  fi;
  queue_end();
  if
  :: seen == DONE -> sequencer_end_batch()
  :: else
  fi
}

/* `ok`: the thread is the holder; else its request has been executed, or refused. */
inline wait_in_line(ok) {
  load(seen, lock, relaxed);
  if
  :: seen == OFFERED -> steal(ok, me)
  :: else
  fi;
  seen = 0;
  if
  :: ok -> come_last()
  :: else ->
     store(state(w), WAITING, relaxed);
     queue_push(first);
     if
     :: first -> seen = HEIR; first = 0
     :: else ->
        wait_as_follower();
        if
        :: seen == WAITING -> leave_queue(); first = 1
        :: else
        fi
     fi;
     if
     :: seen == HEIR && !first -> wait_as_heir()
     :: else
     fi;
     first = 0;
     if
     :: seen == DONE
#if WITHDRAWS
     :: seen == LEFT -> waiting--; left = 1
#endif
     :: seen == WAITING -> waiting--; ok = 1
#ifdef CLOSES
     :: seen == CLOSED -> waiting--; refuse()
#endif
     :: seen == HEIR ->
        waiting--;
        queue_inherit();
        ok = 1
     fi;
     seen = 0
  fi
}

inline sequencer_enter(ok) {
#if defined(CLOSES) || BIASES
  bias_look(seen);
#else
  skip; /* a lock that never is CLOSED need not be looked at */
#endif
  if
  :: seen == CLOSED -> seen = 0
  :: else -> seen = 0; wait_in_line(ok)
  fi
}

inline sequencer_try_now(ok, self) {
  sequencer_try_enter(ok, self);
#if BIASES
  if
  :: ok -> skip
  :: else ->
     bias_look(seen);
     if
     :: seen == FREE -> seen = 0; sequencer_take(ok, FREE, self)
     :: else -> seen = 0
     fi
  fi
#endif
}

/* ---- A call: call.h, batch.c and calls.c ---- */

inline execute(waiter) {
  if
  :: waiter != w ->
     step;
     others++;
     assert(others <= BATCH_LIMIT);
     assert(!executed[w]);
     assert(!IS_ALONE(w) && !HAS_PATIENCE(me));
#ifdef ORDER
     assert(!came[w] || came[waiter] < came[w])
#endif
  :: else
  fi;
  own();
  touch(waiter);
  assert(!executed[waiter]);
  assert(!IS_ALONE(waiter) || OWNER(waiter) == me);
  waits();
  executed[waiter] = 1
}

#ifdef CHAIN
#define HAS_RETURNED(waiter) (!executed[waiter] || gone[waiter])
#define HAVE_RETURNED(a, b, c) (HAS_RETURNED(a) && HAS_RETURNED(b) && HAS_RETURNED(c))
#if WAITERS == 3
#define ALL_HAVE_RETURNED HAVE_RETURNED(1, 2, 3)
#elif WAITERS == 4
#define ALL_HAVE_RETURNED (HAVE_RETURNED(1, 2, 3) && HAS_RETURNED(4))
#elif WAITERS == 6
#define ALL_HAVE_RETURNED (HAVE_RETURNED(1, 2, 3) && HAVE_RETURNED(4, 5, 6))
#endif
#endif

/* For what the threads of earlier calls do after these. */
inline waits() {
  skip;
#ifdef CHAIN
  step;
  ALL_HAVE_RETURNED
#endif
}

/* A Scheme program that computes, or the service: others wait, but one of them asks. */
inline stays() {
  skip;
#ifdef STAYS
  step;
  staying = 1;
  asked = 0;
#if BUG != NO_STAY
  sequencer_stay();
#endif
  step;
  asked || !waiting;
  staying = 0;
  asked = 0
#endif
}

/* Executes those of the batch. In C the Scheme side does this, at each reply. */
inline abi_next_slowly() {
  do
  :: sequencer_next(n);
     if
     :: n ->
        execute(n);
        sequencer_finish(n);
        n = 0
     :: else -> break
     fi
  od
}

inline run_() {
#if BUG == AFTER_OWN
  execute(w);
  abi_next_slowly();
#else
  abi_next_slowly();
  execute(w);
  calls_again();
#endif
#if BUG == LATE_WAKE
  if
  :: late -> park_wake(late); late = 0
  :: else
  fi;
#endif
  stays();
#ifdef CLOSES
  if
  :: me == CLOSER -> sequencer_close()
  :: else -> sequencer_end_batch()
  fi
#else
  sequencer_end_batch()
#endif
}

inline abi_call_slowly() {
  sequencer_try_now(ok, me);
  if
  :: ok -> skip
  :: else -> sequencer_enter(ok)
  fi;
  if
  :: ok ->
     ok = 0;
     run_()
  :: else
  fi
}

/* From a callback: finds the lock taken, and does not queue. */
inline calls_again() {
  skip;
#if BIASES
  sequencer_try_enter(ok, me);
  assert(!ok)
#endif
}

/* The inline way, or else as a thread's first call. */
inline abi_call() {
  if
  :: ALONE != me ->
     sequencer_try_enter(ok, me);
     if
     :: ok ->
        ok = 0;
        execute(w);
        calls_again();
        sequencer_leave();
        first = 1
     :: else
     fi
  :: skip
  fi;
  if
  :: first -> first = 0
  :: else -> abi_call_slowly()
  fi
}

#ifdef SYMMETRY
c_code {
#include "symmetry.h"
}
#endif

active [THREADS] proctype thread() {
  byte me = _pid + 1, w = _pid + 1 + ((ONCE >> (_pid + 1)) & 1) * THREADS;
  byte seen, was, it, top, oldest, after, n; /* what the C functions keep in locals */
  byte heir, offer;
#if BIASES
  byte owner;
#endif
#if BUG == LATE_WAKE
  byte late;
#endif
  bit ok, first;
#if WITHDRAWS
  bit impatient; /* its patience has ended, whether it has left or not */
  bit left;
#define HAS_LEFT left
#define FORGET_LEFT left = 0
#else
#define HAS_LEFT 0
#define FORGET_LEFT skip
#endif
  byte i, j, k;              /* what the memory needs */
  atomic {
    do
    :: w <= WAITERS ->
       abi_call();
       assert(executed[w] != HAS_LEFT || IS_CLOSED);
       FORGET_LEFT;
       gone[w] = 1;
       next[w] = 0;
       w = w + THREADS
    :: else -> break
    od;
    sequencer_forget(me);
    ended++
  }
}

#if MEMORY != SC
/* Stores reach the memory at any time: one process for each thread's buffer. */
#define MAY_OVERTAKE(slot) (MEMORY == WEAK && mine.used > slot && !mine.released[slot])
#define DIFFER(a, b) (mine.words[a] != mine.words[b])
active [THREADS] proctype write_back() {
  byte me = _pid - THREADS + 1, i;
end:
  do
  :: d_step { mine.used -> flush_slot(me, 0) }
  :: d_step { MAY_OVERTAKE(1) && DIFFER(0, 1) -> flush_slot(me, 1) }
  :: d_step { MAY_OVERTAKE(2) && DIFFER(0, 2) && DIFFER(1, 2) -> flush_slot(me, 2) }
  :: d_step {
       MAY_OVERTAKE(3) && DIFFER(0, 3) && DIFFER(1, 3) && DIFFER(2, 3) -> flush_slot(me, 3)
     }
  od
}
#endif

#ifdef ENDS
ltl ends { <>(ended == THREADS) }
#endif
