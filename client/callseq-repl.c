/* callseq-repl: a terminal for a prompt of callseq_repl.
 *
 *   callseq-repl PATH
 *
 * Connects to the socket; what is typed goes there, what comes is printed. Ctrl-C interrupts what
 * the session evaluates. When the input ends the answers are waited for, then the session ends; so
 * a pipe works, too. On a terminal rlwrap edits lines, where it is installed.
 *
 * Exit code: 0 the session has ended, 1 nobody answers, 2 wrong usage. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int session = -1;

static void interrupt(int number) {
  int saved = errno;
  (void)number;
  (void)!write(session, "\3", 1);
  errno = saved;
}

/* Has rlwrap run this program again, if there is one; the session that is open ends then. */
static void edit_lines(char **argv) {
  char *const command[] = {"rlwrap", "-a", "-C", "callseq-repl", argv[0], argv[1], NULL};
  if (isatty(STDIN_FILENO) && !getenv("CALLSEQ_REPL_PLAIN")) {
    setenv("CALLSEQ_REPL_PLAIN", "1", 1);
    execvp(command[0], command);
  }
}

static bool write_all(int fd, const char *text, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, text, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    text += n;
    size -= (size_t)n;
  }
  return true;
}

/* Passes on what can be read; false: no more comes. */
static bool pass(int from, int to) {
  char text[4096];
  ssize_t n = read(from, text, sizeof text);
  return (n < 0 && errno == EINTR) || (n > 0 && write_all(to, text, (size_t)n));
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || argv[1][0] == '-' || strlen(argv[1]) >= sizeof address.sun_path) {
    fputs("usage: callseq-repl PATH, the name of a socket that a program listens at by "
          "callseq_repl\n",
          stderr);
    return 2;
  }
  strcpy(address.sun_path, argv[1]);
  session = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (session < 0 || connect(session, (struct sockaddr *)&address, sizeof address) != 0) {
    fprintf(stderr, "callseq-repl: %s: %s; does the program run, and listen there?\n", argv[1],
            strerror(errno));
    return 1;
  }
  edit_lines(argv);
  struct sigaction act = {.sa_handler = interrupt};
  sigaction(SIGINT, &act, NULL);
  signal(SIGPIPE, SIG_IGN);
  struct pollfd set[2] = {{.fd = session, .events = POLLIN},
                          {.fd = STDIN_FILENO, .events = POLLIN}};
  for (;;) {
    if (poll(set, 2, -1) < 0)
      continue;
    if (set[0].revents && !pass(session, STDOUT_FILENO))
      return 0;
    if (set[1].revents && !pass(STDIN_FILENO, session)) {
      shutdown(session, SHUT_WR);
      set[1].fd = -1;
    }
  }
}
