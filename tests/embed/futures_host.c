/* Futures have the result of a call that is executed once, for the thread that asks; until it
 * begins they can be cancelled, and what goes wrong is told with the result. */
#include "../later.h"

int wait_in_callback(void);
callseq_future *halve_later(double), *join_later(char *, char *), *give_later(char *);
callseq_future *void_later(int), *fail_later(char *), *bad_later(void), *pointer_later(void *);
int halve_later_result(callseq_future *, double *), join_later_result(callseq_future *, char **);
int give_later_result(callseq_future *, char **), void_later_result(callseq_future *);
int fail_later_result(callseq_future *, int *), bad_later_result(callseq_future *, int *);
int pointer_later_result(callseq_future *, void **);
callseq_handle *make_counter(int);
int post_count(callseq_handle *);
callseq_future *handle_later(callseq_handle *);
int handle_later_result(callseq_future *, callseq_handle **);

/* ---- From inside ---- */

static callseq_future *asked;
static int asked_wait, asked_poll, asked_flush, asked_result;
int wait_inside(void);
int wait_inside(void) {
  asked_poll = callseq_future_wait(asked, 0);
  asked_wait = callseq_future_wait(asked, 100);
  asked_flush = callseq_flush(100);
  int n = 0;
  asked_result = add_later_result(asked, &n);
  return n;
}

/* ---- Futures ---- */

static sem_t then_ran;
static _Atomic(int) thens, then_status;
static _Atomic(bool) then_inside;
static _Atomic(size_t) then_thread;

static void then(void *data, int status) {
  thens += (int)(intptr_t)data;
  then_status = status;
  then_inside = callseq_inside();
  then_thread = (size_t)pthread_self();
  sem_post(&then_ran);
}

static int flushed_then;

static void flush_then(void *data, int status) {
  flushed_then = callseq_flush(100);
  then(data, status);
}

static void await_then(void) {
  while (sem_wait(&then_ran)) {
  }
}

static void futures(void) {
  int n = 0;
  is_int(add_later_result(add_later(2, 3), &n), CALLSEQ_OK, "a future's call");
  is_int(n, 5, "has a result");
  double d = 0;
  is_int(halve_later_result(halve_later(5), &d), CALLSEQ_OK, "a real number");
  ok(d == 2.5, "too");
  char *text = NULL, left[] = "left", right[] = "right";
  callseq_future *f = join_later(left, right);
  left[0] = right[0] = 'x';
  is_int(join_later_result(f, &text), CALLSEQ_OK, "a string");
  is_str(text, "leftright", "belongs to the thread that asked");
  is_int(join_later_result(join_later(left, right), NULL), CALLSEQ_OK, "or to nobody");
  is_int(give_later_result(give_later(left), &text), CALLSEQ_OK, "a string to free");
  is_str(text, "xeft!", "is the caller's");
  free(text);
  callseq_future_release(give_later(left));
  callseq_future_release(NULL);
  void *p = NULL;
  is_int(pointer_later_result(pointer_later(&n), &p), CALLSEQ_OK, "a pointer");
  ok(p == &n, "too");
  is_int(void_later_result(void_later(9)), CALLSEQ_OK, "void");
  is_int(last_seen(), 9, "as well");
  n = 77;
  is_int(fail_later_result(fail_later("oh dear"), &n), CALLSEQ_ERROR, "one that raises");
  ok(n == 77 && strstr(callseq_last_error(), "oh dear") && callseq_last_trace(),
     "has a message, for the thread that asks: %s", callseq_last_error());
  callseq_clear_error();
  errors = 0;
  is_int(bad_later_result(bad_later(), &n), CALLSEQ_ERROR, "one with a result of another type");
  ok(strstr(callseq_last_error(), "bad_later"), "too: %s", callseq_last_error());
  callseq_clear_error();
  callseq_future_release(fail_later("nobody asks"));
  flush();
  is_int(errors, 0, "on_error is not told");
  is_int(add_later_result(NULL, &n), CALLSEQ_INVALID, "NULL is no future");
  f = void_later(1);
  is_int(add_later_result(f, &n), CALLSEQ_INVALID, "another callback's is none");
  ok(strstr(callseq_last_error(), "add_later_result"), "the message: %s", callseq_last_error());
  callseq_clear_error();
  is_int(callseq_future_wait(f, CALLSEQ_FOREVER), CALLSEQ_OK, "it can be waited for");
  is_int(callseq_future_wait(f, 0), CALLSEQ_OK, "again");
  is_int(callseq_future_cancel(f), CALLSEQ_BUSY, "not be cancelled then");
  callseq_future_release(f);
  flush();
  forget_seen();
}

/* Is told of its future's end by the service, which it keeps. */
static void stay(void *data, int status) {
  (void)data, (void)status;
  wait_for_host();
  sem_post(&then_ran);
}

static void helping(void) {
  int n = 0;
  keep_runtime();
  callseq_future *f = add_later(1, 2);
  callseq_future_then(f, stay, NULL);
  let_go();
  sem_wait(&kept);
  ok(true, "the service is kept from its work");
  is_int(add_later_result(add_later(2, 3), &n), CALLSEQ_OK, "a thread that waits for a future");
  is_int(n, 5, "executes it");
  post_thread();
  flush();
  ok(post_was_on((size_t)pthread_self()), "one that flushes executes what is posted");
  struct callseq_stats before, after;
  callseq_stats(&before);
  callseq_future *own = add_later(3, 4);
  post_number(42);
  is_int(callseq_future_wait(own, 1), CALLSEQ_TIMEDOUT, "not one that waits for a time");
  is_int(add_later_result(own, &n), CALLSEQ_OK, "and one that waits for ever");
  callseq_stats(&after);
  is_int((intmax_t)(after.executed_later - before.executed_later), 1, "executes no more than that");
  sem_post(&enough);
  await_then();
  flush();
  is_int(last_seen(), 42, "others do");
  is_int(add_later_result(f, NULL), CALLSEQ_OK, "the first one's result");
  forget_seen();
}

static void cancelled(void) {
  keep_runtime();
  callseq_future *f[LIMIT];
  int n = 0;
  for (int i = 0; i < LIMIT; i++)
    f[i] = void_later(i);
  is_int(callseq_future_wait(f[5], 0), CALLSEQ_TIMEDOUT, "one has not begun");
  is_int(callseq_future_wait(f[5], 2), CALLSEQ_TIMEDOUT, "nor a little later");
  ok(!add_later(1, 1), "the queue is full");
  callseq_clear_error();
  is_int(callseq_future_then(f[5], then, (void *)1), CALLSEQ_OK, "one with a function");
  is_int(callseq_future_then(f[5], then, (void *)1), CALLSEQ_INVALID, "and no other");
  callseq_clear_error();
  is_int(callseq_future_cancel(f[5]), CALLSEQ_OK, "is cancelled");
  is_int(callseq_future_cancel(f[5]), CALLSEQ_OK, "again");
  is_int(void_later_result(f[5]), CALLSEQ_CANCELLED, "its status");
  ok(strstr(callseq_last_error(), "void_later"), "and message: %s", callseq_last_error());
  callseq_clear_error();
  callseq_future *other = add_later(3, 4);
  ok(other, "its place is free");
  ok(!add_later(3, 4), "for one");
  callseq_clear_error();
  for (int i = 0; i < 5000; i++) {
    n += callseq_future_cancel(other) == CALLSEQ_OK;
    callseq_future_release(other);
    other = add_later(i, i);
  }
  ok(n == 5000 && other, "as often as one likes");
  for (int i = 0; i < LIMIT; i++)
    if (i != 5)
      callseq_future_release(f[i]);
  await_then();
  ok(thens == 1 && then_status == CALLSEQ_CANCELLED,
     "the function of the one cancelled has run, though the runtime is kept");
  let_go();
  is_int(add_later_result(other, &n), CALLSEQ_OK, "the last one");
  is_int(n, 9998, "is executed");
  flush();
  is_int(count_seen(), LIMIT - 1, "as are those that were released");
  ok(in_order(), "in order");
  forget_seen();
  thens = 0;
  other = add_later(1, 2);
  callseq_future_wait(other, CALLSEQ_FOREVER);
  callseq_future_then(other, then, (void *)10);
  ok(thens == 10 && then_status == CALLSEQ_OK, "a function for one that has ended runs at once");
  callseq_future_release(other);
  await_then();
  other = fail_later("then");
  callseq_future_then(other, then, (void *)10);
  callseq_future_release(other);
  await_then();
  ok(thens == 20 && then_status == CALLSEQ_ERROR && !then_inside, "or later, outside");
  keep_runtime();
  other = add_later(1, 2);
  callseq_future_then(other, flush_then, NULL);
  callseq_future_release(other);
  let_go();
  await_then();
  is_int(flushed_then, CALLSEQ_WOULD_DEADLOCK, "it is told that it cannot wait for more");
}

static void futures_inside(void) {
  int fds[2], n;
  if (pipe(fds))
    abort();
  asked = add_later(30, 12);
  callseq_future_wait(asked, CALLSEQ_FOREVER);
  is_int(wait_in_callback(), 42, "inside, a future that has ended has a result");
  ok(asked_poll == CALLSEQ_OK && asked_wait == CALLSEQ_OK && asked_result == CALLSEQ_OK,
     "and a status");
  is_int(asked_flush, CALLSEQ_WOULD_DEADLOCK, "to flush there would be to wait for ever");
  callseq_clear_error();
  asked = add_later(1, 1);
  callseq_future *first = asked;
  callseq_future_wait(first, CALLSEQ_FOREVER);
  callseq_future_release(first);
  keep_runtime();
  asked = wait_later(fds[0]);
  let_go();
  while (callseq_future_cancel(asked) == CALLSEQ_OK) { /* it begins */
    callseq_future_release(asked);
    asked = wait_later(fds[0]);
    usleep(1000);
  }
  wait_in_callback();
  ok(asked_poll == CALLSEQ_TIMEDOUT && asked_wait == CALLSEQ_WOULD_DEADLOCK,
     "one that has not ended would not: %d %d", asked_poll, asked_wait);
  callseq_clear_error();
  is_int(write(fds[1], "\x21", 1), 1, "one that waits for a descriptor");
  is_int(wait_later_result(asked, &n), CALLSEQ_OK, "goes on");
  is_int(n, 0x21, "and has its result");
  close(fds[0]), close(fds[1]);
}

static void handles(void) {
  struct callseq_stats before, after;
  callseq_handle *doubled = NULL, *counter;
  flush();
  callseq_stats(&before);
  counter = make_counter(40);
  post_count(counter);
  callseq_future *f = handle_later(counter);
  callseq_future_release(handle_later(counter));
  callseq_handle_release(counter);
  flush();
  is_int(last_seen(), 41, "a handle that is released after a post lives until that is executed");
  is_int(handle_later_result(f, &doubled), CALLSEQ_OK, "a handle as a result");
  post_count(doubled);
  callseq_handle_release(doubled);
  flush();
  is_int(last_seen(), 84, "is new");
  callseq_stats(&after);
  is_int((intmax_t)after.handles, (intmax_t)before.handles, "none is left");
  forget_seen();
}

/* Has handles made until one is this one again, for another object. */
static callseq_handle *remade[100];

static void remake(void *handle) {
  int n = 0;
  do
    remade[n] = make_counter(40);
  while (remade[n++] != handle && n < 100);
}

/* A handle that was released before the post, and is another object's when that is executed. */
static void used_again(void) {
  callseq_handle *counter = make_counter(0);
  callseq_handle_release(counter);
  errors = 0;
  keep_runtime();
  callseq_post(remake, counter, NULL);
  is_int(post_count(counter), CALLSEQ_OK, "a post with a handle that is another object's by then");
  let_go();
  flush();
  int last = 0;
  while (last < 99 && remade[last + 1])
    last++;
  ok(remade[last] == counter, "it is");
  is_int(errors, 1, "fails as well");
  is_int(count_seen(), 0, "and does not see that object");
  for (int i = 0; i <= last; i++)
    callseq_handle_release(remade[i]);
  forget_seen();
}

static void released_handles(void) {
  static const char told[] = "argument `counter' is a handle that has been released";
  struct callseq_stats before, after;
  callseq_handle *doubled = NULL, *counter = make_counter(0);
  flush();
  errors = 0;
  callseq_handle_release(counter);
  callseq_stats(&before);
  is_int(post_count(counter), CALLSEQ_OK, "a post with a handle that has been released");
  flush();
  is_int(errors, 1, "fails");
  ok(strstr(last_error_message, told) != NULL, "as any call would: %s", last_error_message);
  is_int(count_seen(), 0, "its body has not run");
  is_int(handle_later_result(handle_later(counter), &doubled), CALLSEQ_ERROR, "so does a future");
  ok(!doubled && strstr(callseq_last_error(), told), "whose result tells: %s",
     callseq_last_error());
  callseq_clear_error();
  callseq_future_release(handle_later(counter));
  flush();
  callseq_stats(&after);
  is_int((intmax_t)after.handles, (intmax_t)before.handles, "and nothing is released twice");
  errors = 0;
}

int main(void) {
  sem_init(&then_ran, 0, 0);
  is_int(set_up(LIMIT, 0), CALLSEQ_OK, "init");
  futures();
  helping();
  cancelled();
  futures_inside();
  handles();
  released_handles();
  used_again();
  counted(5000, 2);
  return done();
}
