/* A C library that knows nothing of Scheme: functions that are called when a time has come. */
#ifndef TIMERS_H
#define TIMERS_H

typedef void timer_function(int now, void *data);
typedef void timer_destroy(void *data);

/* `destroy` is called once for `data`, when the timer has fired or is dropped. */
void timer_add(int when, timer_function *function, void *data, timer_destroy *destroy);

/* It is `now`: fires what is due. */
void timer_run(int now);

/* Drops all timers. */
void timer_drop_all(void);

#endif
