/* Rows cncb-sync and, with -DASYNC, cncb-async: calls in the manner of concurrent-native-callbacks.
 *
 * A dispatcher thread owns CHICKEN. A caller allocates a request with its arguments and writes its
 * address into a pipe; the dispatcher (cncb.scm) reads it and runs the callback. A synchronous
 * caller then waits on a condition variable; an asynchronous one goes on, and waits for the last of
 * all its calls only, so that the time is that of calls carried out. */
#include "cncb.h"
#include "row.h"

#include <chicken.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef THREADS
#define CALLBACK (row_busy ? "busy" : "foo")
#else
#define CALLBACK "foo"
#endif

struct reply {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  bool arrived;
};

#define REPLY_INITIALIZER                                                                          \
  { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false }

int cncb_input;
static int output; /* the callers' end of the pipe */
static struct reply ready = REPLY_INITIALIZER;
static int64_t unread_results; /* of asynchronous calls; the dispatcher's until a later reply */

static void reply_send(struct reply *reply) {
  pthread_mutex_lock(&reply->mutex);
  reply->arrived = true;
  pthread_cond_signal(&reply->condition);
  pthread_mutex_unlock(&reply->mutex);
}

static void reply_wait(struct reply *reply) {
  pthread_mutex_lock(&reply->mutex);
  while (!reply->arrived)
    pthread_cond_wait(&reply->condition, &reply->mutex);
  pthread_mutex_unlock(&reply->mutex);
}

void cncb_ready(void) { reply_send(&ready); }

void cncb_finish(struct request *request, int result) {
  if (request->reply) {
    request->result = result;
    reply_send(request->reply);
  } else {
    unread_results += result;
    free(request);
  }
}

static void *dispatcher_main(void *unused) {
  CHICKEN_run(C_toplevel);
  return unused;
}

void row_start(void) {
  int ends[2];
  pthread_attr_t attributes;
  pthread_t dispatcher;
  if (pipe(ends) != 0)
    row_fail("cannot create the request pipe");
  cncb_input = ends[0];
  output = ends[1];
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, ROW_STACK_BYTES);
  if (pthread_create(&dispatcher, &attributes, dispatcher_main, NULL) != 0)
    row_fail("cannot create the dispatcher thread");
  reply_wait(&ready);
}

static struct request *send_request(int x, struct reply *reply) {
  struct request *request = malloc(sizeof *request);
  if (!request)
    row_fail("out of memory");
  *request = (struct request){.callback = CALLBACK, .argument = x, .reply = reply};
  if (write(output, &request, sizeof request) != sizeof request)
    row_fail("cannot write to the request pipe");
  return request;
}

static int call(int x) {
  struct reply reply = REPLY_INITIALIZER;
  struct request *request = send_request(x, &reply);
  reply_wait(&reply);
  int result = request->result;
  free(request);
  return result;
}

#ifdef ASYNC
int64_t row_calls(int count) {
  for (int i = 0; i < count - 1; i++)
    send_request(i, NULL);
  int64_t sum = call(count - 1) + unread_results;
  unread_results = 0;
  return sum;
}
#else
ROW_CALLS(call(i))
#endif
