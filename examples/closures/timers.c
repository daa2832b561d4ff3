#include "timers.h"
#include <stdlib.h>

struct timer {
  struct timer *next;
  int when;
  timer_function *function;
  void *data;
  timer_destroy *destroy;
};

static struct timer *timers;

void timer_add(int when, timer_function *function, void *data, timer_destroy *destroy) {
  struct timer *timer = malloc(sizeof *timer);
  if (!timer)
    abort();
  *timer = (struct timer){timers, when, function, data, destroy};
  timers = timer;
}

static void drop(struct timer *timer) {
  timer->destroy(timer->data);
  free(timer);
}

/* The first timer that is due, taken out. */
static struct timer *take_due(int now) {
  for (struct timer **link = &timers; *link; link = &(*link)->next) {
    struct timer *timer = *link;
    if (timer->when <= now) {
      *link = timer->next;
      return timer;
    }
  }
  return NULL;
}

void timer_run(int now) {
  for (struct timer *timer; (timer = take_due(now));) {
    timer->function(now, timer->data);
    drop(timer);
  }
}

void timer_drop_all(void) {
  while (timers) {
    struct timer *timer = timers;
    timers = timer->next;
    drop(timer);
  }
}
