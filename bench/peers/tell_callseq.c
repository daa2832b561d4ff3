/* Row callseq: a post for each event, dealt with by the library's service. */
#include "tell.h"

#include <callseq.h>
#include <unistd.h>

int note(int x);
void expect(int events);

const char tell_version[] = "callseq, CHICKEN " CHICKEN;

void tell_start(int events) {
  int status = callseq_init();
  if (status != CALLSEQ_OK)
    row_fail(callseq_strerror(status));
  expect(events);
}

bool tell(int x) { return note(x) == CALLSEQ_OK; }

void tell_serve(void) {
  for (;;)
    pause();
}
