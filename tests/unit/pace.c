/* How followers look after the heir, in a time of the test's own: some thousand of them cost
 * little, and an heir that does not come is found soon, however many they are. And how far apart
 * polls are where the clock is coarse or stands still. */
#include "sequence/pace.h"

#include "../support.h"
#include <time.h>

enum { MOST = 4000, SECOND_MS = 1000 };

static uint64_t now_ns;  /* what the clock says, */
static uint64_t step_ns; /* and by how much it goes on each time that it is read */

/* Instead of libc's. */
int clock_gettime(clockid_t clock, struct timespec *t) {
  (void)clock;
  now_ns += step_ns;
  t->tv_sec = (time_t)(now_ns / 1000000000);
  t->tv_nsec = (long)(now_ns % 1000000000);
  return 0;
}

static struct callseq_pace pace;
static struct callseq_wait waits[MOST];

/* Followers look until the clock says `end_ms`, or one finds the heir overdue; how often. */
static int look_until(uint64_t end_ms, int count, uint32_t heir, bool *overdue) {
  for (int looks = 0;; looks++) {
    struct callseq_wait *next = &waits[0];
    for (int i = 1; i < count; i++)
      if (waits[i].look < next->look)
        next = &waits[i];
    if (next->look > end_ms * 1000000) {
      now_ns = end_ms * 1000000;
      return looks;
    }
    now_ns = next->look;
    if (!callseq_pace_is_time_to_look(next, 1)) {
      ok(false, "it is time to look when it is");
      return looks;
    }
    *overdue = callseq_pace_is_overdue(&pace, next, heir);
    if (*overdue)
      return looks + 1;
  }
}

/* They come within a tenth of a second. The heirs come and go for five seconds, each before two
 * followers have looked after it; the last one does not come. */
static void followers(int count) {
  bool overdue = false;
  now_ns = 1000000000;
  callseq_pace_init(&pace, 0, 0, NULL);
  for (int i = 0; i < count; i++) {
    now_ns += 100000000 / (uint64_t)count;
    callseq_pace_begin(&pace, &waits[i], NULL, NULL, NULL);
    callseq_pace_follow(&pace, &waits[i], 10000 + (uint32_t)i, 0);
  }
  uint64_t begin_ms = now_ns / 1000000;
  int looks = 0, heirs = 1;
  for (uint64_t ms = 1; ms <= 5 * SECOND_MS; ms++)
    looks += look_until(begin_ms + ms, count, (uint32_t)heirs++, &overdue);
  ok(!overdue, "%d followers: no heir is overdue that comes", count);
  ok(looks > 0 && looks <= 5 * 300, "they look %d times in 5 seconds", looks);
  look_until(UINT64_MAX / 1000000, count, (uint32_t)heirs, &overdue);
  uint64_t waited_ms = now_ns / 1000000 - begin_ms - 5 * SECOND_MS;
  ok(overdue && waited_ms <= 1000, "one that does not is found after %d ms", (int)waited_ms);
  for (int i = 0; i < count; i++)
    callseq_pace_end(&pace, &waits[i]);
  is_int((long)pace.followers, 0, "and nobody is left");
}

/* A follower that is woken for no reason sleeps until the moment that it had set itself. */
static void interrupted(void) {
  callseq_pace_init(&pace, 0, 0, NULL);
  callseq_pace_begin(&pace, &waits[0], NULL, NULL, NULL);
  callseq_pace_follow(&pace, &waits[0], 1, 0);
  uint32_t before = callseq_pace_sleep_ms(&waits[0]);
  now_ns += 2000000;
  ok(!callseq_pace_is_time_to_look(&waits[0], 1), "a follower is woken before its time");
  is_int(callseq_pace_sleep_ms(&waits[0]), before - 2, "and sleeps for the rest");
  ok(callseq_pace_is_time_to_look(&waits[0], 0),
     "if it has slept for that, it looks, whatever the clock says");
  callseq_pace_end(&pace, &waits[0]);
}

/* Of the clock from one look at it to the next. 64 pauses take from 0.1 to 3 microseconds. */
static void poll_distance(uint64_t ns, const char *what) {
  step_ns = ns;
  callseq_pace_init(&pace, 100, 0, NULL);
  step_ns = 0;
  ok(pace.pauses >= 1 && pace.pauses <= 10000, "%s: polls are %d pauses apart", what,
     (int)pace.pauses);
}

int main(void) {
  followers(1);
  followers(8);
  followers(64);
  followers(1000);
  followers(MOST);
  interrupted();
  poll_distance(0, "a clock that stands still");
  poll_distance(1, "one that counts its readers");
  poll_distance(1280, "a usual one");
  poll_distance(4000000, "one that is late");
  return done();
}
