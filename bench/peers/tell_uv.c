/* Row uv: what libuv's manual leaves to the program is a list behind a mutex; uv_async_send wakes
 * the loop, which takes the whole list. The function is C. */
#include "tell.h"

#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
const char tell_version[] =
    "libuv " NUMBER(UV_VERSION_MAJOR) "." NUMBER(UV_VERSION_MINOR) "." NUMBER(UV_VERSION_PATCH);

struct event {
  struct event *next;
  int x;
};

static uv_async_t bell;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct event *first, **end = &first; /* behind the mutex */
static int left;
static double sum;

static void note(int x) {
  sum += x;
  if (--left == 0)
    tell_end(sum);
}

static void note_all(uv_async_t *handle) {
  (void)handle;
  pthread_mutex_lock(&mutex);
  struct event *list = first;
  first = NULL;
  end = &first;
  pthread_mutex_unlock(&mutex);
  while (list) {
    struct event *event = list;
    list = event->next;
    note(event->x);
    free(event);
  }
}

void tell_start(int events) {
  left = events;
  if (uv_async_init(uv_default_loop(), &bell, note_all) != 0)
    row_fail("no loop of libuv");
}

bool tell(int x) {
  struct event *event = malloc(sizeof *event);
  if (!event)
    row_fail("no memory");
  *event = (struct event){.x = x};
  pthread_mutex_lock(&mutex);
  *end = event;
  end = &event->next;
  pthread_mutex_unlock(&mutex);
  uv_async_send(&bell);
  return true;
}

void tell_serve(void) { uv_run(uv_default_loop(), UV_RUN_DEFAULT); }
