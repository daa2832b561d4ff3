/* worker: takes jobs from a stream of Redis, evaluates rules in Scheme (jobs.scm), acknowledges.
 *
 *   worker [-t THREADS] [-l LEASE_MS] [-a ATTEMPTS] SOCKET | HOST:PORT
 *
 * As many processes as one likes, on as many machines, make one consumer group. Each thread is a
 * consumer with a connection of its own. A job is acknowledged in the same transaction that stores
 * its result; so one whose worker dies is still pending, and after LEASE_MS another thread claims
 * it. A job may be done twice, then, but none is lost. One that was begun ATTEMPTS times without an
 * end, because it takes its workers with it, counts as failed.
 *
 * The stream is `jobs`, with fields `kind` and `payload`; results are in the hash `results`, or
 * messages in `failures`, by the job's id; `times` says how often each was done. SIGTERM ends it:
 * threads finish what they have. */
#include <callseq.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int work(const char *kind, const char *payload, char **result);

static const char *server;
static int lease_ms = 30000, attempts = 5;
static atomic_bool ending;

static redisContext *reach(void) {
  const struct timeval patience = {2, 0};
  const char *colon = strrchr(server, ':');
  redisContext *redis;
  if (colon) {
    char *host = strndup(server, (size_t)(colon - server));
    redis = redisConnectWithTimeout(host, atoi(colon + 1), patience);
    free(host);
  } else {
    redis = redisConnectUnixWithTimeout(server, patience);
  }
  /* A server that says nothing any more is as good as none. */
  if (redis && !redis->err && redisSetTimeout(redis, patience) == REDIS_OK)
    return redis;
  redisFree(redis);
  return NULL;
}

/* One job, from a reply [id, [field, value, ...]]. False if the connection is lost. */
static bool perform(redisContext *redis, const redisReply *job, const char *given_up) {
  const char *id = job->element[0]->str, *kind = "", *payload = "", *error = given_up;
  const redisReply *fields = job->element[1];
  char *result = NULL;
  for (size_t i = 0; i + 1 < fields->elements; i += 2) {
    if (!strcmp(fields->element[i]->str, "kind"))
      kind = fields->element[i + 1]->str;
    if (!strcmp(fields->element[i]->str, "payload"))
      payload = fields->element[i + 1]->str;
  }
  if (!error && work(kind, payload, &result) != CALLSEQ_OK)
    error = callseq_last_error();

  redisAppendCommand(redis, "MULTI");
  redisAppendCommand(redis, "HSET %s %s %s", error ? "failures" : "results", id,
                     error ? error : result);
  redisAppendCommand(redis, "HINCRBY times %s 1", id);
  redisAppendCommand(redis, "XACK jobs workers %s", id);
  redisAppendCommand(redis, "EXEC");
  free(result);
  bool kept = true;
  for (int i = 0; i < 5; i++) {
    void *reply = NULL;
    kept = kept && redisGetReply(redis, &reply) == REDIS_OK;
    freeReplyObject(reply);
  }
  return kept;
}

/* How often a pending job has been given to somebody. */
static long long deliveries(redisContext *redis, const char *id) {
  redisReply *reply = redisCommand(redis, "XPENDING jobs workers %s %s 1", id, id);
  long long count = 0;
  if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements)
    count = reply->element[0]->element[3]->integer;
  freeReplyObject(reply);
  return count;
}

/* A job of a worker that has not been heard of for too long. False if the connection is lost. */
static bool take_over(redisContext *redis, const char *consumer, bool *found) {
  redisReply *reply =
      redisCommand(redis, "XAUTOCLAIM jobs workers %s %d 0 COUNT 1", consumer, lease_ms);
  bool kept = reply != NULL;
  *found = kept && reply->type == REDIS_REPLY_ARRAY && reply->element[1]->elements;
  if (*found) {
    const redisReply *job = reply->element[1]->element[0];
    bool too_often = deliveries(redis, job->element[0]->str) > attempts;
    kept = perform(redis, job, too_often ? "none of its workers came back" : NULL);
  }
  freeReplyObject(reply);
  return kept;
}

/* The next job that nobody has had, if there is one soon. False if the connection is lost. */
static bool take_new(redisContext *redis, const char *consumer) {
  redisReply *reply =
      redisCommand(redis, "XREADGROUP GROUP workers %s COUNT 1 BLOCK 200 STREAMS jobs >", consumer);
  bool kept = reply != NULL && reply->type != REDIS_REPLY_ERROR;
  if (kept && reply->type == REDIS_REPLY_ARRAY)
    kept = perform(redis, reply->element[0]->element[1]->element[0], NULL);
  freeReplyObject(reply);
  return kept;
}

/* A thread of the pool. Without a server it tries again. */
static void *consume(void *number) {
  char consumer[160], host[64] = "";
  gethostname(host, sizeof host - 1);
  snprintf(consumer, sizeof consumer, "%s.%ld.%d", host, (long)getpid(), *(int *)number);
  while (!ending) {
    redisContext *redis = reach();
    bool kept = redis != NULL, found = false;
    if (kept) /* the answer may be that there is one */
      freeReplyObject(redisCommand(redis, "XGROUP CREATE jobs workers 0 MKSTREAM"));
    time_t looked = 0;
    while (kept && !ending) {
      if (found || time(NULL) != looked) { /* once in a second */
        looked = time(NULL);
        kept = take_over(redis, consumer, &found);
      }
      if (!found)
        kept = kept && take_new(redis, consumer);
    }
    if (kept)
      freeReplyObject(redisCommand(redis, "XGROUP DELCONSUMER jobs workers %s", consumer));
    else
      nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    redisFree(redis);
  }
  return NULL;
}

int main(int argc, char **argv) {
  int threads = 2;
  for (int option; (option = getopt(argc, argv, "t:l:a:")) != -1;) {
    if (option == 't')
      threads = atoi(optarg);
    if (option == 'l')
      lease_ms = atoi(optarg);
    if (option == 'a')
      attempts = atoi(optarg);
    if (option == '?')
      optind = argc;
  }
  if (optind != argc - 1 || threads < 1 || threads > 256) {
    fputs("usage: worker [-t THREADS] [-l LEASE_MS] [-a ATTEMPTS] SOCKET | HOST:PORT\n", stderr);
    return 2;
  }
  server = argv[optind];

  sigset_t ends; /* for this thread alone */
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, NULL);
  if (callseq_init() != CALLSEQ_OK)
    return 1;
  pthread_t pool[256];
  int number[256], signal;
  for (int i = 0; i < threads; i++) {
    number[i] = i;
    pthread_create(&pool[i], NULL, consume, &number[i]);
  }
  sigwait(&ends, &signal);
  ending = true;
  for (int i = 0; i < threads; i++)
    pthread_join(pool[i], NULL);
  return 0;
}
