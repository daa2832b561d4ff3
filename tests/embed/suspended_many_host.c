/* A thousand callbacks wait at once: for sockets, where descriptors are left for what wakes them
 * and where none are. And what one that waits takes of memory. */
#include "../support.h"
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <sys/socket.h>

int wait_at_gate(int), receive_byte(int), read_until_woken(int, int), add(int),
    waits_scheduled(void);
void open_gate(int), shut_gate(int), wake_readers(void);
size_t heap_used(void);

enum { THREADS = 1000, MEASURED = 500, DESCRIPTORS = 3 * THREADS + 100, MOST_BYTES = 4 << 10 };

static int sockets[THREADS][2], results[THREADS];
static pthread_t threads[THREADS];

static void await_suspended(uint64_t count) {
  while (suspended() < count)
    sched_yield();
}

static void start(int i, void *(*body)(void *)) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 256 << 10);
  if (pthread_create(&threads[i], &small, body, (void *)(intptr_t)i)) {
    perror("pthread_create");
    exit(2);
  }
  pthread_attr_destroy(&small);
}

static void *receive(void *argument) {
  int i = (int)(intptr_t)argument;
  results[i] = receive_byte(sockets[i][0]);
  return NULL;
}

static void *read_and_be_woken(void *argument) {
  int i = (int)(intptr_t)argument;
  results[i] = read_until_woken(sockets[i][0], i);
  return NULL;
}

/* Waits, all at once, for bytes that come in another order. */
static void receive_all(int n, const char *where) {
  uint64_t before = suspended();
  for (int i = 0; i < n; i++)
    start(i, receive);
  await_suspended(before + (uint64_t)n);
  int right = 0, calls = 1000;
  for (int i = 0; i < calls; i++)
    right += add(i) == i + 100;
  is_int(right, calls, "others call while %d wait for sockets%s", n, where);
  is_int(waits_scheduled(), 0, "nobody polls for them besides their own threads%s", where);
  for (int i = 0; i < n; i++) {
    int to = n - 1 - i;
    char byte = (char)(to % 100);
    right += write(sockets[to][1], &byte, 1) == 1;
  }
  for (int i = 0; i < n; i++) {
    pthread_join(threads[i], NULL);
    right += results[i] == i % 100;
  }
  is_int(right, calls + 2 * n, "each of %d gets its own byte%s", n, where);
}

static void wake_all(int n, const char *where) {
  uint64_t before = suspended();
  int right = 0;
  for (int i = 0; i < n; i++)
    start(i, read_and_be_woken);
  await_suspended(before + (uint64_t)n);
  wake_readers();
  for (int i = 0; i < n; i++) {
    pthread_join(threads[i], NULL);
    right += results[i] == i;
  }
  is_int(right, n, "%d that wait for a socket are woken by a call%s", n, where);
}

static bool allow_descriptors(rlim_t count) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit))
    return false;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < count)
    limit.rlim_max = count; /* for a privileged user */
  limit.rlim_cur = count;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static bool wait_for_sockets(int n) {
  bool opened = allow_descriptors(DESCRIPTORS);
  for (int i = 0; i < n; i++)
    opened = opened && !socketpair(AF_UNIX, SOCK_STREAM, 0, sockets[i]);
  if (!opened) {
    ok(true, "# SKIP this system does not allow %d descriptors", DESCRIPTORS);
    return false;
  }
  receive_all(n, "");
  wake_all(n / 10, "");
  allow_descriptors(3);
  ok(open("/dev/null", O_RDONLY) < 0, "no descriptor is left");
  receive_all(n, ", without descriptors");
  wake_all(n / 10, ", without descriptors");
  return allow_descriptors(DESCRIPTORS);
}

/* ---- Memory ---- */

static pthread_barrier_t called, measured;

static void *call_and_wait(void *argument) {
  int i = (int)(intptr_t)argument, right = add(i) == i + 100;
  pthread_barrier_wait(&called);
  pthread_barrier_wait(&measured);
  results[i] = right && wait_at_gate(i) == i;
  return NULL;
}

/* Of the C heap and of Scheme's, in bytes. */
static size_t used(void) { return mallinfo2().uordblks + heap_used(); }

/* The threads have called before, so what they cost by themselves is no part of it. */
static void measure(int n) {
  pthread_barrier_init(&called, NULL, (unsigned)n + 1);
  pthread_barrier_init(&measured, NULL, (unsigned)n + 1);
  for (int i = 0; i < n; i++)
    start(i, call_and_wait);
  pthread_barrier_wait(&called);
  size_t before = used();
  uint64_t count = suspended();
  pthread_barrier_wait(&measured);
  await_suspended(count + (uint64_t)n);
  size_t while_waiting = used();
  long each = (long)(while_waiting - before) / n;
  if (!WATCHED)
    ok(each > 0 && each <= MOST_BYTES, "one that waits takes %ld bytes, %d at most", each,
       MOST_BYTES);
  open_gate(0);
  int right = 0;
  for (int i = 0; i < n; i++) {
    pthread_join(threads[i], NULL);
    right += results[i];
  }
  is_int(right, n, "%d go on", n);
  shut_gate(0);
}

static void wait_again(int n) {
  long before = 0;
  for (int round = 0; round < 4; round++) {
    uint64_t count = suspended();
    int right = 0;
    for (int i = 0; i < n; i++)
      start(i, read_and_be_woken);
    await_suspended(count + (uint64_t)n);
    wake_readers();
    for (int i = 0; i < n; i++) {
      pthread_join(threads[i], NULL);
      right += results[i] == i;
    }
    long now = (long)used();
    if (round == 0)
      before = now;
    else if (!WATCHED)
      ok(now - before < 64 * n, "round %d keeps nothing: %ld bytes more", round, now - before);
    is_int(right, n, "round %d", round);
  }
}

int main(void) {
  start_quietly();
  measure(often(MEASURED));
  if (wait_for_sockets(often(THREADS)))
    wait_again(often(MEASURED));
  return done();
}
