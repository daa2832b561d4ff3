/* A failing call leaves nothing behind: winders run, parameters and ports are back, and two hundred
 * thousand failures take no memory. */
#include "../support.h"

int fail_deep_down(void), fine_deep_down(void), depth_now(void), fail_plainly(void),
    port_is_back(void);
char *level_now(void);

enum { FAILURES = WATCHED ? 10000 : 200000, ALLOWED_KB = 4096 };

static int fail_often(int count) {
  int failed = 0;
  for (int i = 0; i < count; i++) {
    failed += fail_deep_down() == 0 && callseq_last_status() == CALLSEQ_ERROR;
    callseq_clear_error();
  }
  return failed;
}

/* The first 20 000 or so touch all of CHICKEN's heap for the first time, in an emulator too. */
int main(void) {
  int failures = emulated() ? FAILURES / 4 : often(FAILURES);
  start_quietly();
  is_int(fine_deep_down(), 1, "it can succeed");
  is_int(fail_deep_down(), 0, "it fails");
  failed("wrapped", "within", "1");
  is_int(depth_now(), 0, "after thunks have run");
  is_str(level_now(), "outside", "the parameter is back");
  is_int(port_is_back(), 1, "the output port is back");
  is_int(fail_plainly(), 0, "a plain failure");
  failed("plainly");

  int told = 0;
  long growth = growth_kb(fail_often, failures, &told);
  is_int(told, failures, "failures");
  ok(WATCHED || growth < ALLOWED_KB, "resident memory grew by %ld KB", growth);
  is_int(depth_now(), 0, "every after thunk has run");
  is_str(level_now(), "outside", "the parameter is back");
  return done();
}
