/* Pace: who polls and who sleeps. A thread that polls is in the way of the holder, and on a machine
 * with few processors of everybody. One that sleeps costs its waker a system call, and comes late.
 * So one thread polls, the heir; and not for long.
 *
 * A thread is *busy* that has used a processor for much of the time since its last wait.
 *
 * Followers look after the heir now and then, since it may get no processor for long, or be in a
 * signal handler of the host's. Many do so together: each sleeps the longer the more they are, and
 * leaves what it has seen in `watched`, so that two looks show that the heir does not come,
 * whoever's they are. So some thousand followers make no more than a few hundred looks a second.
 *
 * The clock may stand still. What sleeps for a time is timed by the system, which is right then;
 * what is measured gets a usual value.
 */
#include "pace.h"

#include "base/clock.h"
#include "base/relax.h"
#include "system/park.h"

#include <sched.h>

/* Measured on two processors, see doc/benchmarks.md. */
enum {
  POLL_NS = 2000,      /* from one look at the lock to the next */
  GLANCE_NS = 50,      /* the same, for a thread that has just come */
  PATIENCE = 25,       /* polls of an heir before it demands the lock; */
  PATIENCE_OF_TWO = 8, /* of one that takes turns with one other thread: LOOK_NS after that; */
  TURNS_OF_TWO = 16,   /* so many heirs before it nobody has followed */
  WATCH_NS = 50000,    /* so long a thread watches that waits for no turn of its own, and */
  LOOK_NS = 200,       /* from one look to the next it is no less than this */
  MOMENT_NS = 20000,   /* between two looks whether another thread still excludes this one, */
  MOMENT_DOUBLES = 14, /* and twice as long each time, up to so many: where thousands look, those
                        * that do not rest keep the one that excludes them from its processor */
  SEEN_NS = 1000000,   /* after which every thread sees what was written, without a barrier */
  NAP_NS = 200000,     /* of a busy heir that sees the lock in use by short calls */
  REST_NS = 300000,    /* a thread that has waited less than this ago is busy; and so is one that */
  REST_SHARE = 8,      /* has used a processor for more than one in so many ns since; */
  SELDOM_SHARE = 100,  /* who calls seldom has for less than one in so many */
  YIELD_LIMIT = 8,     /* yields of an heir after spin_limit polls, before it sleeps */
  OFFER_POLLS = 50,    /* polls for which an offer is the heir's, before others may take it; */
  OFFER_SPINS = 5,     /* before the first ones of them no processor is yielded */
  QUANTUM_NS = 100000, /* from one yield of leaving threads to an absent heir to the next */
  LEAVES_PER_LOOK = 32, /* how many of them leave from one look at the clock to the next */
  ASK_MS = 1,           /* from one time that a holder is asked to leave to the next */
};

/* Looks of followers after the heir. */
enum {
  OVERDUE_MS = 4,         /* from the beginning of a wait to the first look; */
  OVERDUE_BUSY = 8,       /* so many times as long if the thread is busy */
  AGAIN_MS = 2,           /* to the second one of two that find that the lock can be had */
  PERIOD_LIMIT_MS = 128,  /* from one look to the next: as long as the wait so far, up to this; */
  FEW = 16,               /* and longer if there are more followers than these, */
  SLEEP_LIMIT_MS = 60000, /* by no more than this */
};

static void pause_for(uint32_t pauses) {
  for (uint32_t i = 0; i < pauses; i++)
    callseq_relax();
}

/* For no more than a poll's distance. */
static void pause_ns(const struct callseq_pace *p, uint32_t ns) {
  pause_for((uint32_t)((uint64_t)p->pauses * ns / POLL_NS) + 1);
}

/* How many pauses of the processor make a poll's distance: the quickest of some samples, since a
 * thread may be interrupted in one. A clock too coarse to see a sample says nothing. */
static uint32_t measure_pauses(void) {
  enum { SAMPLES = 8, PAUSES = 64, LEAST_NS = 16, USUAL = 64 };
  uint64_t quickest = UINT64_MAX;
  for (int i = 0; i < SAMPLES; i++) {
    uint64_t from = callseq_clock_now();
    pause_for(PAUSES);
    uint64_t ns = callseq_clock_now() - from;
    if (ns < quickest)
      quickest = ns;
  }
  return quickest < LEAST_NS ? USUAL : (uint32_t)(PAUSES * POLL_NS / quickest) + 1;
}

void callseq_pace_init(struct callseq_pace *p, uint32_t spin_limit, uint32_t stall_ms,
                       int (*ask)(void)) {
  p->ask = ask;
  callseq_pace_limit(p, spin_limit, stall_ms);
  p->overdue_ms = OVERDUE_MS;
  p->pauses = measure_pauses();
  callseq_pace_begin_quantum(p);
  callseq_pace_forked(p);
}

void callseq_pace_limit(struct callseq_pace *p, uint32_t spin_limit, uint32_t stall_ms) {
  atomic_store_explicit(&p->spin_limit, spin_limit, memory_order_relaxed);
  atomic_store_explicit(&p->stall_ms, stall_ms, memory_order_relaxed);
}

static uint32_t spin_limit(const struct callseq_pace *p) {
  return atomic_load_explicit(&p->spin_limit, memory_order_relaxed);
}

void callseq_pace_forked(struct callseq_pace *p) {
  atomic_store_explicit(&p->followers, 0, memory_order_relaxed);
  atomic_store_explicit(&p->watched, UINT64_MAX, memory_order_relaxed);
  atomic_store_explicit(&p->followed, 0, memory_order_relaxed);
}

/* ---- Every wait ---- */

/* Where there are many more threads than processors, those that compute have little of them: so who
 * is not busy need not call seldom. */
static int is_seldom(const struct callseq_habit *habit, uint64_t t, uint64_t cpu) {
  uint64_t rest = t - habit->since;
  return rest >= REST_NS && (cpu - habit->cpu) * SELDOM_SHARE < rest;
}

/* Has the thread used a processor for much of the time since its last wait? Then it calls a lot, or
 * computes in between: in either case it can wait for its turn. */
static int is_busy(const struct callseq_habit *habit, uint64_t t, uint64_t cpu) {
  uint64_t rest = t - habit->since;
  return rest < REST_NS || (cpu - habit->cpu) * REST_SHARE > rest;
}

void callseq_pace_begin(const struct callseq_pace *p, struct callseq_wait *wait,
                        struct callseq_habit *habit, void (*stalled)(void *), void *data) {
  uint64_t t = callseq_clock_now();
  uint32_t stall_ms = atomic_load_explicit(&p->stall_ms, memory_order_relaxed);
  /* A system call, so not at the end of the wait, when this thread may be the holder. */
  uint64_t cpu = habit ? callseq_clock_of_thread() : 0;
  *wait = (struct callseq_wait){
      .since = t,
      .stalls = stall_ms ? t + (uint64_t)stall_ms * 1000000 : 0,
      .stalled = stalled,
      .data = data,
      .habit = habit,
      .cpu = cpu,
      .busy = habit && is_busy(habit, t, cpu),
      .seldom = !habit || is_seldom(habit, t, cpu),
  };
}

/* From now until then, and no less than 1. */
static uint32_t ms_until(uint64_t t, uint64_t then) {
  uint64_t ms = t < then ? (then - t) / 1000000 + 1 : 1;
  return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

int callseq_pace_is_over(const struct callseq_wait *wait) {
  return wait->until && callseq_clock_now() >= wait->until;
}

uint32_t callseq_pace_patient_ms(const struct callseq_wait *wait, uint32_t ms) {
  if (!wait->until)
    return ms;
  uint64_t t = callseq_clock_now();
  uint32_t left = t < wait->until ? ms_until(t, wait->until) : 1;
  return ms && ms < left ? ms : left;
}

uint64_t callseq_pace_end(struct callseq_pace *p, struct callseq_wait *wait) {
  uint64_t t = callseq_clock_now();
  if (wait->habit)
    *wait->habit = (struct callseq_habit){.since = t, .cpu = wait->cpu};
  if (wait->follows)
    atomic_fetch_sub_explicit(&p->followers, 1, memory_order_relaxed);
  return t - wait->since;
}

uint32_t callseq_pace_stall_ms(struct callseq_wait *wait) {
  if (!wait->stalls)
    return 0;
  uint64_t t = callseq_clock_now();
  if (t < wait->stalls)
    return ms_until(t, wait->stalls);
  wait->stalls = 0;
  if (wait->stalled)
    wait->stalled(wait->data);
  return 0;
}

/* ---- A newcomer, and the heir ---- */

uint32_t callseq_pace_glances(const struct callseq_pace *p) {
  return spin_limit(p) ? CALLSEQ_GLANCES : 0;
}

void callseq_pace_glance(const struct callseq_pace *p) { pause_ns(p, GLANCE_NS); }

int callseq_pace_offer(const struct callseq_pace *p, uint32_t polls) {
  if (polls == OFFER_POLLS)
    return 0;
  if (spin_limit(p) && polls < OFFER_SPINS)
    pause_for(p->pauses);
  else
    sched_yield();
  return 1;
}

void callseq_pace_moment(uint32_t times) {
  uint32_t doubles = times < MOMENT_DOUBLES ? times : MOMENT_DOUBLES;
  callseq_park_nap((uint32_t)MOMENT_NS << doubles);
}

void callseq_pace_hand_over(void) { sched_yield(); }

void callseq_pace_without_barrier(void) { callseq_park_nap(SEEN_NS); }

/* ---- A thread that waits for what a holder does ---- */

int callseq_pace_watch(const struct callseq_pace *p, uint32_t *watched, uint64_t expected) {
  if (*watched >= WATCH_NS || *watched / POLL_NS >= spin_limit(p))
    return 0;
  uint32_t ns = expected < LOOK_NS ? LOOK_NS : expected < POLL_NS ? (uint32_t)expected : POLL_NS;
  pause_ns(p, ns);
  *watched += ns;
  return 1;
}

/* ---- A follower ---- */

/* How long an heir is waited for before it is overdue. */
static uint32_t overdue_ms(const struct callseq_pace *p, const struct callseq_wait *wait) {
  return p->overdue_ms * (wait->busy ? OVERDUE_BUSY : 1);
}

/* The follower sleeps from now until its next look: for as long as it has waited already, within
 * bounds. If there are many, for a random time more, which is longer the more they are: together
 * they look once in two such periods or so, and those that have come together do not look together.
 * (The generator: Press, Teukolsky, Vetterling, Flannery, *Numerical Recipes*, 7.1.) */
static void sleep_from_now(struct callseq_pace *p, struct callseq_wait *wait) {
  uint64_t t = callseq_clock_now(), ms = (t - wait->since) / 1000000, least = overdue_ms(p, wait);
  if (ms > PERIOD_LIMIT_MS)
    ms = PERIOD_LIMIT_MS;
  if (ms < least)
    ms = least;
  uint64_t followers = atomic_load_explicit(&p->followers, memory_order_relaxed);
  uint64_t more_ms = followers > FEW ? 4 * ms * (followers - FEW) : 0;
  if (more_ms > SLEEP_LIMIT_MS)
    more_ms = SLEEP_LIMIT_MS;
  wait->dice = wait->dice * 1664525 + 1013904223;
  wait->look = t + (ms + (more_ms * wait->dice >> 32)) * 1000000;
}

void callseq_pace_follow(struct callseq_pace *p, struct callseq_wait *wait, uint32_t self,
                         uint32_t heir) {
  wait->follows = 1;
  atomic_fetch_add_explicit(&p->followers, 1, memory_order_relaxed);
  atomic_store_explicit(&p->followed, heir, memory_order_relaxed);
  wait->heir = heir;
  wait->dice = self * 2654435769u; /* of neighbours far apart: Knuth, *The Art of Computer
                                    * Programming* 3, 6.4 */
  if (p->overdue_ms)
    sleep_from_now(p, wait);
}

uint32_t callseq_pace_sleep_ms(const struct callseq_wait *wait) {
  return wait->look ? ms_until(callseq_clock_now(), wait->look) : 0;
}

int callseq_pace_is_time_to_look(const struct callseq_wait *wait, int woken) {
  return wait->look && (!woken || callseq_clock_now() >= wait->look);
}

int callseq_pace_is_overdue(struct callseq_pace *p, struct callseq_wait *wait, uint32_t heir) {
  uint32_t ms = (uint32_t)(callseq_clock_now() / 1000000);
  uint64_t watched = atomic_load_explicit(&p->watched, memory_order_relaxed);
  int overdue = wait->heir == heir;
  if ((uint32_t)(watched >> 32) != heir)
    atomic_store_explicit(&p->watched, (uint64_t)heir << 32 | ms, memory_order_relaxed);
  else if (ms - (uint32_t)watched >= overdue_ms(p, wait))
    overdue = 1;
  wait->heir = heir;
  sleep_from_now(p, wait);
  return overdue;
}

int callseq_pace_is_still_so(struct callseq_wait *wait, int so) {
  int was = wait->so;
  wait->so = so;
  if (so && !was)
    wait->look = callseq_clock_now() + AGAIN_MS * 1000000;
  return so && was;
}

/* ---- The heir ---- */

/* Where only two threads take turns the next one polls already: its turn costs no wake-up, and is
 * worth less patience. Others may be short of a processor, which these two would keep. */
void callseq_pace_lead(const struct callseq_pace *p, struct callseq_wait *wait, uint32_t heir) {
  wait->alternates =
      heir - atomic_load_explicit(&p->followed, memory_order_relaxed) >= TURNS_OF_TWO;
  uint32_t limit = spin_limit(p), polls = wait->alternates ? PATIENCE_OF_TWO : PATIENCE;
  if (polls > limit)
    polls = limit;
  wait->polled = wait->yields = 0;
  wait->patience = wait->busy ? (uint64_t)polls * POLL_NS : 0;
  if (wait->alternates)
    sched_yield();
}

int callseq_pace_is_patient(const struct callseq_wait *wait) {
  return wait->polled < wait->patience;
}

int callseq_pace_alternates(const struct callseq_wait *wait) { return wait->alternates; }

void callseq_pace_nap(struct callseq_wait *wait) {
  callseq_park_nap(NAP_NS);
  wait->polled = wait->patience;
}

uint32_t callseq_pace_ask(const struct callseq_pace *p) { return p->ask && p->ask() ? ASK_MS : 0; }

int callseq_pace_poll_as_heir(const struct callseq_pace *p, struct callseq_wait *wait) {
  if (wait->polled % POLL_NS == 0 && callseq_pace_ask(p)) /* no more often than others ask */
    wait->patience = 0;
  if (wait->polled < (uint64_t)spin_limit(p) * POLL_NS) {
    uint32_t ns = wait->alternates && !callseq_pace_is_patient(wait) ? LOOK_NS : POLL_NS;
    pause_ns(p, ns);
    wait->polled += ns;
    callseq_pace_stall_ms(wait);
    return 1;
  }
  if (wait->yields < YIELD_LIMIT) {
    wait->yields++;
    sched_yield();
    return 1;
  }
  return 0;
}

/* ---- The holder ---- */

void callseq_pace_begin_quantum(struct callseq_pace *p) {
  p->leaves = 0;
  p->looked = callseq_clock_now();
}

int callseq_pace_is_quantum_over(struct callseq_pace *p) {
  if (++p->leaves < LEAVES_PER_LOOK)
    return 0;
  p->leaves = 0;
  uint64_t t = callseq_clock_now();
  if (t - p->looked < QUANTUM_NS)
    return 0;
  p->looked = t;
  return 1;
}
