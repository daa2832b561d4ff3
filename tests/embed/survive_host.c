/* Eight threads call one callback that allocates, collects, raises and nests now and then: every
 * result is right, the count is exact, memory does not grow.
 *
 * CALLS in the environment is the number of calls of each thread; CALLS=1000000 is the full run. */
#include "../support.h"

int work(int kind, int n, int depth, int *result);
int64_t calls_so_far(void);

enum { THREADS = 8, ALLOWED_KB = 8192, PLAIN = 0, COLLECT, FAIL, NEST };

static const uint32_t first_seed = 20240229;
static long calls;
static int64_t nested[THREADS], wrong[THREADS];
static _Thread_local int64_t nested_here;

/* Called by Scheme, which nests as deep as `depth` says. */
int nest(int n, int depth);
int nest(int n, int depth) {
  int result = 0;
  if (depth > 0) {
    nested_here++;
    work(NEST, n, depth - 1, &result);
  }
  return result;
}

static void turns(int index) {
  uint32_t state = first_seed + (uint32_t)index;
  for (long i = 0; i < calls; i++) {
    uint32_t dice = chance(&state) % 10000;
    int kind = dice < 2 ? COLLECT : dice < 200 ? FAIL : dice < 600 ? NEST : PLAIN;
    int depth = kind == NEST ? (int)(dice % 4) : 0, n = (int)(i % 1000000), result = -7;
    int status = work(kind, n, depth, &result);
    if (kind != FAIL) {
      wrong[index] += status != CALLSEQ_OK || result != n * (depth + 1);
    } else {
      char text[16];
      snprintf(text, sizeof text, "%d", n);
      wrong[index] +=
          status != CALLSEQ_ERROR || result != -7 || !strstr(callseq_last_error(), text);
    }
  }
  nested[index] += nested_here;
}

int main(void) {
  const char *wanted = getenv("CALLS");
  long all_calls = wanted ? atol(wanted) : 100000;
  printf("# %d threads x %ld calls, seeds from %u\n", THREADS, all_calls, (unsigned)first_seed);
  start_quietly();

  calls = all_calls / 10 + 1;
  crew(THREADS, turns);
  long before = resident_kb();
  int64_t expected = THREADS * calls;
  calls = all_calls;
  crew(THREADS, turns);
  long growth = resident_kb() - before;
  expected += THREADS * calls;

  for (int i = 0; i < THREADS; i++) {
    is_int(wrong[i], 0, "thread %d: every result is right", i);
    expected += nested[i];
  }
  is_int(calls_so_far(), expected, "the count is exact");
  ok(WATCHED || growth < ALLOWED_KB, "resident memory grew by %ld KB", growth);
  return done();
}
