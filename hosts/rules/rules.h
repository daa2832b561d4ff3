/* rules: prices by rules in Scheme. Any thread may call, at any time after rules_begin. */
#ifndef RULES_H
#define RULES_H

/* 0, or a status; rules_error() says why. Any number of times. */
int rules_begin(void);

/* Stores the price of `count` things. `ask` is called on this thread, with `data`, for the price of
 * one: not a number if there is none. 0, or a status. */
int rules_price(char *thing, int count, double (*ask)(char *thing, void *data), void *data,
                double *result);

/* Of this thread's last call that failed; valid until its next one. */
const char *rules_error(void);

#endif
