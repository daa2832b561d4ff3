// C code under Scheme that does not return ends the process with a message that says what it did:
// by pthread_exit, by an exception, by longjmp. Nobody hangs.
extern "C" {
#include "../support.h"
}
#include <csetjmp>
#include <stdexcept>

extern "C" int go(int), go_safely(int), go_outside(int), go_beside(int), twice(int);

enum { RETURN, END_THREAD, THROW, JUMP };

static jmp_buf before;

extern "C" void leave(int how) {
  if (how == END_THREAD)
    pthread_exit(nullptr);
  if (how == THROW)
    throw std::runtime_error("thrown under Scheme");
  if (how == JUMP)
    longjmp(before, 1);
}

static int (*call)(int);
static int how;

static void *leave_by(void *) {
  if (how == THROW)
    try {
      call(how);
    } catch (...) {
      _exit(98); // would have left the runtime taken
    }
  if (how == JUMP && setjmp(before) != 0)
    twice(1);
  else
    call(how);
  return nullptr;
}

// Another thread waits for the runtime meanwhile.
static void *wait(void *) {
  for (;;)
    twice(2);
}

static int scenario() {
  pthread_t leaver, waiter;
  callseq_init();
  twice(3);
  pthread_create(&waiter, nullptr, wait, nullptr);
  pthread_create(&leaver, nullptr, leave_by, nullptr);
  pthread_join(leaver, nullptr);
  pthread_join(waiter, nullptr);
  return 97;
}

static void *jump_and_end(void *) {
  if (setjmp(before) == 0)
    go(JUMP);
  return nullptr;
}

static int end_after_a_jump() {
  pthread_t leaver;
  callseq_init();
  pthread_create(&leaver, nullptr, jump_and_end, nullptr);
  pthread_join(leaver, nullptr);
  twice(2);
  return 97;
}

static int call_after_a_jump() {
  callseq_init();
  if (setjmp(before) == 0)
    go(JUMP);
  twice(2);
  return 97;
}

// Where longjmp is checked, the C library may see first that it leads to another stack.
#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
static bool checked_jump(const char *message) { return how == JUMP && strstr(message, "longjmp"); }
#else
static bool checked_jump(const char *) { return false; }
#endif

static void aborts(int (*function)(void), const char *what, const char *part) {
  bool jumps_by_another = function == scenario && how == JUMP; // the one that serves both
  if ((under("tsan") && how != THROW) ||
      (jumps_by_another && (under("asan") || under("valgrind")))) {
    ok(true, "%s # SKIP the tool ends the process, or reports what happens then", what);
    return;
  }
  struct outcome outcome = in_child(function);
  is_int(outcome.signal, SIGABRT, "%s: the process ends by abort (code %d)", what, outcome.code);
  ok(strstr(outcome.err, part) || checked_jump(outcome.err), "%s: the message says \"%s\": %s",
     what, part, outcome.err);
}

/* C code that leaves in this way. */
static void aborts_by(int way, const char *what, const char *part) {
  how = way;
  aborts(scenario, what, part);
}

int main() {
  const char *outside = "left a blocking C function of callback go_outside";
  for (int safely = 0; safely < 2; safely++) {
    call = safely ? go_safely : go;
    aborts_by(END_THREAD, "pthread_exit", "ended inside callback go");
    aborts_by(THROW, "an exception", "std::runtime_error");
    aborts_by(JUMP, "longjmp and another call", "inside callback go");
  }
  call = go_outside;
  aborts_by(END_THREAD, "pthread_exit from outside", outside);
  aborts_by(THROW, "an exception from outside", outside);
  aborts_by(JUMP, "longjmp from outside", outside);
  call = go_beside;
  aborts_by(END_THREAD, "pthread_exit beside",
            "left a blocking C function of callback (a green thread)");
  how = JUMP;
  aborts(call_after_a_jump, "longjmp and a call, alone", "inside callback go");
  aborts(end_after_a_jump, "longjmp and the thread's end", "ended inside callback go");
  is_int(callseq_init(), CALLSEQ_OK, "init");
  is_int(go(RETURN), RETURN, "C code that returns");
  return done();
}
