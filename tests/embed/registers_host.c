/* A call keeps every register that the ABI has functions keep, whatever Scheme and C code under it
 * do to them, whoever executes it; and C code under Scheme has a stack as aligned as the ABI says.
 */
#define CALLS_C
#include "../support.h"
#include "../unit/registers.h"

enum { TURNS = 1000, CREW = 4 };

void plain(void *, void *, void *), collected(void *, void *, void *),
    nested(void *, void *, void *);
void failed_call(void *, void *, void *);

#if defined(__s390x__) /* where the ABI aligns stacks to less than a vector */
typedef float vector __attribute__((vector_size(16), aligned(8)));
#else
typedef float vector __attribute__((vector_size(16)));
#endif
enum { ALIGNMENT = __alignof__(vector) };

static int misplaced; /* written by who holds the runtime */

/* ---- Under Scheme ---- */

void dirty(void);
void call_again(void);

static void *nothing(void) { return NULL; }

/* Fills the registers otherwise, and looks where the compiler puts a vector by what the ABI says of
 * the stack pointer. */
__attribute__((noinline)) void dirty(void) {
  uintptr_t values[REGISTERS];
  volatile vector stored = {1, 2, 3, 4};
  vector loaded = stored;
  misplaced += (uintptr_t)&stored % ALIGNMENT != 0 || loaded[3] != 4;
  for (int i = 0; i < REGISTERS; i++)
    values[i] = filling(7, i, i);
  switch_filled(values, NULL, NULL, (switch_function *)(void (*)(void))nothing);
}

void call_again(void) { plain(NULL, NULL, NULL); }

/* ---- Calls ---- */

static void keeps(int side, void (*callback)(void *, void *, void *), const char *what) {
  int kept = 0;
  for (int turn = 0; turn < TURNS; turn++)
    kept += keep_registers(side, turn, NULL, NULL, (switch_function *)(void (*)(void))callback);
  is_int(kept, TURNS * REGISTERS, "%d callee-saved words are kept by %s", REGISTERS, what);
}

static void keeps_all(int side) {
  keeps(side, plain, "a call");
  keeps(side, collected, "one with a collection");
  keeps(side, nested, "one with another in it");
  keeps(side, failed_call, "one that fails");
}

int main(void) {
  start_quietly();
  keeps_all(1);
  crew(CREW, keeps_all);
  is_int(misplaced, 0, "vectors on the stack under Scheme are aligned to %d bytes", ALIGNMENT);
  return done();
}
