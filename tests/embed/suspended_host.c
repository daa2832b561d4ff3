/* A callback that waits lets others in, goes on on its own thread and answers its own caller,
 * whatever happens meanwhile: to it, to other callbacks, to the threads. What it has bound, winds
 * and handles is its own; what is set is everybody's. Where it must not be suspended it keeps the
 * runtime. */
#include "../support.h"
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

int wait_by(int way, int gate, int fd, size_t caller, int n), add(int), begun(void), ended(void);
int fail_after(int, int), raise_after(int, int), bad_after(int), catch_after(int, int);
int status_after(int, int, int *);
int keep(int), enter(int), enter_own(int), enter_in_thread(int), next_value(void);
int wind(int, int), winds(void), wait_in_winder(int, int);
int get(void), bound(int, int), bound_and_set(int, int), set_and_wait(int, int), fluids(void);
int escape_bound(int, int), fail_bound(int, int), bound_in_thread(int, int), handle_own(int, int);
int output_is_common(void), own_thread(int);
int changes(void), inner_stays(int), outer_stays(int), wait_and_nest(int, int), plain_stays(int);
int exclusively_stays(int), leave_exclusively(int), escape_exclusively(int), take_total(void);
int be_victim(int), sleep_as_victim(void), read_as_victim(int), kill_itself(void);
int be_killed_by_thread(void), be_killed_exclusively(void);
int wait_and_kill_itself(int), lent_first(int, size_t), signals_handled(void);
void open_gate(int), shut_gate(int), collect(void), put(int), bump(void), read_sleep_write(void);
void exclusively_read_sleep_write(void), kill_victim(void), wake_victim(void), hold(void);
void open_by_signal(int), tick_in_thread(int), read_in_thread(int);
char *wait_twice(int, int, size_t, const char *), *print_to_string(int, int);
double wait_a_third(int);

static size_t self(void) { return (size_t)pthread_self(); }

static struct callseq_stats stats(void) {
  struct callseq_stats now;
  callseq_stats(&now);
  return now;
}

static uint64_t clock_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- Threads in callbacks that wait ---- */

struct caller {
  pthread_t thread;
  void (*call)(struct caller *);
  int gate, way, n, fds[2];
  int result, status; /* of the call */
  char text[200];     /* its message, or result */
};

static void *call_main(void *argument) {
  struct caller *c = argument;
  c->call(c);
  c->status = callseq_last_status();
  if (c->status)
    snprintf(c->text, sizeof c->text, "%s", callseq_last_error());
  return NULL;
}

static uint64_t suspensions; /* before the last `start` */

/* Waits for an event: no call may come between. */
static void await_suspension(uint64_t more) {
  while (stats().suspended < suspensions + more)
    sched_yield();
}

static void start(struct caller *c, void (*call)(struct caller *), int gate, int n) {
  suspensions = stats().suspended;
  c->call = call;
  c->gate = gate;
  c->n = n;
  if (pthread_create(&c->thread, NULL, call_main, c)) {
    perror("pthread_create");
    exit(2);
  }
}

/* Returns when the call is suspended. */
static void suspend(struct caller *c, void (*call)(struct caller *), int gate, int n) {
  start(c, call, gate, n);
  await_suspension(1);
}

static void finish(struct caller *c) { pthread_join(c->thread, NULL); }

static void shut_gates(void) {
  for (int g = 0; g < 16; g++)
    shut_gate(g);
}

#define CALLER(name, expression)                                                                   \
  static void name(struct caller *c) { c->result = (expression); }
CALLER(call_wait, wait_by(c->way, c->gate, c->fds[0], self(), c->n))
CALLER(call_fail, fail_after(c->gate, c->n))
CALLER(call_raise, raise_after(c->gate, c->n))
CALLER(call_bad, bad_after(c->gate))
CALLER(call_catch, catch_after(c->gate, c->n))
CALLER(call_third, wait_a_third(c->gate) > 0.33)
CALLER(call_keep, keep(c->gate))
CALLER(call_enter, enter(c->gate))
CALLER(call_wind, wind(c->gate, c->n))
CALLER(call_wait_in_winder, wait_in_winder(c->gate, c->n))
CALLER(call_bound, bound(c->gate, c->n))
CALLER(call_bound_and_set, bound_and_set(c->gate, c->n))
CALLER(call_escape_bound, escape_bound(c->gate, c->n))
CALLER(call_fail_bound, fail_bound(c->gate, c->n))
CALLER(call_bound_in_thread, bound_in_thread(c->gate, c->n))
CALLER(call_handle, handle_own(c->gate, c->n))
CALLER(call_set_and_wait, set_and_wait(c->gate, c->n))
CALLER(call_own_thread, own_thread(c->gate))
CALLER(call_nest, wait_and_nest(c->gate, c->n))
CALLER(call_victim, be_victim(c->gate))
CALLER(call_sleeping_victim, sleep_as_victim())
CALLER(call_reading_victim, read_as_victim(c->fds[0]))
CALLER(call_kill_itself, wait_and_kill_itself(c->gate))
CALLER(call_lent, lent_first(c->gate, self()))

static void call_status(struct caller *c) {
  c->result = 77;
  c->fds[0] = status_after(c->gate, c->n, &c->result);
}

static void copy_text(struct caller *c, const char *text) {
  snprintf(c->text, sizeof c->text, "%s", text ? text : "(NULL)");
}

static void call_print(struct caller *c) { copy_text(c, print_to_string(c->gate, c->n)); }
static void call_twice(struct caller *c) {
  copy_text(c, wait_twice(c->gate, c->gate + 1, self(), "text"));
}

static void fails(struct caller *c, const char *part, const char *what) {
  is_int(c->status, CALLSEQ_ERROR, "%s fails", what);
  ok(strstr(c->text, part), "its message names %s: %s", part, c->text);
  is_int(c->result, 0, "it returns 0");
}

/* ---- Each way to wait, alone and by hundreds ---- */

static const char *const ways[] = {"at a gate",
                                   "in sleeps",
                                   "for the end of a green thread",
                                   "with a mutex",
                                   "with a deadline far away",
                                   "with a deadline that comes again and again",
                                   "for a pipe",
                                   "for a pipe, with a deadline"};
enum { WAYS = sizeof ways / sizeof *ways, FIRST_PIPE = 6, MANY = 256 };

static void set_way(struct caller *c, int way) {
  c->way = way;
  if (way >= FIRST_PIPE && pipe(c->fds)) {
    perror("pipe");
    exit(2);
  }
}

static void let_go(struct caller *c) {
  if (c->way >= FIRST_PIPE && write(c->fds[1], "x", 1) != 1)
    perror("write");
}

static void end_way(struct caller *c) {
  finish(c);
  if (c->way >= FIRST_PIPE) {
    close(c->fds[0]);
    close(c->fds[1]);
  }
}

static int wrong_sums(int calls) {
  int wrong = 0;
  for (int i = 0; i < calls; i++)
    wrong += add(i) != i + 100;
  return wrong;
}

static void wait_by_each(void) {
  for (int way = 0; way < WAYS; way++) {
    struct caller c = {0};
    int before = ended();
    set_way(&c, way);
    suspend(&c, call_wait, way, 1000 + way);
    is_int(wrong_sums(1000), 0, "others call while one waits %s", ways[way]);
    collect();
    is_int(ended(), before, "it has not gone on");
    open_gate(way);
    let_go(&c);
    end_way(&c);
    is_int(c.result, 1000 + way, "it has its own result, on its own thread: %s", c.text);
  }
  shut_gates();
}

static void wait_by_many(void) {
  static struct caller c[MANY];
  int n = often(MANY), right = 0, before = ended(), all = begun() + n;
  for (int i = 0; i < n; i++) {
    set_way(&c[i], i % WAYS);
    start(&c[i], call_wait, i % 16, i);
  }
  while (begun() < all)
    sched_yield();
  is_int(wrong_sums(1000), 0, "others call while %d wait", n);
  collect();
  for (int g = 0; g < 16; g++)
    open_gate(g);
  for (int i = 0; i < n; i++)
    let_go(&c[i]);
  for (int i = 0; i < n; i++) {
    end_way(&c[i]);
    right += c[i].result == i;
    if (c[i].result != i)
      fprintf(stderr, "# %d waited %s: %d %s\n", i, ways[c[i].way], c[i].result, c[i].text);
  }
  is_int(right, n, "each of them has its own result, on its own thread");
  is_int(ended() - before, n, "and each has ended once");
  shut_gates();
}

/* ---- Results ---- */

static void give_results(void) {
  struct caller c[8] = {{0}};
  suspend(&c[0], call_fail, 0, 41);
  suspend(&c[1], call_raise, 0, 42);
  suspend(&c[2], call_bad, 0, 0);
  suspend(&c[3], call_catch, 0, 43);
  suspend(&c[4], call_third, 0, 0);
  suspend(&c[5], call_twice, 0, 0);
  suspend(&c[6], call_status, 0, 44);
  suspend(&c[7], call_status, 0, -44);
  is_int(callseq_last_status(), CALLSEQ_OK, "waiting is no failure of others");
  suspensions = stats().suspended;
  open_gate(0);
  await_suspension(1);
  is_int(wrong_sums(100), 0, "others call while one waits for the second time");
  open_gate(1);
  for (int i = 0; i < 8; i++)
    finish(&c[i]);
  fails(&c[0], "after a wait: 41", "an error after a wait");
  fails(&c[1], "42", "something raised after a wait");
  fails(&c[2], "\"no number\" is not of type int", "a bad result after a wait");
  is_int(c[3].result, 43, "an error that is caught after a wait");
  is_int(c[4].result, 1, "a result that is converted: %s", c[4].text);
  is_str(c[5].text, "text, text", "strings, after two waits");
  is_int(c[6].result, 44, "the status form's result");
  is_int(c[6].fds[0], CALLSEQ_OK, "and status");
  is_int(c[7].result, 77, "where it fails it leaves the result alone");
  is_int(c[7].fds[0], CALLSEQ_ERROR, "and says so");
  is_int(callseq_last_status(), CALLSEQ_OK, "others' failures are not this thread's");
  shut_gates();
}

/* ---- Continuations ---- */

static void enter_others(void) {
  struct caller kept = {0}, other = {0};
  suspend(&kept, call_keep, 0, 0);
  open_gate(1);
  is_int(enter(1), 0, "the continuation of a suspended call, entered by another");
  failed("enter", "captured in another call");
  shut_gate(1);
  suspend(&other, call_enter, 1, 0);
  open_gate(1);
  finish(&other);
  fails(&other, "captured in another call", "one that is entered after a wait");
  is_int(enter_in_thread(3), 3, "one that is entered by a green thread");
  open_gate(0);
  finish(&kept);
  is_int(kept.result, 5, "the suspended call has its own result: %s", kept.text);
  is_int(enter(1), 0, "the continuation of a call that has ended");
  failed("enter", "captured in another call");
  memset(&other, 0, sizeof other);
  shut_gate(1);
  suspend(&other, call_enter, 1, 0);
  open_gate(1);
  finish(&other);
  fails(&other, "captured in another call", "one of an ended call, entered after a wait");
  is_int(enter_own(1), 3, "a continuation of the call itself");
  int right = 0;
  for (int i = 1; i <= 20; i++)
    right += next_value() == i;
  is_int(right, 20, "a generator that waits goes from call to call");
  is_int(wrong_sums(100), 0, "calls go on");
  shut_gates();
}

/* ---- Its own ---- */

static void keep_winders(void) {
  struct caller a = {0}, b = {0}, c = {0};
  suspend(&a, call_wind, 0, 7);
  suspend(&b, call_wind, 1, -7);
  is_int(winds(), 200, "winders are not run when their calls are suspended");
  open_gate(1);
  finish(&b);
  is_int(winds(), 201, "those of a call that fails are");
  fails(&b, "inside: -7", "it");
  open_gate(0);
  finish(&a);
  is_int(winds(), 202, "and those of a call that ends");
  is_int(a.result, 7, "with its result");
  shut_gates();
  suspend(&c, call_wait_in_winder, 0, 9);
  is_int(wrong_sums(100), 0, "others call while one waits in a winder");
  open_gate(0);
  finish(&c);
  is_int(c.result, 9, "which leaves by an escape");
  is_int(winds(), 203, "through the winder");
  shut_gates();
}

static void keep_bindings(void) {
  struct caller a = {0}, b = {0}, c = {0}, d = {0};
  suspend(&a, call_bound, 0, 1);
  is_int(get(), 0, "what a suspended call has bound is its own");
  is_int(fluids(), 2, "also by fluid-let, and with a converter");
  suspend(&b, call_bound, 1, 2);
  suspend(&c, call_bound_and_set, 0, 3);
  is_int(get(), 0, "set inside of that, too");
  suspend(&d, call_set_and_wait, 1, 4);
  is_int(get(), 4, "what it has set is everybody's");
  put(5);
  open_gate(0);
  finish(&a);
  finish(&c);
  is_int(a.result, 1, "bound values are there again after a wait");
  is_int(c.result, 3, "and values set inside");
  is_int(get(), 5, "no older value comes back");
  put(6);
  open_gate(1);
  finish(&b);
  finish(&d);
  is_int(b.result, 2, "the other one has its own");
  is_int(d.result, 6, "and sees what others have set");
  is_int(get(), 6, "which stays");
  is_int(fluids(), 2, "and so do variables");
  put(0);
  shut_gates();
}

static void leave_bindings(void) {
  struct caller a = {0}, b = {0}, c = {0}, d = {0}, e = {0};
  suspend(&a, call_escape_bound, 0, 1);
  suspend(&b, call_fail_bound, 1, 2);
  suspend(&c, call_bound, 0, 3);
  suspend(&d, call_handle, 1, 4);
  suspend(&e, call_handle, 0, 5);
  put(9);
  open_gate(1);
  finish(&b);
  finish(&d);
  is_int(get(), 9, "a failure leaves what is bound");
  open_gate(0);
  finish(&a);
  finish(&c);
  finish(&e);
  is_int(get(), 9, "an escape too");
  fails(&b, "bound: 2", "it");
  is_int(a.result, 1, "the result of the escape");
  is_int(c.result, 3, "of one that returns");
  is_int(d.result, 1004, "each handles its own exceptions");
  is_int(e.result, 1005, "with its own handler");
  put(0);
  shut_gates();
}

/* Threads that are not callbacks have what they bind for themselves. */
static void bind_in_threads(void) {
  struct caller a = {0}, b = {0};
  suspend(&a, call_bound_in_thread, 0, 1);
  is_int(get(), 0, "what a green thread of a callback has bound is its own");
  suspend(&b, call_bound_in_thread, 1, 2);
  put(5);
  open_gate(1);
  finish(&b);
  open_gate(0);
  finish(&a);
  is_int(a.result, 1, "it has it after a wait");
  is_int(b.result, 2, "and so has another");
  is_int(get(), 5, "what is set stays");
  put(0);
  shut_gates();
}

static void keep_ports(void) {
  struct caller a = {0}, b = {0}, t = {0};
  suspend(&a, call_print, 0, 11);
  suspend(&b, call_print, 1, 22);
  suspend(&t, call_own_thread, 0, 0);
  ok(output_is_common(), "the current port of a suspended call is its own");
  open_gate(1);
  finish(&b);
  open_gate(0);
  finish(&a);
  finish(&t);
  is_str(a.text, "11/11", "it prints on its own port after a wait");
  is_str(b.text, "22/22", "the other one too");
  is_int(t.result, 1, "the green thread stays the same");
  ok(output_is_common(), "the port stays");
  shut_gates();
}

/* ---- Held ---- */

static atomic_int bumping;

static void *bump_often(void *unused) {
  while (atomic_load(&bumping))
    bump();
  return unused;
}

int call_nested(int);
int call_nested(int n) { return inner_stays(n); }

static void invoked(void *result) { *(int *)result = plain_stays(8); }

static void hold_while_waiting(void) {
  pthread_t thread;
  atomic_store(&bumping, 1);
  pthread_create(&thread, NULL, bump_often, NULL);
  ok(changes(), "others call while one sleeps");
  uint64_t before = stats().suspended;
  int invoke_result = 0;
  is_int(outer_stays(5), 5, "nobody calls while a nested call sleeps");
  is_int(callseq_invoke(invoked, &invoke_result), CALLSEQ_OK, "callseq_invoke");
  is_int(invoke_result, 8, "nor while a function sleeps that callseq_invoke calls");
  is_int(exclusively_stays(6), 6, "nor in (exclusively ...)");
  is_int(leave_exclusively(1), 0, "an error ends that");
  failed("leave_exclusively", "left");
  is_int(escape_exclusively(7), 7, "and so does an escape");
  is_int((int)(stats().suspended - before), 0, "none of these has been suspended");
  struct caller c = {0};
  suspend(&c, call_nest, 0, 9);
  open_gate(0);
  finish(&c);
  is_int(c.result, 9, "a call that has waited holds the runtime while it nests");
  ok(changes(), "then others call again");
  atomic_store(&bumping, 0);
  pthread_join(thread, NULL);
  shut_gates();
}

enum { WRITERS = 4, WRITES = 50 };

static void write_often(int index) {
  (void)index;
  for (int i = 0; i < WRITES; i++)
    read_sleep_write();
}

static void write_exclusively(int index) {
  (void)index;
  for (int i = 0; i < WRITES; i++)
    exclusively_read_sleep_write();
}

static int never_suspend(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.suspend = CALLSEQ_SUSPEND_NONE;
  if (callseq_init_with(&config))
    return 1;
  crew(WRITERS, write_often);
  printf("%d written, %d suspended", take_total(), (int)stats().suspended);
  return 0;
}

static void exclude(void) {
  struct outcome o = in_child(never_suspend);
  is_int(o.code, 0, "CALLSEQ_SUSPEND_NONE");
  is_str(o.out, "200 written, 0 suspended", "four threads read, sleep and write 200 times");
}

static void exclude_here(void) {
  crew(WRITERS, write_exclusively);
  is_int(take_total(), WRITERS * WRITES, "so they do exclusively");
  crew(WRITERS, write_often);
  int total = take_total();
  ok(total > 0 && total < WRITERS * WRITES, "and otherwise they write over others: %d", total);
}

/* ---- What happens to it ---- */

static atomic_int handler_runs;
static void note_signal(int signal) {
  (void)signal;
  atomic_fetch_add(&handler_runs, 1);
}

static void be_signalled(void) {
  struct sigaction action = {.sa_handler = note_signal};
  struct caller a = {0}, b = {0};
  sigaction(SIGUSR2, &action, NULL);
  suspend(&a, call_wait, 0, 1);
  set_way(&b, FIRST_PIPE);
  suspend(&b, call_wait, 0, 2);
  for (int i = 1; i <= 20; i++) {
    interrupt(i % 2 ? a.thread : b.thread, SIGUSR2);
    while (atomic_load(&handler_runs) < i)
      sched_yield();
  }
  open_by_signal(0);
  interrupt(a.thread, SIGUSR1);
  finish(&a);
  is_int(a.result, 1,
         "signals interrupt no wait; a handler in Scheme ends it, with nobody calling");
  is_int(signals_handled(), 1, "it has run once");
  pthread_kill(pthread_self(), SIGUSR1);
  while (signals_handled() < 2)
    sched_yield();
  let_go(&b);
  end_way(&b);
  is_int(b.result, 2, "nor one for a pipe");
  shut_gates();
}

static void be_cancelled(void) {
  for (int way = 0; way < WAYS; way++) {
    struct caller c = {0};
    void *end;
    int before = ended();
    set_way(&c, way);
    suspend(&c, call_wait, 0, 3);
    pthread_cancel(c.thread);
    is_int(wrong_sums(20), 0, "others call");
    is_int(ended(), before, "a thread that waits %s is not cancelled at once", ways[way]);
    open_gate(0);
    let_go(&c);
    pthread_join(c.thread, &end);
    is_int(ended(), before + 1, "its callback has ended");
    is_int(c.result, 3, "with its result");
    shut_gates();
  }
}

static void be_terminated(void) {
  struct caller c[4] = {{0}};
  suspend(&c[0], call_victim, 0, 0);
  kill_victim();
  finish(&c[0]);
  fails(&c[0], "be_victim: the green thread that executed it was terminated",
        "a call whose green thread is terminated at a gate");
  suspend(&c[1], call_sleeping_victim, 0, 0);
  kill_victim();
  finish(&c[1]);
  fails(&c[1], "terminated", "asleep");
  set_way(&c[2], FIRST_PIPE);
  suspend(&c[2], call_reading_victim, 0, 0);
  kill_victim();
  finish(&c[2]);
  fails(&c[2], "terminated", "or at a pipe");
  suspend(&c[3], call_kill_itself, 1, 0);
  open_gate(1);
  finish(&c[3]);
  fails(&c[3], "terminated", "or by itself, after a wait");
  is_int(kill_itself(), 0, "or at once");
  failed("kill_itself", "terminated");
  kill_victim();
  is_int(be_killed_by_thread(), 0, "or while it runs, by another green thread");
  failed("be_killed_by_thread", "terminated");
  is_int(be_killed_exclusively(), 0, "or while it waits exclusively");
  failed("be_killed_exclusively", "terminated");
  struct caller next = {0};
  shut_gate(1);
  suspend(&next, call_wait, 1, 6);
  open_gate(1);
  finish(&next);
  is_int(next.result, 6, "that is over then");
  int right = 0, times = often(200);
  for (int i = 0; i < times; i++) {
    callseq_clear_error();
    right += kill_itself() == 0 && callseq_last_status() == CALLSEQ_ERROR && add(i) == i + 100;
  }
  callseq_clear_error();
  is_int(right, times, "%d times, with calls between", times);
  struct caller woken = {0};
  suspend(&woken, call_sleeping_victim, 0, 0);
  wake_victim();
  finish(&woken);
  is_int(woken.result, 1, "one that is woken goes on before its time");
  memset(&woken, 0, sizeof woken);
  set_way(&woken, FIRST_PIPE);
  suspend(&woken, call_reading_victim, 0, 0);
  wake_victim();
  end_way(&woken);
  is_int(woken.result, 1, "also where it waits for a pipe");
  end_way(&c[2]);
  shut_gates();
}

/* ---- In batches ---- */

static struct caller lent[3];

/* Under Scheme, in the call of another thread, which executes theirs when they sleep. */
void call_in_batch(void) {
  uint64_t before = parks();
  for (int i = 0; i < 3; i++)
    start(&lent[i], call_lent, 0, 0);
  await_parks(before + 3);
}

static void be_lent(void) {
  suspensions = stats().suspended;
  uint64_t all = suspensions + 3;
  hold();
  while (stats().suspended < all)
    sched_yield();
  is_int(wrong_sums(100), 0, "others call");
  open_gate(0);
  int by_others = 0, right = 0;
  for (int i = 0; i < 3; i++) {
    finish(&lent[i]);
    right += lent[i].result > 0;
    by_others += lent[i].result == 2;
  }
  is_int(right, 3, "calls that go on do so on their own threads");
  ok(by_others > 0, "wherever they have begun: %d of 3 elsewhere", by_others);
  shut_gates();
}

/* ---- Green threads, and nobody ---- */

static atomic_int ticks;
void tick(void);
void tick(void) { atomic_fetch_add(&ticks, 1); }

static void leave_threads(void) {
  int fds[2];
  tick_in_thread(20);
  while (atomic_load(&ticks) < 20)
    sched_yield();
  ok(true, "green threads go on while nobody calls");
  if (pipe(fds))
    return;
  read_in_thread(fds[0]);
  if (write(fds[1], "x", 1) != 1)
    return;
  while (atomic_load(&ticks) < 21)
    sched_yield();
  ok(true, "also for a descriptor");
  close(fds[0]);
  close(fds[1]);
  shut_gates();
}

/* How often the threads of this process have gone to sleep in all. */
static long sleeps(void) {
  long sum = 0;
  struct dirent *entry;
  DIR *tasks = opendir("/proc/self/task");
  while (tasks && (entry = readdir(tasks))) {
    char path[300], line[200];
    long n;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
      if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
        sum += n;
    if (file)
      fclose(file);
  }
  if (tasks)
    closedir(tasks);
  return sum;
}

/* This thread looks again and again without sleeping: whoever wakes up now and then is seen. It
 * takes a while until all the others sleep. */
static void sleep_soundly(void) {
  struct caller c[3] = {{0}};
  suspend(&c[0], call_wait, 0, 1);
  set_way(&c[1], FIRST_PIPE);
  suspend(&c[1], call_wait, 0, 2);
  set_way(&c[2], FIRST_PIPE + 1);
  suspend(&c[2], call_wait, 0, 3);
  bool sound = false;
  for (int i = 0; i < 20 && !sound; i++) {
    long before = sleeps();
    for (uint64_t start = clock_ms(); clock_ms() < start + 200;) {
    }
    sound = sleeps() == before;
  }
  if (has_proc() && !under("tsan")) /* which has a thread that wakes up */
    ok(sound, "nobody wakes up while there is nothing to do");
  open_gate(0);
  for (int i = 0; i < 3; i++) {
    let_go(&c[i]);
    end_way(&c[i]);
  }
  shut_gates();
}

static void count_right(void) {
  struct callseq_stats before = stats(), after;
  struct caller c = {0};
  suspend(&c, call_twice, 0, 0);
  add(1);
  after = stats();
  is_int((int)(after.suspended - before.suspended), 1, "one suspension is counted");
  is_int((int)(after.calls - before.calls), 2, "and two calls, one of them not over");
  open_gate(0);
  await_suspension(2);
  open_gate(1);
  finish(&c);
  after = stats();
  is_int((int)(after.suspended - before.suspended), 2, "two suspensions");
  is_int((int)(after.calls - before.calls), 4, "a call is counted once, however often it goes on");
  shut_gates();
}

int main(void) {
  exclude();
  start_quietly();
  count_right();
  wait_by_each();
  wait_by_many();
  give_results();
  enter_others();
  keep_winders();
  keep_bindings();
  leave_bindings();
  bind_in_threads();
  keep_ports();
  hold_while_waiting();
  exclude_here();
  be_terminated();
  be_cancelled();
  be_lent();
  leave_threads();
  be_signalled();
  sleep_soundly();
  is_int(wrong_sums(10000), 0, "calls go on");
  return done();
}
