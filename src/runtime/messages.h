/* Messages: text for errors, and lines on standard error. Any thread, on any stack. */
#ifndef CALLSEQ_MESSAGES_H
#define CALLSEQ_MESSAGES_H

/* printf into malloc'd memory; NULL if there is none. */
char *callseq_format(const char *template, ...) __attribute__((format(printf, 1, 2)));

/* printf to standard error, at once: stdio would take 8 KiB of a perhaps small stack. */
void callseq_print(const char *template, ...) __attribute__((format(printf, 1, 2)));

#endif
