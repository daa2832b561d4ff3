/* What stdio holds, written out at the end of the process; and what it has read too much given
 * back, by moving the file's offset, where another process may go on reading.
 *
 * C's exit writes out every stream. It may wait for ever for one that another thread has locked,
 * because that thread waits for input; so may fflush(NULL). Here such a stream is left out, if it
 * stays locked, and no other.
 *
 * For that the streams have to be gone through one by one. glibc and its relatives keep them in a
 * list, under a lock, and export both, for the library of C++. The list's lock may be held for good
 * as well, by a thread that closes a stream which another one has locked, or that is in
 * fflush(NULL). So another thread tries first, and if that does not come back the lock is made
 * anew: whoever has it does not run. Elsewhere there is nothing but stdout, stderr, and
 * fflush(NULL), for a while, in another thread. */
#define _GNU_SOURCE
#include "system.h"

#include "park.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  PATIENCE_NS = 250000000, /* with locks that others hold; */
  STEP_NS = 1000000,       /* looks at them are so far apart, */
  FIRST_STEP_NS = 20000    /* or less at first */
};

/* Waits until `is_over(data)`, for as long as patience lasts; the answer is the last one. */
static bool wait_until(bool (*is_over)(void *), void *data) {
  uint32_t step = FIRST_STEP_NS;
  bool over = is_over(data);
  for (uint32_t waited = 0; !over && waited < PATIENCE_NS; waited += step) {
    callseq_park_nap(step);
    step = step * 2 < STEP_NS ? step * 2 : STEP_NS;
    over = is_over(data);
  }
  return over;
}

/* acquire: pairs with the release in say_so */
static bool is_said(void *word) {
  return atomic_load_explicit((_Atomic(uint32_t) *)word, memory_order_acquire);
}

static void say_so(void *word) {
  /* release: pairs with the acquire in is_said */
  atomic_store_explicit((_Atomic(uint32_t) *)word, 1, memory_order_release);
}

/* Runs `function(word)` in another thread, which sets *word when it is through, for a while. False:
 * it is not, or there is no thread. */
static bool runs_through(void *(*function)(void *), _Atomic(uint32_t) *word) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, function, (void *)word) != 0)
    return false;
  pthread_detach(thread);
  return wait_until(is_said, word);
}

#ifdef __GLIBC__
#include <stdio_ext.h>

/* Their declarations are not installed. */
extern FILE *_IO_list_all __attribute__((weak));
extern void _IO_list_lock(void) __attribute__((weak));
extern void _IO_list_unlock(void) __attribute__((weak));
extern void _IO_list_resetlock(void) __attribute__((weak));

static bool has_list(void) {
  return &_IO_list_all && _IO_list_lock && _IO_list_unlock && _IO_list_resetlock;
}

static void *try_list(void *word) {
  _IO_list_lock();
  _IO_list_unlock();
  say_so(word);
  return NULL;
}

static void free_list(void) {
  static _Atomic(uint32_t) is_free;
  if (!runs_through(try_list, &is_free))
    _IO_list_resetlock();
}

/* Flushes all streams but those that are locked. Is there none of these that holds something, as
 * far as that can be seen? */
static bool write_out_list(void *unused) {
  bool all = true;
  (void)unused;
  _IO_list_lock();
  for (FILE *stream = _IO_list_all; stream; stream = stream->_chain) {
    if (ftrylockfile(stream) == 0) {
      fflush(stream);
      funlockfile(stream);
    } else if (__fpending(stream)) {
      all = false;
    }
  }
  _IO_list_unlock();
  return all;
}
#else
static bool has_list(void) { return false; }
static void free_list(void) {}
static bool write_out_list(void *unused) { return !unused; }
#endif

static bool write_out_one(FILE *stream) {
  if (ftrylockfile(stream) != 0)
    return false;
  fflush(stream);
  funlockfile(stream);
  return true;
}

static bool write_out_known(void *unused) {
  (void)unused;
  bool out = write_out_one(stdout), err = write_out_one(stderr);
  (void)write_out_one(stdin); /* fflush(NULL) gives nothing back */
  return out && err;
}

static void *write_out_rest(void *word) {
  fflush(NULL);
  say_so(word);
  return NULL;
}

void callseq_system_write_out(void) {
  static _Atomic(uint32_t) done;
  /* What is locked just now may be free in a moment: a thread prints. */
  if (has_list()) {
    free_list();
    wait_until(write_out_list, NULL);
  } else {
    wait_until(write_out_known, NULL);
    runs_through(write_out_rest, &done);
  }
}
