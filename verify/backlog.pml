/* A model of src/sequence/backlog.c, and of how src/runtime/later.c wakes who takes: threads that
 * put things and cancel some, one that takes, one that closes, one that sets another limit, for which
 * the ring gets another place. Memory is sequentially consistent: what the orders have to be is in the
 * comments of the source.
 *
 * Inlines are functions there, less callseq_; check-source compares what they do to shared words.
 *
 * What must hold: one thing happens to each, once: it is taken, cancelled, dropped or refused; each
 * thread's are taken in order; no more than the limit wait; where the taking thread finds nothing, all
 * lower tickets have left; and nothing is left behind when all threads have ended or sleep.
 *
 * Settings: PUTTERS, things of EACH, LIMIT 1 or 2, CLOSES; GROWS, with LIMIT 1, to 2; BUG seeds a
 * mistake. */
#ifndef PUTTERS
#define PUTTERS 2
#endif
#ifndef EACH
#define EACH 2
#endif
#ifndef LIMIT
#define LIMIT 2
#endif
#define THINGS (PUTTERS * EACH)
#define ABANDONED 255
#define NOTHING 250 /* what fills a position that nobody has got */

/* The ring of the beginning and the one after it, one behind the other. */
#if LIMIT == 1
#define PLACES 2
#define FREE_PLACES { 0, 2 }
#else
#define PLACES 4
#define FREE_PLACES { 0, 2, 4, 6 }
#endif
#ifdef GROWS
#define MORE_PLACES 4
#else
#define MORE_PLACES 0
#endif
#define PLACES_OF(r) ((r) -> MORE_PLACES : PLACES)
#define AT(r, p) ((r) -> PLACES + (p) % 4 : (p) % PLACES)

/* Mistakes. */
#define UNCOUNTED 1   /* the limit is compared with what was found once */
#define TWO_TAKE 2    /* who cancels moves things while another thread takes */
#define UNMARKED 3    /* who closes passes a place that is being filled without a mark */
#define NEW_TICKETS 4 /* a thing that is moved gets the ticket of its position */
#define PAST_UNFILLED 5 /* things are moved past a place that is not filled yet */
#define NO_SECOND_LOOK 6 /* who finds nothing sleeps at once */
#define EARLY_LOOK 7  /* who puts looks whether to wake before the place is filled */
#define BEGINS_ANYWAY 8 /* what was cancelled in the last moment is executed */
#define COUNTED_TWICE 9 /* a cancelled thing that is passed counts as taken */
#define HEAD_LATE 10  /* a place is free before the head has left it */
#define OPEN_MOVE 11  /* things are put while another ring takes the place of the one */
#define SAME_TAIL 12  /* the tail is the same in the other ring */
#define HALF_MOVED 13 /* what is being put is not waited for */
#define RING_FIRST 14 /* who looks whether it is empty knows the head better than the ring */
#define TAKES_ANYWAY 15 /* who takes does not look for a claim */
#define LOOKS_FIRST 16 /* who takes looks for a claim before it says so */
#define FOUND_FREE 17 /* who claims does not wait for who takes */
#define TWO_CLAIM 18  /* who cancels claims what another thread has claimed */
#ifndef BUG
#define BUG 0
#endif

/* What became of a thing. */
#define UNKNOWN 0
#define TAKEN 1
#define CANCELLED 2
#define DROPPED 3
#define REFUSED 4

byte turn[PLACES + MORE_PLACES] = FREE_PLACES;
byte ticket_of[PLACES + MORE_PLACES], what[PLACES + MORE_PLACES];
byte ring, tail, room, cancelled, head, taken, limit = LIMIT, spare = PLACES - LIMIT;
bool moving, taking, claimed, awake, told;

byte fate[THINGS], forgotten[THINGS], ticket[THINGS];
bool put[THINGS], begun[THINGS], gone[THINGS];
byte last[PUTTERS]; /* of each, that was taken: its number plus 1 */
byte waiting; /* that have a place, and nothing has happened to */
byte ended;

#define load(to, word) to = word
#define store(word, value) word = value
#define exchange(to, word, value) atomic { to = word; word = value }
#define add(to, word, number) atomic { word = word + number; to = word }
#define or(to, word, bit) atomic { to = word; word = word | bit }
#define cas(done, word, value, new) atomic { done = (word == value); word = (done -> new : word) }

inline happens(t, f) {
  assert(fate[t] == UNKNOWN);
  fate[t] = f;
  waiting--
}

#define is_gone(t) ((t) == NOTHING || gone[t])
inline forget(t) {
  if
  :: (t) != NOTHING -> forgotten[t]++
  :: else
  fi
}

/* ---- Putting ---- */

/* `yes`: for good. */
inline is_closed(yes) {
  load(x, moving);
  if
  :: x -> yes = false
  :: else -> load(x, tail); yes = x & 1
  fi;
  x = 0
}

inline is_allowed(yes, position) {
  load(x, room);
  if
  :: position < x -> yes = true
  :: else ->
     load(most, limit);
     load(x, taken);
     most = most + x;
     load(x, cancelled);
     most = most + x;
#if BUG == UNCOUNTED
     most = (room -> 200 : most);
#endif
     yes = position < most;
     if
     :: yes -> store(room, most)
     :: else
     fi;
     most = 0
  fi;
  x = 0
}

/* Thing t. */
inline backlog_put(t) {
  skip;
retry:
  load(at, tail);
  if
  :: at & 1 ->
     is_closed(yes);
     if
     :: yes -> goto refused
     :: else -> goto retry
     fi
  :: else
  fi;
  is_allowed(yes, at / 2);
  if
  :: !yes -> goto refused
  :: else
  fi;
  load(in, ring);
  load(x, turn[AT(in, at / 2)]);
  if
  :: x != at ->
     load(x, tail);
     if
     :: x == at -> goto refused
     :: else -> goto retry
     fi
  :: else
  fi;
  atomic {
    x = 0;
    cas(yes, tail, at, at + 2);
    if
    :: !yes -> goto retry
    :: else ->
       waiting++;
       assert(waiting <= limit);
       ticket[t] = at / 2
    fi
  }
#if BUG == EARLY_LOOK
  load(looked, awake);
#endif
  d_step {
    ticket_of[AT(in, at / 2)] = at / 2;
    what[AT(in, at / 2)] = t
  }
  atomic {
    exchange(x, turn[AT(in, at / 2)], at + 1);
    if
    :: x == ABANDONED ->
       waiting--;
       goto refused
    :: else -> put[t] = true
    fi
  }
}

/* `looked`: it is awake. */
inline later_wake() {
#if BUG != EARLY_LOOK
  load(looked, awake);
#endif
  if
  :: !looked ->
     atomic {
       exchange(looked, awake, true);
       told = told || !looked
     }
  :: else
  fi
}

/* ---- Taking ---- */

/* The handshake with try_to_claim: this half has a compiler barrier between the two. */
inline try_to_take(got) {
#if BUG == LOOKS_FIRST
  load(got, claimed);
#endif
  store(taking, true);
#if BUG != LOOKS_FIRST
  load(got, claimed);
#endif
  got = !got || BUG == TAKES_ANYWAY;
  if
  :: !got -> backlog_leave()
  :: else
  fi
}

inline backlog_leave() {
  store(taking, false)
}

inline pass(p) {
#if BUG != HEAD_LATE
  store(head, p + 1);
#endif
  store(turn[AT(ring, p)], 2 * (p + PLACES_OF(ring)));
#if BUG == HEAD_LATE
  store(head, p + 1)
#endif
}

/* `thing` is what is there. */
inline look() {
  load(h, head);
  load(x, turn[AT(ring, h)]);
  if
  :: x != 2 * h + 1 ->
     x = 0;
     d_step { /* all with lower tickets have left */
       t = 0;
       do
       :: t < THINGS ->
          assert(!(put[t] && ticket[t] < h) || fate[t] != UNKNOWN);
          t++
       :: else -> break
       od;
       t = 0;
       h = 0
     }
     backlog_leave();
     goto nothing
  :: else
  fi;
  x = 0;
  thing = what[AT(ring, h)];
  h = 0
}

inline look_further() {
  do
  :: is_gone(thing) ->
     forget(thing);
#if BUG == COUNTED_TWICE
     taken++;
#endif
     load(h, head);
     pass(h);
     look()
  :: else -> break
  od
}

inline backlog_look() {
  try_to_take(got);
  if
  :: !got -> goto busy
  :: else
  fi;
  look();
  look_further()
}

inline backlog_take() {
  load(h, head);
  pass(h);
  h = 0;
  load(x, taken);
  store(taken, x + 1);
  x = 0;
  backlog_leave()
}

/* `yes`: there is nothing. */
inline backlog_is_empty(yes) {
  skip;
again:
#if BUG == RING_FIRST
  load(in, ring);
#endif
  load(h, head);
#if BUG != RING_FIRST
  load(in, ring);
#endif
  load(x, turn[AT(in, h)]);
  if
  :: x == 2 * h + 1 -> yes = false
  :: else ->
     load(x, head);
     if
     :: x != h -> goto again
     :: else -> yes = true
     fi
  fi;
  in = 0; h = 0; x = 0
}

/* ---- Claiming ---- */

/* This half of the handshake has a barrier at its end that all threads pass. */
inline try_to_claim(yes) {
  exchange(yes, claimed, true);
  yes = !yes
}

inline is_being_taken(yes) {
  load(yes, taking)
}

inline backlog_hold() {
  atomic { !claimed -> try_to_claim(got) }
  atomic { !taking || BUG == FOUND_FREE -> is_being_taken(got) }
}

inline backlog_release() {
  store(claimed, false)
}

/* ---- Cancelling ---- */

/* This thread has claimed the backlog. */
inline compact() {
  load(h, head);
  end = h;
  do
  :: end - h < PLACES_OF(ring) ->
     load(x, turn[AT(ring, end)]);
     if
     :: x == 2 * end + 1 -> end++
#if BUG == PAST_UNFILLED
     :: x == 2 * end && tail / 2 > end + 1 && turn[AT(ring, end + 1)] == 2 * end + 3 -> end = end + 2
#endif
     :: else -> break
     fi
  :: else -> break
  od;
  x = 0;
  d_step {
    to = end;
    from = end;
    do
    :: from > h ->
       from--;
       if
       :: turn[AT(ring, from)] != 2 * from + 1 -> skip
       :: turn[AT(ring, from)] == 2 * from + 1 && is_gone(what[AT(ring, from)]) ->
          forget(what[AT(ring, from)])
       :: else ->
          to--;
          if
          :: to != from ->
             ticket_of[AT(ring, to)] = (BUG == NEW_TICKETS -> to : ticket_of[AT(ring, from)]);
             what[AT(ring, to)] = what[AT(ring, from)]
          :: else
          fi
       fi
    :: else -> break
    od;
    from = 0;
    end = 0
  }
  do
  :: h < to -> pass(h); h++
  :: else -> break
  od;
  h = 0; to = 0
}

/* After a thing has been cancelled. */
inline backlog_cancel() {
  add(many, cancelled, 1);
  load(h, head);
  load(x, taken);
  many = many - (h - x);
  h = 0;
  load(x, spare);
  if
  :: many >= 0 && 2 * many < x -> goto kept /* below 0 is a lot in C */
  :: else
  fi;
  x = 0;
  many = 0;
  try_to_claim(yes);
  if
  :: !yes && BUG != TWO_CLAIM -> goto kept
  :: else
  fi;
  is_being_taken(yes);
  if
  :: !yes || BUG == TWO_TAKE -> compact()
  :: else
  fi;
  backlog_release()
}

/* ---- Another limit, and the end ---- */

inline make_free(first) {
  d_step {
    p = first;
    do
    :: p < first + MORE_PLACES -> store(turn[AT(1, p)], 2 * p); p++
    :: else -> break
    od
  }
}

/* This thread has claimed it. */
inline move_to() {
  store(moving, true);
#if BUG != OPEN_MOVE
  or(end, tail, 1);
#else
  end = tail;
#endif
  load(h, head);
  if
  :: !(end & 1) ->
     end = end / 2;
     make_free(h);
     p = h;
     do
     :: p < end ->
        do
        :: load(x, turn[AT(0, p)]);
           if
           :: x != 2 * p + 1 && BUG != HALF_MOVED
           :: else -> break
           fi
        od;
        skip;
        d_step {
          ticket_of[AT(1, p)] = ticket_of[AT(0, p)];
          what[AT(1, p)] = what[AT(0, p)]
        }
        store(turn[AT(1, p)], 2 * p + 1);
        p++
     :: else -> break
     od;
     skip;
     d_step {
       ticket_of[AT(1, end)] = end;
       what[AT(1, end)] = NOTHING
     }
#if BUG != SAME_TAIL
     store(turn[AT(1, end)], 2 * end + 1);
#endif
     store(ring, 1);
     add(x, cancelled, (BUG == SAME_TAIL -> 0 : 1));
     store(tail, 2 * (end + (BUG == SAME_TAIL -> 0 : 1)))
  :: else
  fi;
  store(moving, false);
  h = 0; x = 0; p = 0
}

inline backlog_limit(most) {
  backlog_hold();
  move_to();
  backlog_release();
  store(limit, most);
  store(spare, MORE_PLACES - most);
  store(room, 0)
}

/* This thread has claimed it. */
inline drop_all(until) {
  do
  :: load(h, head);
     if
     :: h >= until -> break
     :: else
     fi;
     atomic {
       exchange(x, turn[AT(ring, h)], (BUG == UNMARKED && turn[AT(ring, h)] != 2 * h + 1 -> turn[AT(ring, h)] : ABANDONED));
       if
       :: x != 2 * h + 1
       :: x == 2 * h + 1 && is_gone(what[AT(ring, h)]) -> forget(what[AT(ring, h)])
       :: else ->
          begun[what[AT(ring, h)]] = true;
          happens(what[AT(ring, h)], DROPPED)
       fi
     }
     store(head, h + 1)
  od
}

inline backlog_close() {
  backlog_hold();
  or(until, tail, 1);
  drop_all(until / 2);
  backlog_release()
}

/* ---- Threads ---- */

active [PUTTERS] proctype putter() {
  byte number, thing, at, in, h, x, most, end, to, from;
  int many;
  bool yes, looked;
  do
  :: number < EACH ->
     thing = _pid * EACH + number;
     backlog_put(thing);
     later_wake();
     if
     :: atomic { /* callseq_future_cancel */
          if
          :: begun[thing] || fate[thing] != UNKNOWN -> goto kept
          :: else ->
             gone[thing] = true;
             happens(thing, CANCELLED)
          fi
        }
        backlog_cancel()
     :: skip
     fi;
     goto kept;
refused:
     atomic { assert(fate[thing] == UNKNOWN); fate[thing] = REFUSED }
kept:
     skip;
     d_step { number++; at = 0; in = 0; h = 0; x = 0; many = 0; yes = false; looked = false }
  :: else -> break
  od;
  ended++
}

/* take_post of later_run.c: the service. */
active proctype taker() {
  byte thing, t, h, x, in;
  bool got, yes;
end_asleep:
  do
  :: atomic { told -> told = false };
next:
     backlog_look();
     atomic { /* callseq_later_can_begin */
       if
       :: gone[thing] && BUG != BEGINS_ANYWAY -> goto left
       :: else ->
          assert(ticket_of[AT(ring, head)] == ticket[thing]);
          begun[thing] = true;
          happens(thing, TAKEN);
          assert(last[thing / EACH] < thing % EACH + 1);
          last[thing / EACH] = thing % EACH + 1
       fi
     }
     thing = 0;
     backlog_take();
     goto next;
left:
     thing = 0;
     backlog_leave();
     goto next;
nothing: /* callseq_later_go_to_sleep */
     thing = 0;
     awake = false;
#if BUG != NO_SECOND_LOOK
     backlog_is_empty(yes);
     if
     :: !yes ->
        awake = true;
        goto next
     :: else
     fi;
#endif
     goto sleep;
busy:
     told = true; /* the service calls again */
sleep:
     yes = false; got = false
  od
}

#ifdef CLOSES
active proctype closer() {
  byte until, h, x;
  bool got;
  backlog_close();
  ended++
}
#define CLOSERS 1
#else
#define CLOSERS 0
#endif

#ifdef GROWS
active proctype grower() {
  byte end, h, x, p;
  bool got;
  backlog_limit(LIMIT + 1);
  ended++
}
#define GROWERS 1
#else
#define GROWERS 0
#endif

/* When all is over nothing is left. */
active proctype judge() {
  byte t;
  (ended == PUTTERS + CLOSERS + GROWERS && timeout);
  do
  :: t < THINGS ->
     assert(fate[t] != UNKNOWN);
     assert(forgotten[t] <= 1 && (!forgotten[t] || gone[t]));
     t++
  :: else -> break
  od
}
