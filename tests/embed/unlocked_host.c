/* A program that promises to call from one thread at a time, without the lock: nothing may come
 * between its calls, so no callback is suspended, and the library has no thread of its own. */
#include "../support.h"

int nap(int ms, int n), ticked(void), listen_at(char *path, int *);
void start(void);

int main(void) {
  struct callseq_stats stats;
  start_quietly();
  is_int(nap(1, 6), 7, "a callback that sleeps");
  callseq_stats(&stats);
  is_int((intmax_t)stats.suspended, 0, "has kept the runtime");
  is_int((intmax_t)stats.calls, 1, "calls");
  start();
  is_int(ticked(), 0, "a green thread that is left behind waits");
  if (thread_count())
    is_int(thread_count(), 1, "there is no other native thread");
  is_int(nap(20, 7), 8, "a callback that sleeps once more");
  ok(ticked() > 0, "has let the green thread run: %d times", ticked());
  is_int(callseq_repl("never"), CALLSEQ_INVALID, "a prompt, which nobody would serve");
  ok(strstr(callseq_last_error(), "CALLSEQ_NO_LOCK"), "is refused: %s", callseq_last_error());
  char name[] = "never";
  is_int(listen_at(name, NULL), CALLSEQ_ERROR, "in Scheme too");
  ok(strstr(callseq_last_error(), "CALLSEQ_NO_LOCK"), "%s", callseq_last_error());
  is_int(callseq_eval("(+ 1 2)", NULL), CALLSEQ_OK, "what is evaluated needs none");
  return done();
}
