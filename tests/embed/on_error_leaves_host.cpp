// on_error may leave the failed call, by a C++ exception or by longjmp, from nested calls too. The
// call has ended by then: nothing of it is lost, and the next one is served.
extern "C" {
#include "../support.h"
}
#include <csetjmp>
#include <stdexcept>

extern "C" {
int fail(int), around(int), twice(int), call_fail(int);
char *fail_for_text(int);
}

enum { FAILURES = WATCHED ? 500 : 5000, ALLOWED_KB = 2048 };

static bool jump;
static thread_local jmp_buf *before; // of the innermost call: the thread executes others', too

static void leave(void *, int, const char *message) {
  if (jump)
    longjmp(*before, 1);
  throw std::runtime_error(message);
}

static bool thrown(int n) {
  try {
    if (n % 2)
      fail(n);
    else
      fail_for_text(n);
    return false;
  } catch (const std::runtime_error &error) {
    return strstr(error.what(), "asked to fail") && callseq_last_trace();
  }
}

static bool jumped(int n) {
  jmp_buf here, *outer = before;
  before = &here;
  if (setjmp(here) == 0) {
    fail(n);
    return false;
  }
  before = outer;
  return !strcmp(callseq_last_error(), "fail: asked to fail: 7") && callseq_last_trace();
}

// Under Scheme.
extern "C" int call_fail(int n) { return (jump ? jumped(7) : thrown(n)) ? n : -100; }

static int failures(int count) {
  int right = 0;
  for (int i = 0; i < count; i++) {
    right += jump ? jumped(7) : thrown(i);
    right += around(4) == 5;
    right += twice(i) == 2 * i;
  }
  return right;
}

static void by_turns(int index) {
  int right = failures(often(200));
  is_int(right, 3 * often(200), "thread %d: all right", index);
}

static void leaves(const char *how) {
  is_int(failures(often(FAILURES)), 3 * often(FAILURES), "on_error leaves by %s", how);
  long earlier = resident_kb();
  failures(often(FAILURES));
  long growth = resident_kb() - earlier;
  ok(WATCHED || growth < ALLOWED_KB, "%d failures later, resident memory has grown by %ld KB",
     2 * often(FAILURES), growth);
  crew(4, by_turns);
}

int main() {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.on_error = leave;
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");
  leaves("an exception");
  jump = true;
  leaves("longjmp");
  return done();
}
