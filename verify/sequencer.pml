/* A model of the sequencer, for spin: THREADS threads make CALLS calls each.
 *
 * Read it beside src/sequence/sequencer.c. An inline here is the C function of that name, less `callseq_`;
 * what each does to words that threads share is written in C's order, one step a line: `load`,
 * `store`, `cas`, `exchange` with the word and the memory order.
 *
 * What is left out: the clock, yields and `absent` of an heir that does not come; a closed lock;
 * fork. A poll that finds nothing new is the same as a poll that comes later, so loops that poll
 * have no counter here: they go on to the next thing to do at any time. So is take_idle, which looks
 * at the lock some more and tries to take it: it is try_enter, coming later. A sleep that ends early,
 * by chance or by its time limit, is the same as one that never began; a follower may stand in for
 * the heir, or call for help, at the end of any. A batch of as many sleepers as can be kept in mind
 * does not come about.
 *
 * A thread's locals are 0 where they mean nothing, lest equal states look different.
 *
 * What must hold:
 * - one holder at a time, and only it touches what is the holder's own;
 * - each request is executed once before its thread returns, by its own thread if it is `alone`;
 * - nobody touches a waiter, but for waking its address, whose thread has returned;
 * - a holder executes no more than BATCH_LIMIT requests of others;
 * - no thread sleeps for ever: spin reports that as an invalid end state. Only a thread that sleeps
 *   has nothing to do, so that a deadlock of any kind is reported so;
 * - with -DENDS: each thread comes to its end, if no thread is stopped for ever.
 *
 * -D takes: THREADS, CALLS, BATCH_LIMIT, ALONE (a thread whose calls are alone), BUSY (threads that
 * are busy, bit n of the number for thread n), SYMMETRIC,
 * STAYS (a holder by sequencer_enter stays until it is asked), MEMORY (below), SYMMETRY (symmetry.h), ENDS, and BUG=name for a mistake that has to be found.
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
#ifndef SYMMETRIC
#define SYMMETRIC 0
#endif

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
#define STALE_DEMAND 7   /* the heir demands when it may have been claimed */
#define OFFER_ASLEEP 8   /* an offer does not wake the heir */
#define CLEAR_LATE 9     /* give_up looks whether the heir sleeps before it clears the demand */
#define ONE_WAKE 10      /* of the sleepers that are finished only the last one is woken */
#define KEPT_DEMAND 11   /* the heir becomes the holder and its demand stays */
#define NO_LIMIT 12      /* a batch without a limit */
#define NOT_ALONE 13     /* a holder takes waiters that are alone */
#define LATE_ANSWER 14   /* the heir may find no answer though the demand will yet be cleared */
#define NO_FREE_FENCE 15 /* symmetric: none between freeing the lock and looking at the demand */
#define KEPT_OFFER 16    /* an offer that the heir overlooked, and demanded again, stands */
#define LATE_CLEAR 17    /* the next heir may demand before the last one's demand is seen cleared */
#define STAYS_QUEUED 18  /* who stands in for the heir stays in the queue */
#define MARK_LOST 20     /* who hears that the heir is overdue clears the demand that follows too */
#define BLIND 19         /* it does not look whether its request has been executed, or it is the heir */
#define SLEEPS_ON 21     /* who stays does not wake an heir that sleeps, and has not asked */
#define NO_STAY 22       /* it stays without there being an heir */
#define NO_HEIR_WOKEN 23 /* it appoints one that sleeps, and does not wake it */
#ifndef BUG
#define BUG NO_BUG
#endif

#if BUG == LATE_CLEAR
#define vacate relaxed
#else
#define vacate release
#endif
#if BUG == LATE_ANSWER
#define answer relaxed
#else
#define answer release
#endif

#define WAITERS (THREADS * CALLS)

/* The words that threads share. A waiter is a number from 1; a thread makes each call with another
 * waiter, but all of them have the same address: a wake-up may hit a later one. */
#define lock 0
#define arrivals 1
#define demand 2
#define state(waiter) (2 + (waiter))
#define WORDS (3 + WAITERS)
byte memory[WORDS];

#define OWNER(waiter) (((waiter) - 1) % THREADS + 1)
#define IS_ALONE(waiter) (OWNER(waiter) == ALONE)
#define IS_BUSY(waiter) ((BUSY >> OWNER(waiter)) & 1)
#define IS_BRIEF(waiter) \
  (BATCH_LIMIT && (!IS_ALONE(waiter) || BUG == NOT_ALONE) && !IS_BUSY(waiter))

/* Their values. A word is a byte here, and NULL a number. */
#define NULL 0
#define CALLSEQ_MODEL
#define CALLSEQ_LOCK_FREE 0
#define CALLSEQ_LOCK_CLOSED 255
#define MARK(n) (100 + (n))
#include "../src/sequence/protocol.h"

/* The holder's own. */
byte brief, turns, served; /* the heads of two queues */
byte sleepers;             /* threads that have been finished asleep, bit n for thread n */
bit vacant, overdue, slow_leave = SYMMETRIC;

byte next[WAITERS + 1];

/* What only the model knows. */
byte holder;                /* the thread, PASSING or not */
byte batch;                 /* how many requests of others it has executed */
byte waiting;               /* requests that are queued, or about to be */
bit staying, asked;         /* the holder goes on until it is asked; it is */
bit executed[WAITERS + 1];
bit gone[WAITERS + 1];      /* its thread has returned */
bit asleep[THREADS + 1];
byte ended;                 /* threads */

/* Where another thread may go on. Up to the next step a thread does one thing to what threads share,
 * and all that it does to what is its own, or the holder's: one atomic sequence. The expression is
 * spin's: is this the midst of an atomic sequence? There it is false, so the sequence is given up,
 * and after that it is true. The skip is for a step that begins an alternative, which would not be
 * taken otherwise. */
#define step skip; c_expr { !(trpt->tau & 8) }

#define touch(waiter) assert((waiter) && !gone[waiter])
#define own() assert(holder == me)

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

inline park_wait(waiter, expected) {
  if
  :: skip ->
     load(was, state(waiter), relaxed);
     if
     :: was == expected ->
        was = 0;
        asleep[me] = 1;
        !asleep[me]
     :: else -> was = 0
     fi
  :: skip
  fi
}
/* Only an address, and it need not be the waiter's any more. */
inline park_wake(waiter) {
  step;
  asleep[OWNER(waiter)] = 0
}

/* ---- sequencer.h ---- */

inline took() {
  assert(!holder && !batch);
  holder = me
}
inline frees() {
  own();
  holder = 0;
  batch = 0
}

inline sequencer_try_enter(ok, self) {
  cas(ok, lock, FREE, self, acquire);
  if
  :: ok -> took()
  :: else
  fi
}

inline sequencer_wanted(yes) { load(yes, demand, relaxed) }

inline sequencer_leave() {
  if
  :: slow_leave -> sequencer_end_batch()
  :: else ->
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

inline collect() {
  own();
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
  own();
  waiter = queue;
  if
  :: waiter ->
     touch(waiter);
     queue = next[waiter];
     next[waiter] = NULL
  :: else
  fi
}

/* `ok`: the waiter is claimed. */
inline claim(ok, heir) {
  ok = 0;
  if
  :: heir && IS_BRIEF(heir) ->
     cas(ok, state(heir), HEIR + PARKED, TAKEN + PARKED, relaxed);
     touch(heir)
  :: else
  fi;
  if
  :: ok ->
     store(demand, NULL, relaxed);
     vacant = 1
  :: else
  fi
}

/* `waiter`: the heir, or NULL. */
inline hear_demand(waiter) {
  load(waiter, demand, acquire);
  if
  :: waiter == OVERDUE ->
#if BUG == MARK_LOST
     store(demand, NULL, relaxed);
#else
     cas(ok, demand, OVERDUE, NULL, relaxed);
#endif
     own();
     ok = 0;
     overdue = 1;
     waiter = NULL
  :: else
  fi
}

/* `state`: WAITING, or it is asleep. */
inline is_awake(state_, waiter) { load(state_, state(waiter), relaxed) }

inline take_follower(waiter) {
  if
  :: turns && !IS_ALONE(turns) && overdue -> was = WAITING
  :: turns && !IS_ALONE(turns) && !overdue && !brief ->
     is_awake(was, turns)
  :: else -> was = TAKEN
  fi;
  if
  :: was == WAITING && (!brief || overdue && served % 2) -> take_first(waiter, turns)
  :: else -> take_first(waiter, brief)
  fi;
  was = 0
}

inline sequencer_next(waiter) {
  if
  :: served >= BATCH_LIMIT && BUG != NO_LIMIT -> waiter = NULL
  :: else ->
     hear_demand(waiter);
     claim(ok, waiter);
     if
     :: !ok ->
        waiter = NULL;
        collect();
        take_follower(waiter)
     :: else -> ok = 0
     fi;
     if
     :: waiter ->
        served++;
        slow_leave = 1
     :: else
     fi
  fi
}

inline sequencer_finish(waiter) {
  own();
  touch(waiter);
  waiting--;
  exchange(was, state(waiter), DONE, release);
  if
  :: was & PARKED ->
     sleepers = (BUG == ONE_WAKE -> 0 : sleepers) | (1 << OWNER(waiter))
  :: else
  fi;
  was = 0;
#if BUG == TOUCH_DONE
  step;
  touch(waiter)
#endif
}

/* `heir` is whom to wake. */
inline appoint(heir) {
  do
  :: collect();
     if
     :: turns -> take_first(heir, turns)
     :: else -> take_first(heir, brief)
     fi;
     if
     :: heir ->
        vacant = 0;
        exchange(was, state(heir), HEIR, release);
        heir = (was & PARKED -> heir : NULL);
        was = 0;
        break
     :: else
     fi;
#if BUG == APPOINT_EARLY
     store(arrivals, NULL, relaxed);
     ok = 1;
#else
     cas(ok, arrivals, HEIR_ONLY, NULL, vacate);
#endif
     if
     :: ok ->
        vacant = 0;
        ok = 0;
        break
     :: else
     fi
  od
}

/* Whom to offer the lock to instead of the heir. */
inline choose_deputy(waiter) {
  collect();
  waiter = (turns -> turns : brief)
}

/* For a holder that goes on until it is asked. */
inline sequencer_stay() {
  if
  :: vacant -> appoint(heir)
  :: else ->
#if BUG != SLEEPS_ON
     fence(seq_cst);
     hear_demand(it);
     if
     :: it ->
        exchange(was, state(it), HEIR, relaxed);
        touch(it);
        heir = (was & PARKED -> it : NULL);
        was = 0
     :: else
     fi;
     it = 0
#endif
  fi;
#if BUG != NO_HEIR_WOKEN
  if
  :: heir -> park_wake(heir)
  :: else
  fi;
#endif
  heir = 0
}

inline give_up() {
  hear_demand(it);
  wake = sleepers;
  heir = NULL;
  offer = FREE;
  if
  :: vacant -> appoint(heir)
  :: !vacant && it ->
#if BUG != CLEAR_LATE
     store(demand, NULL, relaxed);
#endif
     exchange(was, state(it), HEIR, answer);
     touch(it);
     heir = (was & PARKED && BUG != OFFER_ASLEEP -> it : NULL);
     was = 0;
#if BUG == CLEAR_LATE
     store(demand, NULL, relaxed);
#endif
     offer = OFFERED
  :: !vacant && !it && overdue ->
     choose_deputy(heir);
     if
     :: heir ->
        is_awake(was, heir);
        touch(heir);
        heir = (was == WAITING -> NULL : heir);
        was = 0;
        offer = OFFERED
     :: else
     fi
  :: else
  fi;
  it = 0;
  sleepers = 0;
  served = 0;
  overdue = 0;
  slow_leave = SYMMETRIC;
  store(lock, offer, release);
  frees();
  offer = 0;
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
  heir = 0;
  do
  :: wake ->
     j = 1;
     do
     :: !(wake >> j & 1) -> j++
     :: else -> break
     od;
     wake = wake - (1 << j);
     park_wake(j); /* of a thread's waiters the first has its number */
     j = 0
  :: else -> break
  od
}

inline sequencer_end_batch() {
  give_up();
  sequencer_pass_on()
}

inline sequencer_pass_on() {
  do
  :: sequencer_wanted(it);
     if
     :: it && BUG != NO_SECOND_LOOK ->
        it = 0;
        try_take(ok, FREE, PASSING);
#if BUG != KEPT_OFFER
        if
        :: !ok -> try_take(ok, OFFERED, PASSING)
        :: else
        fi;
#endif
        if
        :: ok ->
           ok = 0;
           give_up()
        :: else -> break
        fi
     :: else -> break
     fi
  od;
  it = 0
}

/* ---- Waiters ---- */

/* callseq_pace_ask, which a poll comes to as well. `first`: the sleep has a limit. */
inline asks() {
#ifdef STAYS
  step;
  if
  :: staying -> asked = 1; first = 1
  :: else
  fi
#endif
}

inline try_take(ok, from, self) {
  cas(ok, lock, from, self, acquire);
  if
  :: ok -> took()
  :: else
  fi
}

inline steal(ok, self) {
  load(seen, lock, relaxed);
  if
  :: seen != OFFERED -> ok = 0
  :: else -> try_take(ok, OFFERED, self)
  fi;
  seen = 0
}

/* `first`: as the heir. */
inline push(first) {
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
     :: ok -> break
     :: else -> top = memory[arrivals] /* as the compare-and-swap of C does */
     fi
  od;
  first = it != w;
  top = 0;
  it = 0;
  ok = 0
}

inline sleep_on(waiter, expected) { park_wait(waiter, expected) }

inline stand_in(ok, self) {
  load(seen, lock, relaxed);
  if
  :: seen == FREE || seen == OFFERED -> try_take(ok, seen, self)
  :: else
  fi
}

inline call_for_help() {
  cas(ok, demand, NULL, OVERDUE, relaxed);
  ok = 0
}

/* `seen`: DONE or HEIR; or WAITING, and the thread holds the lock. */
inline wait_as_follower() {
  do
  :: load(seen, state(w), acquire);
     if
     :: seen == HEIR || seen == DONE -> break
     :: !(seen == HEIR || seen == DONE || seen & PARKED) ->
        cas(ok, state(w), WAITING, WAITING + PARKED, relaxed);
        ok = 0
     :: seen & PARKED -> sleep_on(w, seen)
     :: seen & PARKED ->
        /* also: is_offered, stand_in */
        stand_in(ok, me);
        if
        :: ok -> ok = 0; seen = WAITING; break
        :: else
        fi
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
  exchange(was, state(w), HEIR + PARKED, acquire);
  was = 0;
#if BUG == STALE_DEMAND
  store(demand, w, release);
#endif
#if BUG != NO_BARRIER
  sleep_handshake();
#endif
  asks();
  load(seen, lock, relaxed);
  if
  :: seen != FREE && seen != OFFERED || BUG == NO_RECHECK ->
     load(it, demand, relaxed);
     if
     :: it == w && !first -> sleep_on(w, HEIR + PARKED)
     :: else
     fi
  :: else
  fi;
  it = 0;
  seen = 0;
  first = 0;
  cas(ok, state(w), HEIR + PARKED, HEIR, relaxed);
  ok = 0
}

/* `seen`: DONE, or HEIR and the thread holds the lock. */
inline wait_as_heir() {
  do
  :: load(seen, state(w), acquire);
     if
     :: seen == DONE -> break
     :: seen & PARKED -> sleep_on(w, seen)
     :: else ->
        load(seen, lock, relaxed);
        if
        :: seen == FREE || seen == OFFERED -> try_take(ok, seen, me)
        :: else
        fi;
        if
        :: ok -> ok = 0; seen = HEIR; break
        :: else
        fi;
        load(it, demand, relaxed);
        if
        :: it != w -> store(demand, w, release)
        :: else
        fi;
        it = 0;
        if
        :: skip
        :: skip -> sleep_as_heir()
        fi
     fi
  od
}

inline step_down() {
  load(it, demand, relaxed);
  if
  :: it == w && BUG != KEPT_DEMAND -> store(demand, NULL, relaxed)
  :: else
  fi;
  it = 0
}

inline inherit() {
  step_down();
  if
  :: brief || turns -> vacant = 1
  :: else ->
     cas(ok, arrivals, HEIR_ONLY, NULL, vacate);
     own();
     vacant = !ok;
     ok = 0
  fi
}

inline remove_from(waiter) {
  own();
  if
  :: brief == waiter -> brief = next[waiter]
  :: turns == waiter -> turns = next[waiter]
  :: else ->
     top = (IS_BRIEF(waiter) -> brief : turns);
     do
     :: next[top] != waiter -> top = next[top]; touch(top)
     :: else -> break
     od;
     next[top] = next[waiter];
     top = 0
  fi;
  next[waiter] = NULL
}

/* `seen`: DONE, HEIR or WAITING. */
inline leave_queue() {
  load(seen, state(w), acquire);
#if BUG == BLIND
  seen = WAITING;
#endif
  if
  :: seen & PARKED -> seen = seen - PARKED
  :: else
  fi;
  if
  :: seen == DONE -> sequencer_end_batch()
  :: seen == HEIR
  :: else ->
     collect();
#if BUG != STAYS_QUEUED
     remove_from(w)
#endif
  fi
}

/* `ok`: the thread is the holder; else its request has been executed. */
inline wait_in_line(ok) {
  load(seen, lock, relaxed);
  if
  :: seen == OFFERED -> steal(ok, me)
  :: else
  fi;
  seen = 0;
  if
  :: ok
  :: else ->
     store(state(w), WAITING, relaxed);
     push(first);
     if
     :: first -> store(state(w), HEIR, relaxed); seen = HEIR; first = 0
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
     :: seen == WAITING -> waiting--; ok = 1
     :: else ->
        waiting--;
        inherit();
        ok = 1
     fi;
     seen = 0
  fi
}

inline sequencer_enter(ok) {
  /* also: load lock relaxed */
  wait_in_line(ok)
}

/* ---- A call: abi.h and chicken.c ---- */

inline execute(waiter) {
  if
  :: waiter != w ->
     step;
     batch++;
     assert(batch <= BATCH_LIMIT)
  :: else
  fi;
  own();
  touch(waiter);
  assert(!executed[waiter]);
  assert(!IS_ALONE(waiter) || OWNER(waiter) == me);
  executed[waiter] = 1
}

/* A Scheme program that computes, or the service: others wait, but one of them asks. */
inline stays() {
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

/* Executes waiters while there are. In C the Scheme side does this, at each reply. */
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
  execute(w);
  stays();
  abi_next_slowly();
  sequencer_end_batch()
}

inline abi_call_slowly() {
  sequencer_try_enter(ok, me);
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

/* The inline way, or else as a thread's first call. */
inline abi_call() {
  if
  :: ALONE != me ->
     sequencer_try_enter(ok, me);
     if
     :: ok ->
        ok = 0;
        execute(w);
        sequencer_wanted(it);
        if
        :: it -> it = 0; abi_next_slowly()
        :: else
        fi;
        sequencer_leave()
     :: else -> abi_call_slowly()
     fi
  :: skip -> abi_call_slowly()
  fi
}

#ifdef SYMMETRY
c_code {
#include "symmetry.h"
}
#endif

active [THREADS] proctype thread() {
  byte me = _pid + 1, w = _pid + 1;
  byte seen, was, it, top, oldest, after, n; /* what the C functions keep in locals */
  byte heir, wake, offer;
  bit ok, first;
  byte i, j, k;              /* what the memory needs */
  atomic {
    do
    :: w <= WAITERS ->
       abi_call();
       assert(executed[w]);
       gone[w] = 1;
       next[w] = 0;
       w = w + THREADS
    :: else -> break
    od;
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
