/* ledger.h: which calls were made, how often each was executed, and who is doing what.
 *
 * It lies in memory that a worker process shares with its forked children and with the supervisor,
 * who so can verify it whatever becomes of the worker. Every call has an id; Scheme has the ledger
 * count its execution under that id. An actor is a thread of a worker, or somebody who acts for one
 * while it waits: a forked child, a short-lived thread, C code under its call. All chance comes
 * from the actors' own generators, so that what they do can be repeated. */
#ifndef LEDGER_H
#define LEDGER_H

#include "../support.h"
#include <stdatomic.h>

enum { ACTORS = 13, CALLS_EACH = 1 << 15, NO_EXIT = -1 };

/* POSTED: it is to be executed once, or dropped at the end of the process. POSTED_TO_FAIL: and its
 * error is to be told. */
enum progress { NOT_MADE, MADE, SETTLED, POSTED, POSTED_TO_FAIL };

struct entry {
  _Atomic unsigned char executed; /* how often */
  _Atomic unsigned char dropped;  /* instead */
  _Atomic unsigned char reported; /* to on_error, by the service */
  _Atomic unsigned char progress;
  _Atomic bool queued;    /* by callseq_post, which returned CALLSEQ_OK */
  unsigned char expected; /* how often it should be; once it is SETTLED */
  unsigned char operation;
};

struct actor {
  int index;
  uint32_t chance;
  int made;      /* calls so far */
  int depth;     /* of nesting */
  int descend;   /* levels that are still to be made, one below the other */
  int green;     /* callbacks below that run nested calls in green threads */
  bool in_place; /* the last blocking C function ran with the runtime held */
  int operation; /* what it is at: an index of operations[] */
  bool ended;
};

struct ledger {
  uint32_t seed;
  int round;
  pid_t process;         /* the worker itself, not a child that it has forked */
  _Atomic long steps;    /* calls that have ended: does anything move? */
  _Atomic int exit_code; /* of an exit that is under way, or NO_EXIT */
  _Atomic bool closed;   /* callseq_close has returned, and nothing had to be given up */
  _Atomic int failures;
  char failure[1024]; /* the first one */
  struct actor actors[ACTORS];
  struct entry calls[ACTORS * CALLS_EACH];
};

extern struct ledger *ledger;

struct ledger *make_ledger(uint32_t seed, int round);
void clear_ledger(struct ledger *);

/* A generator's first state, never 0. */
uint32_t seeded(uint32_t seed, uint32_t a, uint32_t b);

/* From 0 to below n. */
unsigned pick(struct actor *, unsigned n);

int new_call(struct actor *);
bool has_room(const struct actor *);
struct actor *actor_of(int id);

/* The call is being executed. */
void count_execution(int id);

/* The call will not be executed any more, and should have been so often. */
void settle(int id, int expected);

/* The call has been left to be executed; should its error be told? */
void note_posted(int id, bool fails);
void note_queued(int id);
void count_drop(int id);
void count_report(int id);

/* The result of a call that gives an int. */
static inline int answer(int id) { return 7 * id + 3; }

/* Reports and ends the worker. */
__attribute__((format(printf, 2, 3))) _Noreturn void fail(struct actor *, const char *format, ...);

/* For the supervisor, when no process of the worker is left. Calls that were under way when the
 * process ended may have been executed or not. Returns how many calls are wrong, and writes the
 * first of them to `text`. */
int verify_ledger(const struct ledger *, char *text, size_t size);
long calls_made(const struct ledger *);

#endif
