/* pin: a thread that waits for changes of a pin, and calls Scheme. */
#ifndef PIN_H
#define PIN_H

/* Has pin_changed() be called for each level that comes. 0 if there is no such pin. */
int pin_begin(char *file);
/* Waits until no more come, and what has come is done. How many were lost, since too many waited.
 */
int pin_end(void);

#endif
