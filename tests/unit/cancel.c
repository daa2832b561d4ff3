/* Whether somebody could cancel a thread is seen in what the process has loaded; but not in a child
 * that would wait for the dynamic linker for ever. Compiled twice: as a library that imports
 * pthread_cancel and offers nothing, and as the program that loads it. */
#define _GNU_SOURCE
#ifdef LIBRARY

#include <pthread.h>
__attribute__((used)) static int (*volatile cancels)(pthread_t) = pthread_cancel;

#else

#include "../../src/system/system.h"
#include "../support.h"
#include <dlfcn.h>
#include <link.h>
#include <semaphore.h>

enum { IMPATIENT = 20 }; /* seconds */

static int can_cancel(void) {
  alarm(IMPATIENT);
  return callseq_system_can_cancel();
}

/* Reads what the dynamic linker knows, and takes its time. */
static sem_t reads, read_enough;

static int linger(struct dl_phdr_info *object, size_t size, void *data) {
  (void)object, (void)size, (void)data;
  sem_post(&reads);
  while (sem_wait(&read_enough) != 0) {
  }
  return 1;
}

static void *read_long(void *unused) {
  dl_iterate_phdr(linger, NULL);
  return unused;
}

static void forks(void) {
  pthread_t reader;
  sem_init(&reads, 0, 0);
  sem_init(&read_enough, 0, 0);
  is_int(in_child(can_cancel).code, 0, "nor in the child of a process with one thread");
  pthread_create(&reader, NULL, read_long, NULL);
  while (sem_wait(&reads) != 0) {
  }
  is_int(in_child(can_cancel).code, 1, "it is assumed where another thread was in the linker");
  sem_post(&read_enough);
  pthread_join(reader, NULL);
}

int main(void) {
  pthread_atfork(callseq_system_before_fork, NULL, callseq_system_forked);
  ok(!callseq_system_can_cancel(), "no thread can be cancelled before");
  forks();
  ok(!callseq_system_can_cancel(), "nor later in the parent");
  void *library = dlopen("unit/cancel_library.so", RTLD_NOW);
  ok(library != NULL, "a library that can cancel is loaded: %s", library ? "" : dlerror());
  ok(callseq_system_can_cancel(), "threads can be cancelled after");
  return done();
}

#endif
