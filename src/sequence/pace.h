/* Pacing: how a thread waits. The sequencer, which says for what, asks here whether to poll, to
 * yield or to sleep, and for how long. Whatever the answer is, nobody is lost and no order is
 * violated: so the model of the protocol (verify/) does without this file, and every number in it
 * may be changed for speed alone.
 *
 * Times are in nanoseconds, unless their names end in _ms. All functions are for the waiting
 * thread, but for those of the holder. The struct's definitions are part of the text that generated
 * code begins with: C11 and C++.
 */
#ifndef CALLSEQ_PACE_H
#define CALLSEQ_PACE_H

#ifndef CALLSEQ_COMPILER_H
#include "base/compiler.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* How a thread has waited last: its own, all zero at first, and kept from wait to wait. */
struct callseq_habit {
  uint64_t since; /* the end of the wait */
  uint64_t cpu;   /* the thread's CPU time when the wait began */
};

/* What the waits of one sequencer have in common. */
struct callseq_pace {
  /* callseq_pace_limit sets these: */
  CALLSEQ_ATOMIC(uint32_t) spin_limit; /* polls of an heir before it yields; 0: nobody polls */
  CALLSEQ_ATOMIC(uint32_t) stall_ms;   /* a wait as long as this is reported; 0: none is */
  /* Constant after callseq_pace_init: */
  uint32_t overdue_ms; /* an heir that has not come for so long is overdue; 0: none is */
  uint32_t pauses;     /* of the processor, from one poll to the next */
  int (*ask)(void);    /* see callseq_pace_ask; may be NULL */
  /* The holder's own: */
  uint32_t leaves; /* since it looked at the clock last */
  uint64_t looked; /* when it did */
  /* Any thread's: */
  CALLSEQ_ATOMIC(uint32_t) followers; /* how many wait */
  CALLSEQ_ATOMIC(uint32_t) followed;  /* the number of the last heir that somebody has followed */
  CALLSEQ_ATOMIC(uint64_t)
  watched; /* the heir that a follower has seen last, and when that one was
            * seen first: its number << 32 | milliseconds */
};

/* One wait of one thread, on its stack. */
struct callseq_wait {
  uint64_t since;
  uint64_t stalls; /* when it is reported that it has become long; 0: never, or it has been */
  void (*stalled)(void *data);
  void *data;
  struct callseq_habit *habit;
  uint64_t cpu;
  uint64_t until; /* when its patience is over; 0: never. As `since` */
  int busy;       /* the thread has done little else than to call, or computes between its calls */
  int seldom;     /* it has hardly used a processor since its last wait */
  /* Of the heir: */
  uint64_t polled;   /* it has polled for so many ns, */
  uint64_t patience; /* and does for so many before it demands the lock */
  uint32_t yields;   /* of its processor since then */
  int alternates;    /* it takes turns with one other thread only */
  /* Of a follower: */
  int follows;
  uint32_t heir; /* the number of the heir at its last look */
  uint32_t dice; /* random */
  uint64_t look; /* when it looks after the heir next; 0: never */
  int so;        /* what callseq_pace_is_still_so was told last */
};

/* Measures how fast this processor pauses, which takes some ten microseconds. */
void callseq_pace_init(struct callseq_pace *p, uint32_t spin_limit, uint32_t stall_ms,
                       int (*ask)(void));

/* Sets them anew, for waits that begin from now on. Any thread. */
void callseq_pace_limit(struct callseq_pace *p, uint32_t spin_limit, uint32_t stall_ms);

/* In a forked child, where nobody waits. */
void callseq_pace_forked(struct callseq_pace *p);

/* ---- Every wait ---- */

/* `habit` is the thread's; NULL: it does not call often. stalled(data) may be NULL. */
void callseq_pace_begin(const struct callseq_pace *p, struct callseq_wait *wait,
                        struct callseq_habit *habit, void (*stalled)(void *), void *data);

/* Is the thread's patience over? */
int callseq_pace_is_over(const struct callseq_wait *wait);

/* For how many milliseconds it may sleep, and at most for `ms`; 0, both: no limit. */
uint32_t callseq_pace_patient_ms(const struct callseq_wait *wait, uint32_t ms);

/* Returns how long the wait was. */
uint64_t callseq_pace_end(struct callseq_pace *p, struct callseq_wait *wait);

/* Reports a wait that has become long. How many milliseconds are left until that, 0: no limit. */
uint32_t callseq_pace_stall_ms(struct callseq_wait *wait);

/* ---- A newcomer, before it queues; and the heir, where it sees the lock free ---- */

/* How many glances at the lock it takes, and a glance's time; so many glances in a row find the
 * lock free if it is not in use by short calls. */
uint32_t callseq_pace_glances(const struct callseq_pace *p);
void callseq_pace_glance(const struct callseq_pace *p);
enum { CALLSEQ_GLANCES = 12, CALLSEQ_IDLE_GLANCES = 4 };
/* So many glances find it free once more if it is in use by calls of up to a microsecond or so. */
enum { CALLSEQ_SHORT_GLANCES = 48 };

/* The lock is offered to another thread, and has been for so many polls of this one. Lets it have
 * the processor; 0: the offer has stood for long enough. */
int callseq_pace_offer(const struct callseq_pace *p, uint32_t polls);

/* Lets a moment pass, since another thread excludes this one, and may not be running; after so many
 * of them. */
void callseq_pace_moment(uint32_t times);

/* Lets other threads have this one's processor. */
void callseq_pace_hand_over(void);

/* Until other threads have seen what this one has written, where there is no barrier to be had. */
void callseq_pace_without_barrier(void);

/* ---- A thread that does not ask for the lock, but waits for what a holder does ---- */

/* It has watched for `*watched`, 0 at first, and what it waits for takes `expected` ns at least,
 * which may be 0. Lets so long pass until its next look, but some time and not too much, and adds
 * it; 0: it shall sleep. */
int callseq_pace_watch(const struct callseq_pace *p, uint32_t *watched, uint64_t expected);

/* ---- A follower ---- */

/* `self` is the thread's id, `heir` the number of the heir. */
void callseq_pace_follow(struct callseq_pace *p, struct callseq_wait *wait, uint32_t self,
                         uint32_t heir);

/* For how long it may sleep before it looks after the heir; 0: no limit. And when it has slept,
 * `woken` or until then: is it time? However often a signal has interrupted it. */
uint32_t callseq_pace_sleep_ms(const struct callseq_wait *wait);
int callseq_pace_is_time_to_look(const struct callseq_wait *wait, int woken);

/* It looks: the heir has this number. Has it not come for so long that it is overdue? */
int callseq_pace_is_overdue(struct callseq_pace *p, struct callseq_wait *wait, uint32_t heir);

/* And this is so: was it the last time? The next look is soon then. */
int callseq_pace_is_still_so(struct callseq_wait *wait, int so);

/* ---- The heir ---- */

/* `heir` is its number. */
void callseq_pace_lead(const struct callseq_pace *p, struct callseq_wait *wait, uint32_t heir);

/* It does not demand the lock yet. */
int callseq_pace_is_patient(const struct callseq_wait *wait);

/* It takes turns with one other thread only, which has no followers. */
int callseq_pace_alternates(const struct callseq_wait *wait);

/* The lock is in use by short calls, which polling would slow. Its patience is over then. */
void callseq_pace_nap(struct callseq_wait *wait);

/* Lets time pass from poll to poll; 0: it shall sleep. */
int callseq_pace_poll_as_heir(const struct callseq_pace *p, struct callseq_wait *wait);

/* How long it sleeps if the holder may not have seen what it demands. */
enum { CALLSEQ_UNSURE_MS = 1 };

/* A holder that would go on for long may be one that leaves sooner when it is asked to: it is
 * asked, by the function that was handed in, which returns 0 if this holder is no such. Returns for
 * how long the heir may sleep before it asks again; 0: no limit. */
uint32_t callseq_pace_ask(const struct callseq_pace *p);

/* ---- The holder, while an heir that has been woken does not come ---- */

void callseq_pace_begin_quantum(struct callseq_pace *p);

/* As it leaves: has it, with others before it, used the processor for long enough? */
int callseq_pace_is_quantum_over(struct callseq_pace *p);

#ifdef __cplusplus
}
#endif
#endif
