/* fork while other threads are inside, where they may call callseq_init: the parent goes on, the
 * child has a working runtime. */
#include "../support.h"
#include <stdatomic.h>

int busy(int), init_inside(void), allocate(int), fail(void);

enum { CALLERS = 3, FORKS = 200 };

static atomic_bool stop;

static void call_until_told(void) {
  int wrong = 0;
  while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
    wrong += busy(100) != 100;
    wrong += init_inside() != CALLSEQ_OK;
  }
  is_int(wrong, 0, "calls that went wrong in a thread meanwhile");
}

static int in_the_child(void) {
  int right = allocate(1000) == 1000;
  right += fail() == 0 && callseq_last_status() == CALLSEQ_ERROR;
  right += allocate(10) == 10;
  return right == 3 ? 77 : 1;
}

static void caller_or_forker(int index) {
  if (index < CALLERS) {
    call_until_told();
    return;
  }
  int right = 0;
  for (int i = 0; i < FORKS; i++)
    right += in_child(in_the_child).code == 77;
  is_int(right, FORKS, "children that forked while others called");
  atomic_store_explicit(&stop, true, memory_order_relaxed);
}

int main(void) {
  start_quietly();
  crew(CALLERS + 1, caller_or_forker);
  is_int(allocate(1000), 1000, "the parent goes on");
  return done();
}
