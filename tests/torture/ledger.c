/* ledger.c: see ledger.h. */
#include "ledger.h"
#include "operations.h"
#include <sys/mman.h>

struct ledger *ledger;

struct ledger *make_ledger(uint32_t seed, int round) {
  struct ledger *made =
      mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (made == MAP_FAILED) {
    perror("torture: mmap");
    exit(2);
  }
  made->seed = seed;
  made->round = round;
  made->exit_code = NO_EXIT;
  for (int i = 0; i < ACTORS; i++) {
    made->actors[i].index = i;
    made->actors[i].chance = seeded(seed, (uint32_t)round, (uint32_t)i + 1);
  }
  return made;
}

void clear_ledger(struct ledger *old) { munmap(old, sizeof *old); }

uint32_t seeded(uint32_t seed, uint32_t a, uint32_t b) {
  uint32_t state = (seed * 2654435761u) ^ (a * 40503u + b * 2246822519u + 374761393u);
  state = state ? state : 1;
  for (int i = 0; i < 8; i++)
    chance(&state);
  return state;
}

unsigned pick(struct actor *actor, unsigned n) { return chance(&actor->chance) % n; }

int new_call(struct actor *actor) {
  if (actor->made == CALLS_EACH)
    fail(actor, "too many calls for its page of the ledger");
  int id = actor->index * CALLS_EACH + actor->made++;
  ledger->calls[id].operation = (unsigned char)actor->operation;
  atomic_store_explicit(&ledger->calls[id].progress, MADE, memory_order_relaxed);
  return id;
}

bool has_room(const struct actor *actor) { return actor->made < CALLS_EACH / 2; }

struct actor *actor_of(int id) {
  return &ledger->actors[id / CALLS_EACH];
}

void count_execution(int id) {
  atomic_fetch_add_explicit(&ledger->calls[id].executed, 1, memory_order_relaxed);
}

void settle(int id, int expected) {
  struct entry *entry = &ledger->calls[id];
  int executed = atomic_load_explicit(&entry->executed, memory_order_relaxed);
  entry->expected = (unsigned char)expected;
  atomic_store_explicit(&entry->progress, SETTLED, memory_order_relaxed);
  atomic_fetch_add_explicit(&ledger->steps, 1, memory_order_relaxed);
  if (executed != expected)
    fail(actor_of(id), "call %d (%s) was executed %d times, not %d", id,
         operations[entry->operation].name, executed, expected);
}

void note_posted(int id, bool fails) {
  atomic_store_explicit(&ledger->calls[id].progress, fails ? POSTED_TO_FAIL : POSTED,
                        memory_order_relaxed);
  atomic_fetch_add_explicit(&ledger->steps, 1, memory_order_relaxed);
}

void note_queued(int id) {
  atomic_store_explicit(&ledger->calls[id].queued, true, memory_order_relaxed);
}

void count_drop(int id) {
  atomic_fetch_add_explicit(&ledger->calls[id].dropped, 1, memory_order_relaxed);
}

void count_report(int id) {
  atomic_fetch_add_explicit(&ledger->calls[id].reported, 1, memory_order_relaxed);
}

/* Of a call that was posted. */
static bool is_posted_right(const struct ledger *made, const struct entry *entry) {
  int fails = entry->progress == POSTED_TO_FAIL;
  if (made->exit_code == NO_EXIT)
    return entry->executed == 1 && !entry->dropped && entry->reported == fails;
  if (made->closed && entry->queued && entry->executed + entry->dropped != 1)
    return false;
  return entry->executed + entry->dropped <= 1 && entry->reported <= fails * entry->executed;
}

_Noreturn void fail(struct actor *actor, const char *format, ...) {
  if (atomic_fetch_add_explicit(&ledger->failures, 1, memory_order_relaxed) == 0) {
    size_t size = sizeof ledger->failure;
    int length = snprintf(ledger->failure, size, "process %d, actor %d, at %s: ", (int)getpid(),
                          actor->index, operations[actor->operation].name);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ledger->failure + length, size - (size_t)length, format, arguments);
    va_end(arguments);
    _exit(1);
  }
  for (;;) /* the first one is still at its report; the supervisor ends us all */
    pause();
}

int verify_ledger(const struct ledger *made, char *text, size_t size) {
  int wrong = 0;
  for (int id = 0; id < ACTORS * CALLS_EACH; id++) {
    const struct entry *entry = &made->calls[id];
    bool right = entry->progress == SETTLED  ? entry->executed == entry->expected
                 : entry->progress == MADE   ? entry->executed <= 1 && made->exit_code != NO_EXIT
                 : entry->progress >= POSTED ? is_posted_right(made, entry)
                                             : entry->executed == 0;
    if (!right && wrong++ == 0)
      snprintf(text, size, "actor %d, at %s: call %d was executed %d times%s", id / CALLS_EACH,
               operations[entry->operation].name, id, entry->executed,
               entry->progress == SETTLED ? "" : " and has not ended");
  }
  return wrong;
}

long calls_made(const struct ledger *made) {
  long calls = 0;
  for (int i = 0; i < ACTORS; i++)
    calls += made->actors[i].made;
  return calls;
}
