/* Whatever Scheme raises fails its call, with a message, and nothing else. */
#include "../support.h"

int fail(int), ways_to_fail(void), resume(int), fail_unprintably(int), ways_unprintable(void);
char *recover(int);

/* What the message must contain, in the order of `failures` in errors.scm. */
static const char *const parts[][3] = {
    {"fetch", "no such record", "17"},
    {"without a location", "(1 . 2)"},
    {"42"},
    {"flat"},
    {"just text"},
    {"#f"},
    {"three"},
    {"43"},
    {"signalled"},
    {"here", "by hand", "1"},
    {"mine"},
    {"composite"},
    {"asserted"},
    {"car", "1"},
    {"vector-ref", "3"},
    {"non-procedure", "5"},
    {"argument"},
    {"no-such-variable"},
    {"division by zero"},
    {"string->symbol", "1"},
    {"from the handler"},
};
enum { WAYS = sizeof parts / sizeof *parts };

/* Every way many times over, so that what a failure leaves behind would add up. */
static void all_ways(int index) {
  int right = 0;
  for (int i = 0; i < 500; i++) {
    int which = (i + index) % WAYS;
    right += fail(which) == 0 && callseq_last_status() == CALLSEQ_ERROR &&
             strstr(callseq_last_error(), parts[which][0]) && resume(i) == 2 * i + 1;
  }
  is_int(right, 500, "thread %d: each failure has its message, the call after it is right", index);
}

/* The error in printing the error is not one more: there is one failure, with some message. */
static void unprintable(int index) {
  int right = 0, ways = ways_unprintable();
  for (int i = 0; i < 500; i++) {
    callseq_clear_error();
    right += fail_unprintably((i + index) % ways) == 0 && callseq_last_status() == CALLSEQ_ERROR &&
             !strncmp(callseq_last_error(), "fail_unprintably: ", 18) && resume(i) == 2 * i + 1;
  }
  is_int(right, 500, "thread %d: an error in printing the error is harmless", index);
}

int main(void) {
  start_quietly();
  is_int(ways_to_fail(), WAYS, "as many failures here as in Scheme");
  for (int which = 0; which < WAYS; which++) {
    is_int(fail(which), 0, "way %d gives 0", which);
    failed(parts[which][0], parts[which][1] ? parts[which][1] : "",
           parts[which][1] && parts[which][2] ? parts[which][2] : "");
    is_int(resume(20), 41, "the call after it is right");
  }
  is_str(recover(0), "a condition", "a condition that the body handles");
  is_str(recover(2), "something else", "a raised object that the body handles");
  is_int(callseq_last_status(), CALLSEQ_OK, "neither is a failure");
  crew(4, all_ways);
  callseq_clear_error();
  int told = 0;
  for (int which = 0; which < ways_unprintable(); which++) {
    fail_unprintably(which);
    told += strstr(callseq_last_error(), "cannot be printed") != NULL;
  }
  is_int(told, 2, "two of those errors cannot be printed, the message says so");
  unprintable(0);
  crew(4, unprintable);
  return done();
}
