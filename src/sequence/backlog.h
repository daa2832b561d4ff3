/* The backlog: a bounded queue of what is to be done later. Any number of threads put things in;
 * they are taken out in the order in which they were put, by one thread at a time: whoever takes
 * sees to that.
 *
 * A thing is a pointer and a few words, which are copied. No Scheme is known here, nor what a thing
 * means; but whoever puts in one with an odd pointer may have it cancelled before it is taken:
 * `is_gone` says of such a one whether that is so.
 *
 * Nothing here waits for another thread, but for what is said of callseq_backlog_close and
 * callseq_backlog_hold. callseq_backlog_put may be called in a signal handler. */
#ifndef CALLSEQ_BACKLOG_H
#define CALLSEQ_BACKLOG_H

#include "base/compiler.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CALLSEQ_BACKLOG_WORDS = 16 };

/* One place. The first cache line has all of a thing with no more than four words. */
struct callseq_backlog_place {
  _Atomic(uint64_t) turn; /* whose turn it is; see backlog.c */
  uint64_t ticket;        /* things that were put earlier have lower ones */
  uint64_t since;         /* when it was put, by callseq_clock_now; 0: that was not looked at */
  void *what;
  uintptr_t words[CALLSEQ_BACKLOG_WORDS];
} __attribute__((aligned(64)));

struct callseq_backlog_ring {
  uint64_t mask; /* the number of places, a power of two, less 1 */
  struct callseq_backlog_ring
      *before; /* the former ring, which threads may still look at; or NULL */
  struct callseq_backlog_place places[];
};

struct callseq_backlog {
  _Atomic(struct callseq_backlog_ring *) ring;
  _Atomic(uint64_t) moved;  /* how often another ring has replaced one so far */
  _Atomic(uint32_t) moving; /* 1: that is being done, by a thread that takes */
  /* Constant: */
  bool (*is_gone)(void *what); /* has it been cancelled? Stays true then. Any thread */
  void (*forget)(void *what);  /* a cancelled one leaves the backlog. Whoever passes it */
  uint32_t symmetric;          /* both sides of a claim fence; see system/park.h */
  /* callseq_backlog_limit sets these: */
  _Atomic(uint64_t) limit; /* how many things may be there, cancelled ones not counted */
  _Atomic(uint64_t) spare; /* how many places there are besides, for cancelled ones */
  /* Whoever puts: */
  _Atomic(uint64_t) tail CALLSEQ_APART; /* twice the next position; odd: closed */
  _Atomic(uint64_t) room;               /* below this position there is a place for sure */
  /* Whoever cancels: */
  _Atomic(uint64_t) cancelled CALLSEQ_APART; /* so many so far */
  /* Whoever takes, or has claimed the backlog: */
  _Atomic(uint32_t) taking CALLSEQ_APART; /* 1: a thread takes, or is about to ask */
  _Atomic(uint32_t) claimed; /* 1: a thread has claimed it, or is about to; any thread */
  _Atomic(uint64_t) head;    /* the position of the oldest */
  _Atomic(uint64_t) taken;   /* so many so far, without those that were cancelled */
};

/* By one thread, before others know of the backlog. `limit` is from 1 to 2^24. False: no memory. */
bool callseq_backlog_init(struct callseq_backlog *b, uint64_t limit, bool (*is_gone)(void *what),
                          void (*forget)(void *what));

enum callseq_backlog_answer { CALLSEQ_BACKLOG_PUT, CALLSEQ_BACKLOG_FULL, CALLSEQ_BACKLOG_SHUT };

/* Puts `what`, with so many words of `data`, no more than there is room for; `*ticket` is its
 * ticket, if the address is not NULL. `measure`: notes the time; it is noted for one in 64
 * otherwise. Once it is put, a thread that then looks for it after a seq_cst store of its own
 * either finds it, or this thread's later seq_cst loads see that store. */
enum callseq_backlog_answer callseq_backlog_put(struct callseq_backlog *b, void *what,
                                                const void *data, size_t words, bool measure,
                                                uint64_t *ticket);

/* The oldest thing: this thread is taking until it calls one of the next two, and copies before
 * what the place holds. Or NULL; then `*left` is CALLSEQ_BACKLOG_BUSY if another thread has just
 * claimed the backlog, and otherwise all with lower tickets than that have left. */
#define CALLSEQ_BACKLOG_BUSY UINT64_MAX
const struct callseq_backlog_place *callseq_backlog_look(struct callseq_backlog *b, uint64_t *left);
void callseq_backlog_take(struct callseq_backlog *b);  /* the thing has left */
void callseq_backlog_leave(struct callseq_backlog *b); /* it stays */

/* Is there nothing to take? Any thread: what was put before a seq_cst store of this thread, see
 * above, is there, unless it has left. */
bool callseq_backlog_is_empty(struct callseq_backlog *b);

/* All that has been put so far has a lower ticket than this. Any thread. */
uint64_t callseq_backlog_ticket(struct callseq_backlog *b);

/* How many have been put so far, cancelled ones included. Any thread. */
uint64_t callseq_backlog_count(struct callseq_backlog *b);

/* A thing in the backlog has been cancelled, once: its place is free for another. Any thread. */
void callseq_backlog_cancel(struct callseq_backlog *b);

/* Another limit. One thread at a time. False: no memory, and nothing has changed. Threads that put
 * wait for a moment if it takes more places than there are. */
bool callseq_backlog_limit(struct callseq_backlog *b, uint64_t limit);

/* From now on everything that is put is refused. drop(place) is called once for each thing that is
 * left and was not cancelled, oldest first. Waits for a thread that is just taking or cancelling,
 * before; for none that is just putting, which is refused then. */
void callseq_backlog_close(struct callseq_backlog *b,
                           void (*drop)(const struct callseq_backlog_place *place));

/* Round a fork: no other thread is taking or has claimed it. In the child, instead of
 * callseq_backlog_release: what is left is dropped as by callseq_backlog_close, and the backlog is
 * as new, but closed if it was.
 */
void callseq_backlog_hold(struct callseq_backlog *b);
void callseq_backlog_release(struct callseq_backlog *b);
void callseq_backlog_forked(struct callseq_backlog *b,
                            void (*drop)(const struct callseq_backlog_place *place));

#endif
