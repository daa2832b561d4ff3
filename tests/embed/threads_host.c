/* Eight threads call at the same time: every result is right, the count is exact. */
#include "../support.h"

int add(int, int), half(int, int *), garbage(int), calls_so_far(void);
double scale(double, double);
char *join(const char *, const char *);
int64_t big(int64_t);
void nothing(void);

enum { THREADS = 8, TURNS = 20000, KINDS = 7 };

static bool one_call(int kind, int a, int b) {
  char left[16], right[16], both[32];
  int result = -1;
  switch (kind) {
  case 0:
    return add(a, b) == a + b;
  case 1:
    return scale(a, 0.5) == a * 0.5;
  case 2:
    snprintf(left, sizeof left, "%d", a);
    snprintf(right, sizeof right, "%d", b);
    snprintf(both, sizeof both, "%d/%d", a, b);
    return !strcmp(join(left, right), both);
  case 3:
    return big(INT64_MAX - a) == -INT64_MAX + a;
  case 4:
    if (a % 2 == 0)
      return half(a, &result) == CALLSEQ_OK && result == a / 2;
    snprintf(left, sizeof left, "%d", a);
    return half(a, &result) == CALLSEQ_ERROR && result == -1 && strstr(callseq_last_error(), left);
  case 5:
    return garbage(a % 50) == a % 50;
  default:
    nothing();
    return true;
  }
}

static void mixed_calls(int index) {
  uint32_t state = 1 + (uint32_t)index;
  int right = 0;
  for (int i = 0; i < TURNS; i++) {
    uint32_t dice = chance(&state);
    right += one_call((int)(dice % KINDS), (int)(dice >> 12), index);
  }
  is_int(right, TURNS, "thread %d (seed %d): every result is right", index, 1 + index);
}

/* Short-lived threads, each with a string, a failure and a message to its name. */
static void short_life(int index) {
  int result;
  char text[16];
  snprintf(text, sizeof text, "%d", 2 * index + 1);
  if (strcmp(join("a", text) + 2, text) || half(2 * index + 1, &result) != CALLSEQ_ERROR ||
      !strstr(callseq_last_error(), text))
    ok(false, "short-lived thread %d", index);
}

int main(void) {
  enum { GENERATIONS = 200, EACH = 10, ALLOWED_KB = 4096 };
  start_quietly();
  crew(THREADS, mixed_calls);
  is_int(calls_so_far(), THREADS * TURNS, "every call was executed once");

  for (int i = 0; i < GENERATIONS / 4; i++)
    crew(EACH, short_life);
  long before = resident_kb();
  for (int i = 0; i < GENERATIONS; i++)
    crew(EACH, short_life);
  long growth = resident_kb() - before;
  is_int(calls_so_far(), THREADS * TURNS + 2 * EACH * (GENERATIONS / 4 + GENERATIONS),
         "short-lived threads are served");
  ok(WATCHED || emulated() || growth < ALLOWED_KB,
     "%d of them later, resident memory has grown by %ld KB", EACH * GENERATIONS, growth);
  return done();
}
