/* A model of src/sequence/backlog.c, and of how src/runtime/later.c wakes who takes: threads that
 * put things and cancel some, one that takes, and one that closes. Memory is sequentially
 * consistent: what the orders have to be is in the comments of the source.
 *
 * What must hold: one thing happens to each, once: it is taken, cancelled, dropped or refused; each
 * thread's are taken in order; no more than LIMIT wait; where the taking thread finds nothing, all
 * lower tickets have left; and nothing is left behind when all threads have ended or sleep.
 *
 * Settings: PUTTERS, things of EACH, LIMIT 1 or 2, CLOSES; BUG seeds a mistake. */
#ifndef PUTTERS
#define PUTTERS 2
#endif
#ifndef EACH
#define EACH 2
#endif
#ifndef LIMIT
#define LIMIT 2
#endif
#if LIMIT == 1
#define PLACES 2
#define FREE_PLACES { 0, 2 }
#else
#define PLACES 4
#define FREE_PLACES { 0, 2, 4, 6 }
#endif
#define SPARE (PLACES - LIMIT)
#define THINGS (PUTTERS * EACH)
#define ABANDONED 255

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
#ifndef BUG
#define BUG 0
#endif

/* What became of a thing. */
#define UNKNOWN 0
#define TAKEN 1
#define CANCELLED 2
#define DROPPED 3
#define REFUSED 4

byte turn[PLACES] = FREE_PLACES;
byte ticket_of[PLACES], what[PLACES];
byte tail, room, cancelled, head, taken;
bool taking, awake, told;

byte fate[THINGS], forgotten[THINGS], ticket[THINGS];
bool put[THINGS], begun[THINGS], gone[THINGS];
byte last[PUTTERS]; /* of each, that was taken: its number plus 1 */
byte waiting; /* that have a place, and nothing has happened to */
byte ended;

#define AT(p) ((p) % PLACES)

inline happens(t, f) {
  assert(fate[t] == UNKNOWN);
  fate[t] = f;
  waiting--
}

/* callseq_backlog_put, and wake: thing t. */
inline put_thing(t) {
  skip;
retry:
  at = tail;
  if
  :: at & 1 -> goto refused
  :: else
  fi;
  if
  :: at / 2 < room
  :: else ->
     most = LIMIT + taken;
     most = most + cancelled;
     if
     :: at / 2 >= most && !(BUG == UNCOUNTED && room) -> goto refused
     :: else -> room = most
     fi
  fi;
  if
  :: turn[AT(at / 2)] != at ->
     if
     :: tail == at -> goto refused
     :: else -> goto retry
     fi
  :: else
  fi;
  atomic {
    if
    :: tail != at -> goto retry
    :: else ->
       tail = at + 2;
       waiting++;
       assert(waiting <= LIMIT);
       ticket[t] = at / 2
    fi
  }
  d_step {
    ticket_of[AT(at / 2)] = at / 2;
    what[AT(at / 2)] = t
  }
  if
  :: BUG == EARLY_LOOK -> looked = awake
  :: else
  fi;
  atomic {
    before = turn[AT(at / 2)];
    turn[AT(at / 2)] = at + 1;
    if
    :: before == ABANDONED ->
       waiting--;
       goto refused
    :: else -> put[t] = true
    fi
  }
  if
  :: BUG != EARLY_LOOK -> looked = awake
  :: else
  fi;
  if
  :: !looked -> atomic { told = told || !awake; awake = true }
  :: else
  fi
}

inline pass(p) {
  if
  :: BUG != HEAD_LATE -> head = p + 1
  :: else
  fi;
  turn[AT(p)] = 2 * (p + PLACES);
  head = p + 1
}

/* compact: this thread is taking. */
inline compact() {
  end = head;
  do
  :: end - head < PLACES && turn[AT(end)] == 2 * end + 1 -> end++
  :: BUG == PAST_UNFILLED && end - head < PLACES && turn[AT(end)] == 2 * end && tail / 2 > end + 1 &&
     turn[AT(end + 1)] == 2 * end + 3 -> end = end + 2
  :: else -> break
  od;
  if
  :: end == head -> goto compacted
  :: else
  fi;
  to = end;
  from = end;
  d_step {
    do
    :: from > head ->
       from--;
       if
       :: turn[AT(from)] != 2 * from + 1 -> skip
       :: else ->
          if
          :: gone[what[AT(from)]] -> forgotten[what[AT(from)]]++
          :: else ->
             to--;
             if
             :: to != from ->
                ticket_of[AT(to)] = (BUG == NEW_TICKETS -> to : ticket_of[AT(from)]);
                what[AT(to)] = what[AT(from)]
             :: else
             fi
          fi
       fi
    :: else -> break
    od
  }
  do
  :: head < to ->
     from = head;
     pass(from)
  :: else -> break
  od;
compacted:
  skip
}

/* callseq_future_cancel and callseq_backlog_cancel: thing t. */
inline cancel_thing(t) {
  atomic {
    if
    :: begun[t] || fate[t] != UNKNOWN -> goto kept
    :: else ->
       gone[t] = true;
       happens(t, CANCELLED)
    fi
  }
  atomic { cancelled++; many = cancelled }
  many = many - (head - taken);
  if
  :: 2 * many < SPARE -> goto kept
  :: else
  fi;
  atomic {
    if
    :: taking && BUG != TWO_TAKE -> goto kept
    :: else -> taking = true
    fi
  }
  compact();
  taking = false;
kept:
  skip
}

active [PUTTERS] proctype putter() {
  byte number, thing, at, most, before, many, end, to, from;
  bool looked;
  do
  :: number < EACH ->
     thing = _pid * EACH + number;
     put_thing(thing);
     if
     :: cancel_thing(thing)
     :: skip
     fi;
     goto next;
refused:
     atomic { assert(fate[thing] == UNKNOWN); fate[thing] = REFUSED }
next:
     number++
  :: else -> break
  od;
  ended++
}

/* take_post of later_run.c, and waking, in later.c: the service. */
active proctype taker() {
  byte thing, t;
end_asleep:
  do
  :: atomic { told -> told = false };
again:
     atomic {
       if
       :: taking -> goto busy
       :: else -> taking = true
       fi
     }
look:
     if
     :: turn[AT(head)] != 2 * head + 1 -> goto nothing
     :: else
     fi;
     thing = what[AT(head)];
     if
     :: gone[thing] ->
        forgotten[thing]++;
        if
        :: BUG == COUNTED_TWICE -> taken++
        :: else
        fi;
        t = head;
        pass(t);
        t = 0;
        goto look
     :: else
     fi;
     atomic {
       if
       :: gone[thing] && BUG != BEGINS_ANYWAY ->
          taking = false;
          goto again
       :: else ->
          assert(ticket_of[AT(head)] == ticket[thing]);
          begun[thing] = true;
          happens(thing, TAKEN)
       fi
     }
     t = head;
     pass(t);
     t = 0;
     d_step {
       assert(begun[thing]);
       assert(last[thing / EACH] < thing % EACH + 1);
       last[thing / EACH] = thing % EACH + 1;
       taken++;
       taking = false
     }
     goto again;
nothing:
     skip;
     d_step {
       t = 0;
       do
       :: t < THINGS ->
          assert(!(put[t] && ticket[t] < head) || fate[t] != UNKNOWN);
          t++
       :: else -> break
       od;
       t = 0;
       taking = false
     }
     awake = false;
second_look: /* callseq_backlog_is_empty */
     t = head;
     if
     :: BUG != NO_SECOND_LOOK && turn[AT(t)] == 2 * t + 1 ->
        awake = true;
        goto again
     :: else
     fi;
     if
     :: BUG != NO_SECOND_LOOK && head != t -> goto second_look
     :: else ->
        t = 0;
        goto sleep
     fi;
busy:
     told = true; /* the service calls again */
sleep:
     skip
  od
}

#ifdef CLOSES
active proctype closer() {
  byte until, before;
  atomic { until = tail / 2; tail = tail | 1 }
  atomic { !taking -> taking = true }
  do
  :: head < until ->
     atomic {
       before = turn[AT(head)];
       if
       :: BUG != UNMARKED || before == 2 * head + 1 -> turn[AT(head)] = ABANDONED
       :: else
       fi
     }
     if
     :: before != 2 * head + 1
     :: before == 2 * head + 1 && gone[what[AT(head)]] -> forgotten[what[AT(head)]]++
     :: else ->
        d_step {
          if
          :: !gone[what[AT(head)]] ->
             begun[what[AT(head)]] = true;
             happens(what[AT(head)], DROPPED)
          :: else -> forgotten[what[AT(head)]]++
          fi
        }
     fi;
     head++
  :: else -> break
  od;
  taking = false;
  ended++
}
#define CLOSERS 1
#else
#define CLOSERS 0
#endif

/* When all is over nothing is left. */
active proctype judge() {
  byte t;
  (ended == PUTTERS + CLOSERS && timeout);
  do
  :: t < THINGS ->
     assert(fate[t] != UNKNOWN);
     assert(forgotten[t] <= 1 && (!forgotten[t] || gone[t]));
     t++
  :: else -> break
  od
}
