/* CHICKEN's interrupts: a computation of Scheme's is stopped at a place from which it can go on,
 * and the interrupt hook runs there, on the Scheme stack. */
#ifndef CALLSEQ_INTERRUPTS_H
#define CALLSEQ_INTERRUPTS_H

/* Has whoever computes in Scheme, now or next, run the interrupt hook soon, as if CHICKEN's timer
 * had run out. Any thread may ring, whoever is inside, and so may a signal handler. A ring that
 * comes while another is on its way is one with it. */
void callseq_interrupts_ring(void);

/* If a signal has come that nobody has looked for, it is passed on to the holder: a system call
 * ends. Any thread, outside. */
struct callseq_runtime;
void callseq_interrupts_remind(struct callseq_runtime *r);

#endif
