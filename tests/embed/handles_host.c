/* Handles: Scheme objects in C. Ownership, lifetimes, threads; what is used after its release; what
 * is reported at the end where handles are watched. */
#include "../support.h"
#include <semaphore.h>

callseq_handle *closure(int), *same_object(callseq_handle *), *false_object(void);
const callseq_handle *const_object(const callseq_handle *);
callseq_handle *number_object(double), *symbol_object(const char *), *twice_out(void);
callseq_handle *once_more(void), *mortal(void), *external_object(callseq_handle *);
callseq_handle *list_of(callseq_handle *, callseq_handle *), *first_of(callseq_handle *),
    *second_of(callseq_handle *);
int call_closure(callseq_handle *, int), is_false(callseq_handle *), collect(void), sum_of(int);
int try_object(callseq_handle *, int, callseq_handle **), keep_by(int, callseq_handle *);
int pass_through(callseq_handle *), false_is_null(void), mere_pointer(callseq_handle *);
int variable_is(callseq_handle *), from_outside(void);
int give_stranger(callseq_handle *, int);
callseq_future *same_later(callseq_handle *);
int same_later_result(callseq_future *, callseq_handle **);
double number_of(callseq_handle *);
void fill(void);

/* What Scheme calls. */
void keep(callseq_handle *), let_go(callseq_handle *), call_closures(callseq_handle *, int);
callseq_handle *last(void), *itself(callseq_handle *), *stranger(callseq_handle *),
    *released_outside(callseq_handle *);
int is_null(callseq_handle *);
void release_borrowed(void), release_while_holding(void);

static callseq_handle *kept, *strange, *passed;

void keep(callseq_handle *handle) {
  callseq_handle_release(kept);
  kept = handle;
}
callseq_handle *last(void) { return kept; }
callseq_handle *itself(callseq_handle *handle) {
  callseq_handle_release(passed);
  return passed = handle;
}
void let_go(callseq_handle *handle) { callseq_handle_release(handle); }
int is_null(callseq_handle *handle) {
  int answer = !handle;
  callseq_handle_release(handle);
  return answer;
}
callseq_handle *stranger(callseq_handle *handle) {
  callseq_handle_release(handle);
  return strange;
}
void call_closures(callseq_handle *handle, int times) {
  for (int i = 1; i <= times; i++)
    call_closure(handle, i);
  callseq_handle_release(handle);
}

/* Lends what another thread releases before it has been read: that one holds the runtime, which the
 * call has to wait for when the function has returned. */
static sem_t lending, holding;
static callseq_handle *borrowed;
callseq_handle *released_outside(callseq_handle *handle) {
  borrowed = handle;
  sem_post(&lending);
  sem_wait(&holding);
  return handle;
}

void release_borrowed(void) {
  uint64_t before = parks();
  sem_post(&holding);
  await_parks(before + 1); /* the call waits */
  callseq_handle_release(borrowed);
}

static void *release_while_held(void *unused) {
  sem_wait(&lending);
  release_while_holding();
  return unused;
}

static intmax_t alive(void) {
  struct callseq_stats stats;
  callseq_stats(&stats);
  return (intmax_t)stats.handles;
}

static void release_all(callseq_handle **handles, int n) {
  for (int i = 0; i < n; i++)
    callseq_handle_release(handles[i]);
}

static void closures(void) {
  callseq_handle *a = closure(1), *b = closure(10);
  ok(a && b && a != b, "two closures, two handles");
  is_int(call_closure(a, 2), 2, "a closure is called");
  is_int(call_closure(b, 2), 20, "so is the other");
  fill();
  collect();
  is_int(call_closure(a, 3), 5, "it has its state, wherever it has moved to");
  is_int(call_closure(b, 3), 50, "so has the other");
  is_int(alive(), 2, "both are counted");
  is_int(sum_of(4), 10, "a closure as a C callback with data");
  is_int(alive(), 2, "which C has released");
  callseq_handle_release(a);
  callseq_handle_release(b);
  is_int(alive(), 0, "released, they are not");
}

static void values(void) {
  ok(!false_object(), "#f is NULL");
  ok(is_false(NULL), "NULL is #f");
  ok(!same_object(NULL), "in and out");
  callseq_handle *number = number_object(2.5), *symbol = symbol_object("name");
  callseq_handle *both = list_of(number, symbol);
  callseq_handle *first = first_of(both), *second = second_of(both);
  is_int((intmax_t)(2 * number_of(first)), 5, "a number");
  ok(callseq_handle_same(first, number) && callseq_handle_same(second, symbol), "the same objects");
  ok(first != number, "by other handles");
  ok(!callseq_handle_same(first, second), "two objects are not the same");
  ok(!callseq_handle_same(first, NULL) && callseq_handle_same(NULL, NULL), "NULL is #f there, too");
  callseq_handle *constant = (callseq_handle *)const_object(both);
  ok(callseq_handle_same(constant, both), "const callseq-handle");
  callseq_handle *result = NULL, *before = number;
  is_int(try_object(both, 0, &result), CALLSEQ_OK, "the status form");
  ok(callseq_handle_same(result, both), "its result");
  intmax_t count = alive();
  is_int(try_object(both, 0, NULL), CALLSEQ_OK, "a result that is not wanted");
  is_int(alive(), count, "is released");
  is_int(try_object(both, 1, &before), CALLSEQ_ERROR, "a call that fails");
  ok(before == number && alive() == count, "makes no handle");
  callseq_clear_error();
  callseq_handle *all[] = {number, symbol, both, first, second, constant, result};
  release_all(all, 7);
  is_int(alive(), 0, "all have been released");
}

static void references(void) {
  callseq_handle *handle = mortal(), *more = callseq_handle_retain(handle);
  ok(more == handle, "retain returns the handle");
  ok(!callseq_handle_retain(NULL), "NULL may be retained");
  callseq_handle_release(NULL);
  callseq_handle_release(handle);
  is_int(collect(), 0, "the object of a handle lives as long as there are references");
  is_int(alive(), 1, "and the handle is counted once");
  callseq_handle_release(more);
  is_int(alive(), 0, "without any it is not");
  is_int(collect(), 1, "and the next collection takes the object");
}

static void foreign_lambdas(void) {
  static const char *const ways[] = {"a foreign-lambda", "a foreign-safe-lambda*",
                                     "a foreign-blocking-lambda"};
  callseq_handle *object = symbol_object("object"), *pair = list_of(object, object);
  for (int way = 0; way < 3; way++) {
    ok(keep_by(way, pair), "%s takes an object, and all forms give it", ways[way]);
    ok(callseq_handle_same(kept, pair), "which C has kept");
    is_int(alive(), 3, "by one handle of its own");
  }
  ok(variable_is(pair), "a foreign variable");
  ok(pass_through(pair), "in and out");
  is_int(alive(), 4, "C has the last one");
  ok(false_is_null(), "#f is NULL, and nothing else is");
  ok(mere_pointer(pair), "a name registered for the type is a pointer, as in CHICKEN");
  is_int(alive(), 4, "which nobody releases");
  pthread_t releaser;
  sem_init(&lending, 0, 0);
  sem_init(&holding, 0, 0);
  pthread_create(&releaser, NULL, release_while_held, NULL);
  ok(from_outside(), "a result is borrowed until the function has returned");
  pthread_join(releaser, NULL);
  is_int(alive(), 4, "and no longer");
  callseq_handle *all[] = {object, pair, kept, passed};
  release_all(all, 4);
  kept = passed = NULL;
  is_int(alive(), 0, "all have been released");
}

static callseq_handle *of_external;
static void call_external(void *object) { of_external = external_object(object); }

static void plain_callbacks(void) {
  callseq_handle *object = symbol_object("object");
  is_int(callseq_invoke(call_external, object), CALLSEQ_OK, "a plain callback");
  callseq_handle *first = first_of(of_external);
  ok(callseq_handle_same(first, object), "takes and gives handles");
  callseq_handle *all[] = {object, of_external, first};
  release_all(all, 3);
  is_int(alive(), 0, "by the same rule");
}

static void continuations(void) {
  callseq_handle *handle = twice_out();
  ok(handle && !once_more(), "a continuation of another call delivers nothing");
  failed("once_more", "continuation");
  is_int(alive(), 1, "and makes no handle");
  callseq_handle_release(handle);
}

/* Threads that release what others use: the last reference is where chance has it. */
enum { THREADS = 8, EACH = 2000, OBJECTS = 16 };
static callseq_handle *shared[OBJECTS];

static void use_shared(int index) {
  uint32_t state = (uint32_t)index + 1;
  int times = often(EACH);
  for (int i = 0; i < times; i++) {
    callseq_handle *one = callseq_handle_retain(shared[chance(&state) % OBJECTS]), *own = NULL;
    switch (chance(&state) % 4) {
    case 0:
      own = same_object(one);
      break;
    case 1:
      own = closure(1);
      if (call_closure(own, i) != i)
        ok(false, "a closure of this thread's");
      break;
    case 2:
      if (callseq_handle_same(one, shared[0]) != (one == shared[0]))
        ok(false, "two objects are the same or not");
      break;
    default:
      break;
    }
    callseq_handle_release(own);
    callseq_handle_release(one);
  }
}

static void *release_in_thread(void *handle) {
  callseq_handle_release(handle);
  return NULL;
}

static void threads(void) {
  for (int i = 0; i < OBJECTS; i++)
    shared[i] = closure(i);
  crew(THREADS, use_shared);
  is_int(alive(), OBJECTS, "what all threads have used is alive, and nothing else");
  for (int i = 0; i < OBJECTS; i++) {
    int before = call_closure(shared[i], 0);
    is_int(call_closure(shared[i], 1), before + i, "with its state");
    pthread_t thread;
    pthread_create(&thread, NULL, release_in_thread, shared[i]);
    pthread_join(thread, NULL);
  }
  is_int(alive(), 0, "a thread that never called has released them");
}

/* Handles made and released in turn. */
static int in_turn(int times) {
  for (int i = 0; i < times; i++)
    callseq_handle_release(closure(i));
  return times;
}

/* Many at a time; released by another thread while nobody calls. */
enum { MANY = 10000 };
static callseq_handle *many[MANY];
static void *release_many(void *unused) {
  release_all(many, MANY);
  return unused;
}
static int at_once(int times) {
  for (int done = 0; done < times; done += MANY) {
    for (int i = 0; i < MANY; i++)
      many[i] = symbol_object("one"); /* nothing that CHICKEN's heap grows by */
    pthread_t thread;
    pthread_create(&thread, NULL, release_many, NULL);
    pthread_join(thread, NULL);
  }
  return times;
}

static void growth(void) {
  int total = 0, times = often(WATCHED ? 100000 : 1000000);
  in_turn(times / 10);
  long grown = growth_kb(in_turn, times, &total);
  ok(WATCHED || emulated() || grown < 1024, "%d handles made and released: no growth (%ld KB)",
     total, grown);
  at_once(4 * MANY);
  total = 0;
  grown = growth_kb(at_once, often(40 * MANY), &total);
  ok(WATCHED || emulated() || grown < 1024, "%d, many at a time: no growth (%ld KB)", total, grown);
  is_int(alive(), 0, "none is alive");
}

/* ---- In children ---- */

static int after_release(void) {
  callseq_handle *handle = closure(1), *one = closure(2);
  callseq_handle_release(handle);
  callseq_handle_release(handle);
  bool gone = !callseq_handle_retain(handle);
  is_false(handle);
  printf("%s\n", callseq_last_error());
  callseq_clear_error();
  strange = handle;
  for (int outside = 0; outside < 2; outside++) {
    give_stranger(NULL, outside);
    printf("%s\n", callseq_last_error());
  }
  gone &= !callseq_handle_same(handle, one) && !callseq_handle_same(one, handle);
  callseq_handle_release(one);
  printf("alive: %jd\n", alive());
  return gone && alive() == 0 ? 0 : 1;
}

static int use_after_release(void) {
  start_quietly();
  return after_release();
}

static int use_long_after_release(void) {
  setenv("CALLSEQ_WATCH_HANDLES", "1", 1);
  start_quietly();
  callseq_handle *handle = closure(1);
  callseq_handle_release(handle);
  collect();
  for (int i = 0; i < 1000; i++)
    callseq_handle_release(closure(i));
  callseq_handle_release(handle);
  return alive() == 0 ? 0 : 1;
}

/* The calls that a handle is given to which has been released say where it was made. */
static int use_watched(void) {
  setenv("CALLSEQ_WATCH_HANDLES", "1", 1);
  start_quietly();
  strange = closure(1);
  callseq_handle_release(strange);
  is_false(strange);
  printf("%s\n", callseq_last_error());
  for (int outside = 0; outside < 2; outside++) {
    give_stranger(NULL, outside);
    printf("%s\n", callseq_last_error());
  }
  callseq_invoke(call_external, strange);
  printf("%s\n", callseq_last_error());
  callseq_handle *result = NULL;
  same_later_result(same_later(strange), &result);
  printf("%s\n", callseq_last_error());
  return alive() == 0 ? 0 : 1;
}

static int forget(void) {
  setenv("CALLSEQ_WATCH_HANDLES", "1", 1);
  start_quietly();
  callseq_handle *one = closure(1);
  for (int i = 0; i < 3; i++)
    closure(i);
  for (int way = 0; way < 3; way++) {
    keep_by(way, one);
    kept = NULL;
  }
  callseq_handle_release(one);
  exit(3);
}

static int forget_and_close(void) {
  setenv("CALLSEQ_WATCH_HANDLES", "1", 1);
  start_quietly();
  callseq_handle *one = closure(1);
  callseq_handle_release(closure(2));
  closure(3);
  if (callseq_close(CALLSEQ_FOREVER) != CALLSEQ_OK)
    return 1;
  fputs("closed\n", stderr);
  callseq_handle_release(one);
  exit(3);
}

static int remember(void) {
  setenv("CALLSEQ_WATCH_HANDLES", "1", 1);
  start_quietly();
  callseq_handle_release(closure(1));
  exit(3);
}

static int before_init(void) {
  callseq_handle_release(NULL);
  return callseq_handle_retain(NULL) || !callseq_handle_same(NULL, NULL);
}

/* Forked with handles; the child uses and releases its own. */
static int forked(void) {
  start_quietly();
  callseq_handle *handle = closure(2), *other = closure(3);
  callseq_handle_release(other); /* put aside */
  pid_t child = fork();
  if (child == 0) {
    int result = call_closure(handle, 4);
    callseq_handle_release(handle);
    callseq_handle_release(closure(1));
    _exit(result == 8 && alive() == 0 ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  is_int(status, 0, "a forked child has the handles");
  is_int(call_closure(handle, 1), 2, "which the parent has, too");
  return alive() == 1 ? 0 : 1;
}

static int times_in(const char *text, const char *what) {
  int times = 0;
  while ((text = strstr(text, what))) {
    times++;
    text += strlen(what);
  }
  return times;
}

static void children(void) {
  struct outcome outcome = in_child(before_init);
  is_int(outcome.code, 0, "NULL before init");
  outcome = in_child(use_after_release);
  is_int(outcome.code, 0, "used after its release a handle does no harm");
  is_int(times_in(outcome.err, "this handle has been released before"), 4,
         "and each use by C is told, once");
  ok(strstr(outcome.err, "callseq_handle_release: this handle has been released before") != NULL,
     "a second release is told: %s", outcome.err);
  ok(strstr(outcome.err, "callseq_handle_retain: this handle") != NULL, "and retaining it");
  ok(strstr(outcome.out, "argument `x' is a handle that has been released") != NULL,
     "a call with it fails: %s", outcome.out);
  ok(strstr(outcome.err, "callseq_handle_same: this handle") != NULL, "and comparing it");
  ok(strstr(outcome.out, "a value from C is a handle that has been released") != NULL,
     "so does a foreign lambda");
  ok(strstr(outcome.out, "the result is a handle that has been released") != NULL,
     "and a blocking one");
  outcome = in_child(use_long_after_release);
  is_int(outcome.code, 0, "watched, used long after its release");
  ok(strstr(outcome.err, "released before; it was made by ") &&
         strstr(outcome.err, "callback closure"),
     "a handle is still told, with its place: %s", outcome.err);
  outcome = in_child(use_watched);
  is_int(outcome.code, 0, "watched, given to calls after its release");
  is_int(times_in(outcome.out, "is a handle that has been released; it was made by "), 5,
         "each of them says where it was made: %s", outcome.out);
  is_int(times_in(outcome.out, "handles.scm:"), 5, "in the file");
  is_int(times_in(outcome.out, "a value from C is"), 2, "from a foreign lambda and by an external");
  outcome = in_child(forget);
  is_int(outcome.code, 3, "what is alive at the end changes no exit code");
  ok(strstr(outcome.err, "6 handles have not been released\n") != NULL, "and is reported: %s",
     outcome.err);
  ok(strstr(outcome.err, "  3 made by ") && strstr(outcome.err, ": callback closure\n"),
     "with the callback");
  ok(strstr(outcome.err, "handles.scm:") && strstr(outcome.err, ": keep, an argument\n"),
     "with the blocking lambda");
  outcome = in_child(forget_and_close);
  is_int(outcome.code, 3, "what is alive when the runtime is closed");
  const char *report = strstr(outcome.err, "2 handles have not been released\n");
  ok(report && strstr(report, "  2 made by ") && strstr(report, "closed\n"), "is reported then: %s",
     outcome.err);
  ok(report && !strstr(strstr(report, "closed\n"), "handle"), "and not at the end again");
  outcome = in_child(remember);
  is_int(outcome.code, 3, "a program that forgets nothing");
  is_str(outcome.err, "", "reports nothing");
  outcome = in_child(forked);
  is_int(outcome.code, 0, "a fork");
}

int main(void) {
  children();
  start_quietly();
  closures();
  values();
  references();
  foreign_lambdas();
  plain_callbacks();
  continuations();
  threads();
  growth();
  is_int(callseq_last_status(), CALLSEQ_OK, "nothing has failed");
  return done();
}
