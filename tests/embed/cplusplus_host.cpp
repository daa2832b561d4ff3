/* A host in C++, Scheme compiled as C++: references, instances, templates by pointer. */
#include <callseq.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../tap.h"

struct Counter {
  int n;
};

extern "C" {
void add_to(int &, int);
int &same_int(int &);
int bump_it(Counter *);
Counter *same_counter(Counter *);
int vector_size(std::vector<int> *);
char *greet(const char *);
int try_half(int, int *);
int around(int), throw_and_catch(int);
callseq_handle *counter_from(int);
int count_on(callseq_handle *);
int try_same(callseq_handle *, callseq_handle **);
void keep_handle(callseq_handle *);
extern callseq_handle *kept_handle;
int post_vector(std::vector<int> *, const char *);
callseq_future *add_later(int, double), *noticed_later(const char *);
int add_later_result(callseq_future *, double *), noticed_later_result(callseq_future *, char **);
void notice(void);
callseq_handle *kept_handle;
}

/* Destroyed at the end of its thread, before destructors of pthread keys. */
struct Farewell {
  int *right;
  ~Farewell() {
    int half = 0;
    *right = try_half(8, &half) == CALLSEQ_OK && half == 4;
  }
};

/* Calls when it goes out of scope, by an exception too. */
struct Halved {
  int n;
  int *result;
  ~Halved() { try_half(n, result); }
};

/* A wrapper that tells failures in C++'s way. */
static int half_of(int n) {
  int half = 0;
  if (try_half(n, &half) != CALLSEQ_OK)
    throw std::runtime_error(callseq_last_error());
  return half;
}

static int caught_half(int n, int *at_end) {
  try {
    Halved halved = {8, at_end};
    return half_of(n);
  } catch (const std::runtime_error &error) {
    return std::string(error.what()).find("7/2") == std::string::npos ? -2 : -1;
  }
}

int throw_and_catch(int n) {
  int at_end = 0;
  return 100 * caught_half(n, &at_end) + at_end;
}

int main() {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  is_int(callseq_init_with(&config), CALLSEQ_OK, "init");
  int n = 40;
  add_to(n, 2);
  is_int(n, 42, "(ref int) in");
  ok(&same_int(n) == &n, "(ref int) out");
  Counter counter = {6};
  is_int(bump_it(&counter), 7, "(instance ...) in");
  ok(same_counter(&counter) == &counter && !same_counter(nullptr), "(instance ...) out");
  std::vector<int> numbers(5);
  is_int(vector_size(&numbers), 5, "(c-pointer (template ...)) in");
  is_str(greet("C++"), "hello C++", "a string");
  int half = 0;
  is_int(try_half(10, &half), CALLSEQ_OK, "status form");
  is_int(half, 5, "status form: result");
  is_int(try_half(7, &half), CALLSEQ_ERROR, "status form: 7/2 is no int");

  int at_end = 0;
  is_int(caught_half(10, &at_end), 5, "a wrapper returns");
  is_int(at_end, 4, "and a destructor calls when it does");
  at_end = 0;
  is_int(caught_half(7, &at_end), -1, "a wrapper throws the message of a failed call");
  is_int(at_end, 4, "and a destructor calls while the exception is on its way");
  is_int(around(10), 505, "the same in C++ under Scheme: it returns");
  is_int(around(7), -95, "and it throws, and catches");

  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([i] {
      int mine = 0, half = 0;
      for (int k = 0; k < 1000; k++)
        mine += try_half(2 * k, &half) == CALLSEQ_OK && half == k && around(7) == -95;
      is_int(mine, 1000, "std::thread %d", i);
    });
  for (std::thread &thread : threads)
    thread.join();

  {
    typedef std::unique_ptr<callseq_handle, void (*)(callseq_handle *)> handle;
    handle counter(counter_from(5), callseq_handle_release);
    callseq_handle *result = nullptr;
    is_int(count_on(counter.get()), 6, "a closure in a unique_ptr");
    is_int(try_same(counter.get(), &result), CALLSEQ_OK, "the status form");
    handle same(result, callseq_handle_release);
    keep_handle(counter.get());
    handle kept(kept_handle, callseq_handle_release);
    ok(callseq_handle_same(counter.get(), same.get()) &&
           callseq_handle_same(counter.get(), kept.get()),
       "in and out, of callbacks and of blocking lambdas");
    is_int(count_on(same.get()), 7, "the same closure");
  }
  {
    typedef std::unique_ptr<callseq_future, void (*)(callseq_future *)> future;
    std::vector<int> three(3);
    double sum = 0;
    char *text = nullptr;
    notice();
    is_int(post_vector(&three, "four"), CALLSEQ_OK, "a post");
    future held(add_later(1, 0.5), callseq_future_release);
    is_int(callseq_future_wait(held.get(), CALLSEQ_FOREVER), CALLSEQ_OK, "a future");
    is_int(add_later_result(held.release(), &sum), CALLSEQ_OK, "and its result");
    ok(sum == 8.5, "of what was posted before");
    is_int(noticed_later_result(noticed_later("seen"), &text), CALLSEQ_OK, "a string");
    is_str(text, "seen", "of a notification before");
  }
  struct callseq_stats stats;
  callseq_stats(&stats);
  is_int((intmax_t)stats.handles, 0, "all have been released");

  int right_before = 0, right_alone = 0;
  std::thread([&] {
    thread_local Farewell farewell = {&right_before};
    int half = 0;
    try_half(2, &half);
    (void)farewell;
  }).join();
  std::thread([&] {
    thread_local Farewell farewell = {&right_alone};
    (void)farewell;
  }).join();
  is_int(right_before, 1, "a call from the destructor of a thread_local");
  is_int(right_alone, 1, "which may be the only call of its thread");
  return done();
}
