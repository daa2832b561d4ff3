/* http: a web server with a pool of threads, which libmicrohttpd makes; each request is answered by
 * Scheme, on the thread that it came to (site.scm). One more thread watches the folder of the site.
 *
 *   http [-p PORT] [-t THREADS] [-d DATABASE] [-e SECONDS] [-a scheme|mutex|c] FOLDER
 *
 * It listens on this machine only, PORT 0 for any, and says where. SIGINT and SIGTERM end it: what
 * has begun is answered first, if that takes no longer than SECONDS, 10. -a is for measuring:
 * "mutex" excludes others from the whole of an answer, as a program must that has a Scheme without
 * callseq; "c" answers /hello and /slow in C alone. */
#define _GNU_SOURCE
#include "http.h"
#include "site.h"
#include <arpa/inet.h>
#include <callseq.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { BODY_MAX = 64 * 1024 };

static atomic_ulong requests;

/* Requests that have begun and not been sent their answer; after `closing` connections end with it.
 */
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t none_begun = PTHREAD_COND_INITIALIZER;
static int begun;
static atomic_bool closing;

static unsigned short port = 8080;
static char here[2][32]; /* what Host may be: another one is a page elsewhere that means us */

char *statistics(void) {
  struct callseq_stats s;
  char *text = NULL;
  callseq_stats(&s);
  if (asprintf(&text,
               "{\"requests\": %lu, \"calls\": %llu, \"waits\": %llu, \"by_others\": %llu, "
               "\"suspended\": %llu, \"collections\": %llu}\n",
               atomic_load(&requests), (unsigned long long)s.calls, (unsigned long long)s.waits,
               (unsigned long long)s.by_others, (unsigned long long)s.suspended,
               (unsigned long long)s.collections) < 0)
    return NULL;
  return text;
}

/* ---- Answers: a text from malloc, and its head ---- */

static char *by_scheme(const char *method, const char *path, const char *body, struct head *head) {
  char *text = NULL;
  if (answer((char *)method, (char *)path, (char *)body, head, &text) == CALLSEQ_OK)
    return text;
  *head = (struct head){500, TYPE_TEXT};
  return asprintf(&text, "%s\n", callseq_last_error()) < 0 ? NULL : text;
}

static char *under_mutex(const char *method, const char *path, const char *body,
                         struct head *head) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  char *text = by_scheme(method, path, body, head);
  pthread_mutex_unlock(&mutex);
  return text;
}

static char *by_c(const char *method, const char *path, const char *body, struct head *head) {
  (void)method, (void)body;
  *head = (struct head){200, TYPE_HTML};
  if (!strncmp(path, "/slow/", 6)) {
    head->type = TYPE_TEXT;
    sqlite3_sleep(atoi(path + 6));
    return strdup("done\n");
  }
  const char *name = strncmp(path, "/hello/", 7) ? "" : path + 7;
  size_t length = strlen(name);
  bool valid = length >= 1 && length <= 40;
  for (const char *c = name; *c; c++)
    valid = valid && ((*c & 0x80) || *c == '-' || *c == ' ' || (*c >= '0' && *c <= '9') ||
                      (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z'));
  char *text = NULL;
  if (!valid) {
    *head = (struct head){400, TYPE_TEXT};
    return strdup("That is not a name.\n");
  }
  return asprintf(&text,
                  "<!doctype html><html lang=en><meta charset=utf-8><title>Greetings</title>"
                  "<h1>Greetings</h1><p>Hello, %s!</p>\n",
                  name) < 0
             ? NULL
             : text;
}

static char *(*answer_by)(const char *, const char *, const char *, struct head *) = by_scheme;

/* ---- Requests ---- */

static void count(int difference) {
  pthread_mutex_lock(&counting);
  begun += difference;
  if (!begun)
    pthread_cond_signal(&none_begun);
  pthread_mutex_unlock(&counting);
}

/* What a request has sent so far. */
struct body {
  char *text; /* NULL while there is nothing */
  size_t length;
  bool too_long;
};

static void keep(struct body *body, const char *part, size_t length) {
  char *text =
      length > BODY_MAX - body->length ? NULL : realloc(body->text, body->length + length + 1);
  if (!text) {
    body->too_long = true;
    return;
  }
  memcpy(text + body->length, part, length);
  body->text = text;
  body->length += length;
  text[body->length] = '\0';
}

static enum MHD_Result reply(struct MHD_Connection *connection, struct head head, char *text) {
  static const char *const types[] = {[TYPE_TEXT] = "text/plain; charset=utf-8",
                                      [TYPE_HTML] = "text/html; charset=utf-8",
                                      [TYPE_JSON] = "application/json"};
  if (!text)
    return MHD_NO;
  struct MHD_Response *response =
      MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
  MHD_add_response_header(response, "Content-Type", types[head.type]);
  if (closing)
    MHD_add_response_header(response, "Connection", "close");
  enum MHD_Result result = MHD_queue_response(connection, (unsigned)head.code, response);
  MHD_destroy_response(response);
  return result;
}

/* Another page in the same browser may send requests here too, but not with a header of its own,
 * unless it is asked whether it may; nor with our name as Host. */
static bool from_here(struct MHD_Connection *connection, const char *method) {
  const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
  return host && (!strcmp(host, here[0]) || !strcmp(host, here[1])) &&
         (!strcmp(method, "GET") ||
          MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Requested-With"));
}

/* Called by the pool's threads: once with the head, for each part of the body, once at the end. */
static enum MHD_Result handle(void *data, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *part,
                              size_t *length, void **state) {
  (void)data, (void)version;
  if (!*state) {
    if (!(*state = calloc(1, sizeof(struct body))))
      return MHD_NO;
    count(1);
    return MHD_YES;
  }
  struct body *body = *state;
  if (*length) {
    keep(body, part, *length);
    *length = 0;
    return MHD_YES;
  }
  atomic_fetch_add(&requests, 1);
  if (!from_here(connection, method))
    return reply(connection, (struct head){403, TYPE_TEXT}, strdup("Not from there.\n"));
  if (body->too_long)
    return reply(connection, (struct head){413, TYPE_TEXT}, strdup("That is too long.\n"));
  struct head head = {500, TYPE_TEXT};
  char *text = answer_by(method, path, body->text ? body->text : "", &head);
  return reply(connection, head, text);
}

static void completed(void *data, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code) {
  (void)data, (void)connection, (void)code;
  struct body *body = *state;
  if (!body)
    return;
  free(body->text);
  free(body);
  count(-1);
}

/* ---- The watcher ---- */

static int stop_watching;

/* Tells Scheme when files of the folder have changed: closed after writing, or put there by rename.
 */
static void *watch(void *folder) {
  int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (inotify_add_watch(changes, folder, IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
    perror(folder);
  struct pollfd wait[2] = {{stop_watching, POLLIN, 0}, {changes, POLLIN, 0}};
  while (poll(wait, 2, -1) >= 0 && !wait[0].revents) {
    char events[4096];
    while (read(changes, events, sizeof events) > 0) {
    }
    changed();
  }
  close(changes);
  return NULL;
}

/* ---- Beginning and end ---- */

static int usage(void) {
  fputs(
      "usage: http [-p PORT] [-t THREADS] [-d DATABASE] [-e SECONDS] [-a scheme|mutex|c] FOLDER\n",
      stderr);
  return 2;
}

int main(int argc, char **argv) {
  unsigned threads = 4;
  const char *data = "notes.db";
  int patience = 10;
  for (int option; (option = getopt(argc, argv, "p:t:d:e:a:")) != -1;) {
    if (option == 'p')
      port = (unsigned short)atoi(optarg);
    else if (option == 't')
      threads = (unsigned)atoi(optarg);
    else if (option == 'd')
      data = optarg;
    else if (option == 'e')
      patience = atoi(optarg);
    else if (option == 'a' && !strcmp(optarg, "scheme"))
      answer_by = by_scheme;
    else if (option == 'a' && !strcmp(optarg, "mutex"))
      answer_by = under_mutex;
    else if (option == 'a' && !strcmp(optarg, "c"))
      answer_by = by_c;
    else
      return usage();
  }
  if (optind != argc - 1 || threads < 1)
    return usage();

  /* Signals are this thread's alone, so that they interrupt no system call of the others. */
  sigset_t ends, alarm;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM); /* a Scheme handler's */
  pthread_sigmask(SIG_BLOCK, &ends, NULL);
  pthread_sigmask(SIG_BLOCK, &alarm, NULL);

  if (callseq_init() != CALLSEQ_OK)
    return 1;
  if (open_site(argv[optind], (char *)data) != CALLSEQ_OK) {
    fprintf(stderr, "http: %s\n", callseq_last_error());
    return 1;
  }
  stop_watching = eventfd(0, EFD_CLOEXEC);
  pthread_t watcher;
  pthread_create(&watcher, NULL, watch, argv[optind]);

  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct MHD_Daemon *daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, port, NULL, NULL, handle,
      NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE, threads,
      MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
  if (!daemon) {
    fprintf(stderr, "http: port %d of 127.0.0.1 cannot be had\n", port);
    return 1;
  }
  port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
  snprintf(here[0], sizeof here[0], "127.0.0.1:%d", port);
  snprintf(here[1], sizeof here[1], "localhost:%d", port);
  printf("http://127.0.0.1:%d/\n", port);
  fflush(stdout);

  pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
  int signal;
  sigwait(&ends, &signal);

  /* No new connections; what has begun is answered, for some time. Then the runtime closes: calls
   * that are left end too, so that the pool can. */
  int listening = MHD_quiesce_daemon(daemon);
  closing = true;
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += patience;
  pthread_mutex_lock(&counting);
  while (begun && pthread_cond_timedwait(&none_begun, &counting, &end) == 0) {
  }
  pthread_mutex_unlock(&counting);
  int status = callseq_close(1000);
  if (status != CALLSEQ_OK)
    fprintf(stderr, "http: closing: %s\n", callseq_strerror(status));
  MHD_stop_daemon(daemon);
  close(listening);
  eventfd_write(stop_watching, 1);
  pthread_join(watcher, NULL);
  return status != CALLSEQ_OK;
}
