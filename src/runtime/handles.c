/* Handles: references of C's to Scheme objects.
 *
 * A handle has a GC root of its own, which follows the object. It keeps that for ever, and is used
 * again for another object: CHICKEN remembers until its next collection where a root has been set,
 * and a handle that C uses after its release is still a handle, whose count tells.
 *
 * Any thread may retain and release a handle, which changes its count. Whoever takes the count to 0
 * puts the handle aside: on a stack that all threads push to, and that the holder takes whole. It
 * does so before each collection, since nothing but a collection can tell that an object is kept no
 * more, and when it runs out of spare handles. So a release waits for nobody, wakes nobody and
 * needs no memory, and there are never more handles than were alive at the same time.
 *
 * Two handles have the same object if their roots have the same word, at a moment when nothing
 * moves. A collection makes `moving` odd and, when it has ended, even: whoever compares reads that
 * before and after.
 *
 * Where handles are watched, a released one rests before it is used again, so that it is told from
 * the next one for long.
 *
 * Invariants. A handle that is spare, rests or is aside has the count 0, and nobody counts up from
 * 0. What is spare or rests has no object. Memory of handles is never freed.
 */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "base/relax.h"
#include "failure.h"
#include "handles.h"
#include "messages.h"
#include "roots.h"
#include "scheme.h"
#include "system/park.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct callseq_handle {
  _Atomic(uint32_t) count;         /* of references; any thread */
  void *root;                      /* constant; NULL: a stand-in */
  struct callseq_handle *next;     /* of those that are aside, spare or rest */
  struct callseq_handle *before;   /* constant: in the list of all */
  _Atomic(struct place *) made_at; /* NULL: nobody watches; the holder writes, any thread reads */
};

/* Where handles are made; kept for ever. */
struct place {
  struct place *before;           /* the holder's */
  uint64_t alive;                 /* its handles, as they are counted for the report */
  struct callseq_handle stand_in; /* for those that are made here; constant */
  char text[];                    /* constant */
};

enum {
  BLOCK = CALLSEQ_LIMIT(32, 2), /* so many are made at a time */
  RESTS = 10000,                /* so many rest if handles are watched */
  POLLS = 100,                  /* so often whoever compares looks before it naps */
  NAP_NS = 50000
};

static C_word *word_of(const struct callseq_handle *handle) {
  return &((C_GC_ROOT *)handle->root)->value;
}

/* ---- Releasing ---- */

/* Adds `step` to the count unless that is 0. Returns what it was. */
static uint32_t count(struct callseq_handle *handle, uint32_t step) {
  uint32_t was = atomic_load_explicit(&handle->count, memory_order_relaxed);
  /* acquire and release: pairs with itself; whoever takes it to 0 comes after all that others have
   * done with the handle */
  while (was && !atomic_compare_exchange_weak_explicit(
                    &handle->count, &was, was + step, memory_order_acq_rel, memory_order_relaxed)) {
  }
  return was;
}

static void put_aside(struct callseq_runtime *r, struct callseq_handle *handle) {
  handle->next = atomic_load_explicit(&r->handles.aside, memory_order_relaxed);
  /* release: pairs with the acquire in take_released */
  while (!atomic_compare_exchange_weak_explicit(&r->handles.aside, &handle->next, handle,
                                                memory_order_release, memory_order_relaxed)) {
  }
  /* release: pairs with the acquire in callseq_handles_alive */
  atomic_fetch_add_explicit(&r->handles.released, 1, memory_order_release);
}

static bool is_released(const struct callseq_handle *handle) {
  return !atomic_load_explicit(&handle->count, memory_order_relaxed);
}

static struct place *place_of(const struct callseq_handle *handle) {
  /* acquire: pairs with the release in note_place */
  return atomic_load_explicit(&handle->made_at, memory_order_acquire);
}

/* Says that a handle is used which has been released. */
static void complain(const char *function, const struct callseq_handle *handle) {
  struct place *place = place_of(handle);
  callseq_print("callseq: %s: this handle has been released before; %s%s\n", function,
                place ? "it was made by "
                      : "set " CALLSEQ_WATCH_HANDLES " to see where it was made",
                place ? place->text : "");
}

callseq_handle *callseq_handle_retain(callseq_handle *handle) {
  if (!handle || count(handle, 1))
    return handle;
  complain("callseq_handle_retain", handle);
  return NULL;
}

void callseq_handle_release(callseq_handle *handle) {
  if (!handle)
    return;
  uint32_t was = count(handle, (uint32_t)-1);
  if (!was)
    complain("callseq_handle_release", handle);
  else if (was == 1)
    put_aside(&callseq_runtime, handle);
}

/* Stands for any handle that had been released when generated code kept it, where handles are not
 * watched: a count of 0, for ever. The handle itself may be used for another object by the time
 * that the call reads it. */
static struct callseq_handle stand_in;

struct callseq_handle *callseq_abi_retain(struct callseq_handle *handle) {
  if (!handle || count(handle, 1))
    return handle;
  struct place *place = place_of(handle);
  return place ? &place->stand_in : &stand_in;
}

void callseq_abi_release(struct callseq_handle *handle) {
  if (handle && handle->root)
    callseq_handle_release(handle);
}

/* ---- Making ---- */

static void make_spare(struct callseq_runtime *r, struct callseq_handle *handle) {
  handle->next = r->handles.spare;
  r->handles.spare = handle;
}

/* The handle rests from now on; the one that has rested longest becomes spare. */
static void rest(struct callseq_runtime *r, struct callseq_handle *handle) {
  handle->next = NULL;
  *(r->handles.rests ? &r->handles.newest->next : &r->handles.oldest) = handle;
  r->handles.newest = handle;
  if (r->handles.rests++ < RESTS)
    return;
  struct callseq_handle *rested = r->handles.oldest;
  r->handles.oldest = rested->next;
  r->handles.rests--;
  make_spare(r, rested);
}

/* Handles that have been put aside keep their objects no more, and become spare. */
static void take_released(struct callseq_runtime *r) {
  if (!atomic_load_explicit(&r->handles.aside, memory_order_relaxed))
    return;
  /* acquire: pairs with the release in put_aside */
  struct callseq_handle *handle =
      atomic_exchange_explicit(&r->handles.aside, NULL, memory_order_acquire);
  for (struct callseq_handle *next; handle; handle = next) {
    next = handle->next;
    *word_of(handle) = C_SCHEME_UNDEFINED;
    if (r->handles.watched)
      rest(r, handle);
    else
      make_spare(r, handle);
  }
}

/* Makes more spare handles, if there is memory for any. The list of all leads to the beginning of
 * each block, so that tools that look for leaks find it. */
static CALLSEQ_NOINLINE void replenish(struct callseq_runtime *r) {
  take_released(r);
  if (r->handles.spare)
    return;
  struct callseq_handle *block = malloc(BLOCK * sizeof *block);
  for (int i = BLOCK; block && i-- > 0;) {
    block[i] = (struct callseq_handle){
        .root = callseq_roots_take(r, C_SCHEME_UNDEFINED),
        .before = atomic_load_explicit(&r->handles.all, memory_order_relaxed)};
    /* release: pairs with the acquire in callseq_handles_report */
    atomic_store_explicit(&r->handles.all, &block[i], memory_order_release);
    make_spare(r, &block[i]);
  }
}

static void note_place(struct callseq_runtime *r, struct callseq_handle *handle, const char *text) {
  struct place *place = r->handles.places;
  while (place && strcmp(place->text, text) != 0)
    place = place->before;
  if (!place && (place = malloc(sizeof *place + strlen(text) + 1))) {
    *place = (struct place){.before = r->handles.places};
    atomic_init(&place->stand_in.made_at, place);
    strcpy(place->text, text);
    r->handles.places = place;
  }
  /* release: pairs with the acquires where it is read */
  atomic_store_explicit(&handle->made_at, place, memory_order_release);
}

/* A new handle of the object, or NULL where there is no memory. `place` says where it is made. For
 * the holder, and for programs that host nobody. */
static struct callseq_handle *make(struct callseq_runtime *r, C_word object, const char *place) {
  if (CALLSEQ_UNLIKELY(!r->handles.spare))
    replenish(r);
  struct callseq_handle *handle = r->handles.spare;
  if (CALLSEQ_UNLIKELY(!handle))
    return NULL;
  r->handles.spare = handle->next;
  CHICKEN_gc_root_set(handle->root, object);
  if (CALLSEQ_UNLIKELY(r->handles.watched))
    note_place(r, handle, place);
  atomic_store_explicit(&handle->count, 1, memory_order_relaxed);
  atomic_store_explicit(&r->handles.made,
                        atomic_load_explicit(&r->handles.made, memory_order_relaxed) + 1,
                        memory_order_relaxed);
  return handle;
}

int callseq_abi_handle(C_word value, const char *place, struct callseq_handle **result) {
  *result = value == C_SCHEME_FALSE ? NULL : make(&callseq_runtime, value, place);
  return *result || value == C_SCHEME_FALSE;
}

struct callseq_handle *callseq_abi_handle_result(C_word value, const char *place) {
  struct callseq_handle *handle;
  if (CALLSEQ_UNLIKELY(!callseq_abi_handle(value, place, &handle)))
    callseq_failure_set(callseq_runtime_here()->fast.current.request, CALLSEQ_NOMEM, NULL, NULL);
  return handle;
}

/* For an argument of a foreign lambda, which is not #f; NULL where there is no memory. */
struct callseq_handle *callseq_scheme_handle(C_word object, char *place) {
  return make(&callseq_runtime, object, place ? place : "an argument of a foreign lambda");
}

int callseq_scheme_watches_handles(void) { return callseq_runtime.handles.watched; }

/* ---- Looking ---- */

C_word callseq_abi_object(const struct callseq_handle *handle) {
  if (!handle)
    return C_SCHEME_FALSE;
  if (CALLSEQ_UNLIKELY(is_released(handle))) {
    callseq_runtime.handles.found = place_of(handle);
    return C_SCHEME_UNBOUND;
  }
  return *word_of(handle);
}

char *callseq_scheme_released_made_by(void) {
  struct place *place = callseq_runtime.handles.found;
  return place ? place->text : NULL;
}

void callseq_handles_collecting(struct callseq_runtime *r) {
  if (r->handles.collections++)
    return;
  take_released(r);
  unsigned moving = atomic_load_explicit(&r->handles.moving, memory_order_relaxed);
  atomic_store_explicit(&r->handles.moving, moving + 1, memory_order_relaxed);
  atomic_thread_fence(memory_order_release); /* pairs with the fence in callseq_handle_same */
}

void callseq_handles_collected(struct callseq_runtime *r) {
  if (--r->handles.collections)
    return;
  unsigned moving = atomic_load_explicit(&r->handles.moving, memory_order_relaxed);
  /* release: pairs with the acquire in callseq_handle_same */
  atomic_store_explicit(&r->handles.moving, moving + 1, memory_order_release);
}

bool callseq_handle_same(const callseq_handle *a, const callseq_handle *b) {
  if (a == b || !a || !b)
    return a == b;
  if (is_released(a) || is_released(b)) {
    complain("callseq_handle_same", is_released(a) ? a : b);
    return false;
  }
  _Atomic(unsigned) *moving = &callseq_runtime.handles.moving;
  for (unsigned polls = 0;; polls++) {
    /* acquire: pairs with the release in callseq_handles_collected */
    unsigned before = atomic_load_explicit(moving, memory_order_acquire);
    C_word word_a = __atomic_load_n(word_of(a), __ATOMIC_RELAXED);
    C_word word_b = __atomic_load_n(word_of(b), __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_acquire); /* pairs with that in callseq_handles_collecting */
    if (!(before & 1) && atomic_load_explicit(moving, memory_order_relaxed) == before)
      return word_a == word_b;
    if (polls < POLLS)
      callseq_relax();
    else
      callseq_park_nap(NAP_NS);
  }
}

/* ---- Watching ---- */

static void *next_alive(struct callseq_handle **handle, struct place **place) {
  while (*handle && !atomic_load_explicit(&(*handle)->count, memory_order_relaxed))
    *handle = (*handle)->before;
  if (*handle)
    *place = place_of(*handle);
  return *handle;
}

void callseq_handles_report(struct callseq_runtime *r) {
  uint64_t alive = 0;
  struct place *place;
  if (!r->handles.watched || getpid() != r->setup.process ||
      atomic_exchange_explicit(&r->handles.reported, true, memory_order_relaxed))
    return;
  /* acquire: pairs with the release in replenish */
  struct callseq_handle *all = atomic_load_explicit(&r->handles.all, memory_order_acquire);
  for (struct callseq_handle *handle = all; next_alive(&handle, &place); handle = handle->before) {
    alive++;
    if (place)
      place->alive++;
  }
  if (!alive)
    return;
  callseq_print("callseq: %" PRIu64 " handle%s not been released\n", alive,
                alive == 1 ? " has" : "s have");
  for (struct callseq_handle *handle = all; next_alive(&handle, &place); handle = handle->before) {
    if (place && place->alive)
      callseq_print("  %" PRIu64 " made by %s\n", place->alive, place->text);
    if (place)
      place->alive = 0;
  }
}

static void at_exit(void) { callseq_handles_report(&callseq_runtime); }

void callseq_handles_begin(struct callseq_runtime *r) {
  const char *wish = getenv(CALLSEQ_WATCH_HANDLES);
  r->handles.watched = wish && *wish && strcmp(wish, "0") != 0;
  if (r->handles.watched)
    atexit(at_exit);
}

uint64_t callseq_handles_alive(struct callseq_runtime *r) {
  /* acquire: pairs with the release in put_aside. What has been released was made before */
  uint64_t released = atomic_load_explicit(&r->handles.released, memory_order_acquire);
  return atomic_load_explicit(&r->handles.made, memory_order_relaxed) - released;
}
