/* callseq_repl: each connection to the socket is a prompt, beside the calls of other threads. */
#include "../support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

int count_events(void), apply_rule(int n), compute_below(void);
int listen_at(char *path);
int nest(void) { return compute_below(); }

static char folder[] = "/tmp/callseq-XXXXXX";

static char *path_of(const char *name) {
  static char path[100];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* ---- A client ---- */

static int reach(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  strcpy(address.sun_path, path);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

/* What comes until `end` has come; all until the end of the connection if that is NULL. What comes
 * behind it is kept for the next time. */
static const char *hear(int fd, const char *end) {
  static char text[1 << 19];
  static char *kept[256];
  const char *found;
  size_t n = 0;
  ssize_t got;
  if (kept[fd])
    n = strlen(strcpy(text, kept[fd]));
  text[n] = '\0';
  free(kept[fd]);
  kept[fd] = NULL;
  while (!(found = end ? strstr(text, end) : NULL) && n < sizeof text - 1 &&
         (got = read(fd, text + n, sizeof text - 1 - n)) > 0) {
    n += (size_t)got;
    text[n] = '\0';
  }
  if (found && found[strlen(end)]) {
    kept[fd] = strdup(found + strlen(end));
    text[found + strlen(end) - text] = '\0';
  }
  return text;
}

static void say(int fd, const char *text) {
  size_t size = strlen(text);
  if (send(fd, text, size, MSG_NOSIGNAL) != (ssize_t)size)
    perror("send");
}

/* The answer to a line; its end is that of `end`. */
static void answers(int fd, const char *line, const char *end) {
  say(fd, line);
  const char *text = hear(fd, end);
  ok(strstr(text, end), "%s: %.200s", line, text);
}

static int at_prompt(const char *path) {
  int fd = reach(path);
  ok(fd >= 0, "connected");
  ok(strstr(hear(fd, "#;1> "), "#;1> "), "there is a prompt");
  return fd;
}

static void await(int count) {
  while (count_events() < count)
    usleep(1000);
}

/* ---- What is asserted ---- */

static int compute(void) { /* by the callback */
  return apply_rule(1);
}

static void conversation(const char *path) {
  int fd = at_prompt(path);
  answers(fd, "(+ 1 2)\n", "3\n#;2> ");
  answers(fd, "(define x 5)\n", "#;3> ");
  answers(fd, "x (* x x)\n", "5\n#;4> 25\n#;5> ");
  answers(fd, "(values 1 2)\n", "1\n2\n#;6> ");
  answers(fd, "(begin (display \"to the session\") (display \", too\" (current-error-port)))\n",
          "to the session, too#;7> ");
  answers(fd, "(define (f y) (car y)) (f 5)\n", "#;9> ");
  answers(fd, "(f 6)\n", "(car) bad argument type: 6\n\n\tCall history:");
  hear(fd, "#;10> ");
  answers(fd, "(rule 1)\n", "2\n#;11> ");
  is_int(apply_rule(1), 2, "the rule");
  answers(fd, "(define (rule n) (* 100 n))\n", "#;12> ");
  is_int(apply_rule(1), 100, "the rule that the session has made");
  answers(fd, "(read-char)\nx\n", "#\\x\n#;13> ");
  answers(fd, "(list 1\n 2\n 3)\n", "(1 2 3)\n");
  answers(fd, "(let ((l (list 1))) (set-cdr! l l) l)\n", "...\n");
  answers(fd, "(error \"no\" 1 2)\n", "Error: no");
  answers(fd, ")\n", "unexpected list terminator");
  ok(!strstr(hear(fd, "#;17> "), "(error"),
     "an error of the reader has no chain of the form before");
  say(fd, "(exit 7)\n");
  is_str(hear(fd, NULL), "", "(exit) ends the session");
  close(fd);
}

static void environment(const char *path) {
  int a = at_prompt(path), b = at_prompt(path);
  answers(a, "(import (chicken string))\n", "#;2> ");
  answers(a, "(conc 1 2)\n", "\"12\"\n");
  answers(b, "(conc 3 4)\n", "\"34\"\n");
  char *printed = NULL;
  is_int(callseq_eval("(conc 5 6)", &printed), CALLSEQ_OK, "callseq_eval sees it too");
  is_str(printed, "\"56\"", "its value");
  free(printed);
  is_int(callseq_eval("(import (chicken bitwise))", NULL), CALLSEQ_OK, "an import by callseq_eval");
  answers(b, "(bitwise-and 7 3)\n", "3\n");
  say(a, "(define-syntax ten (syntax-rules () ((_) 10)))\n");
  hear(a, "#;4> ");
  answers(b, "(ten)\n", "10\n");
  close(a);
  close(b);
}

/* A continuation of a session's is its own: a call, or another session, that enters it fails. */
static void continuations(const char *path) {
  int a = at_prompt(path), b = at_prompt(path);
  answers(a, "(call/cc (lambda (k) (set! of-a k) 1))\n", "1\n#;2> ");
  answers(a, "(of-a 2)\n", "2\n#;2> ");
  is_int(callseq_eval("(of-a 3)", NULL), CALLSEQ_ERROR, "callseq_eval enters it");
  const char *message = callseq_last_error();
  ok(message && strstr(message, "captured in another session"), "the message says so: %s", message);
  callseq_clear_error();
  answers(b, "(of-a 4)\n", "captured in another session");
  answers(b, "(+ 5 6)\n", "11\n");
  say(a, "(+ 7 8)\n");
  const char *text = hear(a, "15\n");
  ok(strcmp(text, "15\n") == 0, "the session goes on, and has not heard of it: %s", text);
  is_int(callseq_eval("(call/cc (lambda (k) (set! of-call k) 1))", NULL), CALLSEQ_OK, "its own");
  answers(b, "(of-call 4)\n", "captured in another call");
  answers(b, "(+ 6 7)\n", "13\n");
  is_int(callseq_eval("(of-call 5)", NULL), CALLSEQ_ERROR, "a later call enters it");
  message = callseq_last_error();
  ok(message && strstr(message, "captured in another call"), "the message says so: %s", message);
  callseq_clear_error();
  close(a);
  close(b);
}

/* Sessions compute for ever; others, and calls, go on. */
static void interrupts(const char *path) {
  int a = at_prompt(path), b = at_prompt(path), before = count_events();
  say(a, "(define (forever) (display \"begins\") (newline) (let loop () (loop)))\n");
  say(a, "(dynamic-wind void forever (lambda () (set! events (+ 1 events))))\n");
  hear(a, "begins\n");
  answers(b, "(+ 3 4)\n", "7\n#;2> ");
  is_int(compute(), 100, "a call");
  answers(a, "\x03", "*** interrupted ***\n#;");
  is_int(count_events(), before + 1, "its winder has run");
  answers(a, "(+ 4 4)\n", "8\n");
  say(a, "(this is (not whole\n");
  answers(a, "\x03(+ 5 5)\n", "*** interrupted ***\n");
  answers(a, "", "10\n");
  say(a, "(begin (display \"waits\") (newline) (let wait () (pause) (wait)))\n");
  hear(a, "waits\n");
  answers(a, "\x03", "*** interrupted ***\n#;");
  say(a, "(begin (display \"outside\") (newline) (let wait () (outside) (wait)))\n");
  hear(a, "outside\n");
  answers(a, "\x03", "*** interrupted ***\n#;");
  say(a, "(read)\n");
  answers(a, "\x03", "*** interrupted ***\n#;");
  say(a, "(begin (display \"nests\") (newline) (nest))\n");
  hear(a, "nests\n");
  answers(a, "\x03", "0\n#;");
  answers(a, "(+ 6 6)\n", "12\n");
  close(b);
  char *printed = NULL;
  callseq_eval("(memq ##sys#current-thread (##sys#ready-queue))", &printed);
  is_str(printed, "#f", "who runs does not wait for its turn as well");
  free(printed);
  /* a hang-up, of one that computes, and of one that waits */
  before = count_events();
  say(a, "(dynamic-wind void forever (lambda () (set! events (+ 1 events))))\n");
  hear(a, "begins\n");
  close(a);
  await(before + 1);
  b = at_prompt(path);
  say(b, "(dynamic-wind void (lambda () (pause) (display \"waits\") (newline) (let wait () (pause) "
         "(wait))) (lambda () (set! events (+ 1 events))))\n");
  hear(b, "waits\n");
  close(b);
  await(before + 2);
  ok(true, "a hang-up cancels");
}

/* Sends until the connection takes no more for a while, or so many bytes; how many it took. */
static size_t fill(int fd, size_t most) {
  static char blanks[65536];
  struct pollfd room = {.fd = fd, .events = POLLOUT};
  size_t sent = 0;
  memset(blanks, ' ', sizeof blanks);
  while (sent < most && poll(&room, 1, 500) > 0) {
    ssize_t n = send(fd, blanks, sizeof blanks, MSG_DONTWAIT | MSG_NOSIGNAL);
    sent += n > 0 ? (size_t)n : 0;
  }
  return sent;
}

/* Sessions that write without end, or are sent to without end. */
static void endless(const char *path) {
  int fd = at_prompt(path), before = count_events();
  say(fd, "(let loop () (display \"endless \") (loop))\n");
  hear(fd, "endless endless ");
  answers(fd, "\x03", "*** interrupted ***\n#;");
  say(fd, "(dynamic-wind void forever (lambda () (set! events (+ 1 events))))\n");
  hear(fd, "begins\n");
  enum { MOST = 4 << 20 };
  size_t sent = fill(fd, MOST);
  ok(sent < MOST, "what is sent to a session that computes is kept, but not all of it: %zu", sent);
  is_int(compute(), 100, "a call");
  close(fd);
  await(before + 1);
  ok(true, "a hang-up cancels it all the same");
}

static void end_of_input(const char *path) {
  int fd = reach(path), before = count_events();
  say(fd, "(begin (pause) (set! events (+ 1 events)) events)\n(define-syntax");
  shutdown(fd, SHUT_WR);
  const char *text = hear(fd, NULL);
  char expected[40];
  snprintf(expected, sizeof expected, "#;1> %d\n#;2> ", before + 1);
  ok(!strncmp(text, expected, strlen(expected)), "what was sent is evaluated: %s", text);
  ok(strstr(text, "unterminated list"), "what is not whole is an error");
  close(fd);
  fd = reach(path); /* nobody hears the answer */
  say(fd, "(set! events (+ 1 events))");
  close(fd);
  await(before + 2);
  fd = reach(path); /* much is sent, and much said */
  for (int i = 0; i < 1000; i++)
    say(fd, "(quote abcdefghijklmnopqrstuvwxyz)\n");
  say(fd, "(make-string 300000 #\\x)\n");
  shutdown(fd, SHUT_WR);
  text = hear(fd, NULL);
  ok(strlen(text) > 300000 && strstr(text, "xxx\"\n#;1002> "), "all of it is answered");
  close(fd);
  fd = reach(path); /* more than is kept at a time */
  for (int i = 0; i < 20000; i++)
    say(fd, "; a comment, of which there may be many more than are kept at a time\n");
  say(fd, "(quote done)\n");
  shutdown(fd, SHUT_WR);
  is_str(hear(fd, NULL), "#;1> done\n#;2> ", "a long text is read to its end");
  close(fd);
}

/* Many sessions at once. */
static const char *where;
static void one_of_many(int index) {
  char line[60], expected[20];
  int fd = reach(where);
  hear(fd, "#;1> ");
  for (int i = 0; i < 50; i++) {
    snprintf(line, sizeof line, "(begin (set! events (+ events 1)) (* %d %d))\n", index, i);
    snprintf(expected, sizeof expected, "%d\n#;%d> ", index * i, i + 2);
    say(fd, line);
    const char *text = hear(fd, "> ");
    if (strcmp(text, expected))
      ok(false, "session %d: %s", index, text);
  }
  say(fd, "(exit)");
  shutdown(fd, SHUT_WR);
  while (read(fd, line, sizeof line) > 0)
    ;
  close(fd);
}

static int open_descriptors(void) {
  int n = 0;
  for (int fd = 0; fd < 256; fd++)
    n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

static void many(const char *path) {
  enum { SESSIONS = 8 };
  where = path;
  int before = count_events(), descriptors = open_descriptors();
  for (int i = 0; i < SESSIONS; i++)
    one_of_many(i);
  is_int(count_events(), before + 50 * SESSIONS, "sessions one after the other");
  int fds[SESSIONS];
  for (int i = 0; i < SESSIONS; i++)
    fds[i] = at_prompt(path);
  for (int i = 0; i < SESSIONS; i++)
    answers(fds[i], "(+ 20 3)\n", "23\n");
  for (int i = 0; i < SESSIONS; i++)
    answers(fds[i], "(exit)\n", ""), hear(fds[i], NULL), close(fds[i]);
  while (open_descriptors() > descriptors)
    usleep(1000);
  ok(true, "descriptors are closed");
}

/* Inside, so that nobody is answered meanwhile. */
enum { RUSH = 40 };
static void rush_in(void *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int in = 0, fds[RUSH];
  strcpy(address.sun_path, path);
  for (int i = 0; i < RUSH; i++) {
    fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    in += connect(fds[i], (struct sockaddr *)&address, sizeof address) == 0;
  }
  is_int(in, RUSH, "%d may connect while a callback computes", RUSH);
  for (int i = 0; i < RUSH; i++)
    close(fds[i]);
}

static int refused(const char *path, const char *part) {
  int status = callseq_repl(path);
  is_int(status, CALLSEQ_ERROR, "%s is refused", path);
  const char *message = callseq_last_error();
  ok(message && strstr(message, part) && strstr(message, path), "because %s: %s", part, message);
  callseq_clear_error();
  return status;
}

static void names(const char *path) {
  struct stat name, again;
  mode_t mask = umask(0);
  stat(path, &name);
  is_int(name.st_mode & 0777, 0600, "mode of the socket");
  refused(path, "somebody listens");
  int fd = at_prompt(path); /* still */
  close(fd);
  char *file = strdup(path_of("file")), *second = strdup(path_of("second"));
  close(open(file, O_CREAT | O_WRONLY, 0644));
  refused(file, "no socket");
  ok(stat(file, &name) == 0 && S_ISREG(name.st_mode), "the file is there");
  unlink(file);
  ok(symlink(path, file) == 0, "a link");
  refused(file, "no socket");
  unlink(file);
  refused("", "a name is needed");
  refused(path_of("there/is/no/such"), "No such file");
  char *longest = malloc(300);
  memset(longest, 'x', 299);
  longest[299] = '\0';
  refused(longest, "too long");
  free(longest);
  struct rlimit limit, none;
  getrlimit(RLIMIT_NOFILE, &limit);
  none = limit;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &none);
  refused(file, "Too many open files");
  setrlimit(RLIMIT_NOFILE, &limit);
  /* a dead one */
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, second);
  int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  ok(bind(dead, (struct sockaddr *)&address, sizeof address) == 0, "a socket");
  close(dead);
  is_int(reach(second), -1, "nobody answers there");
  is_int(listen_at(second), CALLSEQ_OK, "(repl-listen) at a dead socket's name");
  stat(second, &again);
  is_int(again.st_mode & 0777, 0600, "mode of the second one, whatever the umask");
  umask(mask);
  int one = at_prompt(path), other = at_prompt(second);
  answers(one, "(+ 1 1)\n", "2\n");
  answers(other, "(+ 2 2)\n", "4\n");
  say(other, "(forever)\n");
  is_int(callseq_repl(NULL), CALLSEQ_OK, "all are stopped");
  hear(one, NULL);
  hear(other, NULL);
  is_int(reach(path), -1, "the first one does not listen");
  is_int(reach(second), -1, "nor does the second");
  ok(stat(path, &name) < 0 && stat(second, &name) < 0, "their names are gone");
  is_int(callseq_repl(path), CALLSEQ_OK, "and it listens again");
  close(at_prompt(path));
  close(one);
  close(other);
  free(file);
  free(second);
}

/* A child of fork has neither sockets nor sessions of the parent's. */
static void forked(const char *path) {
  int fd = at_prompt(path), status, before = count_events();
  say(fd,
      "(begin (display \"counts\") (newline) (let loop () (set! events (+ events 1)) (loop)))\n");
  hear(fd, "counts\n");
  await(before + 1);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    char *own = path_of("child");
    int sockets = 0;
    struct stat name;
    for (int i = 3; i < 256; i++)
      sockets += i != fd && fstat(i, &name) == 0 && S_ISSOCK(name.st_mode);
    int at = -1, now = count_events();
    for (int i = 0; i < 500 && now != at; i++) /* it ends when its reader has run */
      at = now, usleep(20000), now = count_events();
    int status = callseq_repl(own), ours = status ? -1 : reach(own);
    say(ours, "(+ 20 1)\n(exit)\n");
    bool answered = strstr(hear(ours, NULL), "21\n");
    int stopped = callseq_repl(NULL);
    bool right = now == at && sockets == 0 && !status && answered && !stopped;
    _exit(right && stat(own, &name) < 0 ? 0 : 1);
  }
  is_int(waitpid(child, &status, 0), child, "the child has ended");
  is_int(status, 0, "it has no sockets, evaluates nothing of the parent's, and may listen itself");
  answers(fd, "\x03", "*** interrupted ***\n#;");
  answers(fd, "(+ 7 7)\n", "14\n");
  before = count_events();
  answers(fd, "(import (chicken process))\n", "> ");
  answers(fd,
          "(call-with-values (lambda () (process-wait (process-fork (lambda () (display "
          "\"unseen\") (exit 9))))) list)\n",
          " #t 9)\n#;5> ");
  close(fd);
  fd = reach(
      path); /* its reader, who waits for the answer to the rest, looks after the child, too */
  say(fd, "(import (chicken process))\n(call-with-values (lambda () (process-wait (process-fork "
          "(lambda "
          "() (do ((i 0 (+ i 1))) ((= i 300)) (pause)) (exit 9))))) list)");
  shutdown(fd, SHUT_WR);
  const char *text = hear(fd, NULL);
  ok(strstr(text, " #t 9)\n"), "nor does it end what has forked: %s", text);
  close(fd);
  close(at_prompt(path));
}

static int listens_first(void) {
  char *path = path_of("first");
  setenv("FIRST_PROMPT", path, 1);
  callseq_init();
  int fd = reach(path);
  say(fd, "(rule 1)");
  shutdown(fd, SHUT_WR);
  fputs(hear(fd, NULL), stdout);
  return 0;
}

int main(void) {
  if (!mkdtemp(folder))
    return 2;
  struct outcome first = in_child(listens_first);
  is_str(first.out, "#;1> 2\n#;2> ", "a program that listens, and makes no calls");
  start_quietly();
  char *path = strdup(path_of("prompt"));
  is_int(callseq_repl(path), CALLSEQ_OK, "callseq_repl: %s", path);
  conversation(path);
  if (loads_imports())
    environment(path);
  continuations(path);
  interrupts(path);
  endless(path);
  end_of_input(path);
  many(path);
  is_int(callseq_invoke(rush_in, path), CALLSEQ_OK, "a rush");
  names(path);
  if (!under("tsan") && !under("valgrind") && loads_imports()) /* as the case forked */
    forked(path);
  is_int(callseq_repl(NULL), CALLSEQ_OK, "stopped");
  unlink(path_of("first")); /* of a child that has ended by _exit */
  ok(rmdir(folder) == 0, "nothing is left in the folder");
  free(path);
  return done();
}
