/* operations.h: what an actor may do at a time. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "ledger.h"

enum place {
  OUTSIDE = 1, /* in a thread of the worker */
  INSIDE = 2,  /* in C code under Scheme */
  BRIEFLY = 4  /* in a short-lived thread with a small stack */
};

/* Of a thread; a tool makes frames larger. */
enum { LEAST_STACK = (WATCHED ? 64 : 16) << 10 };

struct operation {
  const char *name;
  unsigned weight;
  int places;
  void (*run)(struct actor *);
};

extern const struct operation operations[]; /* the last one has no name */
enum { OPERATIONS_MAX = 64 };

/* Which of them this worker uses. */
extern bool enabled[OPERATIONS_MAX];

/* Are callbacks that wait suspended in this worker? */
extern bool suspends;

/* Runs one, by chance, that fits the place. */
void perform(struct actor *, int place);

int operation_named(const char *name, size_t length); /* or -1 */

/* For the beginning and the end of a worker. */
void op_capture(struct actor *);
void op_exit(struct actor *);

/* Scheme and C have counted the same number of executions in this process. */
void check_count(struct actor *);

/* No handle is alive but those that C keeps, which are released. */
void check_handles(struct actor *);

#endif
