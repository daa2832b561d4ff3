/* gui: what Scheme (gui.scm) and C know of one another. */
#ifndef GUI_H
#define GUI_H

/* Widgets, in window.c; for the thread that runs GTK's loop, which calls `clicked` of Scheme's. */
void window_show(void);
char *window_entry(void); /* what is typed; GTK's own */
void window_set(double fraction, const char *text, const char *button);

/* Threads that count primes, in workers.c. Each tells Scheme of every piece that it has done, by
 * `counted`, with the number of the run. `workers_end` waits for them. */
void workers_begin(long to, int run);
void workers_stop(void);
void workers_end(void);

#endif
