/* A model of suspension, for spin: CALLERS threads make CALLS calls each, which wait or do not.
 *
 * Read it beside src/runtime/suspend.c and settle.c. What is the holder's own is changed in one step, since the
 * sequencer, which has a model of its own, lets one thread do so at a time: here it is a lock. What
 * threads outside share with the holder, `rung`, the bell and the sleep, is one step a line; the
 * inlines with such steps are functions there, less callseq_, which check-source compares.
 *
 * A call waits up to WAITS times, each time in one of three ways: until it is rung for, which may
 * have a deadline; for a descriptor, beside its bell; or in a blocking C function. The opener is the
 * callback of another thread, which makes what waits ready. With -DCLOSES a thread closes, at any
 * time.
 *
 * What must hold:
 * - an attached resident executes the request that it has, a suspended one none; there is a spare
 *   one whenever one has to be attached;
 * - a reply is for the call that it was made for, and no two calls have the same serial;
 * - only a bell that is open is rung;
 * - no thread sleeps for ever, whatever else happens: spin reports that as an invalid end state.
 *
 * -D takes: CALLERS, CALLS, WAITS, CLOSES, and BUG=name for a mistake that has to be found.
 */
#ifndef CALLERS
#define CALLERS 2
#endif
#ifndef CALLS
#define CALLS 1
#endif
#ifndef WAITS
#define WAITS 2
#endif
#ifndef CLOSES
#define CLOSES 0
#endif

#define NO_BUG 0
#define LATE_QUIET 1    /* a waiting thread itself makes `rung` QUIET */
#define NO_COMPARE 2    /* it sleeps without a comparison with QUIET */
#define OVERWRITES 3    /* it notes its bell although it may have been rung for */
#define CLOSES_EARLY 4  /* it closes its bell before it is the holder */
#define RINGS_LATE 5    /* who rings is the holder no more */
#define NO_WAKE 6       /* who rings finds no bell, and wakes nobody */
#define SERIAL_LOST 7   /* a call that goes on has the serial of the resumption */
#define COUNTS_BACK 8   /* calls after it count on from its serial */
#define TAKES_AWAY 9    /* who comes after a blocking C function has begun takes its resident */
#define WAIT_STAYS 10   /* a wait that has ended by its deadline can still be ended by the opener */
#define SILENT_CLOSE 11 /* closing rings for nobody */
#ifndef BUG
#define BUG NO_BUG
#endif

#define RESIDENTS (CALLERS + 1)
#define NONE 255
#define SERIALS (4 * CALLERS * CALLS * (WAITS + 1) + 8)

/* `rung` */
#define QUIET 0
#define HAS_BELL 1
#define RUNG 2

/* A bell */
#define SHUT 0
#define OPEN 1
#define SOUNDS 2

/* How a call waits */
#define FOR_RING 0
#define FOR_DESCRIPTOR 1
#define IN_C 2

bool locked, closed;

/* The holder's */
byte attached;
byte now = NONE, serial, above; /* of the present call; the last serial, while that is an older one */
bool given[SERIALS];            /* serials */
byte request[RESIDENTS] = NONE;   /* whose it is */
byte kept[RESIDENTS];             /* its serial, while it is suspended */
bool away[RESIDENTS], waits[RESIDENTS];

/* Shared */
byte rung[RESIDENTS], bell[RESIDENTS];
bool asleep[RESIDENTS]; /* the thread of its request */
byte over;            /* threads that have made all their calls */

#define load(to, word) to = word
#define store(word, value) word = value
#define exchange(to, word, value) d_step { to = word; word = value }
#define cas(word, value, new) atomic { if :: word == value -> word = new :: else fi }

#define bell_open(v) bell[v] = OPEN
#define bell_close(v) bell[v] = SHUT
#define bell_ring(v) assert(bell[v] != SHUT); bell[v] = SOUNDS
#define park_wake(v) asleep[v] = false
#define park_wait(v) atomic { if :: rung[v] == QUIET -> asleep[v] = true :: else fi }
#define suspend_is_rung(v) (rung[v] == RUNG)

inline lock() { atomic { !locked -> locked = true } }
inline unlock() { locked = false }

/* A spare one is attached. */
inline attach_spare() {
  attached = 0;
  do
  :: attached == RESIDENTS -> break
  :: attached < RESIDENTS && request[attached] == NONE -> break
  :: else -> attached++
  od;
  assert(attached < RESIDENTS)
}

/* A request comes: it has the next serial, and a resident that has no other. */
inline begin(who) {
  if
  :: away[attached] && BUG != TAKES_AWAY -> attach_spare()
  :: else
  fi;
  assert(!away[attached] && request[attached] == NONE);
  serial = serial + 1;
  assert(!given[serial]);
  given[serial] = true;
  request[attached] = who;
  now = who
}

/* It has been answered. */
inline end() {
  request[attached] = NONE;
  now = NONE;
  if
  :: above && BUG != COUNTS_BACK -> serial = above
  :: else
  fi;
  above = 0
}

inline ring_for(s) {
  exchange(r, rung[s], RUNG);
  if
  :: r == HAS_BELL -> bell_ring(s)
  :: else ->
#if BUG != NO_WAKE
    park_wake(s)
#endif
  fi;
  r = 0
}

/* The attached resident leaves, in one of the ways to wait. */
inline suspend() {
  d_step {
    v = attached;
    kept[v] = serial;
    away[v] = true;
    waits[v] = (how != IN_C);
#if BUG != LATE_QUIET
    store(rung[v], QUIET);
#endif
    now = NONE;
    if
    :: above -> serial = above
    :: else
    fi;
    above = 0;
    if
    :: how != IN_C -> attach_spare()
    :: else
    fi
  };
  unlock()
}

inline wait_for_ring() {
  do
  :: suspend_is_rung(v) -> break
  :: else ->
#if BUG != NO_COMPARE
    park_wait(v);
#else
    asleep[v] = true;
#endif
    if
    :: !asleep[v]
    :: deadline -> asleep[v] = false; break
    fi
  od
}

inline wait_for_descriptor() {
  if
  :: !suspend_is_rung(v) ->
    bell_open(v);
#if BUG != OVERWRITES
    cas(rung[v], QUIET, HAS_BELL)
#else
    rung[v] = HAS_BELL
#endif
  :: else
  fi;
  if
  :: suspend_is_rung(v) || bell[v] == SOUNDS
  :: deadline /* or the descriptor is ready */
  fi;
#if BUG == CLOSES_EARLY
  bell_close(v)
#endif
}

/* The thread of the suspended call comes back as the holder. */
inline scheme_attach(who) {
  d_step {
    /* also: suspend_is_rung */
    bell_close(v);
    if
    :: attached != v ->
      assert(now == NONE);
      serial = serial + 1; /* the resumption's own */
      assert(!given[serial]);
      given[serial] = true
    :: else
    fi;
    assert(request[v] == who && away[v]);
    away[v] = false;
    if
    :: BUG != WAIT_STAYS -> waits[v] = false
    :: else
    fi;
    attached = v;
    now = who;
    if
    :: serial != kept[v] && BUG != SERIAL_LOST ->
      above = serial;
      serial = kept[v]
    :: else
    fi
  }
}

active [CALLERS] proctype caller() {
  byte call, left, v, own, how, r;
  bool deadline, refused;
  do
  :: call == CALLS || refused -> break
  :: else ->
    call++;
    lock();
    if
    :: closed -> refused = true; unlock()
    :: else ->
      atomic { begin(_pid); own = serial };
      left = WAITS;
      do
      :: break /* it waits no more */
      :: left ->
        left--;
        if
        :: how = FOR_RING
        :: how = FOR_DESCRIPTOR
        :: how = IN_C
        fi;
        if
        :: deadline = true
        :: deadline = false
        fi;
        suspend();
        if
        :: BUG == LATE_QUIET -> rung[v] = QUIET
        :: else
        fi;
        if
        :: how == FOR_RING -> wait_for_ring()
        :: how == FOR_DESCRIPTOR -> wait_for_descriptor()
        :: how == IN_C
        fi;
        lock();
        if
        :: closed -> refused = true; break
        :: else -> scheme_attach(_pid)
        fi
      od;
      if
      :: !refused -> atomic { assert(now == _pid && request[attached] == _pid && serial == own); end() }
      :: else
      fi;
      unlock();
      v = 0; own = 0; how = 0; deadline = false; left = 0
    fi
  od;
  over++
}

#define READY(s) (waits[s] && request[s] != NONE)
#define ANY_READY (READY(0) || READY(1) || (RESIDENTS > 2 && READY(RESIDENTS - 1)))

/* What another thread's callback makes ready. */
active proctype opener() {
  byte s, r;
  do
  :: over == CALLERS -> break
  :: ANY_READY && !closed ->
    lock();
    if
    :: !closed ->
      atomic { begin(_pid) };
      s = 0;
      do
      :: s == RESIDENTS -> break
      :: s < RESIDENTS && READY(s) ->
        waits[s] = false;
        if
        :: BUG == RINGS_LATE -> break
        :: else -> assert(away[s]); ring_for(s); s++
        fi
      :: s < RESIDENTS && !READY(s) -> s++
      od;
      atomic { end() }
    :: else
    fi;
    unlock();
    if
    :: BUG == RINGS_LATE && s < RESIDENTS -> ring_for(s)
    :: else
    fi;
    s = 0
  od
}

#if CLOSES
active proctype closer() {
  byte s, r;
  lock();
  closed = true;
  s = 0;
  do
  :: s == RESIDENTS -> break
  :: s < RESIDENTS ->
    if
    :: away[s] && s != attached && BUG != SILENT_CLOSE -> ring_for(s)
    :: else
    fi;
    s++
  od;
  unlock()
}
#endif
