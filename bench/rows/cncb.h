/* The request message of the cncb rows, between cncb_host.c and the dispatcher in cncb.scm. */
#ifndef CNCB_H
#define CNCB_H

struct request {
  const char *callback; /* the name under which the dispatcher knows it */
  int argument;
  int result;
  struct reply *reply; /* where the caller waits; NULL when it does not */
};

extern int cncb_input; /* the dispatcher's end of the pipe, which carries pointers to requests */

void cncb_ready(void);                                 /* the dispatcher is about to read */
void cncb_finish(struct request *request, int result); /* the dispatcher's last use of `request` */

#endif
