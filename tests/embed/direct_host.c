/* Direct recursion, without continuations: CHICKEN's reserve is there wherever in the nursery a
 * callback begins, and beyond the nursery it is an error of the call, not a fault. */
#include "../support.h"

int direct(int), direct_after(int, int);

/* Levels that the reserve of 64 KB has room for, by the size of frames: of those compiled for a
 * tool, or without optimisation, and of s390x, where each has 160 bytes for the function that it
 * calls. */
#if defined(__s390x__)
enum { DEEP = 300 };
#elif defined(__OPTIMIZE__)
enum { DEEP = WATCHED ? 400 : 800 };
#else
enum { DEEP = 400 };
#endif

static void anywhere(int index) {
  enum { TIMES = 20000 };
  int right = 0;
  for (int i = 0; i < TIMES; i++)
    right += direct_after(1 + i % 100, DEEP) == DEEP;
  is_int(right, TIMES, "thread %d: there is room wherever in the nursery it begins", index);
}

static void too_deep(int index) {
  enum { TIMES = 50 };
  int right = 0;
  for (int i = 0; i < TIMES; i++) {
    callseq_clear_error();
    right += direct(i % 2 ? 1000000 : INT_MAX) == 0 && callseq_last_status() == CALLSEQ_ERROR &&
             strstr(callseq_last_error(), "stack overflow") && direct(100) == 100;
  }
  is_int(right, TIMES, "thread %d: an error where there is none", index);
}

int main(void) {
  start_quietly();
  anywhere(0);
  too_deep(0);
  crew(3, anywhere);
  crew(3, too_deep);
  is_int(direct(300), 300, "later calls are fine");
  return done();
}
